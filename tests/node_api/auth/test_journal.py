"""The access log is written by groups: waited for where persons are concerned, never lost whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ledger.errors import MalformedInputError, StorageError
from ledger.vault.access_log import AccessLog, LogCondition, NewRecord, RecordKind
from ledger.vault.store import Vault
from node_api.auth import journal as journal_module
from node_api.auth.access import Access
from node_api.auth.journal import AccessJournal
from node_api.auth.principals import Role
from node_api.auth.purposes import read_purpose, require_purpose
from tests.ledger.vault.vaults import create_vault


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with create_vault(tmp_path / "vault") as opened:
        yield opened


def record(number: int) -> NewRecord:
    return NewRecord(RecordKind.ACCESS, "read_certificate", f"oidc:{number}")


def subjects(vault: Vault) -> list[str]:
    return [row.subject for row in vault.access_log.read(LogCondition(), 1000)]


def test_record_is_on_the_disk_when_it_returns(vault: Vault) -> None:
    with AccessJournal(vault.access_log) as journal:
        journal.record(record(1))
        assert subjects(vault) == ["oidc:1"]


def test_notes_are_written_before_the_end(vault: Vault) -> None:
    with AccessJournal(vault.access_log) as journal:
        for number in range(20):
            journal.note(record(number))
    assert len(subjects(vault)) == 20
    assert vault.access_log.find_damage() == []


def test_many_at_once_make_one_whole_chain(vault: Vault) -> None:
    with AccessJournal(vault.access_log) as journal:
        threads = [
            threading.Thread(target=lambda: [journal.record(record(n)) for n in range(10)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(subjects(vault)) == 80
    assert vault.access_log.find_damage() == []


class FullDisk(AccessLog):
    """A log whose disk is full."""

    def append(self, records: Sequence[NewRecord]) -> None:
        raise StorageError("the disk is full", code="disk_full")


def test_access_that_can_not_be_written_down_is_not_given(vault: Vault) -> None:
    full = FullDisk(vault._database, vault.row_cipher, lambda: 0)
    with AccessJournal(full) as journal:
        with pytest.raises(StorageError, match="full"):
            journal.record(record(1))
        journal.note(record(2))
    with pytest.raises(StorageError) as refusal:
        journal.record(record(3))
    assert refusal.value.code == "access_log_closed"


def test_flood_of_notes_is_bounded_and_counted(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "MAX_WAITING", 5)
    journal = AccessJournal(vault.access_log)
    for number in range(12):
        journal.note(record(number))
    with journal:
        journal.record(record(99))
    rows = vault.access_log.read(LogCondition(), 100)
    dropped = [row for row in rows if row.event == "events_not_recorded"]
    assert [row.object_id for row in dropped] == ["7"]


class RefusingOnce(AccessLog):
    """A log that cannot be written the first time."""

    refusals: list[Exception]

    def append(self, records: Sequence[NewRecord]) -> None:
        if self.refusals:
            raise self.refusals.pop()
        super().append(records)


@pytest.mark.parametrize(
    "refusal", [StorageError("the disk is full", code="disk_full"), RuntimeError("nobody knows")]
)
def test_what_was_noted_while_nothing_could_be_written_is_counted_afterwards(
    vault: Vault, refusal: Exception
) -> None:
    log = RefusingOnce(vault._database, vault.row_cipher, lambda: 0)
    log.refusals = [refusal]
    journal = AccessJournal(log)
    for number in range(3):
        journal.note(record(number))
    waiting = journal.record_later(record(3))
    with journal:
        with pytest.raises(type(refusal)):
            waiting.result(10)
        journal.record(record(4))
    rows = vault.access_log.read(LogCondition(), 100)
    assert [row.subject for row in rows] == ["node", "oidc:4"]
    assert rows[0].object_id == "3"


def test_who_went_away_before_the_row_was_written_stops_nobody(vault: Vault) -> None:
    journal = AccessJournal(vault.access_log)
    assert journal.record_later(record(1)).cancel()
    with journal:
        journal.record(record(2))
    assert "oidc:2" in subjects(vault)


def test_purpose_is_needed_where_persons_are_concerned() -> None:
    personal = Access.of(Role.CLERK, personal=True)
    with pytest.raises(MalformedInputError) as refusal:
        require_purpose(personal, "")
    assert (refusal.value.code, refusal.value.field) == ("purpose_required", "Purpose")
    require_purpose(personal, "窗口核验")
    require_purpose(Access.of(Role.CLERK), "")


def test_purpose_is_read_from_either_header() -> None:
    encoded = b"%E7%AA%97%E5%8F%A3"
    assert read_purpose([(b"purpose", encoded)]) == "窗口"
    assert read_purpose([(b"x-purpose", b"audit 2026")]) == "audit 2026"
    assert read_purpose([(b"x-purpose", b"b"), (b"purpose", b"a")]) == "a"
    assert read_purpose([(b"purpose", b"")]) == ""


@pytest.mark.parametrize("text", [b"%", b"%FF%FE", b"%0a", b"   ", b"a" * 201, b"%00", b"\xff"])
def test_purpose_that_could_not_be_read_later_is_refused(text: bytes) -> None:
    if text == b"%":  # a lone percent sign is itself
        assert read_purpose([(b"purpose", text)]) == "%"
        return
    with pytest.raises(MalformedInputError) as refusal:
        read_purpose([(b"purpose", text)])
    assert refusal.value.code == "purpose_malformed"
