"""The index answers what was recorded, refuses what does not fit, and says when it is damaged."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ledger.errors import NotFoundError, StorageError
from ledger.formats.merkle import EMPTY_ROOT, MerkleTree
from ledger.index.projector import project
from ledger.index.store import IndexStore
from ledger.index.tables import SCHEMA
from ledger.records import BatchAnchored, StatusAttested, StatusChanged
from tests.ledger.index.recorded import (
    BEGIN_UNIX,
    SICHUAN,
    anchored,
    attested,
    batch_key_of,
    batches,
    changed,
    record,
)

LEDGER_ID = b"L" * 32
CONSORTIUM = "0x" + "0" * 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[IndexStore]:
    with IndexStore.create(path, LEDGER_ID, CONSORTIUM) as made:
        yield made


def fill(store: IndexStore, count: int) -> None:
    """So many batches, one in a block."""
    first = store.cursor().size
    store.append(batches(first, count), next_block=first + count, synced_to_unix=0)


def execute(path: Path, statement: str, *values: object) -> None:
    """As anybody with the file may."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_new_index_is_empty_and_begins_at_block_0(store: IndexStore) -> None:
    cursor = store.cursor()
    assert (cursor.ledger_id, cursor.consortium) == (LEDGER_ID, CONSORTIUM)
    assert (cursor.next_block, cursor.size, cursor.synced_to_unix) == (0, 0, 0)
    assert store.root() == EMPTY_ROOT


def test_created_twice_at_once_it_is_one_index(path: Path) -> None:
    made: list[IndexStore] = []
    barrier = threading.Barrier(4)

    def create() -> None:
        barrier.wait()
        made.append(IndexStore.create(path, LEDGER_ID, CONSORTIUM))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    fill(made[0], 3)
    assert [each.cursor().size for each in made] == [3] * 4
    for each in made:
        each.close()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(steps=st.lists(st.integers(0, 40), min_size=1, max_size=6), data=st.data())
def test_root_and_proofs_are_those_of_the_whole_tree(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("index") / "index.sqlite"
    with IndexStore.create(path, LEDGER_ID, CONSORTIUM) as store:
        for step in steps:
            fill(store, step)
        total = sum(steps)
        leaves = [each.entry.leaf_hash for each in batches(0, total)]
        size = data.draw(st.integers(0, total), label="size")
        assert store.root(size) == MerkleTree(leaves[:size]).root_hash
        assert store.root() == MerkleTree(leaves).root_hash
        if size:
            tree = MerkleTree(leaves[:size])
            index = data.draw(st.integers(0, size - 1), label="index")
            assert store.inclusion_path(index, size) == tree.inclusion_path(index)
            first = data.draw(st.integers(1, size), label="first")
            assert store.consistency_proof(first, size) == tree.consistency_proof(first)
            path, root = tree.inclusion_path(index), tree.root_hash
            assert store.prove_inclusion(index, size) == (leaves[index], path, root)
            roots = MerkleTree(leaves[:first]).root_hash, root
            assert store.prove_consistency(first, size) == (tree.consistency_proof(first), *roots)


def test_chunks_larger_than_one_insertion_make_the_same_tree(store: IndexStore) -> None:
    fill(store, 2_345)
    leaves = [each.entry.leaf_hash for each in batches(0, 2_345)]
    assert store.root() == MerkleTree(leaves).root_hash
    assert store.inclusion_path(1_234, 2_345) == MerkleTree(leaves).inclusion_path(1_234)


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.root(6),
        lambda it: it.root(-1),
        lambda it: it.inclusion_path(0, 6),
        lambda it: it.prove_inclusion(0, 6),
        lambda it: it.prove_inclusion(5, 5),
        lambda it: it.prove_consistency(2, 6),
        lambda it: it.inclusion_path(5, 5),
        lambda it: it.inclusion_path(-1, 5),
        lambda it: it.consistency_proof(2, 6),
        lambda it: it.consistency_proof(0, 5),
        lambda it: it.consistency_proof(4, 3),
        lambda it: it.entry(5),
        lambda it: it.entry(-1),
    ],
)
def test_what_a_log_of_five_entries_has_not_is_not_found(
    store: IndexStore, ask: Callable[[IndexStore], object]
) -> None:
    fill(store, 5)
    with pytest.raises(NotFoundError):
        ask(store)


@pytest.fixture
def lived(store: IndexStore) -> IndexStore:
    """Two batches; words of them change and are attested; one entry is of another member."""
    events = [
        anchored(0),
        anchored(1),
        changed(0, 0, 2),
        changed(1, 0),
        attested(0, 2),
        changed(0, 2),
    ]
    recorded = [record(event, index) for index, event in enumerate(events)]
    recorded.append(record(anchored(2), 6, region=SICHUAN))
    recorded.append(record(anchored(3), 7, is_known=False, time_unix=BEGIN_UNIX + 6))
    store.append([project(each) for each in recorded], next_block=8, synced_to_unix=0)
    return store


def test_entries_are_found_by_subject_in_the_order_of_the_log(lived: IndexStore) -> None:
    assert [row.entry_index for row in lived.entries_of(batch_key_of(0))] == [0, 2, 4, 5]
    assert [row.entry_index for row in lived.entries_of(batch_key_of(1))] == [1, 3]
    assert lived.entries_of(bytes(32)) == []
    assert lived.entry(4) == lived.entries_of(batch_key_of(0))[2]


def test_entries_are_found_by_status_word(lived: IndexStore) -> None:
    found = lived.status_entries(batch_key_of(0), 2)
    assert [row.entry_index for row in found] == [2, 4, 5]
    assert [row.entry_index for row in lived.status_entries(batch_key_of(0), 0)] == [2]
    assert lived.status_entries(batch_key_of(0), 1) == []


def test_entries_are_found_by_kind(lived: IndexStore) -> None:
    kinds = (StatusChanged.TOPIC, StatusAttested.TOPIC)
    assert [row.entry_index for row in lived.entries_of_kind(*kinds)] == [2, 3, 4, 5]
    anchorings = lived.entries_of_kind(BatchAnchored.TOPIC)
    assert [row.entry_index for row in anchorings] == [0, 1, 6, 7]
    assert lived.entries_of_kind() == []


def test_entries_since_a_time_come_in_the_order_of_the_log(lived: IndexStore) -> None:
    def since(time_unix: int, region: str | None = None) -> list[int]:
        return [row.entry_index for row in lived.entries_since(time_unix, region=region)]

    assert since(0) == list(range(8))
    assert since(BEGIN_UNIX + 5) == [5, 6, 7]
    assert since(BEGIN_UNIX + 6) == [6, 7]
    assert since(BEGIN_UNIX + 7) == []
    assert since(0, "510000") == [6]
    assert since(BEGIN_UNIX + 3, "500000") == [3, 4, 5, 7]


def test_stream_that_is_closed_early_lets_go_of_the_file(store: IndexStore) -> None:
    fill(store, 2_500)
    stream = store.entries_since(0)
    assert next(stream).entry_index == 0
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    abandoned = store.entries_since(BEGIN_UNIX + 2_000)
    assert next(abandoned).entry_index == 2_000
    del abandoned
    fill(store, 1)
    assert store.cursor().size == 2_501


def test_stream_sees_one_state_while_others_write_and_ask(store: IndexStore, path: Path) -> None:
    fill(store, 1_200)
    stream = store.entries_since(0)
    seen = [next(stream).entry_index]
    with IndexStore.open(path) as other:
        fill(other, 300)
        assert other.cursor().size == 1_500
    for row in stream:
        seen.append(row.entry_index)
        assert len(store.inclusion_path(row.entry_index, 1_500)) >= 10
    assert seen == list(range(1_200))


def test_stream_is_not_sorted_in_memory(store: IndexStore) -> None:
    """SQLite walks the entries by number; a sort would hold the whole answer first."""
    fill(store, 10)
    asked: list[tuple[str, tuple[object, ...]]] = []

    def keep(_conn: object, _cursor: object, statement: str, values: tuple, *_: object) -> None:
        asked.append((statement, values))

    event.listen(store._database._engine, "before_cursor_execute", keep)
    assert len(list(store.entries_since(5, region="500000"))) == 10
    statement, values = next(each for each in asked if "time_unix" in each[0])
    with closing(sqlite3.connect(store.path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert "SEARCH entries USING INTEGER PRIMARY KEY (rowid>?)" in plan
    assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")]


def test_cursor_moves_with_the_entries_and_never_back(store: IndexStore) -> None:
    assert store.append(batches(0, 3), from_block=0, next_block=10, synced_to_unix=0)
    assert store.append([], from_block=10, next_block=20, synced_to_unix=BEGIN_UNIX)
    cursor = store.cursor()
    assert (cursor.next_block, cursor.size, cursor.synced_to_unix) == (20, 3, BEGIN_UNIX)
    store.append([], next_block=21, synced_to_unix=5)
    store.mark_synced(3, b"r" * 32, b"b" * 32, BEGIN_UNIX - 1)
    assert store.cursor().synced_to_unix == BEGIN_UNIX
    store.mark_synced(4, b"r" * 32, b"b" * 32, BEGIN_UNIX + 9)  # it has not got four
    assert store.cursor().synced_to_unix == BEGIN_UNIX
    store.mark_synced(2, b"r" * 32, b"b" * 32, BEGIN_UNIX + 9)
    assert store.cursor().synced_to_unix == BEGIN_UNIX + 9


def test_what_was_proved_counts_until_something_is_added(store: IndexStore) -> None:
    fill(store, 3)
    store.mark_synced(2, b"q" * 32, b"a" * 32, 1)  # of a state that is no more
    assert (store.cursor().proved_root, store.cursor().proved_block_hash) == (b"", b"")
    store.mark_synced(3, b"r" * 32, b"b" * 32, 1)
    assert (store.cursor().proved_root, store.cursor().proved_block_hash) == (b"r" * 32, b"b" * 32)
    fill(store, 1)
    assert (store.cursor().proved_root, store.cursor().proved_block_hash) == (b"", b"")


def test_blocks_that_another_process_has_read_meanwhile_are_not_added_again(
    store: IndexStore,
) -> None:
    assert store.append(batches(0, 3), from_block=0, next_block=10, synced_to_unix=0)
    before = (store.cursor(), store.root())
    assert not store.append(batches(0, 3), from_block=0, next_block=10, synced_to_unix=0)
    assert not store.append([], from_block=0, next_block=5, synced_to_unix=0)
    assert not store.append(batches(0, 5), from_block=0, next_block=12, synced_to_unix=0)
    assert (store.cursor(), store.root()) == before


@pytest.mark.parametrize("first", [2, 4])
def test_gap_or_overlap_is_refused_and_changes_nothing(store: IndexStore, first: int) -> None:
    fill(store, 3)
    before = (store.cursor(), store.root())
    with pytest.raises(
        StorageError, match=f"expected log entry 3 next, the chain gave {first}"
    ) as caught:
        store.append(batches(first, 2), next_block=9, synced_to_unix=0)
    assert caught.value.code == "index_gap"
    with pytest.raises(StorageError):
        store.append([*batches(3, 1), *batches(5, 1)], next_block=9, synced_to_unix=0)
    assert (store.cursor(), store.root()) == before


def test_missing_index_is_not_found(path: Path) -> None:
    with pytest.raises(NotFoundError, match="index rebuild"):
        IndexStore.open(path)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", None])
def test_index_whose_creation_was_interrupted_is_not_found_and_can_be_made(
    path: Path, content: bytes | None
) -> None:
    if content is None:
        execute(path, "PRAGMA journal_mode = WAL")
    else:
        path.write_bytes(content)
    with pytest.raises(NotFoundError):
        IndexStore.open(path)
    with IndexStore.create(path, LEDGER_ID, CONSORTIUM) as store:
        fill(store, 2)
    with IndexStore.open(path) as store:
        assert store.cursor().size == 2


def test_another_schema_is_refused_and_the_message_says_what_to_do(
    store: IndexStore, path: Path
) -> None:
    store.close()
    execute(path, "UPDATE cursor SET schema_number = ?", SCHEMA + 1)
    with pytest.raises(StorageError, match="index rebuild") as caught:
        IndexStore.open(path)
    assert caught.value.code == "index_schema"


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: cut(path, 10),
        lambda path: cut(path, 100),
        lambda path: cut(path, 5_000),
        lambda path: cut(path, path.stat().st_size // 2),
        lambda path: path.write_bytes(b"\0" * 8_192),
        lambda path: path.write_bytes(b"not a database" * 1_000),
        lambda path: execute(path, "DELETE FROM cursor"),
        lambda path: execute(path, "INSERT INTO cursor SELECT * FROM cursor"),
        lambda path: execute(path, "DROP TABLE cursor"),
        lambda path: execute(path, "DROP TABLE entries"),
        lambda path: execute(path, "DELETE FROM nodes"),
    ],
)
def test_damaged_file_is_named_as_such(path: Path, damage: Callable[[Path], object]) -> None:
    with IndexStore.create(path, LEDGER_ID, CONSORTIUM) as store:
        fill(store, 500)
    damage(path)
    with pytest.raises(StorageError) as caught:
        use(path)
    assert caught.value.code == "index_damaged"
    assert "zhenglian index rebuild" in caught.value.message


def use(path: Path) -> None:
    """Everything that is asked of an index."""
    with IndexStore.open(path) as store:
        store.cursor()
        store.root()
        for row in store.entries_since(0):
            store.entries_of(row.subject)


def test_directory_in_its_place_is_unreadable(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StorageError) as caught:
        IndexStore.open(path)
    assert caught.value.code == "index_unreadable"


def test_writer_that_finds_another_writing_waits_and_then_says_so(
    store: IndexStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.index.database.BUSY_TIMEOUT_S", 0.05)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        IndexStore.open(path) as own,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another process is writing") as caught:
            fill(own, 1)
        assert caught.value.code == "index_busy"
        assert own.cursor().size == 0
        other.execute("COMMIT")
        fill(own, 1)
    assert store.cursor().size == 1


def test_copy_over_replaces_content_for_those_who_have_it_open(
    store: IndexStore, path: Path, tmp_path: Path
) -> None:
    fill(store, 1_500)
    stream = store.entries_since(0)
    seen = [next(stream).entry_index]
    with IndexStore.create(tmp_path / "other.sqlite", LEDGER_ID, CONSORTIUM) as other:
        fill(other, 7)
        other.copy_over(path)
        expected = other.root()
    seen += [row.entry_index for row in stream]
    assert seen == list(range(1_500))
    assert (store.cursor().size, store.root()) == (7, expected)
    fill(store, 3)
    with IndexStore.open(path) as again:
        assert again.cursor().size == 10


@pytest.mark.parametrize(
    "content", [b"", b"no database" * 500, b"SQLite format 3\0" + b"\7" * 9_000]
)
def test_copy_over_mends_a_file_that_is_no_database(
    store: IndexStore, tmp_path: Path, content: bytes
) -> None:
    fill(store, 5)
    target = tmp_path / "damaged.sqlite"
    target.write_bytes(content)
    store.copy_over(target)
    with IndexStore.open(target) as mended:
        assert mended.root() == store.root()


def test_path_may_hold_what_means_something_in_a_url(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20d 家" / "index.sqlite"
    with IndexStore.create(path, LEDGER_ID, CONSORTIUM) as store:
        fill(store, 1)
    assert path.is_file()
    with IndexStore.open(path) as store:
        assert store.cursor().size == 1
