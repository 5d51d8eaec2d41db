"""From a batch that is staged to a batch that is on the chain.

close (root, signed statement) → submit → confirm. A batch is anchored under one batch key for
ever: what is signed anew after its time is the statement only, so that no certificate is ever
sealed twice and a transaction that turns up late changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.actions.batch_history import find_anchoring
from ledger.chain.submitter import Receipt
from ledger.errors import ChainUnavailableError, LedgerError, NotFoundError, StorageError
from ledger.formats.merkle import MerkleTree
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.identifiers import Uscc
from ledger.records import (
    BatchExistsError,
    BatchExpiredError,
    BatchStatement,
    SealKeyIsCompromisedError,
    SealKeyOutOfTimeError,
    Signature,
)
from ledger.vault.batches import BatchRow
from ledger.vault.key_files import SUITE_P256, SealKey
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace

STATEMENT_VALIDITY_S = 3_600


@dataclass(frozen=True, slots=True)
class AnchoredBatch:
    """A batch on the chain."""

    batch_key: bytes
    count: int
    root: bytes
    anchored_at_unix: int
    log_index: int


def close_batch(workspace: Workspace, batch: BatchRow) -> BatchRow:
    """Computes the root over the staged leaves and signs the batch statement."""
    key = workspace.keys.seal_key(batch.issuer, batch.key_id)
    leaf_hashes = workspace.vault.batches.leaf_hashes(batch.pk)
    return seal_batch(workspace, batch, key, leaf_hashes, latest_unix=workspace.latest_unix())


def seal_batch(
    workspace: Workspace,
    batch: BatchRow,
    key: SealKey,
    leaf_hashes: Sequence[bytes],
    *,
    latest_unix: int,
) -> BatchRow:
    """As `close_batch`, with what is known already; asks neither the chain nor a key file.

    Args:
        latest_unix: the later of this machine's time and the chain's.
    """
    root = MerkleTree(leaf_hashes).root_hash
    statement = _statement(batch, root, latest_unix + STATEMENT_VALIDITY_S)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    signature = sign_digest(key.private_key, digest)
    return workspace.vault.batches.close(
        batch.pk, root, len(leaf_hashes), statement.valid_until, _raw(signature)
    )


def anchor_new_batch(workspace: Workspace, batch: BatchRow) -> AnchoredBatch:
    """As `anchor_batch`, for a batch that was closed just now and never sent."""
    try:
        receipt = _submit(workspace, batch)
    except BatchExistsError:
        return _confirm_from_log(workspace, batch)
    entry = receipt.entries[0]
    return _confirm(workspace, batch, entry.entry.time_unix, entry.index, receipt.transaction_hash)


def anchor_batch(workspace: Workspace, batch: BatchRow) -> AnchoredBatch:
    """Puts a closed batch on the chain, or finds that it is there.

    Raises:
        LedgerError: the contract's refusal; the batch stays closed.
        NotFoundError: code `seal_key_missing`: its statement has expired, and this home no longer
            has the key to sign another.
        ChainUnavailableError: the outcome is unknown; the next run finds out.
    """
    if workspace.gateway.batch(batch.batch_key) is not None:
        return _confirm_from_log(workspace, batch)
    batch = _renew_if_expired(workspace, batch)
    try:
        receipt = _submit(workspace, batch)
    except BatchExistsError:
        return _confirm_from_log(workspace, batch)
    except BatchExpiredError:
        receipt = _submit(workspace, _renew(workspace, batch))
    entry = receipt.entries[0]
    return _confirm(workspace, batch, entry.entry.time_unix, entry.index, receipt.transaction_hash)


def settle_closed_batches(
    workspace: Workspace, *, issuer: Uscc | None = None
) -> list[AnchoredBatch]:
    """Anchors what interrupted runs had closed. An acknowledged batch needs nothing more.

    A batch whose seal key has ended or is compromised can never be anchored any more: it is
    abandoned, so that its rows can be placed anew.

    Args:
        issuer: whose batches must be settled; the contract's refusal of another's is left for
            that department's next run.

    Raises:
        As `anchor_batch`.
    """
    closed = workspace.vault.batches.in_state(BatchState.CLOSED)
    if closed:
        workspace.submitter.resolve_unfinished()
    anchored = []
    for batch in closed:
        if workspace.vault.runs.is_live(batch.run_id):
            continue  # whoever is at that run anchors it
        try:
            anchored.append(anchor_batch(workspace, batch))
        except (ChainUnavailableError, StorageError):
            raise
        except LedgerError as refusal:
            if is_final(refusal):
                workspace.vault.batches.abandon(batch.pk)
            elif issuer in (None, batch.issuer):
                raise
    return anchored


def is_final(refusal: LedgerError) -> bool:
    """Whether a batch that was refused so can never be anchored, chain time only going on."""
    if isinstance(refusal, SealKeyOutOfTimeError):
        return refusal.at_unix >= refusal.valid_until
    is_compromised = isinstance(refusal, SealKeyIsCompromisedError)
    return is_compromised or refusal.code == "seal_key_missing"


def _submit(workspace: Workspace, batch: BatchRow) -> Receipt:
    root, valid_until, raw = batch.root, batch.valid_until_unix, batch.signature
    if root is None or valid_until is None or raw is None:
        raise StorageError(f"batch {batch.batch_key.hex()} is closed but has no statement")
    statement = _statement(batch, root, valid_until)
    return workspace.submitter.submit(
        "CertificateLedger",
        "anchorBatch",
        statement.to_abi(),
        Signature(SUITE_P256, raw[:32], raw[32:]).to_abi(),
        purpose="anchor",
        reference=batch.batch_key.hex(),
    )


def _renew_if_expired(workspace: Workspace, batch: BatchRow) -> BatchRow:
    """Signs the statement anew once chain time has passed its end without its anchoring."""
    ends = batch.valid_until_unix or 0
    return batch if workspace.gateway.head().time_unix <= ends else _renew(workspace, batch)


def _renew(workspace: Workspace, batch: BatchRow) -> BatchRow:
    if batch.key_id not in workspace.keys.seal_key_ids(batch.issuer):
        raise NotFoundError(
            f"the statement of batch {batch.batch_key.hex()} has expired, and this home has no "
            f"longer the seal key {batch.key_id.hex()} that it must be signed with",
            code="seal_key_missing",
        )
    statement = _statement(batch, batch.root or b"", _valid_until(workspace))
    signature = _seal(workspace, statement)
    return workspace.vault.batches.renew(batch.pk, statement.valid_until, _raw(signature))


def _confirm_from_log(workspace: Workspace, batch: BatchRow) -> AnchoredBatch:
    workspace.sync_index()
    found = find_anchoring(workspace.index, batch.batch_key)
    if found is None:
        raise StorageError(f"the chain has batch {batch.batch_key.hex()}, its log has not")
    row, anchored = found
    if anchored.root != batch.root:
        raise LedgerError(
            f"batch {batch.batch_key.hex()} is on the chain with another root",
            code="batch_differs",
        )
    return _confirm(workspace, batch, row.time_unix, row.entry_index, row.transaction_hash)


def _confirm(
    workspace: Workspace,
    batch: BatchRow,
    anchored_at_unix: int,
    log_index: int,
    transaction_hash: bytes,
) -> AnchoredBatch:
    done = workspace.vault.batches.mark_anchored(
        batch.pk, anchored_at_unix, log_index, transaction_hash
    )
    return AnchoredBatch(done.batch_key, done.count, done.root or b"", anchored_at_unix, log_index)


def _statement(batch: BatchRow, root: bytes, valid_until_unix: int) -> BatchStatement:
    return BatchStatement(
        batch.issuer,
        batch.key_id,
        batch.certificate_type,
        batch.batch_id,
        root,
        batch.count,
        valid_until_unix,
    )


def _seal(workspace: Workspace, statement: BatchStatement) -> Signature:
    key = workspace.keys.seal_key(statement.issuer, statement.key_id)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    return sign_digest(key.private_key, digest)


def _raw(signature: Signature) -> bytes:
    return signature.r + signature.s


def _valid_until(workspace: Workspace) -> int:
    return workspace.latest_unix() + STATEMENT_VALIDITY_S
