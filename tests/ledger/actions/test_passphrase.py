"""A passphrase is changed for all of a home; interrupted anywhere, it can be finished."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions import passphrase
from ledger.actions.fsck import fsck
from ledger.actions.issuance.loop import issue_file
from ledger.actions.passphrase import MARKER_NAME, change_passphrase
from ledger.config import CONFIG_NAME, Config
from ledger.errors import LedgerError, MalformedInputError, NotAuthorizedError, StorageError
from ledger.vault import key_files
from ledger.vault.directory_lock import lock_directory
from ledger.vault.key_files import KeyFiles
from ledger.vault.store import Vault
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHEAP,
    CHONGQING,
    HOUSING,
    PASSPHRASE,
    TYPE,
    Ledger,
    write_file,
)

NEW = "ein anderer Satz 新口令"


@pytest.fixture
def home(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose key files are cheap to open."""
    monkeypatch.setattr(key_files, "_KDF_ROUNDS", 2)
    monkeypatch.setattr(key_files, "_MAC_ROUNDS", 2)
    keys = KeyFiles(ledger.home(CHONGQING) / "keys", PASSPHRASE)
    for name in keys.names():
        keys.take_over(name, keys)
    return ledger.home(CHONGQING)


def change(home: Path, old: str = PASSPHRASE, new: str = NEW) -> passphrase.PassphraseChange:
    return change_passphrase(home, old, new, vault_cost=CHEAP, lock_timeout_s=0.0)


def opened_by(home: Path, phrase: str) -> set[str]:
    """What of a home a passphrase opens."""
    keys = KeyFiles(home / "keys", phrase)
    opened = {name for name in keys.names() if keys.opens(name)}
    url = Config.load(home / CONFIG_NAME).vault_url or None
    try:
        Vault.open(home / "vault", phrase, url=url).close()
    except NotAuthorizedError:
        return opened
    return opened | {"vault"}


def test_new_passphrase_opens_everything_and_the_old_one_nothing(
    ledger: Ledger, home: Path
) -> None:
    everything = opened_by(home, PASSPHRASE)
    assert len(everything) == 7
    done = change(home)
    assert (done.key_files, done.was_unfinished) == (6, False)
    assert opened_by(home, NEW) == everything
    assert opened_by(home, PASSPHRASE) == set()
    assert not (home / MARKER_NAME).exists()


def test_home_works_with_its_new_passphrase(ledger: Ledger, home: Path) -> None:
    source = write_file(ledger.directory / "rows.csv", range(3))
    ledger.issue(source)
    change(home)
    with Workspace.open(home, NEW) as workspace:
        assert issue_file(workspace, source, HOUSING, TYPE).already_issued == 3
        more = write_file(ledger.directory / "more.csv", range(5))
        assert issue_file(workspace, more, HOUSING, TYPE).issued == 2
        assert fsck(workspace).problems == ()


class PowerCutError(Exception):
    """The machine stops here."""


@pytest.mark.parametrize("steps", range(8))
def test_change_interrupted_anywhere_is_finished_by_the_same_call(
    home: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Before each of the six key files, before the vault, and before the end."""
    everything = opened_by(home, PASSPHRASE)
    left = steps

    def count() -> None:
        nonlocal left
        if left == 0:
            raise PowerCutError
        left -= 1

    take_over, wrap = KeyFiles.take_over, Vault.change_passphrase
    with monkeypatch.context() as cut:
        cut.setattr(KeyFiles, "take_over", lambda *a: (count(), take_over(*a)))
        cut.setattr(Vault, "change_passphrase", lambda *a: (count(), wrap(*a)))
        cut.setattr(passphrase, "_remove_marker", lambda _: count())
        with pytest.raises(PowerCutError):
            change(home)
    old, new = opened_by(home, PASSPHRASE), opened_by(home, NEW)
    assert old | new == everything
    assert not old & new
    assert ("vault" in new) is (steps == 7)
    with Workspace.open(home, NEW if steps == 7 else PASSPHRASE) as workspace:
        assert (workspace.home / MARKER_NAME).exists()
    assert change(home).was_unfinished
    assert opened_by(home, NEW) == everything
    assert not (home / MARKER_NAME).exists()


def test_interrupted_change_is_told_by_the_check(ledger: Ledger, home: Path) -> None:
    (home / MARKER_NAME).touch()
    with ledger.open() as workspace:
        assert any("passphrase" in remark for remark in fsck(workspace).remarks)


def test_interrupted_change_is_not_finished_with_a_third_passphrase(home: Path) -> None:
    keys = home / "keys"
    KeyFiles(keys, NEW).take_over("operator", KeyFiles(keys, PASSPHRASE))
    before = opened_by(home, PASSPHRASE)
    with pytest.raises(NotAuthorizedError, match="neither passphrase opens it") as refusal:
        change(home, new="a third passphrase")
    assert refusal.value.code == "wrong_passphrase"
    assert opened_by(home, PASSPHRASE) == before
    assert not (home / MARKER_NAME).exists()


@pytest.mark.parametrize("new", ["", "short", PASSPHRASE])
def test_new_passphrase_must_be_long_and_another(home: Path, new: str) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        change(home, new=new)
    assert refusal.value.field == "new_passphrase"
    assert len(opened_by(home, PASSPHRASE)) == 7


def test_wrong_old_passphrase_changes_nothing(home: Path) -> None:
    with pytest.raises(NotAuthorizedError) as refusal:
        change(home, old="not the passphrase")
    assert refusal.value.code == "wrong_passphrase"
    assert len(opened_by(home, PASSPHRASE)) == 7


def test_damaged_key_file_is_named_before_anything_is_changed(home: Path) -> None:
    path = home / "keys" / "region-root.p12"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StorageError) as refusal:
        change(home)
    assert refusal.value.code == "key_file_damaged"
    path.unlink()
    assert len(opened_by(home, PASSPHRASE)) == 6


def test_home_that_another_process_works_on_is_left_alone(ledger: Ledger, home: Path) -> None:
    with ledger.open() as workspace:
        assert workspace.vault.integrity_check() == []
        with pytest.raises(StorageError) as in_use:
            change(home)
        assert in_use.value.code == "vault_in_use"
    with lock_directory(home / "keys", shared=True), pytest.raises(LedgerError) as backed_up:
        change(home)
    assert backed_up.value.code == "directory_in_use"
    assert len(opened_by(home, PASSPHRASE)) == 7


def test_old_wrapping_and_old_key_files_are_gone(home: Path) -> None:
    def contents() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in home.rglob("*.p12")}

    before = contents()
    change(home)
    after = contents()
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in after)
    assert [path for path in home.rglob("*") if path.suffix == ".new"] == []
