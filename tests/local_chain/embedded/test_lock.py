"""One process at a time in a chain directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local_chain.embedded.errors import ChainInUseError
from local_chain.embedded.lock import LOCK_FILE_NAME, DirectoryLock

HOLD = """
import sys, time
from pathlib import Path
from local_chain.embedded.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]), 0)
print("held", flush=True)
time.sleep(600)
"""


def hold_elsewhere(directory: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(directory)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_second_process_learns_who_holds_the_directory(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    with hold_elsewhere(tmp_path) as process:
        with pytest.raises(ChainInUseError) as caught:
            DirectoryLock(tmp_path, 0.1)
        process.kill()
    holder = caught.value.holder
    assert holder.pid == process.pid
    assert str(tmp_path) in holder.command
    assert holder.since is not None
    assert before <= holder.since <= datetime.now(UTC)
    assert f"process {process.pid}" in str(caught.value)
    assert "waited 0.1 s" in str(caught.value)


def test_lock_of_a_killed_process_is_not_in_the_way(tmp_path: Path) -> None:
    with hold_elsewhere(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / LOCK_FILE_NAME).stat().st_size > 0
    DirectoryLock(tmp_path, 0).release()


def test_waiting_ends_when_the_holder_does(tmp_path: Path) -> None:
    with hold_elsewhere(tmp_path) as process:
        process.terminate()
        DirectoryLock(tmp_path, 60).release()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_release_does_not_wait_for_forked_children(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path, 0)
    resume, wake = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(wake)
        os.read(resume, 1)
        os._exit(0)
    os.close(resume)
    lock.release()
    DirectoryLock(tmp_path, 0).release()
    os.close(wake)
    assert os.waitpid(child, 0) == (child, 0)


def test_second_object_of_one_process_is_refused_too(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path, 0)
    with pytest.raises(ChainInUseError, match=f"process {os.getpid()}"):
        DirectoryLock(tmp_path, 0)
    lock.release()
    lock.release()
    DirectoryLock(tmp_path, 0).release()


def test_unreadable_holder_is_still_a_holder(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path, 0)
    (tmp_path / LOCK_FILE_NAME).write_bytes(b"{")
    with pytest.raises(ChainInUseError, match="process unknown"):
        DirectoryLock(tmp_path, 0)
    lock.release()


FORK = """
import os, sys
from pathlib import Path
from local_chain.embedded.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]), 0)
if os.fork() == 0:
    print("forked", flush=True)
sys.stdin.read()
"""


def test_child_of_a_killed_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORK, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"forked\n"
        process.kill()
        process.wait()
        DirectoryLock(tmp_path, 0).release()
        # leaving the block closes the child's standard input, which ends it
