"""A directory appears complete or not at all, and never in the place of something."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ledger.actions.staging_directory import staging_directory
from ledger.errors import ConflictError, StorageError
from ledger.vault.directory_lock import lock_directory


def test_directory_appears_at_the_end_and_is_private(tmp_path: Path) -> None:
    target = tmp_path / "new" / "target"
    with staging_directory(target) as staging:
        (staging / "file").write_bytes(b"x")
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["file"]
    assert target.stat().st_mode & 0o777 == 0o700
    assert list(target.parent.iterdir()) == [target]


def test_empty_directory_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with staging_directory(tmp_path / "target") as staging:
        (staging / "file").touch()
    assert (tmp_path / "target" / "file").exists()


@pytest.mark.parametrize("kind", ["full", "file", "link"])
def test_what_is_there_is_not_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "target"
    if kind == "full":
        target.mkdir()
        (target / "file").write_bytes(b"mine")
    elif kind == "file":
        target.write_bytes(b"mine")
    else:
        target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConflictError) as refusal, staging_directory(target):
        pass
    assert refusal.value.code == "target_not_empty"
    assert list(tmp_path.iterdir()) == [target]


def test_what_appeared_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "target"

    def fill() -> None:
        with staging_directory(target):
            target.mkdir()
            (target / "file").write_bytes(b"mine")

    with pytest.raises(ConflictError):
        fill()
    assert (target / "file").read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [target]


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    def fill() -> None:
        with staging_directory(tmp_path / "target") as staging:
            (staging / "file").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as refusal, staging_directory(tmp_path / "target"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert refusal.value.code == "disk_full"
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_process_are_removed_but_not_those_of_a_living_one(
    tmp_path: Path,
) -> None:
    dead, living = tmp_path / ".target.00000001.part", tmp_path / ".target.00000002.part"
    others = [tmp_path / ".other.00000001.part", tmp_path / ".target.x.part", tmp_path / "target.1"]
    for path in (dead, living, *others):
        path.mkdir()
        (path / "key").write_bytes(b"secret")
    with lock_directory(living), staging_directory(tmp_path / "target"):
        assert not dead.exists()
        assert (living / "key").exists()
    assert all((path / "key").exists() for path in others)
