"""The index's SQLite file (WAL): connections, transactions, and what can go wrong with it.

Source: sqlite.org, "Write-Ahead Logging", "Online Backup API", "Result and Error Codes".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

from ledger.errors import StorageError

BUSY_TIMEOUT_S = 10.0
_ADVICE = "an index is disposable: run `zhenglian index rebuild`"
_KINDS = {
    "SQLITE_BUSY": ("index_busy", "another process is writing it; try again"),
    "SQLITE_LOCKED": ("index_busy", "another process is writing it; try again"),
    "SQLITE_FULL": ("disk_full", "the disk is full; nothing was written"),
    # The file in which connections meet could not grow (sqlite.org/rescode.html).
    "SQLITE_IOERR_SHMSIZE": ("disk_full", "the disk is full, or fails; nothing was written"),
    "SQLITE_IOERR": ("disk_failed", "the disk could not be read or written"),
    "SQLITE_READONLY": ("index_read_only", "it cannot be written here"),
    "SQLITE_CANTOPEN": ("index_unreadable", "the file cannot be opened"),
    "SQLITE_PERM": ("index_unreadable", "the file cannot be opened"),
}


class IndexDatabase:
    """One index file. Safe for threads; any number of processes read, one writes at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )

        # By a creator, since a path may hold what means something in a URL.
        self._engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
        event.listen(self._engine, "connect", _configure)

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[Connection]:
        """One consistent view, or all changes or none.

        Raises:
            StorageError: index_damaged, index_busy, disk_full, disk_failed, index_read_only,
                index_unreadable.
        """
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                yield connection
                connection.commit()
        except (DBAPIError, NoResultFound, MultipleResultsFound) as error:
            raise translate(self.path, error) from error

    def copy_over(self, target: Path) -> None:
        """Makes `target` a copy of this file, in one transaction of its own.

        Whoever has `target` open sees the old content or the new, never a mixture; a rename under
        their feet would pair the new file with the old write-ahead log. A target that is no
        database any more is removed first.
        """
        try:
            self._backup(target)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "") not in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
                raise translate(target, error) from error
            remove_database(target)
            self._backup(target)

    def close(self) -> None:
        """Ends the connections; the next transaction makes new ones."""
        self._engine.dispose()

    def _backup(self, target: Path) -> None:
        with (
            closing(sqlite3.connect(self.path)) as source,
            closing(sqlite3.connect(target, timeout=BUSY_TIMEOUT_S)) as copy,
        ):
            source.backup(copy)


def remove_database(path: Path) -> None:
    """Removes a file and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a loss of power may undo the last steps


def translate(path: Path, error: Exception) -> StorageError:
    """What a failure of a file's database is to whoever asked."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = str(getattr(cause, "sqlite_errorname", ""))
    for prefix, (code, what) in _KINDS.items():
        if name.startswith(prefix):
            return StorageError(f"{path}: {what} ({name})", code=code)
    return StorageError(f"{path}: {cause}; {_ADVICE}", code="index_damaged")
