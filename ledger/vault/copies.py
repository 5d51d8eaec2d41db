"""Copying a vault while it is in use, into two files, and joining the two again.

One file has everything but what an erasure destroys: it may be kept for ever. The other has the
data keys alone and says when it expires: once its copies are destroyed, no copy of the first file
can bring an erased content back. Rows are copied, not pages, so that neither file has what was
deleted before. Neither needs the passphrase, and neither can be read without it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import ConflictError, NotFoundError, StorageError
from ledger.vault.access_tables import approval_papers
from ledger.vault.case_tables import case_keys, reliances
from ledger.vault.erasures import Erasure
from ledger.vault.failures import translate
from ledger.vault.store import DATABASE_NAME, LOCK_NAME
from ledger.vault.tables import REVISION_TABLE, data_keys, erasures, officers

KEY_TABLES = (
    data_keys.name,
    officers.name,
    case_keys.name,
    reliances.name,
    approval_papers.name,
)
BUSY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """When a file of data keys was made, and when its copies must be destroyed."""

    made_at_unix: int
    expires_at_unix: int


@dataclass(frozen=True, slots=True)
class VaultCopy:
    """What a copy has.

    Args:
        revision: of its schema.
        certificates: in batches of every state.
        erasures: oldest first; without the officers.
    """

    revision: str
    certificates: int
    erasures: tuple[Erasure, ...]


def copy_vault(directory: Path, rest: Path, keys: Path, terms: KeyTerms) -> VaultCopy:
    """Copy a vault as it is at one moment; a writer goes on meanwhile.

    Args:
        directory: of the vault.
        rest: file for everything but the data keys; must not exist.
        keys: file for the data keys; must not exist.
        terms: stand in the file of data keys.

    Raises:
        NotFoundError: vault_missing.
        ConflictError: vault_on_server.
        StorageError: disk_full, vault_damaged and others; the files are of no use then.
    """
    source = directory / DATABASE_NAME
    _require_file(directory)
    for path in (rest, keys):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with _open(rest) as connection:
        connection.execute("ATTACH ? AS keys", (str(keys),))
        connection.execute("ATTACH ? AS source", (f"{source.absolute().as_uri()}?mode=ro",))
        for name in ("main", "keys"):
            connection.execute(f"PRAGMA {name}.journal_mode = OFF")
            connection.execute(f"PRAGMA {name}.synchronous = OFF")
        connection.execute("BEGIN")  # everything below is of one moment
        _copy_rows(connection)
        connection.execute("CREATE TABLE keys.terms (made_at_unix, expires_at_unix)")
        connection.execute(
            "INSERT INTO keys.terms VALUES (?, ?)", (terms.made_at_unix, terms.expires_at_unix)
        )
        connection.execute("COMMIT")
        _require_sound(connection, "main", "keys")
        return _describe(connection)


def read_terms(keys: Path) -> KeyTerms:
    """The terms of a file of data keys. Raises StorageError, code copy_damaged."""
    with _damage_named(keys), _open(keys) as connection:
        query = "SELECT made_at_unix, expires_at_unix FROM terms"
        made_at_unix, expires_at_unix = connection.execute(query).fetchone()
    return KeyTerms(made_at_unix, expires_at_unix)


def join_copies(rest: Path, keys: Path, erased: Collection[str]) -> None:
    """Put data keys into the copy they belong to, which becomes a vault's database.

    Args:
        rest: changed in place.
        keys: only read.
        erased: identifiers whose keys are left out, so that they never reach this disk.

    Raises:
        StorageError: copy_damaged, disk_full and others; `rest` is of no use then.
    """
    with _damage_named(rest), _open(rest) as connection:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("ATTACH ? AS keys", (f"{keys.absolute().as_uri()}?mode=ro",))
        connection.execute("CREATE TEMP TABLE erased (identifier TEXT PRIMARY KEY)")
        connection.executemany("INSERT INTO erased VALUES (?)", ((name,) for name in set(erased)))
        connection.execute("PRAGMA main.journal_mode = OFF")
        connection.execute("BEGIN")
        connection.execute(
            "INSERT INTO main.data_keys SELECT * FROM keys.data_keys WHERE certificate NOT IN "
            "(SELECT id FROM main.certificates JOIN temp.erased USING (identifier))"
        )
        connection.execute("INSERT INTO main.officers SELECT * FROM keys.officers")
        _join_cases(connection)
        _join_approvals(connection)
        connection.execute("COMMIT")
        _require_sound(connection, "main")


def _join_cases(connection: sqlite3.Connection) -> None:
    """Nothing is there to join in a copy made before there were cases."""
    if not _has_keys_table(connection, case_keys.name):
        return
    connection.execute(
        "INSERT INTO main.case_keys SELECT k.* FROM keys.case_keys k "
        "JOIN main.case_documents d ON d.id = k.document "
        "WHERE 'case:' || lower(hex(d.case_id)) NOT IN (SELECT identifier FROM temp.erased)"
    )
    connection.execute(
        "INSERT INTO main.reliances SELECT * FROM keys.reliances "
        "WHERE 'case:' || lower(hex(case_id)) NOT IN (SELECT identifier FROM temp.erased)"
    )


def _join_approvals(connection: sqlite3.Connection) -> None:
    """Nothing is there to join in a copy made before anything needed a second officer."""
    if _has_keys_table(connection, approval_papers.name):
        connection.execute("INSERT INTO main.approval_papers SELECT * FROM keys.approval_papers")


def _has_keys_table(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT 1 FROM keys.sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (name,)).fetchone() is not None


def _require_file(directory: Path) -> None:
    if (directory / DATABASE_NAME).exists():
        return
    if (directory / LOCK_NAME).exists():
        without = " ".join(f"--exclude-table-data={name}" for name in KEY_TABLES)
        alone = " ".join(f"--table={name}" for name in KEY_TABLES)
        raise ConflictError(
            f"{directory} has no {DATABASE_NAME}. A vault on a database server is backed up, while "
            f"nobody writes it, with `pg_dump {without}`, its data keys with `pg_dump --data-only "
            f"{alone}` into a file whose copies expire, and with them the home's keys/. If this "
            "vault never was on a server, its file is lost: restore a backup",
            code="vault_on_server",
        )
    raise NotFoundError(f"there is no vault in {directory}", code="vault_missing")


def _copy_rows(connection: sqlite3.Connection) -> None:
    query = "SELECT type, name, sql FROM source.sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    found = [row for row in connection.execute(query) if not row[1].startswith("sqlite_")]
    for kind in ("table", "index", "view", "trigger"):
        for _, _, sql in (row for row in found if row[0] == kind):
            connection.execute(sql)
        if kind == "index":  # with its indices in place, SQLite copies a table as it is
            for _, name, _ in (row for row in found if row[0] == "table"):
                _copy_table(connection, name)


def _copy_table(connection: sqlite3.Connection, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    if name in KEY_TABLES:
        connection.execute(f"CREATE TABLE keys.{quoted} AS SELECT * FROM source.{quoted}")  # noqa: S608 - quoted
    else:
        connection.execute(f"INSERT INTO main.{quoted} SELECT * FROM source.{quoted}")  # noqa: S608 - quoted


def _describe(connection: sqlite3.Connection) -> VaultCopy:
    (revision,) = connection.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchone()  # noqa: S608 - our constant
    (certificates,) = connection.execute("SELECT count(*) FROM main.certificates").fetchone()
    rows = connection.execute(
        f"SELECT identifier, erased_at_unix, reason FROM main.{erasures.name} ORDER BY id"  # noqa: S608 - our constant
    )
    return VaultCopy(revision, certificates, tuple(Erasure(*row) for row in rows))


def _require_sound(connection: sqlite3.Connection, *databases: str) -> None:
    for database in databases:
        for (finding,) in connection.execute(f"PRAGMA {database}.integrity_check"):
            if finding != "ok":
                raise StorageError(f"the copy is damaged: {finding}", code="copy_damaged")


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        with closing(connection):
            yield connection
    except sqlite3.Error as error:
        raise translate(error) from error


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """What is wrong with a copy is no fault of a vault."""
    try:
        yield
    except StorageError as error:
        if error.code in ("disk_full", "disk_failed", "copy_damaged"):
            raise
        raise StorageError(
            f"{path} is no copy of a vault, or damaged ({error.message}): use another backup",
            code="copy_damaged",
        ) from error
    except TypeError as error:
        raise StorageError(
            f"{path} has no terms: use another backup", code="copy_damaged"
        ) from error
