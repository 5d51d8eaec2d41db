"""Copying a vault while it is in use, into two files of SQLite, and joining the two again.

The vault may be one of SQLite or on a PostgreSQL server; what is joined is a vault of SQLite, which
`server_rows.fill_server` puts onto a server.

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

from ledger.errors import NotFoundError, StorageError
from ledger.vault.backups import find_erasable_tables, find_key_tables, is_left_out
from ledger.vault.database import PAGE_BYTES
from ledger.vault.erasures import Erasure
from ledger.vault.failures import translate
from ledger.vault.store import DATABASE_NAME
from ledger.vault.tables import REVISION_TABLE, erasures

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


def copy_vault(
    directory: Path, rest: Path, keys: Path, terms: KeyTerms, *, url: str | None = None
) -> VaultCopy:
    """Copy a vault as it is at one moment; a writer goes on meanwhile.

    Args:
        directory: of the vault.
        rest: file for everything but the data keys; must not exist.
        keys: file for the data keys; must not exist.
        terms: stand in the file of data keys.
        url: of the vault's database, where that is on a server.

    Raises:
        NotFoundError: vault_missing.
        StorageError: disk_full, vault_damaged, vault_unavailable, vault_newer and others; the files
            are of no use then.
    """
    source = directory / DATABASE_NAME
    if url is None and not source.exists():
        raise NotFoundError(f"there is no vault in {directory}", code="vault_missing")
    for path in (rest, keys):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with _open(rest) as connection:
        connection.execute("ATTACH ? AS keys", (str(keys),))
        for name in ("main", "keys"):
            connection.execute(f"PRAGMA {name}.page_size = {PAGE_BYTES}")
            connection.execute(f"PRAGMA {name}.journal_mode = OFF")
            connection.execute(f"PRAGMA {name}.synchronous = OFF")
        if url is None:
            connection.execute("ATTACH ? AS source", (f"{source.absolute().as_uri()}?mode=ro",))
            connection.execute("BEGIN")  # everything below is of one moment
            _copy_rows(connection)
        else:
            _fetch_rows(connection, rest, url)
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
        tables = "SELECT name FROM keys.sqlite_master WHERE type = 'table'"
        found = {name for (name,) in connection.execute(tables)}
        if "terms" not in found:
            raise StorageError(f"{keys} is no file of data keys", code="copy_damaged")
        for name, identifier in find_erasable_tables():
            if name in found:  # else the copy was made before there was such a table
                _join_table(connection, name, identifier)
        connection.execute("COMMIT")
        _require_sound(connection, "main")


def _join_table(connection: sqlite3.Connection, name: str, identifier: str | None) -> None:
    rows = f"SELECT {name}.* FROM keys.{name} AS {name}"  # noqa: S608 - our own names
    known = f"EXISTS (SELECT 1 FROM temp.erased AS e WHERE e.identifier = {identifier})"  # noqa: S608
    condition = "" if identifier is None else f" WHERE NOT {known}"
    connection.execute(f"INSERT INTO main.{name} {rows}{condition}")


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
    quoted = _quote(name)
    if is_left_out(name):
        return
    if name in find_key_tables():
        connection.execute(f"CREATE TABLE keys.{quoted} AS SELECT * FROM source.{quoted}")  # noqa: S608 - quoted
    else:
        connection.execute(f"INSERT INTO main.{quoted} SELECT * FROM source.{quoted}")  # noqa: S608 - quoted


def _fetch_rows(connection: sqlite3.Connection, rest: Path, url: str) -> None:
    """Copies from a server, into tables that are made as those of a vault in a file are."""
    from ledger.vault.server_rows import make_tables, open_snapshot

    with open_snapshot(url) as snapshot:
        make_tables(rest, snapshot.revision)
        connection.execute("BEGIN")
        query = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name != ?"
        for (name,) in connection.execute(query, (REVISION_TABLE,)).fetchall():
            if is_left_out(name):
                continue
            quoted, target = _quote(name), f"main.{_quote(name)}"
            connection.execute(f"DELETE FROM {target}")  # noqa: S608 - quoted
            if name in find_key_tables():
                target = f"keys.{quoted}"
                connection.execute(f"CREATE TABLE {target} AS SELECT * FROM main.{quoted}")  # noqa: S608 - quoted
            info = connection.execute(f"PRAGMA main.table_info({quoted})")
            columns = [row[1] for row in info]
            places = ", ".join("?" * len(columns))
            connection.executemany(
                f"INSERT INTO {target} VALUES ({places})",  # noqa: S608 - quoted
                snapshot.iterate(name, columns),
            )


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


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
