"""Runs actions in processes that are killed at a named moment, or at any."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from tests.faults.stopping_process import ALL, NEVER
from tests.ledger.actions.homes import Ledger

ROOT = Path(__file__).parents[2]
_LARGEST = 65_536


class Nursery:
    """Forks processes that have everything loaded; see tests/faults/nursery.py."""

    def __init__(self) -> None:
        self._connection, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.faults.nursery", str(far.fileno())]
        with far:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[far.fileno()]
            )

    def ask(self, request: dict[str, object], *descriptors: int) -> Any:
        """Sends descriptors with a request, and answers its answer."""
        socket.send_fds(self._connection, [json.dumps(request).encode()], descriptors)
        return json.loads(self._connection.recv(_LARGEST))

    def close(self) -> None:
        self._connection.close()
        self._process.wait()


@cache
def start_nursery() -> Nursery:
    """The one of this process."""
    nursery = Nursery()
    atexit.register(nursery.close)
    return nursery


@dataclass
class Forked:
    """A process of the nursery.

    Attributes:
        returncode: None until it is known to have ended.
    """

    pid: int
    stdout: BinaryIO
    stderr: BinaryIO
    returncode: int | None = None

    def poll(self, *, is_waiting: bool = False) -> int | None:
        """Its exit code if it has ended; negative if a signal ended it."""
        if self.returncode is None:
            request: dict[str, object] = {"process": self.pid, "is_waiting": is_waiting}
            self.returncode = start_nursery().ask(request)
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self) -> tuple[bytes, bytes]:
        """Waits for its end; what it wrote."""
        with self.stdout, self.stderr:
            told = self.stdout.read(), self.stderr.read()
        self.poll(is_waiting=True)
        return told


def start(
    ledger: Ledger, action: str, moment: str = NEVER, occurrence: int = 1, source: Path = Path()
) -> Forked:
    """The action in a process of its own."""
    arguments = [str(ledger.directory), action, moment, str(occurrence), str(source)]
    pipes = os.pipe(), os.pipe()
    ends = [writing for _, writing in pipes]
    number = start_nursery().ask({"arguments": arguments}, *ends)
    for writing in ends:
        os.close(writing)
    stdout, stderr = (os.fdopen(reading, "rb") for reading, _ in pipes)
    return Forked(number, stdout, stderr)


def is_stopped_at(
    ledger: Ledger, action: str, moment: str, occurrence: int = 1, source: Path = Path()
) -> bool:
    """Runs the action until the moment; False if the moment did not come and it ended by itself."""
    process = start(ledger, action, moment, occurrence, source)
    _, complaint = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), complaint.decode()
    return process.returncode != 0


def count_moments(ledger: Ledger, action: str, source: Path = Path()) -> dict[str, int]:
    """How often each moment comes in an action that nothing interrupts."""
    process = start(ledger, action, ALL, source=source)
    told, complaint = process.communicate()
    assert process.returncode == 0, complaint.decode()
    counts: dict[str, int] = json.loads(told.splitlines()[-1])
    return counts


def kill_after(process: Forked, delay_s: float) -> None:
    """Kills it that long after it has begun with its action, if it has not ended."""
    assert process.stdout.readline() == b"ready\n"
    time.sleep(delay_s)
    process.kill()
    _, complaint = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), complaint.decode()
