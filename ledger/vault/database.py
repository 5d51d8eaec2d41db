"""Connections and transactions of the vault, on SQLite by default and on PostgreSQL by URL.

SQLite settings and why: WAL, so that readers never wait for the writer; synchronous FULL, so that
what was acknowledged survives a loss of power (the price is one fsync a transaction);
secure_delete, so that an erased key is overwritten; pages of 16 KiB, since a sealed certificate of
2.5 KiB leaves a third of a page of 4 KiB empty (of a vault that exists the size stays as it is).
Sources: sqlite.org/wal.html, pragma.html.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    QueuePool,
    Table,
    create_engine,
    event,
    insert,
)

from ledger.errors import StorageError
from ledger.vault.failures import connecting, translated

if TYPE_CHECKING:
    from ledger.vault.claim import WriterClaim

BUSY_TIMEOUT_S = 30.0
TRUNCATE_TIMEOUT_S = 2.0
CACHE_KIB = 32 * 1024
PAGE_BYTES = 16 * 1024
_WRITES = "vault_writes"


class Database:
    """An engine, and transactions on it. Thread-safe; each thread has its own transaction.

    Args:
        engine: made by `open_sqlite` or `open_url`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine
        if engine.dialect.name == "postgresql":  # as SQLite does, whose readers see one moment
            self._reader = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._writer = engine.execution_options(**{_WRITES: True})
        self._own = threading.local()
        self._claim: WriterClaim | None = None

    @classmethod
    def open_sqlite(cls, path: Path, *, read_only: bool) -> Database:
        """Use the database file at `path`, which must exist."""
        source = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                source,
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
            )

        engine = create_engine(
            "sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True
        )
        event.listen(engine, "connect", _configure_read_only if read_only else _configure)
        event.listen(engine, "begin", _begin)
        return cls(engine)

    @classmethod
    def open_url(cls, url: str, *, read_only: bool) -> Database:
        """Use a database on a server; see `ledger.vault.server`.

        Raises:
            MalformedInputError: vault_url.
        """
        from ledger.vault.server import create_server_engine

        return cls(create_server_engine(url, read_only=read_only))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; inside `write` of the same thread, that transaction's view."""
        with translated():
            if (connection := self._current()) is not None:
                yield connection
                return
            with self._reader.connect() as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, all or nothing; inside another of the same thread, a part of it.

        Raises:
            StorageError: vault_unavailable when the connection was lost, before, meanwhile, or as
                the transaction was to end: only then it is unknown whether it is there. The next
                one gets a new connection. vault_in_use when another process became the writer.
        """
        with translated():
            if (connection := self._current()) is not None:
                with connection.begin_nested():
                    yield connection
                return
            if self._claim is not None:
                self._claim.hold()
            with self._writer.begin() as connection:
                if self._claim is not None:
                    self._claim.require(connection)
                self._own.connection = connection
                try:
                    yield connection
                finally:
                    self._own.connection = None

    def claim(self, timeout_s: float) -> None:
        """Be the one writer of a database on a server, until `close`.

        Args:
            timeout_s: how long to wait for another writer.

        Raises:
            StorageError: vault_in_use, vault_unavailable.
        """
        if self._engine.dialect.name != "postgresql":
            return
        from ledger.vault.claim import WriterClaim

        claim = WriterClaim(self._engine)
        with connecting():
            claim.take(timeout_s)
        self._claim = claim

    def confirm_writer(self) -> None:
        """See that this is still the one writer, and take its lock again if it was lost.

        Raises:
            StorageError: vault_in_use, vault_unavailable.
        """
        if self._claim is not None:
            self._claim.confirm()

    @property
    def is_taken_over(self) -> bool:
        """Whether another process has become the writer: this one writes no more."""
        return self._claim is not None and self._claim.is_lost

    def truncate_log(self) -> None:
        """Move the write-ahead log into the database and empty it, so that nothing old is left.

        Raises:
            StorageError: log_in_use when a reader still needs it.
        """
        if self._engine.dialect.name != "sqlite":
            return
        with translated(), self._engine.connect() as connection:
            connection.rollback()
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type checker
            driver.execute(f"PRAGMA busy_timeout = {int(TRUNCATE_TIMEOUT_S * 1000)}")
            is_blocked, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            driver.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        if is_blocked:
            raise StorageError(
                "a reader still needs the write-ahead log, which cannot be emptied now",
                code="log_in_use",
            )

    def require_whole_file(self) -> None:
        """Refuse a file that ends within its last page, which SQLite would read as zeros.

        Only right after `truncate_log`, and while nobody else may write.

        Raises:
            StorageError: vault_damaged.
        """
        if self._engine.dialect.name != "sqlite":
            return
        with self.read() as connection:
            pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
            page_size = int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
            path = Path(connection.exec_driver_sql("PRAGMA database_list").one()[2])
        found = path.stat().st_size
        if found < pages * page_size:
            raise StorageError(
                f"{path} should have {pages * page_size} bytes and has {found}: restore it from a "
                "backup",
                code="vault_damaged",
            )

    def find_damage(self) -> list[str]:
        """What the database itself finds wrong with its files; empty if nothing. Reads it all."""
        if self._engine.dialect.name != "sqlite":
            return []
        with self.read() as connection:
            findings = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        damage = [finding for finding in findings if finding != "ok"]
        return damage + [
            f"row {row[1]} of {row[0]} has lost its row in {row[2]}" for row in orphans
        ]

    def close(self) -> None:
        """End all connections."""
        if self._claim is not None:
            self._claim.close()
        self._engine.dispose()

    def _current(self) -> Connection | None:
        return getattr(self._own, "connection", None)


def insert_many(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows that have a value for every column of the table, in the table's order.

    Where the driver counts parameters, the rows reach it as they are: making dictionaries of them,
    as Core wants them, and tuples of those again would take a third of the time of staging. To
    PostgreSQL they go by COPY.
    """
    if connection.dialect.name == "postgresql":
        from ledger.vault.server_copy import copy_in

        copy_in(connection, table, rows)
        return
    connection.exec_driver_sql(_compile_insert(table, connection.dialect), list(rows))


@lru_cache(maxsize=16)
def _compile_insert(table: Table, dialect: Dialect) -> str:
    return str(insert(table).compile(dialect=dialect))


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    _configure_read_only(connection, _record)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")


def _configure_read_only(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _begin(connection: Connection) -> None:
    """Writers take the write lock at once: a transaction that read first could not get it later."""
    is_writer = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
