"""One process writes a vault: an exclusive lock that ends with its holder, however that ends.

Source: flock(2). The file stays; what it says of the holder is only for people.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
import weakref
from pathlib import Path
from typing import Self

import orjson

from ledger.errors import StorageError
from ledger.vault.failures import translate_disk

POLL_S = 0.05


class VaultLock:
    """The right to write the vault in one directory. Held until `close` or the process's end."""

    __slots__ = ("__weakref__", "_descriptor")

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        _held.add(self)

    @classmethod
    def acquire(cls, path: Path, timeout_s: float) -> Self:
        """Take the lock.

        Args:
            path: of the lock file; made if it is not there.
            timeout_s: how long to wait for another holder.

        Raises:
            StorageError: vault_in_use, naming the holder; disk_full, disk_failed.
        """
        deadline = time.monotonic() + timeout_s
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    holder = _describe_holder(descriptor)
                    os.close(descriptor)
                    raise StorageError(
                        f"the vault {path.parent} is in use by {holder}", code="vault_in_use"
                    ) from error
                time.sleep(POLL_S)
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, _describe_self(), 0)
        except OSError as error:
            os.close(descriptor)
            raise translate_disk(error, path) from error
        return cls(descriptor)

    def close(self) -> None:
        """Let others write. Does nothing the second time."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # a failing disk; the name of the holder is all
                os.ftruncate(self._descriptor, 0)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """Close our copy of the lock without ending it for whoever else shares it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _describe_self() -> bytes:
    return orjson.dumps(
        {"pid": os.getpid(), "command": " ".join(sys.argv)[:500], "since_unix": int(time.time())}
    )


def _describe_holder(descriptor: int) -> str:
    with contextlib.suppress(orjson.JSONDecodeError, KeyError, TypeError):
        holder = orjson.loads(os.pread(descriptor, 4096, 0))
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(holder["since_unix"]))
        return f"process {holder['pid']} ({holder['command']}) since {since}"
    return "another process"


_held: weakref.WeakSet[VaultLock] = weakref.WeakSet()


def _forget_in_child() -> None:
    """A forked child must not keep its parent's vault locked after the parent's death."""
    for lock in list(_held):
        lock.forget()


os.register_at_fork(after_in_child=_forget_in_child)
