"""A home is backed up while others work on it, whole or not at all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ledger.actions.backup import DAY_S, make_backup
from ledger.actions.backup_manifest import KEYS_NAME, MANIFEST_NAME, parse_manifest
from ledger.actions.passphrase import MARKER_NAME
from ledger.config import Config
from ledger.errors import ConflictError, MalformedInputError, StorageError
from ledger.vault.copies import read_terms
from ledger.vault.directory_lock import lock_directory
from tests.ledger.actions.homes import CHONGQING, Ledger


def test_backup_has_keys_settings_and_vault_but_no_index(ledger: Ledger, tmp_path: Path) -> None:
    home = ledger.home(CHONGQING)
    (home / "schemas").mkdir()
    (home / "schemas" / "own.json").write_text("{}")
    (home / "calendar.json").write_text("{}")
    (home / "node.toml").write_text("workers = 1")
    (home / "definitions").mkdir()
    (home / "definitions" / "matter.json").write_text("{}")
    (home / "schemas" / "link.json").symlink_to(home / "zhenglian.toml")
    with ledger.open() as workspace:
        workspace.sync_index()
        summary = make_backup(workspace, tmp_path / "backup")
    manifest = parse_manifest((summary.directory / MANIFEST_NAME).read_bytes())
    keys = {path.relative_to(home).as_posix() for path in (home / "keys").rglob("*.p12")}
    assert len(keys) == 6
    assert manifest.files.keys() == {
        *keys,
        *("vault.db", "data-keys.db", "erasures.json"),
        *("zhenglian.toml", "node.toml", "application.json", "calendar.json"),
        *("schemas/own.json", "definitions/matter.json"),
    }
    there = {path.name for path in summary.directory.rglob("*") if path.is_file()}
    assert there == {name.split("/")[-1] for name in manifest.files} | {MANIFEST_NAME}
    assert summary.size == sum((summary.directory / n).stat().st_size for n in manifest.files)


def test_backup_says_whose_it_is_and_when_its_keys_expire(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.open() as workspace:
        summary = make_backup(workspace, tmp_path / "backup", keep_keys_days=7)
    manifest = parse_manifest((summary.directory / MANIFEST_NAME).read_bytes())
    config = Config.load(ledger.home(CHONGQING) / "zhenglian.toml")
    assert (manifest.ledger_id, manifest.member) == (config.ledger_id, "500000")
    assert read_terms(summary.directory / KEYS_NAME) == manifest.keys
    assert manifest.keys.expires_at_unix == manifest.keys.made_at_unix + 7 * DAY_S
    assert abs(manifest.keys.made_at_unix - time.time()) < DAY_S


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_data_keys_expire_within_ten_years(ledger: Ledger, tmp_path: Path, days: int) -> None:
    with ledger.open() as workspace, pytest.raises(MalformedInputError):
        make_backup(workspace, tmp_path / "backup", keep_keys_days=days)
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("inside", [".", "backup", "vault/../backup", "vault/backup"])
def test_backup_is_never_put_into_the_home_it_is_of(ledger: Ledger, inside: str) -> None:
    target = ledger.home(CHONGQING) / inside
    with ledger.open() as workspace, pytest.raises(ConflictError) as refusal:
        make_backup(workspace, target)
    assert refusal.value.code == "target_in_home"
    assert not (ledger.home(CHONGQING) / "backup").exists()


def test_earlier_backup_is_not_overwritten(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.open() as workspace:
        make_backup(workspace, tmp_path / "backup")
        before = (tmp_path / "backup" / MANIFEST_NAME).read_bytes()
        with pytest.raises(ConflictError) as refusal:
            make_backup(workspace, tmp_path / "backup")
    assert refusal.value.code == "target_not_empty"
    assert (tmp_path / "backup" / MANIFEST_NAME).read_bytes() == before


def test_home_whose_passphrase_changes_is_not_backed_up(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.actions.backup._LOCK_TIMEOUT_S", 0.1)
    with ledger.open() as workspace:
        with lock_directory(workspace.home / "keys"), pytest.raises(StorageError) as busy:
            make_backup(workspace, tmp_path / "backup")
        assert busy.value.code == "directory_in_use"
        (workspace.home / MARKER_NAME).touch()
        with pytest.raises(ConflictError) as unsettled:
            make_backup(workspace, tmp_path / "backup")
        assert unsettled.value.code == "passphrase_unsettled"
    assert not (tmp_path / "backup").exists()
