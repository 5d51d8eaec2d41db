"""Backing up, restoring and changing the passphrase are killed: all or nothing is there."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.actions.passphrase import change_passphrase
from ledger.actions.restoration import restore_backup
from ledger.errors import NotAuthorizedError
from ledger.vault.key_files import KeyFiles
from ledger.vault.store import Vault
from tests.support.keeping import (
    CHEAP,
    NEW_PASSPHRASE,
    PASSPHRASE,
    cheap_key_files,
    make_home,
    require_whole,
)

ROOT = Path(__file__).parents[2]
CERTIFICATES = 10_000
KILLS = 6


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("original") / "home"
    make_home(home, CERTIFICATES)
    return home


@pytest.fixture
def home(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "home"))


def start(act: str, first: Path, second: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.keeping", act, str(first), str(second)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str], *, kill: bool) -> bool:
    """Whether it acknowledged its act."""
    assert process.stdout is not None
    if kill:
        process.kill()
    was_done = process.stdout.read() == "done\n"
    process.stdout.close()
    process.wait()
    return was_done


def measure_s(act: str, first: Path, second: Path) -> float:
    """How long an act takes that is not killed."""
    began = time.monotonic()
    assert end(start(act, first, second), kill=False)
    return time.monotonic() - began


def leftovers(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.name.startswith(".")]


def test_killed_backup_leaves_no_half_one_and_the_next_removes_what_it_left(
    home: Path, tmp_path: Path
) -> None:
    chance = random.Random(20261122)
    takes_s = measure_s("backup", home, tmp_path / "warm up")
    for number in range(KILLS):
        target = tmp_path / f"backup {number}"
        process = start("backup", home, target)
        time.sleep(chance.uniform(0.0, takes_s))
        was_done = end(process, kill=True)
        if target.exists():
            restored = tmp_path / f"restored {number}"
            assert restore_backup(target, restored, PASSPHRASE).certificates == CERTIFICATES
            require_whole(restored, CERTIFICATES)
        else:
            assert not was_done
            assert end(start("backup", home, target), kill=False)
        assert leftovers(tmp_path) == []
    require_whole(home, CERTIFICATES)


def test_killed_restoration_makes_a_whole_home_or_none(home: Path, tmp_path: Path) -> None:
    chance = random.Random(7)
    backup = tmp_path / "backup"
    assert end(start("backup", home, backup), kill=False)
    takes_s = measure_s("restore", backup, tmp_path / "warm up")
    for number in range(KILLS):
        target = tmp_path / f"home {number}"
        process = start("restore", backup, target)
        time.sleep(chance.uniform(0.0, takes_s))
        was_done = end(process, kill=True)
        if not target.exists():
            assert not was_done
            restore_backup(backup, target, PASSPHRASE)
        assert leftovers(tmp_path) == []
        require_whole(target, CERTIFICATES)
        shutil.rmtree(target)


def test_killed_change_of_a_passphrase_leaves_each_part_with_one_and_can_be_finished(
    home: Path, tmp_path: Path
) -> None:
    chance = random.Random(3)
    spare = Path(shutil.copytree(home, tmp_path / "spare"))
    takes_s = measure_s("passphrase", spare, spare)
    for number in range(KILLS):
        copy = Path(shutil.copytree(home, tmp_path / f"copy {number}"))
        process = start("passphrase", copy, copy)
        time.sleep(chance.uniform(0.3 * takes_s, takes_s))
        end(process, kill=True)
        old, new = (_opened(copy, phrase) for phrase in (PASSPHRASE, NEW_PASSPHRASE))
        assert len(old | new) == 6
        assert not old & new
        with cheap_key_files():
            change_passphrase(copy, PASSPHRASE, NEW_PASSPHRASE, vault_cost=CHEAP)
        assert len(_opened(copy, NEW_PASSPHRASE)) == 6
        require_whole(copy, CERTIFICATES, NEW_PASSPHRASE)
        shutil.rmtree(copy)


def _opened(home: Path, phrase: str) -> set[str]:
    keys = KeyFiles(home / "keys", phrase)
    opened = {name for name in keys.names() if keys.opens(name)}
    try:
        Vault.open(home / "vault", phrase, lock_timeout_s=0.0).close()
    except NotAuthorizedError:
        return opened
    return opened | {"vault"}


FULL = """
import sys
from pathlib import Path

from ledger.actions.backup import make_backup
from ledger.actions.restoration import restore_backup
from ledger.errors import StorageError
from ledger.workspace import Workspace
from tests.support.keeping import PASSPHRASE, make_home, require_whole

disk, backup = Path(sys.argv[1]), Path(sys.argv[2])
home = backup.parent / "home"


def refused(act):
    try:
        act()
    except StorageError as error:
        print(error.code, [path.name for path in disk.iterdir()], flush=True)
    else:
        print("made", flush=True)


with Workspace.open(home, PASSPHRASE) as workspace:
    refused(lambda: make_backup(workspace, disk / "backup"))
    make_backup(workspace, backup)
refused(lambda: restore_backup(backup, disk / "home", PASSPHRASE))
"""


def test_full_disk_leaves_neither_a_half_backup_nor_a_half_home(home: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=6m none '{disk}'"
    wrapper = ("unshare", "--map-root-user", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh")
    may_mount = subprocess.run([*wrapper, "true"], capture_output=True, check=False)
    if may_mount.returncode:
        pytest.skip("a small disk cannot be mounted here")
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", FULL, str(disk), str(tmp_path / "backup")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["disk_full []", "disk_full []"], done.stderr
    require_whole(home, CERTIFICATES)
