"""Tells a core that hangs from one that is busy: it has answered before, and then not for long.

A process that has ended is seen by whoever started it; one that lives and answers nothing is not.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

INTERVAL_S = 5.0
HUNG_AFTER_S = 60.0
_REQUEST = b"GET /health/live HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n"


class Watchdog:
    """Asks a process at its Unix socket, in a thread.

    Args:
        path: of the socket.
        on_hung: called once for each time that it hangs; it may take the process's life.
        interval_s: between two questions.
        hung_after_s: without an answer since the last one.
    """

    def __init__(
        self,
        path: Path,
        on_hung: Callable[[], None],
        *,
        interval_s: float = INTERVAL_S,
        hung_after_s: float = HUNG_AFTER_S,
    ) -> None:
        self._path = path
        self._on_hung = on_hung
        self._interval_s = interval_s
        self._hung_after_s = hung_after_s
        self._answered_at: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def forget(self) -> None:
        """Another process takes the place: however long it needs to begin, it does not hang."""
        self._answered_at = None

    def stop(self) -> None:
        """Ends it."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            asked_at = time.monotonic()
            if is_answering(self._path, self._hung_after_s / 2):
                self._answered_at = asked_at
                continue
            answered_at = self._answered_at
            if answered_at is not None and time.monotonic() - answered_at > self._hung_after_s:
                self._answered_at = None
                self._on_hung()


def is_answering(path: Path, timeout_s: float) -> bool:
    """Whether who listens at a socket answers at all, within a time."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
            connection.sendall(_REQUEST)
            return connection.recv(16).startswith(b"HTTP/1.1 ")
        except OSError:
            return False
