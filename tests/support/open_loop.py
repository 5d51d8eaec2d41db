"""An open-loop load generator: requests leave by a timetable, whatever the answers do.

A latency is counted from the moment at which the request was due, so that a server that hesitates
is charged for every request that it kept waiting (coordinated omission). Requests are bytes made
beforehand; one connection carries one at a time, and a due request for which none is free waits,
which counts. Raw sockets and as little work a request as can be: it shares the machine with what
it measures. Runs in a process of its own: `python -m tests.support.open_loop`, a plan on standard
input, the figures on standard output.
"""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop


@dataclass(slots=True)
class Load:
    """What to send.

    Attributes:
        requests: each a whole HTTP/1.1 request.
        rate: a second.
        connections: opened before the first leaves.
        patience_s: after the last was due; then what is unanswered counts as lost.
    """

    host: str
    port: int
    requests: Sequence[bytes]
    rate: float
    connections: int
    patience_s: float = 15.0
    keeps_bodies: bool = False


@dataclass(slots=True)
class Outcome:
    """What came back.

    Attributes:
        latencies_s: of each request, None if it was never answered; from when it was due.
        statuses: of each request, 0 if it was never answered.
        bodies: of each request, if they were kept.
        seconds: from the first due to the last answer.
    """

    latencies_s: list[float | None]
    statuses: list[int]
    bodies: list[bytes] = field(default_factory=list)
    seconds: float = 0.0
    lateness_s: float = 0.0

    @property
    def counts(self) -> Counter[int]:
        return Counter(self.statuses)

    def percentile(self, share: float, status: int | None = None) -> float:
        """Of the latencies, in seconds; unanswered ones count as endless."""
        pairs = zip(self.latencies_s, self.statuses, strict=True)
        wanted = [each for each, found in pairs if status in (None, found)]
        ordered = sorted(float("inf") if each is None else each for each in wanted)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def rate_of(self, *statuses: int) -> float:
        """Answers of these statuses a second."""
        return sum(self.counts[status] for status in statuses) / max(self.seconds, 1e-9)


def send_load(load: Load) -> Outcome:
    """Sends a load from a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        plan, figures = Path(name) / "plan", Path(name) / "figures"
        plan.write_bytes(pickle.dumps(load))
        command = [sys.executable, "-m", "tests.support.open_loop", str(plan), str(figures)]
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
        found: Outcome = pickle.loads(figures.read_bytes())
    return found


class _Connection(asyncio.Protocol):
    """Carries one request at a time."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""
        self._number = -1
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # that of uvloop is no subclass
        self._run.free(self)

    def send(self, number: int) -> None:
        self._number = number
        assert self.transport is not None
        self.transport.write(self._run.load.requests[number])

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 : (head + b"\r").find(b"\r", at)]) if at >= 0 else 0
        if len(buffer) < end + 4 + length:
            return
        self._buffer = b""
        number, self._number = self._number, -1
        self._run.note(number, int(buffer[9:12]), buffer[end + 4 :])
        if b"connection: close" not in head:
            self._run.free(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._run.lose(self, self._number)


class _Run:
    def __init__(self, load: Load) -> None:
        self.load = load
        count = len(load.requests)
        self.outcome = Outcome([None] * count, [0] * count)
        if load.keeps_bodies:
            self.outcome.bodies = [b""] * count
        self._free: deque[_Connection] = deque()
        self._due: deque[int] = deque()
        self._left = count
        self._over = asyncio.Event()
        self._start = 0.0
        self._is_over = False

    async def carry_out(self) -> Outcome:
        loop = asyncio.get_running_loop()
        for begin in range(0, self.load.connections, 100):
            some = min(100, self.load.connections - begin)
            await asyncio.gather(*(self._connect() for _ in range(some)))
        self._start = loop.time() + 0.05
        sent, count, rate = 0, len(self.load.requests), self.load.rate
        while sent < count:
            now = loop.time()
            until = min(count, int((now - self._start) * rate) + 1) if now >= self._start else 0
            if until > sent:
                late = now - self._start - sent / rate
                self.outcome.lateness_s = max(self.outcome.lateness_s, late)
            for number in range(sent, until):
                self._send(number)
            sent = max(sent, until)
            await asyncio.sleep(0.002)
        try:
            async with asyncio.timeout(self.load.patience_s):
                await self._over.wait()
        except TimeoutError:
            pass
        self._is_over = True
        self.outcome.seconds = loop.time() - self._start
        return self.outcome

    def _send(self, number: int) -> None:
        if self._free:
            self._free.popleft().send(number)
        else:
            self._due.append(number)

    def free(self, connection: _Connection) -> None:
        if self._due:
            connection.send(self._due.popleft())
        else:
            self._free.append(connection)

    def note(self, number: int, status: int, body: bytes) -> None:
        if number < 0:
            return
        due = self._start + number / self.load.rate
        self.outcome.latencies_s[number] = asyncio.get_running_loop().time() - due
        self.outcome.statuses[number] = status
        if self.load.keeps_bodies:
            self.outcome.bodies[number] = body
        self._left -= 1
        if not self._left:
            self._over.set()

    def lose(self, connection: _Connection, number: int) -> None:
        """Whoever was on it is not answered; another takes its place."""
        if connection in self._free:
            self._free.remove(connection)
        if number >= 0:
            self._left -= 1
            if not self._left:
                self._over.set()
        if not self._is_over:
            self._reconnecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._is_over:
            try:
                await loop.create_connection(
                    lambda: _Connection(self), self.load.host, self.load.port
                )
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return


def _main() -> None:
    load: Load = pickle.loads(Path(sys.argv[1]).read_bytes())
    outcome = uvloop.run(_Run(load).carry_out())
    Path(sys.argv[2]).write_bytes(pickle.dumps(outcome))


if __name__ == "__main__":
    # Pickled classes are found by their importable name, not in __main__.
    from tests.support import open_loop

    open_loop._main()
