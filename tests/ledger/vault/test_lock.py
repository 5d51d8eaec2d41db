"""One holder at a time, named; and none that is dead."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import StorageError
from ledger.vault.lock import VaultLock

HOLD = """
import os, sys, time
from pathlib import Path
from ledger.vault.lock import VaultLock

lock = VaultLock.acquire(Path(sys.argv[1]), 0.0)
if sys.argv[2] == "fork" and os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(600)
elif sys.argv[2] != "fork":
    print(os.getpid(), flush=True)
time.sleep(600)
"""


def hold(path: Path, how: str) -> tuple[subprocess.Popen[str], int]:
    """A process that holds the lock, and the process id that it prints once it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), how], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_holder_is_named_with_command_and_time(tmp_path: Path) -> None:
    process, pid = hold(tmp_path / "vault.lock", "plain")
    try:
        with pytest.raises(StorageError) as refusal:
            VaultLock.acquire(tmp_path / "vault.lock", 0.0)
    finally:
        end(process)
    assert refusal.value.code == "vault_in_use"
    said = refusal.value.message
    assert f"process {pid} (-c " in said
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", said)


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    process, _ = hold(tmp_path / "vault.lock", "plain")
    end(process)
    assert b"pid" in (tmp_path / "vault.lock").read_bytes()
    VaultLock.acquire(tmp_path / "vault.lock", 0.0).close()


def test_child_that_outlives_its_killed_parent_holds_nothing(tmp_path: Path) -> None:
    process, child = hold(tmp_path / "vault.lock", "fork")
    try:
        with pytest.raises(StorageError):
            VaultLock.acquire(tmp_path / "vault.lock", 0.0)
        process.kill()
        process.wait()
        os.kill(child, 0)
        VaultLock.acquire(tmp_path / "vault.lock", 0.0).close()
    finally:
        os.kill(child, signal.SIGKILL)
        end(process)


@pytest.mark.parametrize("content", [b"", b"not json", b"[1, 2]", b'{"pid": 1}', b"\xff\xfe"])
def test_lock_file_with_anything_in_it_is_not_a_lock(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vault.lock"
    path.write_bytes(content)
    lock = VaultLock.acquire(path, 0.0)
    path.write_bytes(content)
    with pytest.raises(StorageError, match="in use by another process"):
        VaultLock.acquire(path, 0.0)
    lock.close()
    lock.close()
    VaultLock.acquire(path, 0.0).close()
