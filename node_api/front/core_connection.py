"""One HTTP/1.1 connection to the core's Unix socket: bytes out, a parsed response in.

Holds back whichever side is faster, so that neither an upload nor a stream of events is ever in
memory whole. Knows nothing of ASGI; `passing` does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from httptools import HttpParserError, HttpResponseParser

_HIGH_WATER: Final = 256 * 1024
MAX_IDLE_S: Final = 30.0
"""The core closes what was idle for longer than this; a request must not meet that moment."""


class CoreGoneError(ConnectionError):
    """The connection ended before its response was whole."""


class CoreConnection(asyncio.Protocol):
    """A connection; one request at a time.

    Attributes:
        is_open: whether it can take a request.
        has_answered: whether anything of the response to the present request has come.
        used_at: when it was last given back, by the event loop's clock.
        status, headers: of the response, once `wait_head` returned.
        is_complete: whether the whole response has come.
    """

    def __init__(self, on_lost: Callable[[CoreConnection], None]) -> None:
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self.is_open = False
        self.used_at = 0.0
        self.begin(is_head=False)

    def begin(self, *, is_head: bool) -> None:
        """Makes ready for the next response."""
        self._parser = HttpResponseParser(self)
        self._is_head = is_head
        self._parts: deque[bytes] = deque()
        self._buffered = 0
        self._is_paused = False
        self._is_reusable = False
        self.has_answered = self.is_complete = self._has_head = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []

    # What the request's side calls.

    def write(self, data: bytes) -> None:
        """Sends bytes, or keeps them until they can be sent."""
        if self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Waits until the core has read enough of what was written, or has answered or gone."""
        if not self._may_write.is_set():
            await self._may_write.wait()

    async def wait_head(self) -> None:
        """Waits for status and headers.

        Raises:
            CoreGoneError: the connection ended first.
        """
        while not self._has_head:
            await self._wait()

    async def read(self) -> bytes:
        """The next part of the body, all of it that is there; empty once it is complete.

        Raises:
            CoreGoneError: the connection ended first.
        """
        while not self._parts:
            if self.is_complete:
                return b""
            await self._wait()
        part = self._parts.popleft() if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._buffered = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return part

    @property
    def has_more(self) -> bool:
        """Whether a part of the body waits to be read."""
        return bool(self._parts)

    @property
    def is_reusable(self) -> bool:
        """Whether another request can follow."""
        return self.is_open and self.is_complete and self._is_reusable

    def abort(self) -> None:
        """Ends the connection at once, and with it whatever waits for it."""
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        self.has_answered = True
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.abort()
        self._wake()

    def eof_received(self) -> None:
        """The core closed: what is complete stays."""

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        self.is_open = False
        self._may_write.set()
        self._on_lost(self)
        self._wake()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._has_head = True
        self._is_reusable = bool(self._parser.should_keep_alive()) and not self._is_head
        if self._is_head:
            self.is_complete = True
        self._may_write.set()  # who is still sending need not wait any more

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)
        self._buffered += len(body)
        if self._buffered > _HIGH_WATER and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        self.is_complete = True

    async def _wait(self) -> None:
        if not self.is_open:
            raise CoreGoneError("the core closed the connection")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class CorePool:
    """Connections to one socket, kept open between requests; the one used last is used next.

    Args:
        path: of the socket.
        max_connections: at once; whoever comes beyond is refused.
        max_idle: kept open without a request.
    """

    def __init__(self, path: str, *, max_connections: int = 4096, max_idle: int = 128) -> None:
        self._path = path
        self._max_connections = max_connections
        self._max_idle = max_idle
        self._idle: list[CoreConnection] = []
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many connections as there may be."""
        return self._count >= self._max_connections

    def take_idle(self) -> CoreConnection | None:
        """A connection that was used before, None if there is none."""
        while self._idle:
            connection = self._idle.pop()
            is_fresh = asyncio.get_running_loop().time() - connection.used_at < MAX_IDLE_S
            if connection.is_open and is_fresh:
                return connection
            connection.abort()
        return None

    async def connect(self) -> CoreConnection:
        """A fresh connection.

        Raises:
            OSError: nobody answers at the socket.
        """
        self._count += 1
        try:
            _, connection = await asyncio.get_running_loop().create_unix_connection(
                lambda: CoreConnection(self._lose), self._path
            )
        except BaseException:
            self._count -= 1
            raise
        return connection

    def give_back(self, connection: CoreConnection) -> None:
        """Keeps a connection whose response is complete, or ends it."""
        if connection.is_reusable and len(self._idle) < self._max_idle:
            connection.used_at = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            connection.abort()

    def close(self) -> None:
        """Ends the idle connections."""
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _lose(self, connection: CoreConnection) -> None:
        self._count -= 1
        if connection in self._idle:
            self._idle.remove(connection)
