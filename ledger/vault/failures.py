"""What a database refuses, in the words of `ledger.errors`. Parameters never reach a message."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

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
_UNAVAILABLE = (
    "vault_unavailable",
    "the vault's database cannot be reached, or ended the connection: try again",
)
_REFUSED = ("vault_refused", "the vault's database does not let this user do that")
_POSTGRESQL = {
    "53100": ("disk_full", "the database's disk is full; nothing was written"),
    "25006": ("vault_read_only", "the vault, or the whole database, is open for reading only"),
    "58030": ("disk_failed", "the database could not read or write its disk"),
    "58P01": ("vault_damaged", "a file of the database is missing: restore it from a backup"),
    "XX001": ("vault_damaged", "the database is damaged: restore it from a backup"),
    "XX002": ("vault_damaged", "an index of the database is damaged: REINDEX it"),
    "40001": ("vault_busy", "another connection was at the same rows; try again"),
    "40P01": ("vault_busy", "another connection was at the same rows; try again"),
    "55P03": ("vault_busy", "another connection holds the database"),
    "57014": ("vault_busy", "the database gave a query up"),
    "42501": _REFUSED,
    "28": _REFUSED,
    "3D000": _REFUSED,
    "08": _UNAVAILABLE,
    "57P": _UNAVAILABLE,
    "53": _UNAVAILABLE,
}
"""By SQLSTATE or its beginning. Source: postgresql.org, "PostgreSQL Error Codes"."""


_FULL = {errno.ENOSPC, errno.EDQUOT}


class ConstraintViolatedError(ConflictError):
    """A row contradicts another. The parts of the vault say which before it leaves them."""

    default_code = "vault_constraint"


@contextmanager
def translated() -> Iterator[None]:
    """Whatever a database refuses inside the block leaves it as an error of ours."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise translate(error) from error
    except PoolTimeoutError as error:
        raise StorageError(
            "all connections to the vault's database are in use", code="vault_busy"
        ) from error
    except PendingRollbackError as error:  # its connection was lost before, inside a transaction
        raise StorageError(_UNAVAILABLE[1], code=_UNAVAILABLE[0]) from error


def translate(error: DBAPIError | sqlite3.Error) -> LedgerError:
    """The error of ours that says what a driver's error means."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, IntegrityError):
        return ConstraintViolatedError(f"the vault refuses the row: {_describe(cause)}")
    name = str(getattr(cause, "sqlite_errorname", ""))
    for prefix, (code, message) in _SQLITE.items():
        if name.startswith(prefix):
            return StorageError(f"{message} ({name})", code=code)
    state = str(getattr(cause, "sqlstate", None) or "")
    for prefix, (code, message) in _POSTGRESQL.items():
        if state.startswith(prefix):
            return StorageError(f"{message} ({state})", code=code)
    if isinstance(error, DBAPIError) and (error.connection_invalidated or _is_of_server(error)):
        return StorageError(_UNAVAILABLE[1], code=_UNAVAILABLE[0])
    return StorageError(f"the vault's database failed: {_describe(cause)}")


@contextmanager
def connecting() -> Iterator[None]:
    """Says what the driver said of a connection that could not be had.

    Only where somebody opens a vault: it names the server and its user, who are nobody's business
    in an answer to a request. It never has the password.
    """
    try:
        yield
    except StorageError as error:
        cause = error.__cause__
        if error.code != _UNAVAILABLE[0] or not isinstance(cause, DBAPIError):
            raise
        said = " ".join(str(cause.orig).split())
        raise StorageError(f"{error.message} ({said})", code=error.code) from cause


def _describe(cause: object) -> str:
    """What a driver says, without the row that PostgreSQL would quote in its details."""
    diagnosis = getattr(cause, "diag", None)
    return str(getattr(diagnosis, "message_primary", None) or cause)


def _is_of_server(error: DBAPIError) -> bool:
    """Whether no answer of a server came, but libpq's word that there is none to be had."""
    return type(error.orig).__module__.startswith("psycopg") and isinstance(error, OperationalError)


def is_disk_full(error: OSError) -> bool:
    """Whether the disk, or somebody's share of it, has no room left."""
    return error.errno in _FULL


def translate_disk(error: OSError, path: Path) -> StorageError:
    """The error of ours that says what the disk refused to do with a file."""
    code = "disk_full" if is_disk_full(error) else "disk_failed"
    return StorageError(f"{path}: {error.strerror or error}; nothing was written", code=code)
