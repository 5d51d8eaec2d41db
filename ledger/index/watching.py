"""Tells whether an index file has changed since it was last looked at, for microseconds.

Who answers thousands of questions a second cannot read the cursor for each of them, and must not
answer from what was true a moment ago. Source: sqlite.org, "PRAGMA data_version".
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from threading import Lock
from typing import NamedTuple
from urllib.parse import quote

from ledger.errors import NotFoundError
from ledger.index.database import translate


class Mark(NamedTuple):
    """A state of a file: equal marks of one watch mean that nothing was written in between."""

    device: int
    inode: int
    connection: int
    version: int


class IndexWatch:
    """Watches one file by a connection of its own. Safe for threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = str(path)
        self._uri = f"file:{quote(str(path))}?mode=ro"
        self._connection: sqlite3.Connection | None = None
        self._opened = 0
        self._place = (0, 0)
        self._lock = Lock()

    def mark(self) -> Mark:
        """The file as it is now.

        Raises:
            NotFoundError: code `index_missing`, there is no file.
            StorageError: the file is damaged, or cannot be read.
        """
        try:
            found = os.stat(self._name)  # noqa: PTH116 - three times as quick
        except FileNotFoundError:
            self.close()
            raise NotFoundError(f"no index at {self._path}", code="index_missing") from None
        with self._lock:
            try:
                connection = self._connect((found.st_dev, found.st_ino))
                (version,) = connection.execute("PRAGMA data_version").fetchone()
            except sqlite3.Error as error:
                self._disconnect()
                raise translate(self._path, error) from error
            return Mark(*self._place, self._opened, version)

    def close(self) -> None:
        """Ends the connection; the next question makes another."""
        with self._lock:
            self._disconnect()

    def _connect(self, place: tuple[int, int]) -> sqlite3.Connection:
        if self._connection is not None and self._place == place:
            return self._connection
        self._disconnect()
        self._connection = sqlite3.connect(
            self._uri, uri=True, isolation_level=None, check_same_thread=False
        )
        # The version is that of the connection's last look at the file: it must have had one.
        self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        self._opened += 1
        self._place = place
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
