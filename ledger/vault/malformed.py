"""Values that cannot be what their columns hold: of another type, or against a constraint.

SQLite keeps any value in any column (sqlite.org/datatype3.html), so that one altered byte can put
text where bytes belong. PostgreSQL takes no such value, and nothing is looked for there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import JSON, CheckConstraint, Column, Connection, Integer, LargeBinary, Table

from ledger.vault.database import Database
from ledger.vault.tables import metadata

_BATCH_OF_ROW = {
    "batches": "id",
    "certificates": "batch",
    "data_keys": "(SELECT batch FROM certificates WHERE id = data_keys.certificate)",
}
_PLACEHOLDERS = {
    ("certificates", "identifier"): "'malformed ' || id",
    ("certificates", "position"): "1000000 + id",
    ("certificates", "leaf_hash"): "zeroblob(32)",
    ("data_keys", "content_mac"): "zeroblob(16)",
    ("batches", "batch_id"): "zeroblob(32)",
    ("batches", "batch_key"): "randomblob(32)",
    ("batches", "issuer"): "''",
    ("batches", "key_id"): "zeroblob(32)",
    ("batches", "certificate_type"): "''",
    ("batches", "state"): "'closed'",
    ("batches", "count"): "0",
    ("batches", "root"): "NULL",
    ("batches", "valid_until_unix"): "NULL",
    ("batches", "signature"): "NULL",
    ("batches", "anchored_at_unix"): "NULL",
    ("batches", "log_index"): "NULL",
    ("batches", "transaction_hash"): "NULL",
    ("acts", "kind"): "''",
    ("acts", "batch_key"): "NULL",
    ("acts", "sequence"): "0",
    ("acts", "state"): "'sent'",
    ("acts", "officer"): "NULL",
    ("acts", "details"): "'{}'",
}
"""What stands for a value that can be rebuilt, until it is: surely wrong, and of the right type."""


@dataclass(frozen=True, slots=True)
class MalformedValue:
    """One such value.

    Attributes:
        row_number: SQLite's own number of the row.
        found: name of the type that the value has.
        batch_pk: number of the batch that the row belongs to, None if to none.
    """

    table: str
    row_number: int
    column: str
    expected: str
    found: str
    batch_pk: int | None


class MalformedValues:
    """The malformed values of a vault."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self) -> list[MalformedValue]:
        """Every malformed value. Reads every row, but no content."""
        with self._database.read() as connection:
            return [
                value
                for table in metadata.sorted_tables
                for value in _find_in_table(connection, table)
            ]

    def put_right(self) -> list[MalformedValue]:
        """Gives what it can the type it must have, keeping its bytes where it has any.

        What can be rebuilt from elsewhere, and is not right by that, becomes a value that is
        surely wrong, for `Repairs` to replace. Answers the values that were changed.
        """
        found = self.find()
        with self._database.write() as connection:
            for value in found:
                _cast(connection, value)
            left = {(v.table, v.row_number, v.column) for v in self.find()}
            for value in found:
                if (value.table, value.row_number, value.column) in left:
                    _replace(connection, value)
        still = set(self.find())
        return [value for value in found if value not in still]


def _find_in_table(connection: Connection, table: Table) -> Iterator[MalformedValue]:
    if connection.dialect.name != "sqlite":
        return
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type checker
    driver.create_function("is_utf8", 1, _is_utf8, deterministic=True)
    faults = {column.name: _write_fault(table, column) for column in table.columns}
    shown = ", ".join(f"{fault}, typeof({name})" for name, fault in faults.items())
    batch = _BATCH_OF_ROW.get(table.name, "NULL")
    query = (
        f"SELECT rowid, iif(typeof({batch}) = 'integer', {batch}, NULL), {shown} FROM {table.name} "  # noqa: S608 - our own names
        f"WHERE {' OR '.join(faults.values())}"
    )
    for number, batch_pk, *told in connection.exec_driver_sql(query):
        for column, is_wrong, found in zip(table.columns, told[::2], told[1::2], strict=True):
            if is_wrong:
                expected = _storage_class(column)
                yield MalformedValue(table.name, number, column.name, expected, found, batch_pk)


def _write_fault(table: Table, column: Column[object]) -> str:
    """A condition in SQL that holds where a column's value is malformed."""
    name, expected = column.name, _storage_class(column)
    allowed = f"'{expected}', 'null'" if column.nullable else f"'{expected}'"
    faults = [f"typeof({name}) NOT IN ({allowed})"]
    if expected == "text":
        faults.append(f"NOT is_utf8(CAST({name} AS BLOB))")
    if isinstance(column.type, JSON):
        faults.append(f"NOT json_valid({name})")
    own = {f"ck_{table.name}_{name}", f"ck_{table.name}_{name}_length"}
    faults += [
        f"NOT coalesce({constraint.sqltext}, 1)"
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint) and constraint.name in own
    ]
    return f"({' OR '.join(faults)})"


def _storage_class(column: Column[object]) -> str:
    if isinstance(column.type, LargeBinary):
        return "blob"
    return "integer" if isinstance(column.type, Integer) else "text"


def _is_utf8(value: bytes | None) -> bool:
    try:
        (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _cast(connection: Connection, value: MalformedValue) -> None:
    if value.found != "null":
        _set(connection, value, f"CAST({value.column} AS {value.expected})")


def _replace(connection: Connection, value: MalformedValue) -> None:
    placeholder = _PLACEHOLDERS.get((value.table, value.column))
    if placeholder is not None:
        _set(connection, value, placeholder)


def _set(connection: Connection, value: MalformedValue, expression: str) -> None:
    """Leaves a value as it is where a constraint is against its new one."""
    connection.exec_driver_sql(
        f"UPDATE OR IGNORE {value.table} SET {value.column} = {expression} "  # noqa: S608
        "WHERE rowid = ?",
        (value.row_number,),
    )
