"""The lock of a chain directory: one process at a time, and the others learn who holds it.

The kernel's lock (flock) decides; the text in the file only names the holder. A lock file that a
dead process left behind is therefore never in the way.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import time
import weakref
from datetime import UTC, datetime
from pathlib import Path

from local_chain.embedded.errors import ChainInUseError, LockHolder

LOCK_FILE_NAME = "lock.json"
_POLL_INTERVAL_S = 0.02


class DirectoryLock:
    """Holds one chain directory for this process until `release`."""

    def __init__(self, directory: Path, timeout_s: float) -> None:
        """Take the lock.

        Raises:
            ChainInUseError: it was still held after `timeout_s`.
        """
        self._descriptor = os.open(
            directory / LOCK_FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            self._wait(directory, timeout_s)
            _write_holder(self._descriptor)
        except BaseException:
            os.close(self._descriptor)
            raise
        _held.add(self)

    def release(self) -> None:
        """Let the next process in. Doing so twice is harmless."""
        if self in _held:
            _held.discard(self)
            with contextlib.suppress(OSError):  # a failing disk; the name of the holder is all
                os.ftruncate(self._descriptor, 0)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)

    def forget(self) -> None:
        """In a forked child: drop the inherited descriptor, or the lock outlives the parent."""
        os.close(self._descriptor)

    def _wait(self, directory: Path, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not self._try_take():
            if time.monotonic() >= deadline:
                raise ChainInUseError(directory, _read_holder(self._descriptor), timeout_s)
            time.sleep(_POLL_INTERVAL_S)

    def _try_take(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _write_holder(descriptor: int) -> None:
    holder = {
        "pid": os.getpid(),
        "command": " ".join(sys.orig_argv),
        "since": datetime.now(UTC).isoformat(),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _read_holder(descriptor: int) -> LockHolder:
    """Who holds it, as far as the file tells (it may be between two holders)."""
    try:
        record = json.loads(os.pread(descriptor, 1 << 16, 0))
        return LockHolder(
            int(record["pid"]), str(record["command"]), datetime.fromisoformat(record["since"])
        )
    except (ValueError, KeyError, TypeError):
        return LockHolder(0, "", None)


_held: weakref.WeakSet[DirectoryLock] = weakref.WeakSet()


def _forget_all_in_child() -> None:
    for lock in list(_held):
        _held.discard(lock)
        lock.forget()


os.register_at_fork(after_in_child=_forget_all_in_child)
