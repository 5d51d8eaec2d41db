"""Statements sent to the contracts by whoever could send them, and what refused them."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.abi import Statement
from ledger.chain.submitter import Receipt
from ledger.errors import LedgerError
from ledger.formats.certificate import compute_batch_key
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import word_index
from ledger.records import BatchAnchored, BatchStatement, Signature, StatusChanged
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace
from zhenglian.demo.stage import Stage
from zhenglian.demo.summary import NOTHING, Attack

VALID_FOR_S = 3_600


def expect_refusal(stage: Stage, name: str, expected: str, attack: Callable[[], object]) -> None:
    """Runs an attack on the contracts; that it succeeds is the worst that can be found.

    Args:
        expected: name of the error that must refuse it.
    """
    try:
        attack()
    except LedgerError as refusal:
        stage.keep_attack(Attack(name, type(refusal).__name__, expected))
    else:
        stage.keep_attack(Attack(name, NOTHING, expected))


def make_batch_statement(
    workspace: Workspace, stage: Stage, key: SealKey, batch_id: bytes
) -> BatchStatement:
    """A batch of one certificate, with an invented root."""
    return BatchStatement(
        key.issuer,
        key.key_id,
        stage.source.certificate_type,
        batch_id,
        secrets.token_bytes(32),
        1,
        workspace.gateway.head().time_unix + VALID_FOR_S,
    )


def anchor(
    workspace: Workspace, statement: BatchStatement, key: ec.EllipticCurvePrivateKey
) -> Receipt:
    """Seals a batch and sends it as issuing would, so that the outbox tells it as it is."""
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    return workspace.submitter.submit(
        "CertificateLedger",
        "anchorBatch",
        statement.to_abi(),
        sign_digest(key, digest).to_abi(),
        purpose="anchor",
        reference=compute_batch_key(statement.issuer, statement.batch_id).hex(),
    )


def submit(
    workspace: Workspace, function: str, statement: Statement, key: ec.EllipticCurvePrivateKey
) -> Receipt:
    """Seals a statement and sends it."""
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    return send(workspace, function, statement, sign_digest(key, digest))


def send(workspace: Workspace, function: str, statement: Statement, seal: Signature) -> Receipt:
    """Sends a statement that is sealed already."""
    return workspace.submitter.submit(
        "CertificateLedger", function, statement.to_abi(), seal.to_abi(), purpose="attack"
    )


def read_recorded(workspace: Workspace, stage: Stage) -> tuple[BatchAnchored, StatusChanged]:
    """The story's batch and the suspension in it, as anyone reads them from the log."""
    document = orjson.loads(stage.holder_file.read_bytes())
    batch_key = compute_batch_key(
        stage.source.issuer, bytes.fromhex(document["batch_proof"]["batch_id"])
    )
    word = word_index(document["batch_proof"]["position"])
    anchored = next(
        BatchAnchored.decode_payload(row.payload)
        for row in workspace.index.entries_of(batch_key)
        if row.kind == BatchAnchored.TOPIC and row.payload
    )
    changes = [
        StatusChanged.decode_payload(row.payload)
        for row in workspace.index.status_entries(batch_key, word)
        if row.payload
    ]
    return anchored, changes[0]
