"""Opening, refusing, sharing and leaving a vault."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from ledger.errors import (
    ConflictError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from ledger.vault.acts import NewAct, OfficerCommitment
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import (
    CHEAP,
    PASSPHRASE,
    create_vault,
    new_batch,
    open_vault,
    raw_bytes,
    seal,
    stage,
)


def test_what_was_stored_is_there_after_opening_again(directory: Path) -> None:
    with create_vault(directory) as vault:
        stage(vault, vault.batches.open(new_batch()), "a", "b")
    with open_vault(directory) as vault:
        found = vault.certificates.find("b")
        assert found is not None
        assert vault.certificates.decrypt(found) == b"b"


def test_wrong_passphrase_opens_nothing(directory: Path) -> None:
    create_vault(directory).close()
    with pytest.raises(NotAuthorizedError) as refusal:
        Vault.open(directory, PASSPHRASE + "?")
    assert refusal.value.code == "wrong_passphrase"
    open_vault(directory).close()


def test_missing_vault_is_not_found(directory: Path) -> None:
    for read_only in (False, True):
        with pytest.raises(NotFoundError) as refusal:
            open_vault(directory, read_only=read_only)
        assert refusal.value.code == "vault_missing"
    assert not directory.exists()


def test_vault_is_never_made_over_another(directory: Path) -> None:
    create_vault(directory).close()
    with pytest.raises(ConflictError) as refusal:
        Vault.create(directory, "another", cost=CHEAP)
    assert refusal.value.code == "vault_exists"
    open_vault(directory).close()


def test_vault_without_passphrase_is_not_made(directory: Path) -> None:
    with pytest.raises(MalformedInputError):
        Vault.create(directory, "")
    assert not directory.exists()


def test_creation_cut_short_can_be_repeated(directory: Path) -> None:
    directory.mkdir()
    (directory / DATABASE_NAME).touch()
    with pytest.raises(StorageError) as refusal:
        open_vault(directory)
    assert refusal.value.code == "vault_damaged"
    create_vault(directory).close()
    open_vault(directory).close()


def test_nobody_else_may_read_the_files(directory: Path) -> None:
    old = os.umask(0)
    try:
        with create_vault(directory) as vault:
            vault.runs.begin("source", b"digest")
            names = {path.name: path for path in directory.iterdir()}
            assert set(names) == {"vault.db", "vault.db-shm", "vault.db-wal", "vault.lock"}
            modes = {name: stat.S_IMODE(path.stat().st_mode) for name, path in names.items()}
            assert set(modes.values()) == {0o600}
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    finally:
        os.umask(old)


def test_second_writer_is_told_who_holds_the_vault(vault: Vault, directory: Path) -> None:
    with pytest.raises(StorageError, match=f"process {os.getpid()} ") as refusal:
        open_vault(directory)
    assert refusal.value.code == "vault_in_use"
    with pytest.raises(StorageError) as refusal:
        create_vault(directory)
    assert refusal.value.code == "vault_in_use"


def test_writer_waits_for_another_to_finish(vault: Vault, directory: Path) -> None:
    threading.Timer(0.2, vault.close).start()
    Vault.open(directory, PASSPHRASE, lock_timeout_s=30.0).close()


def test_failed_opening_leaves_the_vault_free(directory: Path) -> None:
    create_vault(directory).close()
    with pytest.raises(NotAuthorizedError):
        Vault.open(directory, "wrong")
    open_vault(directory).close()


def test_reader_sees_what_the_writer_commits_and_changes_nothing(
    vault: Vault, directory: Path
) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a")
    with open_vault(directory, read_only=True) as reader:
        assert reader.certificates.find("a") is not None
        stage(vault, batch, "b", first=1)
        assert reader.certificates.find("b") is not None
        for attempt in (
            lambda: reader.runs.begin("source", b"digest"),
            lambda: reader.batches.abandon(batch.pk),
            lambda: reader.certificates.erase_key("a", "because"),
        ):
            with pytest.raises(StorageError) as refusal:
                attempt()
            assert refusal.value.code == "vault_read_only"


def test_reader_needs_no_writer(directory: Path) -> None:
    with create_vault(directory) as vault:
        stage(vault, vault.batches.open(new_batch()), "a")
    with open_vault(directory, read_only=True) as reader:
        assert reader.certificates.find("a") is not None


def test_path_with_marks_of_a_url_is_a_path(tmp_path: Path) -> None:
    directory = tmp_path / "省 ?mode=ro#50%20"
    create_vault(directory).close()
    open_vault(directory).close()
    assert (directory / DATABASE_NAME).exists()


def test_sqlite_by_url_is_refused(directory: Path) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        Vault.create(directory, PASSPHRASE, url="sqlite:///vault.db", cost=CHEAP)
    assert refusal.value.code == "vault_url"


def test_changed_passphrase_is_the_only_one(vault: Vault, directory: Path) -> None:
    stage(vault, vault.batches.open(new_batch()), "a")
    vault.change_passphrase(PASSPHRASE, "new", CHEAP)
    vault.close()
    with pytest.raises(NotAuthorizedError):
        open_vault(directory)
    with Vault.open(directory, "new") as again:
        found = again.certificates.find("a")
        assert found is not None
        assert again.certificates.decrypt(found) == b"a"


def test_changing_the_passphrase_needs_the_old_one(vault: Vault, directory: Path) -> None:
    with pytest.raises(NotAuthorizedError):
        vault.change_passphrase("guess", "new", CHEAP)
    vault.close()
    open_vault(directory).close()


def test_old_wrapping_of_the_vault_key_leaves_the_files(vault: Vault, directory: Path) -> None:
    before = raw_bytes(directory)
    start = before.index(b'"wrapped_key":"') + len(b'"wrapped_key":"')
    old = before[start : start + 120]
    vault.change_passphrase(PASSPHRASE, "new", CHEAP)
    after = raw_bytes(directory)
    assert b'"wrapped_key":"' in after
    assert old not in after


def test_contents_and_officers_never_lie_readable_in_the_files(
    vault: Vault, directory: Path
) -> None:
    batch = vault.batches.open(new_batch())
    vault.certificates.stage(batch.pk, [seal(vault.row_cipher, "in-clear", 0, b"holder Li Lei")])
    officer = OfficerCommitment.make("officer Han Meimei")
    vault.acts.record(NewAct("status", None, 1, b"statement", b"s" * 64, officer, {}))
    raw = raw_bytes(directory)
    assert b"in-clear" in raw
    assert officer.commitment in raw
    for secret in (b"Li Lei", b"Han Meimei", officer.salt, vault.row_cipher._vault_key):
        assert secret not in raw


def test_transaction_is_all_or_nothing_across_parts(vault: Vault) -> None:
    def write_all() -> None:
        with vault.transaction():
            run = vault.runs.begin("source", b"digest")
            stage(vault, vault.batches.open(new_batch(run.id)), "a", "b")
            vault.batches.open(new_batch(run.id + 1))

    with pytest.raises(NotFoundError, match="no run"):
        write_all()
    assert vault.runs.newest(10) == []
    assert vault.batches.in_state(*BatchState) == []
    assert vault.certificates.find("a") is None


def test_refusal_inside_a_transaction_undoes_only_what_was_refused(vault: Vault) -> None:
    with vault.transaction():
        batch = vault.batches.open(new_batch())
        stage(vault, batch, "a")
        with pytest.raises(ConflictError, match="certificate a is in the vault already"):
            stage(vault, batch, "b", "c", "a", first=1)
        stage(vault, batch, "d", first=1)
    assert list(vault.certificates.find_many(["a", "b", "c", "d"])) == ["a", "d"]
    assert vault.integrity_check() == []


def test_threads_write_one_after_another(vault: Vault) -> None:
    batches = [vault.batches.open(new_batch()) for _ in range(4)]
    failures: list[BaseException] = []

    def fill(number: int) -> None:
        try:
            for position in range(20):
                stage(vault, batches[number], f"{number}-{position}", first=position)
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert vault.certificates.count_by_batch_state()[BatchState.OPEN] == 80
    assert vault.integrity_check() == []


def test_every_acknowledgement_is_synced_and_erasure_overwrites(vault: Vault) -> None:
    with vault._database.write() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "secure_delete": 1,
        "foreign_keys": 1,
    }


def test_integrity_check_tells_of_a_lost_row(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a", "b")
    with vault._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM certificates WHERE identifier = 'b'")
    assert vault.integrity_check() == [f"batch {batch.pk} should have 2 certificates, has 1"]


def test_vault_of_another_user_is_named_as_such(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Vault.create(directory, PASSPHRASE, cost=CHEAP).close()

    def refuse(path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", refuse)  # root, who may run this, may do anything
    with pytest.raises(StorageError) as caught:
        Vault.open(directory, PASSPHRASE)
    assert caught.value.code == "vault_of_another_user"
