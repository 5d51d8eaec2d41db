"""Whether a seal key of a department signed a statement, by the key that the chain has."""

from __future__ import annotations

from ledger.formats.seals import verify_digest
from ledger.formats.statements import compute_digest
from ledger.records import BatchStatement, Signature, StatusStatement
from ledger.vault.key_files import SUITE_P256
from ledger.workspace import Workspace

_SIZE = 32


def is_signed(
    workspace: Workspace, statement: BatchStatement | StatusStatement, signature: bytes
) -> bool:
    """Args: signature: r ‖ s. When the key was good is not asked. Raises ChainUnavailableError."""
    key = workspace.gateway.seal_key(statement.issuer, statement.key_id)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    sealed = Signature(SUITE_P256, signature[:_SIZE], signature[_SIZE:])
    return verify_digest(key.x, key.y, digest, sealed)
