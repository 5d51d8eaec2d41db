"""All rows of a vault on a server into an SQLite copy of it, and those of an SQLite vault onto one.

Both are of one moment, and flat in memory. The tables are those that the migrations make; whatever
else lies in the server's database is not the vault's.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Connection, Table, create_engine, func, inspect, select
from sqlalchemy import text as sql

from ledger.errors import ConflictError, StorageError
from ledger.vault import schema
from ledger.vault.database import PAGE_BYTES, Database
from ledger.vault.failures import connecting, translated
from ledger.vault.server_copy import copy_in, copy_out
from ledger.vault.tables import metadata


class Snapshot:
    """A vault on a server as it is at one moment.

    Attributes:
        revision: of its schema.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        revision = schema.find_revision(connection)
        if revision is None:
            raise StorageError("the database holds no vault", code="vault_missing")
        self.revision = revision

    def iterate(self, table: str, columns: Sequence[str]) -> Iterator[tuple[object, ...]]:
        """The rows of a table, as SQLite takes them."""
        found = {column["name"]: column for column in inspect(self._connection).get_columns(table)}
        return copy_out(self._connection, table, [(c, found[c]["type"]) for c in columns])


@contextmanager
def open_snapshot(url: str) -> Iterator[Snapshot]:
    """A vault's rows; whoever writes it goes on meanwhile.

    Raises:
        StorageError: vault_missing, vault_newer, vault_unavailable and others.
    """
    with (
        connecting(),
        closing(Database.open_url(url, read_only=True)) as database,
        database.read() as connection,
    ):
        snapshot = Snapshot(connection)
        schema.require_known(snapshot.revision)
        yield snapshot


def make_tables(path: Path, revision: str) -> None:
    """Have an empty SQLite file hold the tables of a vault of some revision, without rows."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    engine = create_engine("sqlite://", creator=connect)
    try:
        with translated(), engine.begin() as connection:
            schema.upgrade(connection, revision)
    finally:
        engine.dispose()


def fill_server(path: Path, url: str) -> None:
    """Make a vault on a server of an SQLite vault of the newest schema, whole or not at all.

    Args:
        path: the SQLite file, which nobody writes.
        url: of a database that has no vault.

    Raises:
        ConflictError: vault_exists.
        StorageError: vault_damaged, vault_in_use, vault_unavailable, disk_full and others.
    """
    with (
        closing(Database.open_url(url, read_only=False)) as database,
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
    ):
        database.claim(0.0)
        with database.write() as connection:
            if schema.find_revision(connection) is not None:
                raise ConflictError(
                    "the database has a vault already; name an empty one, or an empty schema",
                    code="vault_exists",
                )
            schema.upgrade(connection)
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
                with _damage_named(table):
                    copy_in(connection, table, _read_table(source, table))
                _move_sequence(connection, table)


@contextmanager
def _damage_named(table: Table) -> Iterator[None]:
    """SQLite keeps any value in any column; the server's driver takes none of another type."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise StorageError(
            f"{table.name} has a value of another type than its column's: make a home with its "
            "vault in a file, and run `zhenglian fsck --repair` there",
            code="vault_damaged",
        ) from error


def _read_table(source: sqlite3.Connection, table: Table) -> Iterator[tuple[object, ...]]:
    """A table's rows as the server's driver takes them."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    converters = [_find_converter(column.type) for column in table.columns]
    rows = source.execute(f'SELECT {columns} FROM "{table.name}"')  # noqa: S608 - our own names
    if not any(converters):
        return rows
    return (
        tuple(
            value if convert is None or value is None else convert(value)
            for convert, value in zip(converters, row, strict=True)
        )
        for row in rows
    )


def _find_converter(kind: object) -> Callable[[Any], object] | None:
    if isinstance(kind, JSON):
        return json.loads
    return bool if isinstance(kind, Boolean) else None


def _move_sequence(connection: Connection, table: Table) -> None:
    """Have the numbers that the server gives out go on after those that are taken."""
    for column in table.primary_key.columns:
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        highest = None if sequence is None else connection.scalar(select(func.max(column)))
        if highest is not None:
            connection.execute(
                sql("SELECT setval(:name, :value)"), {"name": sequence, "value": highest}
            )
