"""Starts the core and the fronts, starts again what dies, and ends all of them together.

It holds the listening socket, so that no connection is refused while a process is started again:
with the core dead, fronts go on verifying; with a front dead, the others take its connections. It
opens neither home nor chain. The passphrase goes to the core through a pipe, never through its
environment or command line.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from node_api.doors import CORE_SOCKET
from node_api.serving.watchdog import Watchdog

logger = logging.getLogger(__name__)

CORE_MODULE = "node_api.serving.core"
FRONT_MODULE = "node_api.serving.front"
POLL_S = 0.1
STOP_TIMEOUT_S = 30.0
SHORT_LIFE_S = 10.0
LONGEST_PAUSE_S = 15.0
EXIT_CANNOT_START = 3
"""Of a process that will not start however often it is tried; what it said is on stderr."""
EXIT_VAULT_IN_USE = 4
"""Of a core whose vault another process writes: it is tried again, more and more seldom."""


@dataclass(slots=True)
class _Child:
    """One process that must run. Attributes: may_start_at: monotonic seconds."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    may_start_at: float = 0.0
    short_lives: int = 0


@dataclass(slots=True)
class Supervisor:
    """Runs the processes of one node until it is told to stop.

    Attributes:
        home: of the member.
        listener: the TCP socket that fronts, or without fronts the core, accept from.
        workers: number of fronts.
        passphrase: of the home.
    """

    home: Path
    listener: socket.socket
    workers: int
    passphrase: str = field(repr=False)
    _is_stopping: bool = False
    _children: list[_Child] = field(default_factory=list)
    _watchdog: Watchdog | None = None

    def run(self) -> int:
        """Until SIGTERM or SIGINT, or until the core says that it cannot start.

        Returns:
            The exit code of the whole.
        """
        self._prepare_metrics()
        self._children = [_Child("core", self._start_core)]
        self._children += [_Child(f"front {n + 1}", self._start_front) for n in range(self.workers)]
        watchdog = Watchdog(self.home / CORE_SOCKET, self._end_hung_core)
        self._watchdog = watchdog
        watchdog.start()
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._on_hangup)
        try:
            while not self._is_stopping:
                for child in self._children:
                    if (code := self._tend(child)) is not None:
                        return code
                time.sleep(POLL_S)
            return 0
        finally:
            watchdog.stop()
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _prepare_metrics(self) -> None:
        """An empty directory in which all processes count."""
        directory = self.home / "run" / "metrics"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700, parents=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)

    def _end_hung_core(self) -> None:
        """By force: one that answers nothing would not end when it is asked to."""
        process = self._children[0].process
        if process is not None and process.poll() is None and not self._is_stopping:
            logger.error("core_hung", extra={"child": "core"})
            process.kill()

    def _on_signal(self, *_: object) -> None:
        self._is_stopping = True

    def _on_hangup(self, *_: object) -> None:
        """Has them read the files of TLS again."""
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGHUP)

    def _tend(self, child: _Child) -> int | None:
        """Starts a child that is not running; an exit code if the node must end."""
        now = time.monotonic()
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                return None
            child.process = None
            if child.name == "core" and code == EXIT_CANNOT_START:
                return EXIT_CANNOT_START
            is_short = code == EXIT_VAULT_IN_USE or now - child.started_at < SHORT_LIFE_S
            child.short_lives = child.short_lives + 1 if is_short else 0
            pause_s = min(2.0**child.short_lives - 1, LONGEST_PAUSE_S)
            child.may_start_at = now + pause_s
            logger.error(
                "process_ended",
                extra={"child": child.name, "code": code, "restart_in_s": pause_s},
            )
        if now >= child.may_start_at:
            child.process = child.start()
            child.started_at = now
        return None

    def _start_core(self) -> subprocess.Popen[bytes]:
        if self._watchdog is not None:
            self._watchdog.forget()
        reading, writing = os.pipe()
        arguments = [str(self.home), str(reading)]
        passed = [reading]
        if not self.workers:
            arguments.append(str(self.listener.fileno()))
            passed.append(self.listener.fileno())
        try:
            process = _spawn(CORE_MODULE, arguments, passed)
        finally:
            os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(self.passphrase.encode())
        return process

    def _start_front(self) -> subprocess.Popen[bytes]:
        number = self.listener.fileno()
        return _spawn(FRONT_MODULE, [str(self.home), str(number)], [number])

    def _stop_all(self) -> None:
        """Fronts first, so that what they have passed on can still be answered."""
        for children in (self._children[1:], self._children[:1]):
            running = [child.process for child in children if child.process is not None]
            for process in running:
                process.terminate()
            deadline = time.monotonic() + STOP_TIMEOUT_S
            for process in running:
                try:
                    process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _spawn(module: str, arguments: Sequence[str], passed: Sequence[int]) -> subprocess.Popen[bytes]:
    """A process of ours, in a group of its own: a Ctrl-C is for the supervisor to pass on."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *arguments],
        pass_fds=passed,
        stdin=subprocess.PIPE,  # closes when this process ends, however it ends
        start_new_session=True,
    )
