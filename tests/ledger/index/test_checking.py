"""Whatever is altered in an index file is found by recomputing it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.index.checking import find_damage
from ledger.index.projector import project
from ledger.index.store import IndexStore
from tests.ledger.index.recorded import anchored, attested, batch_key_of, changed, record

EVENTS = [anchored(0), anchored(1), changed(0, 0, 2), changed(1, 0), attested(0, 2), changed(0, 2)]
TAIL = [anchored(number) for number in range(2, 40)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "index.sqlite"
    recorded = [record(event, index) for index, event in enumerate([*EVENTS, *TAIL])]
    recorded.append(record(anchored(99), len(recorded), is_known=False))
    with IndexStore.create(path, b"L" * 32, "0x" + "0" * 40) as store:
        rows = [project(each) for each in recorded]
        store.append(rows, next_block=len(rows), synced_to_unix=0)
    return path


def test_whole_index_has_no_damage(path: Path) -> None:
    with IndexStore.open(path) as store:
        assert list(find_damage(store)) == []


def test_empty_index_has_no_damage(tmp_path: Path) -> None:
    with IndexStore.create(tmp_path / "empty.sqlite", b"L" * 32, "") as store:
        assert list(find_damage(store)) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE entries SET leaf_hash = randomblob(32) WHERE entry_index = 3", "leaf hash"),
        ("UPDATE entries SET subject = randomblob(32) WHERE entry_index = 0", "leaf hash"),
        ("UPDATE entries SET actor = '11500000000000002' WHERE entry_index = 1", "leaf hash"),
        ("UPDATE entries SET region = '510000' WHERE entry_index = 1", "leaf hash"),
        ("UPDATE entries SET region = '重庆' WHERE entry_index = 1", "cannot be one"),
        ("UPDATE entries SET kind = x'00' WHERE entry_index = 1", "cannot be one"),
        ("UPDATE entries SET time_unix = time_unix - 86400 WHERE entry_index = 5", "leaf hash"),
        ("UPDATE entries SET payload_hash = randomblob(32) WHERE entry_index = 5", "leaf hash"),
        ("UPDATE entries SET payload = zeroblob(64) WHERE entry_index = 5", "payload of entry 5"),
        (
            "UPDATE entries SET payload = zeroblob(length(payload)) WHERE entry_index = 0",
            "payload of entry 0",
        ),
        ("DELETE FROM entries WHERE entry_index = 4", "entry 4 is missing"),
        ("DELETE FROM entries WHERE entry_index = 44", "there are 44 entries, the cursor says 45"),
        ("UPDATE cursor SET size = 44", "the cursor says 44"),
        ("UPDATE nodes SET hash = randomblob(32) WHERE level = 1 AND position = 0", "of level 1"),
        ("DELETE FROM nodes WHERE level = 3 AND position = 2", "node 2 of level 3"),
        ("DELETE FROM statuses WHERE entry_index = 5", "not found by every status word"),
        ("UPDATE statuses SET word_index = 9 WHERE entry_index = 3", "not found by every"),
        ("INSERT INTO statuses VALUES (x'00', 0, 5)", "6 status words, the entries speak of 5"),
    ],
)
def test_alteration_is_found_and_named(path: Path, statement: str, told: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount > 0
    with IndexStore.open(path) as store:
        damage = list(find_damage(store))
    assert any(told in each for each in damage), damage


def test_hidden_status_change_is_what_the_check_is_for(path: Path) -> None:
    """Without its word an entry that revokes would not be found, and its root would still hold."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM statuses WHERE entry_index = 5")
    with IndexStore.open(path) as store:
        assert [row.entry_index for row in store.status_entries(batch_key_of(0), 2)] == [2, 4]
        assert list(find_damage(store)) != []
