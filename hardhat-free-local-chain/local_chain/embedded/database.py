"""The tables of a chain: what is stored under which key, written block by block.

A block, its transactions, its logs with their indexes, the state nodes it adds and the new head
become visible together or not at all. Keys that are numbers are big-endian, so that LMDB's order
is theirs. The callers hold the chain's lock: nothing here is meant for two threads at once.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import lmdb

from local_chain.embedded.blocks import LogRecord, Place, SealedBlock, TransactionRecord
from local_chain.embedded.environment import SMALLEST_MAP_BYTES, Environment
from local_chain.embedded.errors import ChainDamagedError, ChainMismatchError
from local_chain.embedded.headers import EMPTY_TRIE_ROOT, Header
from local_chain.embedded.keccak import keccak

FORMAT_NUMBER = 1

_PLAIN_TABLES = ("meta", "nodes", "headers", "numbers", "transactions", "places", "logs")
_INDEX_TABLES = ("logs_by_address", "logs_by_topic")
_CONFIG_KEY = b"config"
_HEAD_KEY = b"head"
_NUMBER = struct.Struct(">Q")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """What is fixed when a chain is founded.

    Args:
        format_number: of the tables of this module.
        genesis_time_unix: timestamp of block 0, seconds.
        precompile: whether P-256 verification stands at address 0x100.
    """

    format_number: int
    chain_id: int
    genesis_time_unix: int
    precompile: bool


class ChainDatabase:
    """Reads and writes the tables of one chain directory."""

    def __init__(self, directory: Path, smallest_map_bytes: int = SMALLEST_MAP_BYTES) -> None:
        """Open the directory's tables.

        Raises:
            ChainDamagedError, ChainStorageError: as `Environment`.
        """
        self.environment = Environment(directory, _PLAIN_TABLES, _INDEX_TABLES, smallest_map_bytes)

    def close(self) -> None:
        """Release the file."""
        self.environment.close()

    def fetch_config(self) -> ChainConfig | None:
        """The configuration the chain was founded with; None in an empty directory.

        Raises:
            ChainMismatchError: written in another format.
            ChainDamagedError: unreadable, or missing although there are blocks.
        """
        encoded = self._get("meta", _CONFIG_KEY)
        if encoded is None:
            if self._get("meta", _HEAD_KEY) is not None:
                raise ChainDamagedError("the chain has blocks but no configuration")
            return None
        try:
            values = json.loads(encoded)
            found = int(values["format_number"])
            if found != FORMAT_NUMBER:
                raise ChainMismatchError(f"format: expected {FORMAT_NUMBER}, found {found}")
            return ChainConfig(**values)
        except (ValueError, KeyError, TypeError) as problem:
            raise ChainDamagedError(f"unreadable chain configuration: {problem}") from problem

    def found(self, config: ChainConfig, genesis: SealedBlock) -> None:
        """Write configuration and block 0 together."""

        def change(transaction: lmdb.Transaction[bytes]) -> None:
            encoded = json.dumps(asdict(config)).encode()
            transaction.put(_CONFIG_KEY, encoded, db=self._table("meta"))
            self._put_block(transaction, genesis)

        self.environment.write(change)

    def append(self, block: SealedBlock) -> None:
        """Write a block and make it the head.

        Raises:
            ChainStorageError: the disk refused; the head is still the old one.
        """
        self.environment.write(lambda transaction: self._put_block(transaction, block))

    def fetch_head(self) -> tuple[Header, bytes]:
        """The newest header and its hash.

        Raises:
            ChainDamagedError: missing, or its hash or state is not what it should be.
        """
        encoded = self._get("meta", _HEAD_KEY)
        number = None if encoded is None else int(_NUMBER.unpack(encoded)[0])
        header = None if number is None else self.fetch_header(number)
        if header is None:
            raise ChainDamagedError("the head block is missing")
        block_hash = header.compute_hash()
        if self.fetch_number(block_hash) != number:
            raise ChainDamagedError(f"block {number} is not the block its hash names")
        if header.state_root != EMPTY_TRIE_ROOT and self.fetch_node(header.state_root) is None:
            raise ChainDamagedError(f"the state of block {header.number} is missing")
        return header, block_hash

    def fetch_header(self, number: int) -> Header | None:
        """The header of a block, or None beyond the head."""
        encoded = self._get("headers", _NUMBER.pack(number))
        return None if encoded is None else _parse(Header.parse, encoded)

    def fetch_block_hash(self, number: int) -> bytes | None:
        """The hash of a block: its child names it, the head computes it."""
        child = self.fetch_header(number + 1)
        if child is not None:
            return child.parent_hash
        header = self.fetch_header(number)
        return None if header is None else header.compute_hash()

    def fetch_number(self, block_hash: bytes) -> int | None:
        """The number of the block with this hash."""
        encoded = self._get("numbers", block_hash)
        return None if encoded is None else int(_NUMBER.unpack(encoded)[0])

    def fetch_node(self, node_hash: bytes) -> bytes | None:
        """A state trie node or contract code.

        Raises:
            ChainDamagedError: what is stored is not what the hash names.
        """
        node = self._get("nodes", node_hash)
        if node is not None and keccak(node) != node_hash:
            raise ChainDamagedError(f"the state node {node_hash.hex()} is not what its hash names")
        return node

    def fetch_place(self, transaction_hash: bytes) -> Place | None:
        """Where a sealed transaction stands."""
        encoded = self._get("places", transaction_hash)
        return None if encoded is None else Place.parse(encoded)

    def fetch_transaction(self, place: Place) -> TransactionRecord | None:
        """The transaction at a place."""
        encoded = self._get("transactions", place.encode())
        return None if encoded is None else _parse(TransactionRecord.parse, encoded)

    def fetch_transactions(self, number: int) -> list[TransactionRecord]:
        """The transactions of a block, in order."""
        first, end = Place(number, 0), Place(number + 1, 0)
        return [
            _parse(TransactionRecord.parse, value)
            for _, value in self._scan("transactions", first, end)
        ]

    def fetch_logs(self, first: Place, end: Place) -> list[tuple[Place, LogRecord]]:
        """The logs from one place (included) to another (excluded), in order."""
        return [(place, parse_log(value)) for place, value in self._scan("logs", first, end)]

    def _scan(self, table: str, first: Place, end: Place) -> Iterator[tuple[Place, bytes]]:
        with self.environment.read() as transaction:
            cursor = transaction.cursor(db=self._table(table))
            found = cursor.set_range(first.encode())
            last = end.encode()
            while found and cursor.key() < last:
                yield Place.parse(cursor.key()), cursor.value()
                found = cursor.next()

    def _put_block(self, transaction: lmdb.Transaction[bytes], block: SealedBlock) -> None:
        put = transaction.put
        number = block.header.number
        for key, value in sorted(block.nodes.items()):
            put(key, value, overwrite=False, db=self._table("nodes"))
        for index, record in enumerate(block.transactions):
            place = Place(number, index).encode()
            put(place, record.encode(), db=self._table("transactions"))
            put(record.transaction_hash, place, db=self._table("places"))
        for index, log in enumerate(block.logs):
            place = Place(number, index).encode()
            put(place, log.encode(), db=self._table("logs"))
            put(log.address, place, db=self._table("logs_by_address"))
            for position, topic in enumerate(log.topics):
                put(bytes([position]) + topic, place, db=self._table("logs_by_topic"))
        put(_NUMBER.pack(number), block.header.encode(), db=self._table("headers"))
        put(block.block_hash, _NUMBER.pack(number), db=self._table("numbers"))
        put(_HEAD_KEY, _NUMBER.pack(number), db=self._table("meta"))

    def _get(self, table: str, key: bytes) -> bytes | None:
        with self.environment.read() as transaction:
            return transaction.get(key, db=self._table(table))

    def _table(self, name: str) -> lmdb._Database:
        return self.environment.table(name)


def parse_log(encoded: bytes) -> LogRecord:
    """A stored log.

    Raises:
        ChainDamagedError: the bytes are none.
    """
    return _parse(LogRecord.parse, encoded)


def _parse(parse: Callable[[bytes], T], encoded: bytes) -> T:
    try:
        return parse(encoded)
    except (ValueError, IndexError, struct.error) as problem:
        raise ChainDamagedError(f"unreadable record: {problem}") from problem
