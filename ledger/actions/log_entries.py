"""Entries of the log as the log has them, for whoever keeps a copy or checks one."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.pages import DEFAULT_LIMIT, require_limit
from ledger.errors import MalformedInputError
from ledger.index.projector import EntryRow
from ledger.index.store import IndexStore
from ledger.records import EVENTS_BY_TOPIC


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """One entry.

    Attributes:
        event: name of the event that it records; empty where this version does not know it.
        kind: the event's topic 0.
        payload: the event's parameters, ABI-encoded; `payload_hash` is their SHA-256. None where
            this version does not know the event.
        leaf_hash: SHA-256(0x00 ‖ the entry), which proofs lead from.
    """

    log_index: int
    event: str
    kind: bytes
    region: str
    actor: str
    subject: bytes
    payload_hash: bytes
    time_unix: int
    payload: bytes | None
    leaf_hash: bytes

    @classmethod
    def of(cls, row: EntryRow) -> LoggedEntry:
        known = EVENTS_BY_TOPIC.get(row.kind)
        return cls(
            row.entry_index,
            "" if known is None else known.__name__,
            row.kind,
            row.region,
            row.actor,
            row.subject,
            row.payload_hash,
            row.time_unix,
            row.payload,
            row.leaf_hash,
        )


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries in order. Attributes: next: give it as `first` to read on; None at the end."""

    items: tuple[LoggedEntry, ...]
    next: int | None
    log_size: int


def read_entry(index: IndexStore, log_index: int) -> LoggedEntry:
    """One entry of the log.

    Args:
        log_index: from 0.

    Raises:
        NotFoundError: entry_not_found.
    """
    return LoggedEntry.of(index.entry(log_index))


def page_entries(index: IndexStore, first: int = 0, limit: int = DEFAULT_LIMIT) -> EntryPage:
    """Entries of the log in order, as the own copy has them.

    Args:
        first: index of the first one.
        limit: at most so many, up to 1000.

    Raises:
        MalformedInputError: limit_out_of_range; first is negative.
    """
    require_limit(limit)
    if first < 0:
        raise MalformedInputError(f"first: expected 0 or more, got {first}", field="first")
    size = index.cursor().size
    end = min(size, first + limit)
    items = tuple(map(LoggedEntry.of, index.entries_between(first, end)))
    return EntryPage(items, end if end < size else None, size)
