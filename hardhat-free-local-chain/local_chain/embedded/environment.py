"""One LMDB environment: opening it safely, growing it, and naming what the disk does to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import lmdb

from local_chain.embedded.errors import ChainDamagedError, ChainStorageError

DATA_FILE_NAME = "data.mdb"
LOCK_FILE_NAME = "lock.mdb"
SMALLEST_MAP_BYTES = 64 << 20

_LOCK_FILE_BYTES = 8192
_ENGINE = 0  # liblmdb 0.9; 1.x has another file format
_DAMAGE = (
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.PageNotFoundError,
    lmdb.VersionMismatchError,
    lmdb.IncompatibleError,
)

T = TypeVar("T")


class Environment:
    """The data file of a chain directory, with its named tables.

    The map grows by doubling when a write does not fit. That is safe because the chain's lock
    admits one thread at a time, so that no transaction is open when the map is replaced. For the
    same reason the file can be opened anew after a failed write, which LMDB asks for if it was the
    write that makes a transaction valid: until then it refuses everything.
    """

    def __init__(
        self,
        directory: Path,
        plain_tables: Iterable[str],
        index_tables: Iterable[str],
        smallest_map_bytes: int = SMALLEST_MAP_BYTES,
    ) -> None:
        """Open the environment, creating the tables that are missing.

        Args:
            plain_tables: tables with one value for a key.
            index_tables: tables with many values of one size for a key.

        Raises:
            ChainDamagedError: the data file is not a whole LMDB file.
            ChainStorageError: the disk refuses the write.
        """
        self._data_file = directory / DATA_FILE_NAME
        self._plain_tables, self._index_tables = tuple(plain_tables), tuple(index_tables)
        size_bytes = self._data_file.stat().st_size if self._data_file.exists() else 0
        self._map_bytes = max(smallest_map_bytes, 2 * size_bytes)
        self._open()

    @property
    def size_bytes(self) -> int:
        """The length of the data file."""
        return self._data_file.stat().st_size

    def read(self) -> AbstractContextManager[lmdb.Transaction[bytes]]:
        """A consistent view for a `with` block.

        Raises:
            ChainDamagedError, ChainStorageError: as when it was opened.
        """
        self._recover()
        return self._handle.begin()

    def table(self, name: str) -> lmdb._Database:
        """The handle to pass as `db`."""
        return self._tables[name]

    def write(self, change: Callable[[lmdb.Transaction[bytes]], None]) -> None:
        """Run `change` in one transaction, wholly synced to disk when this returns.

        Raises:
            ChainStorageError: the disk refused; nothing of the change is stored.
        """
        while True:
            self._recover()
            try:
                self._translate(lambda: self._write_once(change))
            except lmdb.MapFullError:
                self._map_bytes *= 2
                self._handle.set_mapsize(self._map_bytes)
            except (ChainDamagedError, ChainStorageError):
                self._must_reopen = True
                raise
            else:
                return

    def close(self) -> None:
        """Release the file. Nothing is lost: every write was synced."""
        self._handle.close()

    def _open(self) -> None:
        self._handle = self._translate(self._open_file)
        try:
            self._require_whole_file()
            self._tables = self._translate(self._open_tables)
        except BaseException:
            self._handle.close()
            raise
        self._must_reopen = False

    def _recover(self) -> None:
        if self._must_reopen:
            self._handle.close()
            self._open()

    def _open_file(self) -> lmdb.Environment:
        self._reserve_lock_file()
        return lmdb.open(
            str(self._data_file.parent),
            map_size=self._map_bytes,
            max_dbs=len(self._plain_tables) + len(self._index_tables),
            mode=0o600,
            lib_version=_ENGINE,
        )

    def _reserve_lock_file(self) -> None:
        """LMDB maps it: a page that the disk has no room for would be a fatal signal."""
        path = self._data_file.with_name(LOCK_FILE_NAME)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, _LOCK_FILE_BYTES)
            finally:
                os.close(descriptor)
        except OSError as problem:
            raise ChainStorageError(f"{path}: {problem}") from problem

    def _open_tables(self) -> dict[str, lmdb._Database]:
        tables = {name: self._handle.open_db(name.encode()) for name in self._plain_tables}
        tables |= {
            name: self._handle.open_db(name.encode(), dupsort=True, dupfixed=True)
            for name in self._index_tables
        }
        return tables

    def _write_once(self, change: Callable[[lmdb.Transaction[bytes]], None]) -> None:
        with self._handle.begin(write=True) as transaction:
            change(transaction)

    def _require_whole_file(self) -> None:
        """A page missing from the end would be a fatal signal on first access, so look now."""
        pages = self._handle.info()["last_pgno"] + 1
        expected = pages * self._handle.stat()["psize"]
        found = self._data_file.stat().st_size
        if found < expected:
            raise ChainDamagedError(
                f"{self._data_file}: expected at least {expected} bytes, found {found}"
            )

    def _translate(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except lmdb.MapFullError:
            raise
        except _DAMAGE as problem:
            raise ChainDamagedError(f"{self._data_file}: {problem}") from problem
        except lmdb.Error as problem:
            free = os.statvfs(self._data_file.parent)
            raise ChainStorageError(
                f"{self._data_file}: {problem} ({free.f_bavail * free.f_frsize} bytes free)"
            ) from problem
