"""The index's SQLite file (WAL): connections, transactions, and what can go wrong with it.

Source: sqlite.org, "Write-Ahead Logging", "Online Backup API", "Result and Error Codes".
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
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
    """One index file. Safe for threads; any number of processes read, one writes at a time.

    Args:
        path: of the file.
        read_only: writes nothing, whatever is asked, and goes on where the file is replaced.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._is_read_only = read_only
        self._identity: tuple[int, int] | None = None
        self._engine = _create_engine(path, "ro" if read_only else "rwc")
        if not read_only:
            event.listen(self._engine, "connect", _configure)

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[Connection]:
        """One consistent view, or all changes or none.

        Raises:
            StorageError: index_damaged, index_busy, disk_full, disk_failed, index_read_only,
                index_unreadable.
        """
        if self._is_read_only:
            self._follow_file()
            if not self._can_meet_writers():
                with self._still() as connection:
                    yield connection
                return
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                yield connection
                connection.commit()
        except (DBAPIError, sqlite3.Error, NoResultFound, MultipleResultsFound) as error:
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

    def _follow_file(self) -> None:
        """Lets go of a file that is no more; one that was damaged was removed, and made anew."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise StorageError(
                f"{self.path}: {error.strerror}; {_ADVICE}", code="index_unreadable"
            ) from error
        identity = (found.st_dev, found.st_ino)
        if self._identity not in (None, identity):
            self._engine.dispose()
        self._identity = identity

    def _can_meet_writers(self) -> bool:
        """Whether the files in which SQLite's connections meet are there, or can be made."""
        directory = self.path.parent
        return os.access(directory, os.W_OK) or self._beside("-shm").exists()

    @contextmanager
    def _still(self) -> Iterator[Connection]:
        """A view of a file that nobody has open, from a directory in which nothing can be made.

        Raises:
            StorageError: index_busy when somebody began to write it meanwhile; and others.
        """
        before = self.path.stat()
        engine = _create_engine(self.path, "ro&immutable=1")
        try:
            with engine.connect() as connection:
                yield connection
        except (DBAPIError, NoResultFound, MultipleResultsFound) as error:
            raise translate(self.path, error) from error
        finally:
            engine.dispose()
        after = self.path.stat()
        is_same = (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
        if not is_same or self._beside("-wal").exists():
            raise StorageError(
                f"{self.path}: another process began to write it; try again", code="index_busy"
            )

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _backup(self, target: Path) -> None:
        with (
            closing(sqlite3.connect(self.path)) as source,
            closing(sqlite3.connect(target, timeout=BUSY_TIMEOUT_S)) as copy,
        ):
            source.backup(copy)


def _create_engine(path: Path, mode: str) -> Engine:
    source = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            source, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )

    # By a creator, since a path may hold what means something in a URL.
    return create_engine("sqlite://", creator=connect, poolclass=QueuePool)


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
