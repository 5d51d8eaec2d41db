"""Reads the log's entries from a node, each with the module event it was made for.

The events are fetched by topic and not by address: modules come and go. One counts only with the
log's own entry right after it, which holds its hash. Nothing that somebody managed to record stops
the reading: what cannot be read is passed on without its meaning, so that the tree stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from ledger import abi
from ledger.abi import Event
from ledger.chain.client import ChainClient, parse_data, parse_quantity, unusable
from ledger.errors import ChainUnavailableError, MalformedInputError
from ledger.records import EVENTS_BY_TOPIC, EntryAppended, LogEntry

LOG_RANGE_BLOCKS = 5_000  # Besu's default limit of eth_getLogs
_GROWTH = 8  # by an eighth
_PROBING = 64  # and where it was refused before, by a sixty-fourth


class LogRange:
    """How many blocks a node is asked for at once: half as many after a refusal, then slowly more.

    What was learnt is kept for as long as the node is asked. Safe for threads: at worst one of
    them forgets what another learnt.

    Attributes:
        blocks: to be asked for next.
    """

    def __init__(self, most: int = LOG_RANGE_BLOCKS) -> None:
        self.blocks = self._ceiling = self._most = most

    def narrow(self, refused: int) -> None:
        """So many blocks were refused."""
        self._ceiling = max(1, refused - 1)
        self.blocks = max(1, refused // 2)

    def widen(self, given: int) -> None:
        """So many blocks were given. Says nothing where that was less than could be asked for."""
        if given < self.blocks:
            return
        if self.blocks >= self._ceiling:
            self._ceiling = min(self._ceiling + self._ceiling // _PROBING + 1, self._most)
        self.blocks = min(self.blocks + self.blocks // _GROWTH + 1, self._ceiling)


@dataclass(frozen=True, slots=True)
class Log:
    """What a contract emitted. `address` is in lower case."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class UnreadableEntry(abi.Leaf):
    """An entry whose region is no member's identifier; it keeps its place and its leaf hash."""

    kind: bytes
    region: bytes
    actor: bytes
    subject: bytes
    payload_hash: bytes
    time_unix: int

    ABI_FIELDS: ClassVar[tuple[abi.Field, ...]] = tuple(
        field._replace(type=abi.fixed_bytes(18)) if field.name == "region" else field
        for field in LogEntry.ABI_FIELDS
    )


@dataclass(frozen=True, slots=True)
class UnreadableAppended:
    """As `EntryAppended`, with an entry that names no member."""

    index: int
    entry: UnreadableEntry


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One entry of the log with the module event it was made for.

    `event` is None where this version does not know the kind or cannot read the values.
    """

    index: int
    entry: EntryAppended | UnreadableAppended
    event: Event | None
    block_number: int
    transaction_hash: bytes


def fetch_logs(
    client: ChainClient,
    topics: Iterable[bytes],
    first_block: int,
    last_block: int,
    blocks: LogRange | None = None,
) -> Iterator[list[Log]]:
    """Logs with one of these first topics, in order, a range of blocks at a time.

    A range that the node refuses is asked for in smaller ones.

    Args:
        blocks: what is known of the ranges that this node gives.

    Raises:
        ChainUnavailableError: no answer, or the node refuses even a range of one block.
    """
    wanted = [[f"0x{topic.hex()}" for topic in topics]]
    start, blocks = first_block, blocks or LogRange()
    while start <= last_block:
        end = min(start + blocks.blocks - 1, last_block)
        doing = f"reading the events of blocks {start} to {end}"
        limits = {"fromBlock": hex(start), "toBlock": hex(end), "topics": wanted}
        try:
            found = client.request(doing, "eth_getLogs", limits)
        except ChainUnavailableError as error:
            if error.code != "chain_refused" or end == start:
                raise
            blocks.narrow(end - start + 1)
            continue
        yield _parse_logs(found, doing)
        blocks.widen(end - start + 1)
        start = end + 1


def parse_log(found: object, doing: str) -> Log:
    """One log of a node's answer. Raises ChainUnavailableError."""
    try:
        return Log(
            found["address"].lower(),  # type: ignore[index]  # checked by what it raises
            tuple(parse_data(topic, doing) for topic in found["topics"]),  # type: ignore[index]
            parse_data(found["data"], doing),  # type: ignore[index]
            parse_quantity(found["blockNumber"], doing),  # type: ignore[index]
            parse_data(found["transactionHash"], doing),  # type: ignore[index]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise unusable(doing, found) from error


def pair_entries(logs: Iterable[Log], log_address: str) -> Iterator[RecordedEvent]:
    """The log's entries among these logs, each with its event.

    Args:
        logs: in the order of the chain.
        log_address: of the EntryLog; look-alikes of other contracts count for nothing.
    """
    log_address = log_address.lower()
    before: Log | None = None
    for found in logs:
        if found.address == log_address and found.topics[0] == EntryAppended.TOPIC:
            appended = read_entry(found)
            event = _find_event(appended, before, found)
            yield RecordedEvent(
                appended.index, appended, event, found.block_number, found.transaction_hash
            )
        before = found


def _parse_logs(found: object, doing: str) -> list[Log]:
    if not isinstance(found, list):
        raise unusable(doing, found)
    return [parse_log(each, doing) for each in found]


def read_entry(found: Log) -> EntryAppended | UnreadableAppended:
    """What a log of the EntryLog says."""
    try:
        return EntryAppended.decode_log(found.topics, found.data)
    except MalformedInputError:
        entry = UnreadableEntry.decode(found.data)
        return UnreadableAppended(int.from_bytes(found.topics[1]), entry)


def _find_event(
    appended: EntryAppended | UnreadableAppended, before: Log | None, own: Log
) -> Event | None:
    """The module's event right before the entry, if it is the one the entry is about."""
    kind = EVENTS_BY_TOPIC.get(appended.entry.kind)
    if kind is None or isinstance(appended, UnreadableAppended):
        return None
    if before is None or before.transaction_hash != own.transaction_hash:
        return None
    try:
        event = kind.decode_log(before.topics, before.data)
    except MalformedInputError:
        return None  # another event; or somebody recorded an identifier that is none
    return event if event.payload_hash() == appended.entry.payload_hash else None
