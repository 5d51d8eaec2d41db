"""From recorded events to rows of the index. Pure.

One entry is one row; a status change also gets a row for each word it touches, so that the
history of one certificate is found without reading its whole batch's.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.chain.gateway import RecordedEvent
from ledger.records import StatusAttested, StatusChanged


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
    return Projection(row, _status_rows(recorded))


def _text(code: bytes) -> str:
    """A code of the chain, which is ASCII unless somebody recorded what is no identifier."""
    return code.rstrip(b"\0").decode("latin-1")


def _status_rows(recorded: RecordedEvent) -> tuple[StatusRow, ...]:
    event = recorded.event
    if isinstance(event, StatusChanged):
        words = [change.index for change in event.statement.changes]
    elif isinstance(event, StatusAttested):
        words = [event.word_index]
    else:
        return ()
    batch_key = recorded.entry.entry.subject
    return tuple(StatusRow(batch_key, word, recorded.index) for word in words)
