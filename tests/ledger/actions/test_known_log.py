"""What is kept of the log between questions, and when it is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.actions.facts import LogSubject
from ledger.actions.known_log import KnownLog
from ledger.errors import NotFoundError, StorageError
from ledger.formats.certificate import Placement
from ledger.identifiers import CertificateType, Uscc
from ledger.index.projector import Projection
from ledger.index.store import IndexStore
from tests.benches.index_rebuild import _decode, _encode

SUBJECT = LogSubject(
    Uscc.parse("11500000000000001G"),
    CertificateType.parse("11100000000013338W011"),
    Placement(bytes(32), 0),
    b"",
)


def entry(index: int) -> Projection:
    """A readable entry about a batch of its own."""
    return _decode(_encode(index), index)


class Index:
    """An index that a test fills, and what is known of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = IndexStore.create(path, bytes(32), "0x" + "0" * 40)
        self.log = KnownLog(path)
        self.block = 0

    def append(self, count: int) -> None:
        size = self.store.cursor().size
        self.block += 1
        entries = [entry(index) for index in range(size, size + count)]
        self.store.append(entries, next_block=self.block, synced_to_unix=0)

    def prove(self, time_unix: int = 0) -> None:
        size = self.store.cursor().size
        self.store.mark_synced(size, self.store.root(), bytes(32), time_unix or self.block)

    def close(self) -> None:
        self.log.close()
        self.store.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "i.sqlite")
    yield made
    made.close()


def test_nothing_is_known_before_it_was_compared_with_the_chain(index: Index) -> None:
    index.append(3)
    with pytest.raises(StorageError) as caught:
        index.log.head()
    assert caught.value.code == "index_unproved"
    index.prove()
    assert index.log.head().size == 3


def test_entries_that_were_not_compared_are_passed_over(index: Index) -> None:
    index.append(3)
    index.prove()
    known = index.log.head()
    index.append(2)
    assert index.log.head() == known
    index.prove()
    assert index.log.head().size == 5


def test_an_entry_in_the_compared_part_that_was_altered_is_noticed(index: Index) -> None:
    index.append(4)
    index.prove()
    index.log.head()
    with index.store._database.transaction(write=True) as connection:
        connection.exec_driver_sql("UPDATE entries SET leaf_hash = zeroblob(32)")
        connection.exec_driver_sql("UPDATE nodes SET hash = zeroblob(32)")
    with pytest.raises(StorageError) as caught:
        index.log.head()
    assert caught.value.code == "index_root_mismatch"


def test_answers_are_kept_until_an_entry_belongs_to_them(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.append(3)
    index.prove()
    own = replace(SUBJECT, placement=Placement(entry(5).entry.subject, 0))
    assert index.log.gather(own)[1].facts == ()
    asked: list[bytes] = []
    entries_of = IndexStore.entries_of

    def note(store: IndexStore, subject: bytes) -> object:
        asked.append(subject)
        return entries_of(store, subject)

    monkeypatch.setattr(IndexStore, "entries_of", note)
    index.append(2)  # entries 3 and 4, of others
    index.prove()
    head, gathered = index.log.gather(own)
    assert (head.size, gathered.facts, asked) == (5, (), [])
    index.append(1)  # entry 5 is about this batch
    index.prove()
    head, gathered = index.log.gather(own)
    assert head.size == 6
    assert [fact.index for fact in gathered.facts] + [
        row.entry_index for row in gathered.unreadable
    ] == [5]
    assert asked


def test_another_index_in_its_place_is_another_log(index: Index, tmp_path: Path) -> None:
    index.append(6)
    index.prove()
    assert index.log.head().size == 6
    other = Index(tmp_path / "other.sqlite")
    other.append(2)
    other.prove()
    other.store.copy_over(index.path)
    assert index.log.head().size == 2
    other.close()


def test_an_index_that_comes_and_goes_is_followed(index: Index, tmp_path: Path) -> None:
    log = KnownLog(tmp_path / "later.sqlite")
    with pytest.raises(NotFoundError) as caught:
        log.head()
    assert caught.value.code == "index_missing"
    other = Index(tmp_path / "later.sqlite")
    other.append(2)
    other.prove()
    assert log.head().size == 2
    other.close()
    for path in tmp_path.glob("later.sqlite*"):
        path.unlink()
    with pytest.raises(NotFoundError):
        log.head()
    log.close()


def test_a_log_that_is_held_is_not_looked_at_again(tmp_path: Path) -> None:
    index = Index(tmp_path / "i.sqlite")
    held = KnownLog(index.path, hold_s=3600)
    index.append(1)
    index.prove()
    assert held.head().size == 1
    index.append(1)
    index.prove()
    assert held.head().size == 1
    held.close()
    index.close()
