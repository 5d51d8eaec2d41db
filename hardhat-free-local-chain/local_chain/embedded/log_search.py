"""Finding logs by address, topics and block range (eth_getLogs, EIP-1474).

The narrowest criterion of a filter leads: its index gives the places in order, and each log found
there is held against the whole filter. Without a criterion the range itself is read.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import lmdb

from local_chain.embedded.blocks import LogRecord, Place
from local_chain.embedded.database import ChainDatabase, parse_log
from local_chain.embedded.environment import Environment
from local_chain.embedded.errors import ChainDamagedError, RpcCode, RpcError


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which logs are wanted.

    Args:
        first_block, last_block: both included.
        addresses: any of these contracts; empty for every contract.
        topics: for each position the words wanted there; empty for any word.
    """

    first_block: int
    last_block: int
    addresses: frozenset[bytes]
    topics: tuple[frozenset[bytes], ...]

    def matches(self, log: LogRecord) -> bool:
        """Whether a log of the range is wanted."""
        if self.addresses and log.address not in self.addresses:
            return False
        if len(log.topics) < len(self.topics):
            return False
        pairs = zip(self.topics, log.topics, strict=False)
        return all(not wanted or topic in wanted for wanted, topic in pairs)


@dataclass(frozen=True, slots=True)
class LogLimits:
    """What one search may come to before it is refused; a search of one block never is.

    Args:
        logs: how many may be found.
        data_bytes: how much data those found may have.
        candidates: how many may be looked at, found or not.
    """

    logs: int = 10_000
    data_bytes: int = 16 << 20
    candidates: int = 200_000


class LogBudget:
    """Counts one search against its limits."""

    def __init__(self, limits: LogLimits, wanted: LogFilter) -> None:
        self._limits = limits
        self._first_block = wanted.first_block
        self._is_limited = wanted.first_block < wanted.last_block
        self._logs = self._data_bytes = self._candidates = 0

    def note_candidate(self, place: Place) -> None:
        """A log was looked at."""
        self._candidates += 1
        self._require(self._candidates, self._limits.candidates, "candidates", place)

    def note_found(self, place: Place, log: LogRecord) -> None:
        """A log is among those wanted."""
        self._logs += 1
        self._data_bytes += len(log.data)
        self._require(self._logs, self._limits.logs, "results", place)
        self._require(self._data_bytes, self._limits.data_bytes, "bytes of data", place)

    def _require(self, count: int, limit: int, of_what: str, place: Place) -> None:
        """The wording is one by which clients learn that, and to what, to narrow the range."""
        if self._is_limited and count > limit:
            last = max(self._first_block, place.number - 1)
            raise RpcError(
                RpcCode.LIMIT_EXCEEDED,
                f"query returned more than {limit} {of_what}. "
                f"Try with this block range [{self._first_block:#x}, {last:#x}].",
            )


@dataclass(frozen=True, slots=True)
class Criterion:
    """Keys of one index table, any of which is wanted."""

    table: str
    keys: tuple[bytes, ...]


def search_logs(
    database: ChainDatabase, wanted: LogFilter, limits: LogLimits
) -> Iterator[tuple[Place, LogRecord]]:
    """The matching logs in the order of the chain.

    Raises:
        RpcError: more than the limits allow; names a block range that they do allow.
    """
    budget = LogBudget(limits, wanted)
    first, end = Place(wanted.first_block, 0), Place(wanted.last_block + 1, 0)
    criteria = _list_criteria(wanted)
    with database.environment.read() as transaction:
        logs = transaction.cursor(db=database.environment.table("logs"))
        if not criteria:
            candidates = _scan_range(logs, first, end)
        else:
            lead = min(criteria, key=lambda one: _count(transaction, database.environment, one))
            candidates = (
                (place, _require(logs.get(place), place))
                for place in _scan_index(transaction, database.environment, lead, first, end)
            )
        for encoded_place, encoded in candidates:
            place, log = Place.parse(encoded_place), parse_log(encoded)
            budget.note_candidate(place)
            if wanted.matches(log):
                budget.note_found(place, log)
                yield place, log


def _require(encoded: bytes | None, place: bytes) -> bytes:
    if encoded is None:
        raise ChainDamagedError(f"the index names a log that is missing: {Place.parse(place)}")
    return encoded


def _list_criteria(wanted: LogFilter) -> list[Criterion]:
    criteria = [
        Criterion("logs_by_topic", tuple(bytes([position]) + word for word in sorted(words)))
        for position, words in enumerate(wanted.topics)
        if words
    ]
    if wanted.addresses:
        criteria.append(Criterion("logs_by_address", tuple(sorted(wanted.addresses))))
    return criteria


def _count(
    transaction: lmdb.Transaction[bytes], environment: Environment, criterion: Criterion
) -> int:
    """How many logs of the whole chain the criterion leaves."""
    cursor = transaction.cursor(db=environment.table(criterion.table))
    return sum(cursor.count() for key in criterion.keys if cursor.set_key(key))


def _scan_index(
    transaction: lmdb.Transaction[bytes],
    environment: Environment,
    criterion: Criterion,
    first: Place,
    end: Place,
) -> Iterator[bytes]:
    table = environment.table(criterion.table)
    streams: Sequence[Iterator[bytes]] = [
        _scan_key(transaction.cursor(db=table), key, first.encode(), end.encode())
        for key in criterion.keys
    ]
    return streams[0] if len(streams) == 1 else heapq.merge(*streams)


def _scan_key(cursor: lmdb.Cursor[bytes], key: bytes, first: bytes, end: bytes) -> Iterator[bytes]:
    found = cursor.set_range_dup(key, first)
    while found and cursor.value() < end:
        yield cursor.value()
        found = cursor.next_dup()


def _scan_range(
    cursor: lmdb.Cursor[bytes], first: Place, end: Place
) -> Iterator[tuple[bytes, bytes]]:
    found = cursor.set_range(first.encode())
    while found and cursor.key() < end.encode():
        yield cursor.item()
        found = cursor.next()
