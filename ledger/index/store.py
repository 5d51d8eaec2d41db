"""The index: entries, tree nodes and the cursor, and the questions they answer.

No migrations: a file of another schema number is refused, and `index rebuild` makes a new one
beside it. Any number of processes read; whoever syncs takes the write lock for a moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Row, func, insert, inspect, select, update
from sqlalchemy.exc import NoResultFound

from ledger.errors import NotFoundError, StorageError
from ledger.index.database import IndexDatabase
from ledger.index.projector import EntryRow, Projection, StatusRow
from ledger.index.tables import SCHEMA, cursor_table, entries, metadata, nodes, statuses
from ledger.index.tree import (
    compute_consistency_proof,
    compute_inclusion_path,
    compute_root,
    iterate_completed_nodes,
)
from ledger.vault.database import insert_many

_CHUNK_ROWS = 1_000
_COUNT = "SELECT size FROM cursor"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the index has followed the chain.

    Attributes:
        next_block: first block not read yet.
        size: entries of the log.
        synced_to_unix: the index is complete up to this time, which its root has shown.
        proved_block_hash: of the block at which it was shown; empty if entries came since.
        proved_root: the root that both had.
    """

    ledger_id: bytes
    consortium: str
    next_block: int
    size: int
    synced_to_unix: int
    proved_block_hash: bytes
    proved_root: bytes


class IndexStore:
    """One index file. Use as a context manager, or call `close`.

    Whatever is asked raises StorageError, code `index_damaged`, when the file is damaged.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._database = IndexDatabase(path, read_only=read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections; the next question makes new ones."""
        self._database.close()

    @classmethod
    def create(cls, path: Path, ledger_id: bytes, consortium: str) -> IndexStore:
        """Begins an index at block 0; one that another process has just begun is taken as it is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        store = cls(path)
        with store._database.transaction(write=True) as connection:
            metadata.create_all(connection)
            if connection.execute(select(cursor_table)).first() is None:
                connection.execute(
                    insert(cursor_table).values(
                        schema_number=SCHEMA,
                        ledger_id=ledger_id,
                        consortium=consortium,
                        next_block=0,
                        size=0,
                        synced_to_unix=0,
                        proved_block_hash=b"",
                        proved_root=b"",
                    )
                )
        return store

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> IndexStore:
        """Opens an index.

        Args:
            read_only: for who may not write it, nor anything beside it. What another process adds,
                or rebuilds, is seen by the next question; whatever would write raises StorageError,
                code `index_read_only`.

        Raises:
            NotFoundError: there is none, or its creation was interrupted.
            StorageError: it is damaged (`index_damaged`) or of another schema (`index_schema`);
                the message says what to do.
        """
        store = cls(path, read_only=read_only)
        number = store._find_schema() if path.exists() else None
        if number == SCHEMA:
            return store
        store.close()
        if number is None:
            raise NotFoundError(f"no index at {path}; run `zhenglian index rebuild`")
        raise StorageError(
            f"{path}: expected index schema {SCHEMA}, found {number}; "
            "run `zhenglian index rebuild`",
            code="index_schema",
        )

    def cursor(self) -> Cursor:
        """How far the index is."""
        with self._database.transaction() as connection:
            return _read_cursor(connection)

    def append(
        self,
        projections: Sequence[Projection],
        *,
        next_block: int,
        synced_to_unix: int,
        from_block: int | None = None,
    ) -> bool:
        """Adds the entries of whole blocks and moves the cursor, in one transaction.

        Args:
            projections: of the blocks from `from_block` to before `next_block`, in order.
            from_block: where the caller saw the cursor; None adds wherever it is now.

        Returns:
            Whether they were added: not if another process has moved the cursor meanwhile.

        Raises:
            StorageError: code `index_gap`, they do not continue the log.
        """
        with self._database.transaction(write=True) as connection:
            cursor = _read_cursor(connection)
            if from_block is not None and cursor.next_block != from_block:
                return False
            _require_continuation(cursor.size, projections)
            for start in range(0, len(projections), _CHUNK_ROWS):
                _insert_chunk(connection, projections[start : start + _CHUNK_ROWS])
            connection.execute(
                update(cursor_table).values(
                    next_block=next_block,
                    size=cursor.size + len(projections),
                    synced_to_unix=max(synced_to_unix, cursor.synced_to_unix),
                    proved_block_hash=b"",
                    proved_root=b"",
                )
            )
        return True

    def mark_synced(self, size: int, root: bytes, block_hash: bytes, time_unix: int) -> None:
        """Notes that the log had these entries and this root at a block and up to a time.

        The time never goes back. The rest is noted only if no more entries have come since.
        """
        later = cursor_table.c.synced_to_unix < time_unix
        proved = {"proved_block_hash": block_hash, "proved_root": root}
        with self._database.transaction(write=True) as connection:
            connection.execute(
                update(cursor_table)
                .where(later, cursor_table.c.size >= size)
                .values(synced_to_unix=time_unix)
            )
            connection.execute(
                update(cursor_table).where(cursor_table.c.size == size).values(**proved)
            )

    def copy_over(self, path: Path) -> None:
        """Puts this index in the place of another, without disturbing who reads that."""
        self._database.copy_over(path)

    def root(self, size: int | None = None) -> bytes:
        """RFC 9162 root hash over the first `size` entries, by default all.

        Raises NotFoundError when there are fewer.
        """
        with self._database.transaction() as connection:
            nodes_of = _NodeReader(connection)
            total = nodes_of.count()
            wanted = total if size is None else size
            _require_size(wanted, total)
            return compute_root(wanted, nodes_of.get)

    def inclusion_path(self, index: int, size: int) -> tuple[bytes, ...]:
        """Raises NotFoundError when a log of that size has no such entry, or this index is smaller.

        Source: RFC 9162 §2.1.3.1.
        """
        with self._database.transaction() as connection:
            nodes_of = _NodeReader(connection)
            _require_size(size, nodes_of.count())
            return compute_inclusion_path(index, size, nodes_of.get)

    def prove_inclusion(self, index: int, size: int) -> tuple[bytes, tuple[bytes, ...], bytes]:
        """An entry's leaf hash, its path in the log of that size, and the root the path leads to,
        of one view of the file. Raises as `inclusion_path`."""
        with self._database.transaction() as connection:
            nodes_of = _NodeReader(connection)
            _require_size(size, nodes_of.count())
            path = compute_inclusion_path(index, size, nodes_of.get)
            return nodes_of.get(0, index), path, compute_root(size, nodes_of.get)

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        """Raises NotFoundError unless 0 < first <= second <= size. Source: RFC 9162 §2.1.4.1."""
        with self._database.transaction() as connection:
            nodes_of = _NodeReader(connection)
            _require_size(second, nodes_of.count())
            return compute_consistency_proof(first, second, nodes_of.get)

    def prove_consistency(self, first: int, second: int) -> tuple[tuple[bytes, ...], bytes, bytes]:
        """The proof and the roots of both sizes, of one view of the file. Raises as
        `consistency_proof`."""
        with self._database.transaction() as connection:
            nodes_of = _NodeReader(connection)
            _require_size(second, nodes_of.count())
            proof = compute_consistency_proof(first, second, nodes_of.get)
            return proof, compute_root(first, nodes_of.get), compute_root(second, nodes_of.get)

    def node(self, level: int, position: int) -> bytes | None:
        """Hash of one complete subtree over 2^level leaves; None if there is none."""
        wanted = select(nodes.c.hash).where(nodes.c.level == level, nodes.c.position == position)
        with self._database.transaction() as connection:
            found: bytes | None = connection.scalar(wanted)
        return found

    def has_status(self, row: StatusRow) -> bool:
        """Whether the entry is found by this status word."""
        wanted = select(statuses.c.entry_index).where(
            statuses.c.batch_key == row.batch_key,
            statuses.c.word_index == row.word_index,
            statuses.c.entry_index == row.entry_index,
        )
        with self._database.transaction() as connection:
            return connection.execute(wanted).first() is not None

    def count_statuses(self) -> int:
        """By how many status words entries are found; reads all of them."""
        with self._database.transaction() as connection:
            return int(connection.execute(select(func.count()).select_from(statuses)).scalar_one())

    def entry(self, index: int) -> EntryRow:
        """Raises NotFoundError."""
        found = list(self._select(entries.c.entry_index == index))
        if not found:
            raise NotFoundError(f"the index has no entry {index}", code="entry_not_found")
        return found[0]

    def entries_between(self, first: int, end: int, *, region: str | None = None) -> list[EntryRow]:
        """Entries with `first` <= index < `end`, oldest first; of one member only, if named."""
        conditions = [entries.c.entry_index >= first, entries.c.entry_index < end]
        if region is not None:
            conditions.append(entries.c.region == region)
        return list(self._select(*conditions))

    def entries_of(self, subject: bytes) -> list[EntryRow]:
        """Every entry about a subject, oldest first. `subject` is 32 bytes."""
        return list(self._select(entries.c.subject == subject))

    def status_entries(self, batch_key: bytes, word_index: int) -> list[EntryRow]:
        """Every entry that changed or attested one status word, oldest first."""
        wanted = select(statuses.c.entry_index).where(
            statuses.c.batch_key == batch_key, statuses.c.word_index == word_index
        )
        return list(self._select(entries.c.entry_index.in_(wanted)))

    def topics_since(self, size: int, limit: int) -> list[tuple[bytes, bytes]] | None:
        """Subject and kind of each entry after the first `size`; None if they are over `limit`."""
        wanted = (
            select(entries.c.subject, entries.c.kind)
            .where(entries.c.entry_index >= size)
            .limit(limit + 1)
        )
        with self._database.transaction() as connection:
            found = [(row.subject, row.kind) for row in connection.execute(wanted)]
        return found if len(found) <= limit else None

    def entries_of_kind(self, *kinds: bytes) -> list[EntryRow]:
        """Every entry of these kinds, oldest first."""
        return list(self._select(entries.c.kind.in_(kinds)))

    def subjects_of(self, kind: bytes, actor: str) -> list[bytes]:
        """What the entries of one kind that an actor caused are about, oldest first."""
        wanted = (
            select(entries.c.subject)
            .where(entries.c.kind == kind, entries.c.actor == actor)
            .order_by(entries.c.entry_index)
        )
        with self._database.transaction() as connection:
            return list(connection.scalars(wanted))

    def iterate(self) -> Iterator[EntryRow]:
        """Every entry, oldest first, streamed as `entries_since` does."""
        return self._select()

    def entries_since(self, time_unix: int, *, region: str | None = None) -> Iterator[EntryRow]:
        """Entries recorded at or after a time, oldest first.

        Streamed from one consistent view, which ends when the iterator ends or is closed.
        """
        # The chain's times never go back, so that all entries from the first one on are wanted.
        first = (
            select(entries.c.entry_index)
            .where(entries.c.time_unix >= time_unix)
            .order_by(entries.c.time_unix, entries.c.entry_index)
            .limit(1)
            .scalar_subquery()
        )
        conditions = [entries.c.entry_index >= first]
        if region is not None:
            conditions.append(entries.c.region == region)
        return self._select(*conditions)

    def first_since(self, time_unix: int) -> int:
        """Index of the first entry recorded at or after a time; the log's size if there is none."""
        wanted = (
            select(entries.c.entry_index)
            .where(entries.c.time_unix >= time_unix)
            .order_by(entries.c.time_unix, entries.c.entry_index)
            .limit(1)
        )
        with self._database.transaction() as connection:
            found: int | None = connection.scalar(wanted)
            return _read_cursor(connection).size if found is None else found

    def _find_schema(self) -> int | None:
        """None while there is nothing in the file."""
        try:
            with self._database.transaction() as connection:
                if not inspect(connection).get_table_names():
                    return None
                return int(connection.execute(select(cursor_table.c.schema_number)).scalar_one())
        except StorageError:
            self.close()
            raise

    def _select(self, *conditions: Any) -> Iterator[EntryRow]:
        wanted = select(entries).where(*conditions).order_by(entries.c.entry_index)
        with self._database.transaction() as connection:
            for row in connection.execution_options(yield_per=_CHUNK_ROWS).execute(wanted):
                yield _to_entry(row)


class _NodeReader:
    """Looks tree nodes up in one view of the file, by the driver itself: a proof asks for dozens,
    and for those at the edge of the tree more than once."""

    def __init__(self, connection: Connection) -> None:
        self._driver: Any = connection.connection.driver_connection
        self._known: dict[tuple[int, int], bytes] = {}

    def count(self) -> int:
        """Entries of the log."""
        found = self._driver.execute(_COUNT).fetchone()
        if found is None:
            raise NoResultFound("the index has no cursor")
        return int(found[0])

    def get(self, level: int, position: int) -> bytes:
        known = self._known.get((level, position))
        if known is None:
            known = self._known[level, position] = self._read(level, position)
        return known

    def _read(self, level: int, position: int) -> bytes:
        if level == 0:
            query = "SELECT leaf_hash FROM entries WHERE entry_index = ?"
            found = self._driver.execute(query, (position,)).fetchone()
        else:
            query = "SELECT hash FROM nodes WHERE level = ? AND position = ?"
            found = self._driver.execute(query, (level, position)).fetchone()
        if found is None:
            raise NoResultFound(f"no tree node {position} of level {level}")
        return bytes(found[0])


def _read_cursor(connection: Connection) -> Cursor:
    row = connection.execute(select(cursor_table)).one()
    return Cursor(*tuple(row)[1:])


def _require_size(wanted: int, total: int) -> None:
    if not 0 <= wanted <= total:
        raise NotFoundError(
            f"the log has {total} entries here, not {wanted}", code="size_not_found"
        )


def _require_continuation(size: int, projections: Sequence[Projection]) -> None:
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
    insert_many(connection, entries, [astuple(projection.entry) for projection in chunk])
    if completed:
        insert_many(connection, nodes, completed)
    words = dict.fromkeys(astuple(word) for each in chunk for word in each.statuses)
    if words:
        insert_many(connection, statuses, list(words))


def _to_entry(row: Row[Any]) -> EntryRow:
    return EntryRow(*tuple(row))
