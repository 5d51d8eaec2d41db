"""The index's database: entries, tree nodes and the cursor, in one SQLite file (WAL).

No migrations: a file of another schema number is refused, and `index rebuild` makes a new one
beside it. Any number of processes read; whoever syncs takes the write lock for a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from ledger.errors import NotFoundError, StorageError
from ledger.index.projector import EntryRow, Projection
from ledger.index.tree import (
    compute_consistency_proof,
    compute_inclusion_path,
    compute_root,
    iterate_completed_nodes,
)

SCHEMA = 1
_CHUNK_ROWS = 1_000

metadata = MetaData()
cursor_table = Table(
    "cursor",
    metadata,
    Column("schema_number", Integer, nullable=False),
    Column("ledger_id", LargeBinary(32), nullable=False),
    Column("consortium", Text, nullable=False),
    Column("next_block", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("synced_to_unix", BigInteger, nullable=False),
)
entries = Table(
    "entries",
    metadata,
    Column("entry_index", Integer, primary_key=True, autoincrement=False),
    Column("kind", LargeBinary(32), nullable=False),
    Column("region", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", LargeBinary(32), nullable=False),
    Column("payload_hash", LargeBinary(32), nullable=False),
    Column("time_unix", BigInteger, nullable=False),
    Column("payload", LargeBinary),
    Column("leaf_hash", LargeBinary(32), nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("transaction_hash", LargeBinary(32), nullable=False),
    Index("entries_by_subject", "subject", "entry_index"),
    Index("entries_by_time", "time_unix"),
)
nodes = Table(
    "nodes",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)
statuses = Table(
    "statuses",
    metadata,
    Column("batch_key", LargeBinary(32), primary_key=True),
    Column("word_index", Integer, primary_key=True),
    Column("entry_index", Integer, primary_key=True),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the index has followed the chain.

    Attributes:
        next_block: first block not read yet.
        size: entries of the log.
        synced_to_unix: time of the last block read: the index is complete up to then.
    """

    ledger_id: bytes
    consortium: str
    next_block: int
    size: int
    synced_to_unix: int


class IndexStore:
    """One index file. Use as a context manager, or call `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
        event.listen(self._engine, "connect", _configure)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    @classmethod
    def create(cls, path: Path, ledger_id: bytes, consortium: str) -> IndexStore:
        """Makes an empty index that begins at block 0."""
        path.parent.mkdir(parents=True, exist_ok=True)
        store = cls(path)
        with store._transaction() as connection:
            metadata.create_all(connection)
            connection.execute(
                insert(cursor_table).values(
                    schema_number=SCHEMA,
                    ledger_id=ledger_id,
                    consortium=consortium,
                    next_block=0,
                    size=0,
                    synced_to_unix=0,
                )
            )
        return store

    @classmethod
    def open(cls, path: Path) -> IndexStore:
        """Opens an index.

        Raises:
            NotFoundError: there is none.
            StorageError: it is damaged or of another schema; the message says what to do.
        """
        if not path.exists():
            raise NotFoundError(f"no index at {path}; run `zhenglian index rebuild`")
        store = cls(path)
        with store._transaction() as connection:
            number = connection.execute(select(cursor_table.c.schema_number)).scalar_one_or_none()
        if number != SCHEMA:
            raise StorageError(
                f"{path}: expected index schema {SCHEMA}, found {number}; "
                "run `zhenglian index rebuild`",
                code="index_schema",
            )
        return store

    def cursor(self) -> Cursor:
        with self._transaction() as connection:
            row = connection.execute(select(cursor_table)).one()
        return Cursor(row.ledger_id, row.consortium, row.next_block, row.size, row.synced_to_unix)

    def append(
        self, projections: Sequence[Projection], *, next_block: int, synced_to_unix: int
    ) -> None:
        """Adds the entries of whole blocks and moves the cursor, in one transaction.

        Raises:
            StorageError: the entries do not continue the log without a gap.
        """
        with self._transaction(write=True) as connection:
            size = connection.execute(select(cursor_table.c.size)).scalar_one()
            _require_continuation(size, projections)
            for start in range(0, len(projections), _CHUNK_ROWS):
                _insert_chunk(connection, projections[start : start + _CHUNK_ROWS])
            connection.execute(
                update(cursor_table).values(
                    next_block=next_block,
                    size=size + len(projections),
                    synced_to_unix=synced_to_unix,
                )
            )

    def fold(self) -> None:
        """Moves everything into the one file, so that it can be renamed."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def root(self, size: int | None = None) -> bytes:
        """RFC 9162 root hash over the first `size` entries, by default all."""
        with self._transaction() as connection:
            total = _size(connection)
            return compute_root(total if size is None else size, _NodeReader(connection).get)

    def inclusion_path(self, index: int, size: int) -> tuple[bytes, ...]:
        """Raises NotFoundError when a log of that size has no such entry."""
        with self._transaction() as connection:
            return compute_inclusion_path(index, size, _NodeReader(connection).get)

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        """Raises NotFoundError unless 0 < first <= second <= size."""
        with self._transaction() as connection:
            if second > (total := _size(connection)):
                raise NotFoundError(f"the log has {total} entries, not {second}")
            return compute_consistency_proof(first, second, _NodeReader(connection).get)

    def entry(self, index: int) -> EntryRow:
        """Raises NotFoundError."""
        found = list(self._select(entries.c.entry_index == index))
        if not found:
            raise NotFoundError(f"the index has no entry {index}", code="entry_not_found")
        return found[0]

    def entries_of(self, subject: bytes) -> list[EntryRow]:
        """Every entry about a subject, oldest first. `subject` is 32 bytes."""
        return list(self._select(entries.c.subject == subject))

    def status_entries(self, batch_key: bytes, word_index: int) -> list[EntryRow]:
        """Every entry that changed or attested one status word, oldest first."""
        wanted = select(statuses.c.entry_index).where(
            statuses.c.batch_key == batch_key, statuses.c.word_index == word_index
        )
        return list(self._select(entries.c.entry_index.in_(wanted)))

    def entries_of_kind(self, *kinds: bytes) -> list[EntryRow]:
        """Every entry of these kinds, oldest first; reads the whole log."""
        return list(self._select(entries.c.kind.in_(kinds)))

    def entries_since(self, time_unix: int, *, region: str | None = None) -> Iterator[EntryRow]:
        """Entries recorded at or after a time, oldest first, streamed."""
        conditions = [entries.c.time_unix >= time_unix]
        if region is not None:
            conditions.append(entries.c.region == region)
        return self._select(*conditions)

    def _select(self, *conditions: Any) -> Iterator[EntryRow]:
        wanted = select(entries).where(*conditions).order_by(entries.c.entry_index)
        with self._transaction() as connection:
            for row in connection.execution_options(yield_per=_CHUNK_ROWS).execute(wanted):
                yield _to_entry(row)

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                yield connection
                connection.commit()
        except DatabaseError as error:
            raise StorageError(
                f"{self.path}: {error.orig}; an index is disposable: run `zhenglian index rebuild`",
                code="index_damaged",
            ) from error


class _NodeReader:
    """Looks tree nodes up; remembers those of one question."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, level: int, position: int) -> bytes:
        if level == 0:
            wanted = select(entries.c.leaf_hash).where(entries.c.entry_index == position)
        else:
            wanted = select(nodes.c.hash).where(
                nodes.c.level == level, nodes.c.position == position
            )
        return bytes(self._connection.execute(wanted).scalar_one())


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by name
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA busy_timeout=10000")


def _size(connection: Connection) -> int:
    return int(connection.execute(select(func.max(cursor_table.c.size))).scalar_one())


def _require_continuation(size: int, projections: Iterable[Projection]) -> None:
    for expected, projection in enumerate(projections, size):
        if projection.entry.entry_index != expected:
            raise StorageError(
                f"expected log entry {expected} next, the chain gave "
                f"{projection.entry.entry_index}; run `zhenglian index rebuild`",
                code="index_gap",
            )


def _insert_chunk(connection: Connection, chunk: Sequence[Projection]) -> None:
    first = chunk[0].entry.entry_index
    leaves = [projection.entry.leaf_hash for projection in chunk]
    completed = list(iterate_completed_nodes(first, leaves, _NodeReader(connection).get))
    connection.execute(insert(entries), [asdict(projection.entry) for projection in chunk])
    if completed:
        names = ("level", "position", "hash")
        connection.execute(
            insert(nodes), [dict(zip(names, node, strict=True)) for node in completed]
        )
    words = [asdict(word) for projection in chunk for word in projection.statuses]
    if words:
        connection.execute(upsert(statuses).on_conflict_do_nothing(), words)


def _to_entry(row: Row[Any]) -> EntryRow:
    return EntryRow(*tuple(row))
