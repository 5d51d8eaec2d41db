"""A row for every table of a vault of any revision, made of what the database says of its columns.

Where a value must mean something (what is encrypted, so that it can be decrypted), it is made as
the vault makes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Column, Connection, Integer, LargeBinary, MetaData, Table, inspect

from ledger.vault.acts import OfficerCommitment
from ledger.vault.cases import _binding
from ledger.vault.cipher import RowCipher, officer_binding
from ledger.vault.server_rows import _move_sequence
from ledger.vault.tables import REVISION_TABLE
from tests.ledger.vault.vaults import CERTIFICATE_TYPE, ISSUER, seal

CONTENT, PAPER, OFFICER = "证照内容（虚构）".encode(), "意见（虚构）".encode(), "经办人（虚构）丁一"
IDENTIFIER = "certificate 1"
CASE = b"c" * 32
_LENGTH = re.compile(r"length\(\"?(\w+)\"?\)\s*=\s*(\d+)")

Row = dict[str, object]
Rows = dict[str, list[tuple[str, ...]]]


def fill_every_table(connection: Connection, cipher: RowCipher | None = None) -> None:
    """One row in each table that is there now, the first of each that can be read again."""
    cipher = cipher or RowCipher(os.urandom(32))
    meant = _make_meant(cipher)
    made: dict[str, Row] = {}
    for table in reflect(connection).sorted_tables:
        row = {column.name: _make_value(connection, column, made) for column in table.columns}
        for name, value in meant.get(table.name, {}).items():
            if name in row:
                row[name] = value
        made[table.name] = row
        connection.execute(table.insert().values(row))
        if connection.dialect.name == "postgresql":
            _move_sequence(connection, table)


def reflect(connection: Connection) -> MetaData:
    """The tables of a vault as the database has them, without that of its revision."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name != REVISION_TABLE)
    return found


def read_rows(connection: Connection, tables: MetaData) -> Rows:
    """Every row of these tables, with their columns, but for the writer's token."""
    rows: Rows = {}
    for table in tables.sorted_tables:
        found = (tuple(map(repr, row)) for row in connection.execute(table.select()))
        rows[table.name] = sorted(row for row in found if row[0] != "'writer'")
    return rows


def _make_meant(cipher: RowCipher) -> Mapping[str, Row]:
    sealed = seal(cipher, IDENTIFIER, 0, CONTENT)
    officer = OfficerCommitment.make(OFFICER)
    hidden = cipher.encrypt(officer.salt + OFFICER.encode(), officer_binding(officer.commitment))
    digest = os.urandom(32)
    paper = cipher.encrypt(PAPER, _binding(CASE, digest))
    return {
        "batches": {"count": 1, "issuer": str(ISSUER), "certificate_type": str(CERTIFICATE_TYPE)}
        | {"state": "anchored"},
        "certificates": {
            "identifier": IDENTIFIER,
            "position": 0,
            "leaf_hash": sealed.leaf_hash,
            "ciphertext": sealed.ciphertext,
        },
        "data_keys": {"wrapped_key": sealed.wrapped_key, "content_mac": sealed.content_mac},
        "officers": {"commitment": officer.commitment, **hidden._asdict()},
        "acts": {"officer": officer.commitment},
        "case_acts": {"officer": officer.commitment, "case_id": CASE},
        "cases": {"case_id": CASE},
        "case_documents": {"case_id": CASE, "digest": digest, "ciphertext": paper.ciphertext},
        "case_keys": {"wrapped_key": paper.wrapped_key},
        "reliances": {"case_id": CASE},
        "erasures": {"identifier": "certificate 0"},
    }


def _make_value(connection: Connection, column: Column[Any], made: Mapping[str, Row]) -> object:
    for key in column.foreign_keys:
        return made[key.column.table.name][key.column.name]
    lengths, choices = _read_checks(connection, column.table)
    if column.name in choices:
        return choices[column.name]
    if isinstance(column.type, LargeBinary):
        return os.urandom(lengths.get(column.name, 10))
    if isinstance(column.type, JSON):
        return {"列": [1, "值"], "none": None}
    return 1 if isinstance(column.type, Integer) else f"{column.name}（虚构）"


def _read_checks(connection: Connection, table: Table) -> tuple[dict[str, int], dict[str, str]]:
    """What constraints ask of columns: how many bytes, and a word out of several."""
    lengths, choices = {}, {}
    for check in inspect(connection).get_check_constraints(table.name):
        sql = check["sqltext"]
        lengths.update({name: int(length) for name, length in _LENGTH.findall(sql)})
        if (words := re.findall(r"'([\w ]+)'", sql)) and (found := re.search(r"\w+", sql)):
            choices[found[0]] = words[0]
    return lengths, choices
