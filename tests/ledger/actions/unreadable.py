"""An entry that no version can read: a legal basis that is no text, in a genuine status change."""

from __future__ import annotations

from datetime import date

from eth_hash.auto import keccak

from ledger.actions.issuers import find_seal_key
from ledger.actions.lifecycle import NO_OFFICER
from ledger.actions.status_targets import read_targets
from ledger.chain.artifacts import load_artifact
from ledger.chain.submitter import Call
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_domain_separator
from ledger.formats.status_list import Status
from ledger.records import StatusStatement
from ledger.workspace import Workspace
from tests.ledger.actions.homes import HOUSING, identify

BASIS = "placeholder of 26 letters!"
NO_TEXT = b"\xff" * len(BASIS)
EFFECTIVE = date(2026, 1, 15)


def revoke_unreadably(workspace: Workspace, number: int) -> int:
    """The department itself revokes a certificate so; returns the index of the entry."""
    (target,) = read_targets(workspace, [identify(number)])
    key = find_seal_key(workspace, HOUSING)
    statement = StatusStatement(
        HOUSING,
        key.key_id,
        target.batch_key,
        target.sequence + 1,
        3,
        int(EFFECTIVE.strftime("%Y%m%d")),
        NO_OFFICER,
        BASIS,
        target.changes(Status.REVOKED),
    )
    seal = sign_digest(key.private_key, _digest(statement, workspace.gateway.ledger_id))
    arguments = (statement.to_abi(), seal.to_abi())
    data = load_artifact("CertificateLedger").encode_call("changeStatus", arguments)
    data = data.replace(BASIS.encode(), NO_TEXT)
    contract = workspace.gateway.module("CertificateLedger")
    receipt = workspace.submitter.send(Call(contract.address, data), "attack", "")
    return receipt.entries[0].index


def _digest(statement: StatusStatement, ledger_id: bytes) -> bytes:
    """As `compute_digest`, of the statement with bytes for its legal basis that are no text."""
    members = StatusStatement.ABI
    words = [
        keccak(NO_TEXT) if each.name == "legal_basis" else each.type.hash_word(value)
        for each, value in zip(members.fields, members.values(statement), strict=True)
    ]
    struct_hash = keccak(members.type_hash + b"".join(words))
    return keccak(b"\x19\x01" + compute_domain_separator(ledger_id) + struct_hash)
