"""What a database refuses, in the words of `ledger.errors`. Parameters never reach a message."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError

from ledger.errors import ConflictError, LedgerError, StorageError

_SQLITE = {
    "SQLITE_FULL": ("disk_full", "the disk is full; nothing was written"),
    # The file in which connections meet could not grow (sqlite.org/rescode.html).
    "SQLITE_IOERR_SHMSIZE": ("disk_full", "the disk is full, or fails; nothing was written"),
    "SQLITE_IOERR": ("disk_failed", "the disk could not be read or written"),
    "SQLITE_CORRUPT": ("vault_damaged", "the database is damaged: restore it from a backup"),
    "SQLITE_NOTADB": ("vault_damaged", "the file is not a database: restore it from a backup"),
    "SQLITE_BUSY": ("vault_busy", "another connection holds the database"),
    "SQLITE_LOCKED": ("vault_busy", "another connection holds the database"),
    "SQLITE_READONLY": ("vault_read_only", "the vault was opened for reading only"),
    "SQLITE_CANTOPEN": ("vault_unreadable", "the database file cannot be opened"),
    "SQLITE_PERM": ("vault_unreadable", "the database file cannot be opened"),
}
_POSTGRESQL = {
    "53100": ("disk_full", "the database's disk is full; nothing was written"),
    "25006": ("vault_read_only", "the vault was opened for reading only"),
}


_FULL = {errno.ENOSPC, errno.EDQUOT}


class ConstraintViolatedError(ConflictError):
    """A row contradicts another. The parts of the vault say which before it leaves them."""

    default_code = "vault_constraint"


def translate(error: DBAPIError | sqlite3.Error) -> LedgerError:
    """The error of ours that says what a driver's error means."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, IntegrityError):
        return ConstraintViolatedError(f"the vault refuses the row: {cause}")
    name = str(getattr(cause, "sqlite_errorname", ""))
    for prefix, (code, message) in _SQLITE.items():
        if name.startswith(prefix):
            return StorageError(f"{message} ({name})", code=code)
    state = str(getattr(cause, "sqlstate", ""))
    if state in _POSTGRESQL:
        code, message = _POSTGRESQL[state]
        return StorageError(message, code=code)
    return StorageError(f"the vault's database failed: {cause}")


def is_disk_full(error: OSError) -> bool:
    """Whether the disk, or somebody's share of it, has no room left."""
    return error.errno in _FULL


def translate_disk(error: OSError, path: Path) -> StorageError:
    """The error of ours that says what the disk refused to do with a file."""
    code = "disk_full" if is_disk_full(error) else "disk_failed"
    return StorageError(f"{path}: {error.strerror or error}; nothing was written", code=code)
