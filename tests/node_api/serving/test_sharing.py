"""Processes that accept from one socket share its connections, and wait for nobody for ever."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from node_api.serving.sharing import SLOTS, ConnectionCounts, SharedListener

BACKLOG = 256


class Held(asyncio.Protocol):
    """A connection that one front has."""

    def __init__(self, there: set[Held], on_lost: Callable[[], None]) -> None:
        self._there = there
        self._on_lost = on_lost

    def connection_made(self, _transport: asyncio.BaseTransport) -> None:
        self._there.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._there.discard(self)
        self._on_lost()


class Front:
    """What a front does with the socket."""

    def __init__(self, listener: socket.socket, counts: ConnectionCounts) -> None:
        self.there: set[Held] = set()
        self._own = listener.dup()  # as another process has it
        self._listener = SharedListener(self._own, counts, self._make)

    def close(self) -> None:
        self._listener.close()
        self._own.close()

    def _make(self, on_lost: Callable[[], None]) -> asyncio.Protocol:
        return Held(self.there, on_lost)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as found:
        yield found


def connect(listener: socket.socket, count: int) -> list[socket.socket]:
    return [socket.create_connection(listener.getsockname()) for _ in range(count)]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


def close(*each: Front | socket.socket) -> None:
    for one in each:
        one.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await work()

    asyncio.run(main())


def test_what_comes_at_once_is_shared(listener: socket.socket, tmp_path: Path) -> None:
    async def work() -> None:
        fronts = [Front(listener, ConnectionCounts(tmp_path / "counts")) for _ in range(4)]
        clients = connect(listener, 64)
        await until(lambda: sum(len(front.there) for front in fronts) == len(clients))
        assert [len(front.there) for front in fronts] == [16] * 4
        close(*fronts, *clients)

    run(work)


def test_who_comes_later_is_given_the_next(listener: socket.socket, tmp_path: Path) -> None:
    async def work() -> None:
        first = Front(listener, ConnectionCounts(tmp_path / "counts"))
        clients = connect(listener, 3)
        await until(lambda: len(first.there) == 3)
        again = Front(listener, ConnectionCounts(tmp_path / "counts"))
        clients += connect(listener, 3)
        await until(lambda: len(again.there) == 3)
        assert len(first.there) == 3
        close(first, again, *clients)

    run(work)


def test_one_that_lives_and_never_comes_is_not_waited_for(
    listener: socket.socket, tmp_path: Path
) -> None:
    async def work() -> None:
        ConnectionCounts(tmp_path / "counts")  # has none, and takes none
        front = Front(listener, ConnectionCounts(tmp_path / "counts"))
        clients = connect(listener, 40)
        await until(lambda: len(front.there) == 40)
        close(front, *clients)

    run(work)


def test_the_dead_count_for_nothing_and_leave_their_place(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    path = tmp_path / "counts"
    path.write_bytes(struct.pack("=ii", os.getppid(), 5) + struct.pack("=ii", process.pid, 0))
    counts = ConnectionCounts(path)
    assert not counts.is_fewer_elsewhere(5)
    assert counts.is_fewer_elsewhere(6)
    counts.tell(7)
    assert path.read_bytes()[8:16] == struct.pack("=ii", os.getpid(), 7)
    counts.close()
    counts.tell(8)
    assert path.read_bytes()[8:16] == bytes(8)


def test_there_are_places_for_all_fronts_that_a_node_can_have(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    every = [ConnectionCounts(path) for _ in range(SLOTS)]
    with pytest.raises(OSError, match="more fronts"):
        ConnectionCounts(path)
    every[3].close()
    ConnectionCounts(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
