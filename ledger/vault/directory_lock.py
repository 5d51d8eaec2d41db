"""Locks on directories, which end with their holder, however that ends. Source: flock(2)."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import StorageError
from ledger.vault.lock import POLL_S


@contextmanager
def lock_directory(path: Path, *, shared: bool = False, timeout_s: float = 0.0) -> Iterator[None]:
    """Hold a directory, alone or with others that share it.

    Raises:
        StorageError: directory_in_use.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _acquire(descriptor, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, timeout_s)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, kind: int, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise StorageError(
                    f"another process is at work on {path}", code="directory_in_use"
                ) from error
            time.sleep(POLL_S)
        else:
            return
