"""Every value of every table of a vault is altered, one at a time: the check names its row.

What nothing but the vault itself says cannot be compared with anything; those columns are listed
here, each with the reason, and nothing else may go unnoticed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import JSON, Column, LargeBinary, Table

from ledger.actions.decisions import LifecycleAct
from ledger.actions.erasure import place_hold, release_hold
from ledger.actions.fsck import fsck
from ledger.actions.lifecycle import change_status
from ledger.actions.replacement import replace_certificate
from ledger.errors import LedgerError
from ledger.vault.access_tables import ACCESS_TABLES
from ledger.vault.acts import OfficerCommitment
from ledger.vault.case_tables import CASE_TABLES
from ledger.vault.delivery_tables import DELIVERY_TABLES
from ledger.vault.request_tables import REQUEST_TABLES
from ledger.vault.tables import metadata
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    Ledger,
    identify,
    make_row,
    write_file,
    write_rows,
)

UNDECODABLE = "undecodable text"
OTHER_STATE = {"runs": "failed", "batches": "abandoned", "outbox": "reverted", "acts": "refused"}
OTHERS = (*CASE_TABLES, *ACCESS_TABLES, *DELIVERY_TABLES, *REQUEST_TABLES)
ELSEWHERE = {"settings", *(table.name for table in OTHERS)}
"""Tables that other tests alter: test_store.py, cases/test_case_check.py, test_access_log.py,
test_request_check.py."""
TABLES = [table for table in metadata.sorted_tables if table.name not in ELSEWHERE]
ERASED, HELD, REPLACED = 3, 5, 6
FIRST = "batch = (SELECT min(id) FROM batches)"
CHOSEN = {
    "certificates": f"{FIRST} AND position = 7",
    "data_keys": f"certificate = (SELECT id FROM certificates WHERE {FIRST} AND position = 7)",
    "outbox": "purpose = 'anchor'",
}
"""Which row of a table is altered, where it is not the first."""

THIS_CLOCK = "a time by this node's own clock, which nobody else has"
OWN_NUMBER = "a number by which nothing else in the vault knows the row"
OWN_WORDS = "words for people, which stand nowhere else"
OTHER_VALUES = {
    ("runs", "source_name"): OWN_WORDS,
    ("runs", "source_digest"): "of a source that is not kept",
    ("runs", "state"): "how a run ended; an interrupted one is known by its batches",
    ("runs", "started_at_unix"): THIS_CLOCK,
    ("runs", "ended_at_unix"): THIS_CLOCK,
    ("runs", "counts"): "of rows of a source that is not kept",
    ("batches", "opened_at_unix"): THIS_CLOCK,
    ("batches", "closed_at_unix"): THIS_CLOCK,
    ("erasures", "id"): OWN_NUMBER,
    ("erasures", "erased_at_unix"): THIS_CLOCK,
    ("erasures", "reason"): OWN_WORDS,
    ("holds", "id"): OWN_NUMBER,
    ("holds", "reason"): OWN_WORDS,
    ("holds", "placed_at_unix"): THIS_CLOCK,
    ("holds", "released_at_unix"): THIS_CLOCK,
    ("holds", "release_reason"): OWN_WORDS,
    ("successions", "chosen_at_unix"): THIS_CLOCK,
    ("outbox", "id"): OWN_NUMBER,
    ("outbox", "created_at_unix"): THIS_CLOCK,
    ("outbox", "detail"): OWN_WORDS,
    ("acts", "id"): OWN_NUMBER,
    ("acts", "created_at_unix"): THIS_CLOCK,
}
"""Columns in which another value of the right type cannot be told from the true one."""
NOTHING = {
    ("batches", "run_id"): "a batch belongs to a run or to none",
}
"""Columns that may be empty, and where it cannot be told that they were not."""


@dataclass(frozen=True)
class Row:
    """One row of the vault, as SQLite has it, and by which of its values a report may name it."""

    table: Table
    number: int
    values: dict[str, object]
    names: frozenset[str]


@pytest.fixture(scope="module")
def lived(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A home that did everything: issued, suspended, restored, revoked, replaced, held, erased."""
    ledger = founded.copy(tmp_path_factory.mktemp("lived") / "ledger")
    ledger.issue(write_file(ledger.directory / "first.csv", range(10)))
    ledger.issue(write_file(ledger.directory / "second.csv", range(10, 14)))
    row = make_row(REPLACED, 证照标识=str(identify(REPLACED, version="002")))
    successor = write_rows(ledger.directory / "successor.csv", [row])
    with ledger.open() as home:
        change_status(home, LifecycleAct.SUSPEND, [identify(0), identify(1)], DECISION)
        change_status(home, LifecycleAct.RESTORE, [identify(0)], replace(DECISION, reason_code=1))
        change_status(home, LifecycleAct.REVOKE, [identify(2)], replace(DECISION, officer=None))
        replace_certificate(home, identify(REPLACED), successor, DECISION)
        place_hold(home, identify(HELD), "诉讼", officer="甲")
        release_hold(home, identify(HELD), "结案", officer="乙")
        officer = OfficerCommitment.make("丙")
        home.vault.certificates.erase_key(str(identify(ERASED)), "retention ended", officer)
        home.sync_index()
    return ledger


@pytest.fixture
def ledger(lived: Ledger, tmp_path: Path) -> Ledger:
    return lived.copy(tmp_path / "ledger")


def vault_of(ledger: Ledger) -> sqlite3.Connection:
    """The vault's file, without the constraints that keep honest writers from mistakes."""
    raw = sqlite3.connect(ledger.home(CHONGQING) / "vault" / "vault.db", isolation_level=None)
    raw.execute("PRAGMA ignore_check_constraints = ON")
    return raw


def read_row(raw: sqlite3.Connection, table: Table) -> Row:
    condition = CHOSEN.get(table.name, "1")
    columns = [column.name for column in table.columns]
    query = f"SELECT rowid, {', '.join(columns)} FROM {table.name} WHERE {condition} LIMIT 1"
    number, *found = raw.execute(query).fetchone()
    values = dict(zip(columns, found, strict=True))
    names = {str(v.hex() if isinstance(v, bytes) else v) for v in values.values() if v is not None}
    if table.name == "data_keys":
        names |= {str(identify(7))}
    if table.name in ("certificates", "data_keys"):
        key = raw.execute("SELECT batch_key FROM batches ORDER BY id LIMIT 1").fetchone()[0]
        names |= {key.hex()}
    named = {name for name in names if len(name) > 4} | {
        f"{table.name} {number}",
        f"row {number} of {table.name}",
        f"row in {table.name}",
    }
    return Row(table, number, values, frozenset(named))


def other_values(column: Column[object], value: object) -> Iterator[tuple[str, object]]:
    """What an altered value can be: of the same type, of another, none at all."""
    yield "other value", make_other(column, value)
    yield "other type", "x" if isinstance(column.type, LargeBinary) else b"\xff\x00"
    yield UNDECODABLE, "?"
    if column.nullable and value is not None:
        yield "nothing", None


def make_other(column: Column[object], value: object) -> object:
    match value:
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case int():
            return value + 1_000
        case str() if isinstance(column.type, JSON):
            first, *rest = json.loads(value).items()
            return json.dumps(dict([(first[0], make_other(column, first[1])), *rest]))
        case str() if column.name == "state":
            return OTHER_STATE[column.table.name]
        case str():
            return value[:-1] + chr(ord(value[-1:] or "a") ^ 1)
    raise AssertionError(f"{column} is empty in the row that is altered")


@contextmanager
def altered(
    raw: sqlite3.Connection, row: Row, column: Column[object], how: str, value: object
) -> Iterator[None]:
    """The row with one other value, for as long as the block runs."""
    update = f"UPDATE {row.table.name} SET {column.name} = ? WHERE rowid = ?"
    given = update if how != UNDECODABLE else update.replace("?", "CAST(x'ff41' AS TEXT)", 1)
    raw.execute(given, ([] if how == UNDECODABLE else [value]) + [row.number])
    try:
        yield
    finally:
        is_row_number = column.primary_key and isinstance(value, int)
        now = value if is_row_number else row.number
        raw.execute(update, [row.values[column.name], now])


def told(home: Workspace) -> list[str]:
    """What a check says, line by line."""
    try:
        report = fsck(home)
    except LedgerError as error:
        return [error.message]
    return [f"{p.subject}: {p.message}" for p in report.problems] + list(report.remarks)


def find_silence(ledger: Ledger, table: Table) -> set[tuple[str, str]]:
    """The columns of a table, and how one was altered without the row being told."""
    silent = set()
    with closing(vault_of(ledger)) as raw, ledger.open() as home:
        home.vault  # noqa: B018 - opens it before anything is altered
        row = read_row(raw, table)
        for column in table.columns:
            for how, value in other_values(column, row.values[column.name]):
                try:
                    with altered(raw, row, column, how, value):
                        lines = told(home)
                except sqlite3.IntegrityError:
                    continue  # a row number takes nothing but numbers
                names = row.names | {value.hex() if isinstance(value, bytes) else str(value)}
                if not any(name in line for name in names if len(name) > 4 for line in lines):
                    silent.add((column.name, how))
        assert told(home) == []
    return silent


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_nothing_altered_in_a_table_goes_unnoticed(ledger: Ledger, table: Table) -> None:
    expected = {(column, "other value") for name, column in OTHER_VALUES if name == table.name}
    expected |= {(column, "nothing") for name, column in NOTHING if name == table.name}
    assert find_silence(ledger, table) == expected


@pytest.mark.parametrize("column", ["name", "value"])
@pytest.mark.parametrize("placed", ["x'00'", "'x'", "5", "CAST(x'ff41' AS TEXT)"])
def test_vault_with_altered_settings_is_not_opened(
    ledger: Ledger, column: str, placed: str
) -> None:
    """They hold the wrapped vault key, without which there is nothing to check."""
    with closing(vault_of(ledger)) as raw:
        raw.execute(f"UPDATE settings SET {column} = {placed}")
    with ledger.open() as home, pytest.raises(LedgerError):
        fsck(home)
