"""From recorded events to rows of the index. Pure.

One entry is one row; a status change also gets a row for each word it touches, so that the
history of one certificate is found without reading its whole batch's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.abi import Event
from ledger.chain.log_reading import RecordedEvent, UnreadableEntry
from ledger.records import StatusAttested, StatusChanged

_CODE_SIZE = 18


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One log entry. `payload` is None where this version does not know the kind."""

    entry_index: int
    kind: bytes
    region: str
    actor: str
    subject: bytes
    payload_hash: bytes
    time_unix: int
    payload: bytes | None
    leaf_hash: bytes
    block_number: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One status word that an entry speaks of."""

    batch_key: bytes
    word_index: int
    entry_index: int


@dataclass(frozen=True, slots=True)
class Projection:
    entry: EntryRow
    statuses: tuple[StatusRow, ...]


def project(recorded: RecordedEvent) -> Projection:
    """The rows of one recorded event."""
    entry = recorded.entry.entry
    row = EntryRow(
        entry_index=recorded.index,
        kind=entry.kind,
        region=_text(entry.region) if isinstance(entry.region, bytes) else str(entry.region),
        actor=_text(entry.actor),
        subject=entry.subject,
        payload_hash=entry.payload_hash,
        time_unix=entry.time_unix,
        payload=recorded.event.encode_payload() if recorded.event else None,
        leaf_hash=entry.leaf_hash(),
        block_number=recorded.block_number,
        transaction_hash=recorded.transaction_hash,
    )
    return Projection(row, tuple(project_statuses(row.entry_index, row.subject, recorded.event)))


def _text(code: bytes) -> str:
    """A code of the chain, which is ASCII unless somebody recorded what is no identifier."""
    return code.rstrip(b"\0").decode("latin-1")


def project_statuses(
    entry_index: int, batch_key: bytes, event: Event | None
) -> Iterator[StatusRow]:
    """The status words that an entry's event speaks of."""
    if isinstance(event, StatusChanged):
        for change in event.statement.changes:
            yield StatusRow(batch_key, change.index, entry_index)
    elif isinstance(event, StatusAttested):
        yield StatusRow(batch_key, event.word_index, entry_index)


def to_leaf(row: EntryRow) -> UnreadableEntry:
    """The entry as the log hashes it, made from its row alone."""
    return UnreadableEntry(
        row.kind,
        row.region.encode("latin-1").ljust(_CODE_SIZE, b"\0"),
        row.actor.encode("latin-1").ljust(_CODE_SIZE, b"\0"),
        row.subject,
        row.payload_hash,
        row.time_unix,
    )
