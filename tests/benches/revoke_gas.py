"""Gas of changing statuses, seal check and log included: alone, and in bulk over full words."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path

from ledger.actions.issuers import find_seal_key
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import EMPTY_WORD, POSITIONS_PER_WORD, Status, set_status
from ledger.records import BatchStatement, StatusStatement, WordChange
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace
from tests.benches.ledger_setup import ISSUER, TYPE, make_ledger
from tests.benches.result import Limit, Result

FULL_WORD = b"\x55" * 32  # 128 certificates revoked
TARGET_EACH = 200
TARGET_ALONE = 95_000


def run() -> Result:
    with (
        tempfile.TemporaryDirectory(prefix="bench-gas-") as name,
        make_ledger(Path(name)).open() as workspace,
    ):
        key = find_seal_key(workspace, ISSUER)
        bulk = {}
        for words in (1, 64, 256):
            batch_key = _anchor(workspace, key)
            changes = tuple(WordChange(at, EMPTY_WORD, FULL_WORD) for at in range(words))
            gas = _change(workspace, key, batch_key, 1, changes)
            bulk[words] = gas / (words * POSITIONS_PER_WORD)
        batch_key = _anchor(workspace, key)
        first = set_status(EMPTY_WORD, 0, Status.REVOKED)
        fresh = _change(workspace, key, batch_key, 1, (WordChange(0, EMPTY_WORD, first),))
        second = set_status(first, 1, Status.REVOKED)
        alone = _change(workspace, key, batch_key, 2, (WordChange(0, first, second),))
    details: dict[str, object] = {
        "alone_in_used_word": alone,
        "alone_in_fresh_word": fresh,
        "each_over_64_words": bulk[64],
        "each_over_1_word": bulk[1],
        "target_alone_without_seal_check": TARGET_ALONE,
    }
    each = bulk[256]
    return Result(
        "revoke_gas",
        "gas each over 256 full words",
        each,
        Limit("target", TARGET_EACH),
        TARGET_EACH / each,
        details,
    )


def _anchor(workspace: Workspace, key: SealKey) -> bytes:
    until = workspace.gateway.head().time_unix + 3_600
    random = secrets.token_bytes(32)
    statement = BatchStatement(ISSUER, key.key_id, TYPE, random, random, 65_536, until)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    receipt = workspace.submitter.submit(
        "CertificateLedger",
        "anchorBatch",
        statement.to_abi(),
        sign_digest(key.private_key, digest).to_abi(),
        purpose="bench",
    )
    return receipt.entries[0].entry.subject


def _change(
    workspace: Workspace,
    key: SealKey,
    batch_key: bytes,
    sequence: int,
    changes: tuple[WordChange, ...],
) -> int:
    statement = StatusStatement(
        ISSUER,
        key.key_id,
        batch_key,
        sequence,
        3,
        20261122,
        secrets.token_bytes(32),
        "《建筑施工企业安全生产管理规定》第二十七条",
        changes,
    )
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    return workspace.submitter.submit(
        "CertificateLedger",
        "changeStatus",
        statement.to_abi(),
        sign_digest(key.private_key, digest).to_abi(),
        purpose="bench",
    ).gas_used
