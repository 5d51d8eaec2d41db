"""Fronts that share one listening socket, and share what comes to it evenly.

Left alone, the front that wakes first takes every connection that waits, and a client that keeps
its connections, as a gateway does, then asks that front alone for hours while the others idle.
Here each takes one at a time, and lets the others go before it as long as one of them has fewer.
How many each has stands in a file that all of them map into memory; a front that has died counts
for nothing, and one that does not come is not waited for for long.
"""

from __future__ import annotations

import asyncio
import fcntl
import mmap
import os
import socket
import ssl
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

SLOTS: Final = 64
"""As many fronts as a node can have."""
PATIENCE_S: Final = 0.01
"""How long a front lets others with fewer connections go before it."""
TAKEN_AFTER: Final = 8
"""So many connections a front then takes at most before it looks again."""
_PAUSE_S: Final = 0.1
_SLOT: Final = struct.Struct("=ii")  # process id, connections


class ConnectionCounts:
    """How many connections each front has. A slot is this process's until `close`.

    Args:
        path: the file, made if it is not there.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.posix_fallocate(descriptor, 0, SLOTS * _SLOT.size)  # now, not when it is written
            self._memory = mmap.mmap(descriptor, SLOTS * _SLOT.size)
            self._own = self._claim()
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # the map keeps the file open
            os.close(descriptor)

    def close(self) -> None:
        """Gives the slot back."""
        _SLOT.pack_into(self._memory, self._own * _SLOT.size, 0, 0)
        self._memory.close()

    def tell(self, count: int) -> None:
        """Says how many this front has; nothing any more once closed."""
        if self._memory.closed:
            return
        _SLOT.pack_into(self._memory, self._own * _SLOT.size, os.getpid(), count)

    def is_fewer_elsewhere(self, count: int) -> bool:
        """Whether a front that lives has fewer."""
        return any(
            process and own < count and slot != self._own and _is_alive(process)
            for slot, (process, own) in enumerate(_SLOT.iter_unpack(self._memory))
        )

    def _claim(self) -> int:
        for slot, (process, _) in enumerate(_SLOT.iter_unpack(self._memory)):
            if not process or not _is_alive(process):
                _SLOT.pack_into(self._memory, slot * _SLOT.size, os.getpid(), 0)
                return slot
        raise OSError("there are more fronts than a node can have")


class SharedListener:
    """Accepts from a socket that other processes accept from too.

    Args:
        listener: the socket; it is left open at the end.
        counts: of all the fronts.
        make_protocol: of one more, which tells when it has ended.
        tls: of the connections, None for none.
    """

    def __init__(
        self,
        listener: socket.socket,
        counts: ConnectionCounts,
        make_protocol: Callable[[Callable[[], None]], asyncio.Protocol],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._counts = counts
        self._make_protocol = make_protocol
        self._tls = tls
        self._open: set[int] = set()  # numbers of connections
        self._accepted = 0
        self._beginning: set[asyncio.Task[None]] = set()
        self._waiting: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._watch()

    def close(self) -> None:
        """Accepts no more."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._loop.remove_reader(self._listener.fileno())

    def _watch(self) -> None:
        self._waiting = None
        self._loop.add_reader(self._listener.fileno(), self._look)

    def _look(self) -> None:
        """Somebody asks for a connection."""
        count = len(self._open)
        if count and self._counts.is_fewer_elsewhere(count):
            self._pause(PATIENCE_S, self._take_several)
        else:
            self._take()

    def _take_several(self) -> None:
        """The others were waited for."""
        self._watch()
        for _ in range(TAKEN_AFTER):
            if not self._take():
                return

    def _take(self) -> bool:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False  # another was quicker, or it has gone
        except OSError:  # no descriptors are left, say
            self._pause(_PAUSE_S, self._watch)
            return False
        connection.setblocking(False)
        self._accepted += 1
        self._open.add(self._accepted)
        self._counts.tell(len(self._open))
        task = self._loop.create_task(self._begin(connection, self._accepted))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)
        return True

    async def _begin(self, connection: socket.socket, number: int) -> None:
        make = partial(self._make_protocol, partial(self._end, number))
        try:
            await self._loop.connect_accepted_socket(make, connection, ssl=self._tls)
        except OSError:  # no TLS came, or it went away meanwhile
            connection.close()
            self._end(number)

    def _end(self, number: int) -> None:
        self._open.discard(number)
        self._counts.tell(len(self._open))

    def _pause(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._waiting = self._loop.call_later(seconds, then)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
