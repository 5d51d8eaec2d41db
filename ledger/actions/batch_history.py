"""What the log recorded of one batch, in order. Reads the index as it is."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.index.projector import EntryRow
from ledger.index.store import IndexStore
from ledger.records import BatchAnchored, BatchStatement, StatusChanged, StatusStatement


def find_anchoring(index: IndexStore, batch_key: bytes) -> tuple[EntryRow, BatchStatement] | None:
    """The entry that anchored a batch, with its statement; None if it is not anchored."""
    found = find_anchored_event(index, batch_key)
    return None if found is None else (found[0], found[1].statement)


def find_anchored_event(
    index: IndexStore, batch_key: bytes
) -> tuple[EntryRow, BatchAnchored] | None:
    """The entry that anchored a batch, with its whole event; None if it is not anchored."""
    for row in index.entries_of(batch_key):
        if row.kind == BatchAnchored.TOPIC and row.payload is not None:
            return row, BatchAnchored.decode_payload(row.payload)
    return None


def iterate_status_events(
    index: IndexStore, batch_key: bytes
) -> Iterator[tuple[EntryRow, StatusChanged]]:
    """The status changes of a batch, each entry with its event."""
    for row in index.entries_of(batch_key):
        if row.kind == StatusChanged.TOPIC and row.payload is not None:
            yield row, StatusChanged.decode_payload(row.payload)


def iterate_status_changes(
    index: IndexStore, batch_key: bytes
) -> Iterator[tuple[EntryRow, StatusStatement]]:
    """The status changes of a batch, each entry with its statement."""
    for row, event in iterate_status_events(index, batch_key):
        yield row, event.statement
