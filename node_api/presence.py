"""Whether a node is there for a home, also while its core is being started or started again.

The supervisor holds a lock for as long as it runs. Commands that found nobody at the node's socket
can so tell a node that will answer in a moment from none, and leave the home to it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import ConflictError
from node_api.doors import LOCAL_SOCKET
from node_api.sockets import is_answered

LOCK_NAME = "run/node.lock"
ANSWERS_WITHIN_S = 30.0
_POLL_S = 0.1
_TRIES = 10  # whoever looks holds the lock for a moment


@contextmanager
def announce_node(home: Path) -> Iterator[None]:
    """Holds the lock of the one node of a home for the length of the block.

    Raises:
        ConflictError: node_running.
    """
    path = home / LOCK_NAME
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if is_answered(home / LOCAL_SOCKET) or not _lock(descriptor):
            raise ConflictError(f"a node serves {home} already", code="node_running")
        yield
    finally:
        os.close(descriptor)


def is_node_there(home: Path) -> bool:
    """Whether a supervisor runs for a home; what a dead one left counts for nothing."""
    try:
        descriptor = os.open(home / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def is_node_answering(
    home: Path, within_s: float = ANSWERS_WITHIN_S, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Whether the node of a home does what it is told. One that starts is waited for.

    Raises:
        ConflictError: node_starting: it is there, and did not answer in time.
    """
    deadline = time.monotonic() + within_s
    while not is_answered(home / LOCAL_SOCKET):
        if not is_node_there(home):
            return False
        if time.monotonic() > deadline:
            raise ConflictError(
                f"the node of {home} runs and does not answer yet: its log says why; try again, or "
                "stop it",
                code="node_starting",
            )
        sleep(_POLL_S)
    return True


def _lock(descriptor: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL_S)
        else:
            return True
    return False
