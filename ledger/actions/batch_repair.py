"""Gives batches what the log has of them: who issued them, under which key, and where they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ledger.actions.batch_check import read_statement
from ledger.actions.batch_history import find_anchored_event
from ledger.actions.seal_check import is_signed
from ledger.errors import LedgerError
from ledger.formats.certificate import compute_batch_key
from ledger.formats.merkle import MerkleTree
from ledger.index.projector import EntryRow
from ledger.records import BatchAnchored
from ledger.vault.batches import BatchRow
from ledger.vault.repairs import AnchoringFacts
from ledger.workspace import Workspace


def find_facts(workspace: Workspace, batch: BatchRow) -> AnchoringFacts | None:
    """What the chain has of a batch; None unless its leaves are those that the chain has.

    It is looked for by its key and, should that have been altered, by its issuer and id.
    """
    root = MerkleTree(workspace.vault.batches.leaf_hashes(batch.pk)).root_hash
    for batch_key in possible_keys(batch):
        found = find_anchored_event(workspace.index, batch_key)
        if found is not None and found[1].statement.root == root:
            return _keep_later_statement(workspace, batch, _to_facts(*found))
    return None


def describe(batch: BatchRow) -> AnchoringFacts:
    """What the vault has of a batch, in the same terms; what is missing is no fact."""
    return AnchoringFacts(
        batch.batch_id,
        batch.batch_key,
        batch.issuer,
        batch.key_id,
        batch.certificate_type,
        batch.root or b"",
        batch.count,
        batch.valid_until_unix or 0,
        batch.signature or b"",
        batch.anchored_at_unix or 0,
        -1 if batch.log_index is None else batch.log_index,
        batch.transaction_hash or b"",
    )


def possible_keys(batch: BatchRow) -> Iterator[bytes]:
    """The key that a batch has, and the one that its issuer and id give."""
    yield batch.batch_key
    try:
        yield compute_batch_key(batch.issuer, batch.batch_id)
    except (LedgerError, UnicodeEncodeError):
        return  # what stands there is no issuer


def _to_facts(row: EntryRow, event: BatchAnchored) -> AnchoringFacts:
    statement = event.statement
    return AnchoringFacts(
        statement.batch_id,
        event.batch_key,
        statement.issuer,
        statement.key_id,
        statement.certificate_type,
        statement.root,
        statement.count,
        statement.valid_until,
        event.seal.r + event.seal.s,
        row.time_unix,
        row.entry_index,
        row.transaction_hash,
    )


def _keep_later_statement(
    workspace: Workspace, batch: BatchRow, facts: AnchoringFacts
) -> AnchoringFacts:
    """A batch keeps the newest statement that was signed for it, though an older was anchored."""
    own = replace(facts, valid_until_unix=batch.valid_until_unix or 0)
    own = replace(own, signature=batch.signature or b"")
    statement = read_statement(
        replace(
            batch,
            batch_id=facts.batch_id,
            issuer=facts.issuer,
            key_id=facts.key_id,
            certificate_type=facts.certificate_type,
            root=facts.root,
            count=facts.count,
        )
    )
    is_good = statement is not None and is_signed(workspace, statement, own.signature)
    return own if is_good else facts
