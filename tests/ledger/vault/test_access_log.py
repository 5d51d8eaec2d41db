"""The access log tells whether it is as it was written: in its middle and at both ends."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from ledger.vault.access_log import LogCondition, NewRecord, RecordKind
from ledger.vault.access_tables import access_log
from ledger.vault.store import DATABASE_NAME, Vault
from tests.ledger.vault.vaults import CHEAP, NOW_UNIX, PASSPHRASE, open_vault


def record(number: int, **changes: str) -> NewRecord:
    told = {
        "object_kind": "certificate",
        "object_id": f"c{number}",
        "purpose": "窗口核验",
        "request_id": f"r{number}",
    }
    return NewRecord(
        RecordKind.ACCESS, "read_certificate", "oidc:a", "clerk", **{**told, **changes}
    )


@pytest.fixture
def filled(vault: Vault) -> Vault:
    """A vault with five rows in its log."""
    for number in range(1, 6):
        vault.access_log.append([record(number)])
    return vault


def alter(directory: Path, statement: str) -> None:
    raw = sqlite3.connect(directory / DATABASE_NAME)
    with raw:
        raw.execute(statement)
    raw.close()


def test_rows_come_back_newest_first_and_by_what_is_asked(filled: Vault) -> None:
    filled.access_log.append([record(6, object_id="c2", purpose="")])
    rows = filled.access_log.read(LogCondition(object_id="c2"), 10)
    assert [row.number for row in rows] == [6, 2]
    assert rows[1].purpose == "窗口核验"
    assert rows[1].at_unix == NOW_UNIX
    earlier = filled.access_log.read(LogCondition(before_number=3), 1)
    assert [row.number for row in earlier] == [2]
    assert filled.access_log.read(LogCondition(kind=RecordKind.SECURITY), 10) == []
    assert filled.access_log.read(LogCondition(until_unix=NOW_UNIX), 10) == []


def test_untouched_log_is_whole(filled: Vault) -> None:
    assert filled.access_log.find_damage() == []
    assert filled.access_log.count() == 5


def test_empty_log_is_whole(vault: Vault) -> None:
    assert vault.access_log.find_damage() == []


def test_every_altered_column_is_told(filled: Vault, directory: Path) -> None:
    for column in (each.name for each in access_log.columns if each.name not in ("id", "hash")):
        keep = f"CREATE TABLE kept AS SELECT {column} AS was FROM access_log WHERE id = 3"
        alter(directory, keep)
        value = "5" if column == "at_unix" else "'another'"
        alter(directory, f"UPDATE access_log SET {column} = {value} WHERE id = 3")
        damage = filled.access_log.find_damage()
        assert damage == ["row 3 of the access log was altered"], column
        alter(directory, f"UPDATE access_log SET {column} = (SELECT was FROM kept) WHERE id = 3")
        alter(directory, "DROP TABLE kept")
    assert filled.access_log.find_damage() == []


def test_removed_row_is_told(filled: Vault, directory: Path) -> None:
    alter(directory, "DELETE FROM access_log WHERE id = 3")
    assert filled.access_log.find_damage() == ["rows 3 to 3 of the access log are missing"]


def test_newest_rows_taken_away_are_told(filled: Vault, directory: Path) -> None:
    alter(directory, "DELETE FROM access_log WHERE id > 3")
    assert filled.access_log.find_damage() == [
        "the access log should end with row 5 and ends with row 3"
    ]


def test_end_moved_by_who_has_no_vault_key_is_told(filled: Vault, directory: Path) -> None:
    alter(directory, "DELETE FROM access_log WHERE id > 3")
    alter(
        directory,
        "UPDATE access_log_ends SET last_id = 3, "
        "last_hash = (SELECT hash FROM access_log WHERE id = 3)",
    )
    assert filled.access_log.find_damage() == ["the ends of the access log were altered"]


def test_oldest_rows_taken_away_are_told(filled: Vault, directory: Path) -> None:
    alter(directory, "DELETE FROM access_log WHERE id < 3")
    assert filled.access_log.find_damage() == ["rows 1 to 2 of the access log are missing"]


def test_row_put_before_the_beginning_is_told(filled: Vault, directory: Path) -> None:
    alter(
        directory,
        "INSERT INTO access_log SELECT 0, at_unix, kind, event, subject, roles, object_kind, "
        "object_id, purpose, outcome, request_id, hash FROM access_log WHERE id = 1",
    )
    assert filled.access_log.find_damage() == [
        "the access log has rows before row 1, where it begins"
    ]


def test_emptied_log_is_told(filled: Vault, directory: Path) -> None:
    alter(directory, "DELETE FROM access_log_ends")
    assert filled.access_log.find_damage() == ["the ends of the access log are missing"]


def test_what_expired_leaves_from_the_old_end_and_the_rest_is_whole(directory: Path) -> None:
    now_unix = [NOW_UNIX]
    with Vault.create(directory, PASSPHRASE, cost=CHEAP, clock=lambda: now_unix[0]) as vault:
        for number in range(1, 6):
            now_unix[0] += 100
            vault.access_log.append([record(number)])
        assert vault.access_log.forget_before(NOW_UNIX + 300) == 2
        assert vault.access_log.find_damage() == []
        rows = vault.access_log.read(LogCondition(), 10)
        assert [row.number for row in rows] == [6, 5, 4, 3]
        assert (rows[0].event, rows[0].object_id) == ("log_rows_expired", "1-2")
        assert vault.access_log.forget_before(NOW_UNIX + 300) == 0
        alter(directory, "DELETE FROM access_log WHERE id = 3")
        assert vault.access_log.find_damage() != []


def test_row_that_a_slow_clock_dated_back_does_not_make_a_gap(directory: Path) -> None:
    now_unix = [NOW_UNIX]
    with Vault.create(directory, PASSPHRASE, cost=CHEAP, clock=lambda: now_unix[0]) as vault:
        for at_unix in (NOW_UNIX, NOW_UNIX + 500, NOW_UNIX + 100, NOW_UNIX + 600):
            now_unix[0] = at_unix
            vault.access_log.append([record(1)])
        assert vault.access_log.forget_before(NOW_UNIX + 300) == 1
        assert vault.access_log.find_damage() == []


def test_newest_row_stays_however_old(filled: Vault) -> None:
    assert filled.access_log.forget_before(NOW_UNIX * 2) == 4
    assert filled.access_log.find_damage() == []
    assert [row.number for row in filled.access_log.read(LogCondition(), 10)] == [6, 5]


def test_many_threads_make_one_chain(vault: Vault) -> None:
    def append() -> None:
        for number in range(5):
            vault.access_log.append([record(number), record(number)])

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vault.access_log.count() == 40
    assert vault.access_log.find_damage() == []


def test_log_survives_another_opening(filled: Vault, directory: Path) -> None:
    filled.close()
    with open_vault(directory) as again:
        again.access_log.append([record(6)])
        assert again.access_log.find_damage() == []
