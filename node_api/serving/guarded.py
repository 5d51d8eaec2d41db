"""Uvicorn's HTTP with bounds on what a client may keep open without asking anything.

A connection on which no request comes, a head that never ends or grows without end, a body that
stops coming: each would hold a place, or memory, for as long as its client likes. Whoever waits for
an answer, or reads a slow one, is left alone. What is checked at intervals costs a request nothing.

Source: RFC 9110 §15.5.9 (408), RFC 6585 §5 (431); CAPEC-469, "HTTP DoS".
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from node_api.auth.addresses import Network, find_counted, is_within

SILENCE_S: Final = 30.0
"""A client that owes something is let go after one to two of these."""
MAX_HEAD_BYTES: Final = 64 * 1024
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class AddressPlaces:
    """How many connections each address has open. Of one event loop.

    Args:
        most: of one address; this machine's own and `trusted` have as many as they like.
        trusted: gateways, which count their clients themselves.
    """

    def __init__(self, most: int, trusted: Collection[Network] = ()) -> None:
        self._most = most
        self._trusted = tuple(trusted)
        self._counts: dict[str, int] = {}

    def take(self, address: str) -> str | None:
        """Counts one more. What to give to `leave`, None if it is too many."""
        who = find_counted(address)
        if who and self._trusted and is_within(address, self._trusted):
            who = ""
        count = self._counts.get(who, 0)
        if who and count >= self._most:
            return None
        if who:
            self._counts[who] = count + 1
        return who

    def leave(self, who: str) -> None:
        """One less."""
        if who:
            left = self._counts[who] - 1
            if left:
                self._counts[who] = left
            else:
                del self._counts[who]


class GuardedProtocol(HttpToolsProtocol):
    """As its base class, but for clients that only hold on.

    Attributes:
        silence_s, max_head_bytes: the bounds, for a test to make smaller.
        places: of addresses, where they are limited; for the process to set before it serves.
    """

    places: ClassVar[AddressPlaces | None] = None

    silence_s = SILENCE_S
    max_head_bytes = MAX_HEAD_BYTES

    _guard: asyncio.TimerHandle | None = None
    _place: str | None = ""
    _head_bytes = 0
    _is_in_head = True
    _body_bytes = 0
    _seen: tuple[RequestResponseCycle | None, int] = (None, -1)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to watch, unless its address has too many connections."""
        super().connection_made(transport)
        if self.places is not None and self.client is not None:
            self._place = self.places.take(self.client[0])
            if self._place is None:
                transport.abort()
                return
        self._guard = self.loop.call_later(self.silence_s, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Watches no more."""
        if self._guard is not None:
            self._guard.cancel()
        if self._place and self.places is not None:
            self.places.leave(self._place)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser, unless a head has grown too large."""
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > self.max_head_bytes:
            cycle: RequestResponseCycle | None = self.cycle
            is_answering = cycle is not None and not cycle.response_complete
            if not is_answering and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._is_in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """More of it came."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """What follows is another head."""
        self._is_in_head = True
        super().on_message_complete()

    def _check(self) -> None:
        """One look: whoever owed something at the last one, and has sent nothing of it, is let go.

        Between requests the base class has a time of its own, for which it is not asked here.
        """
        cycle: RequestResponseCycle | None = self.cycle
        owes_body = cycle is not None and not cycle.response_complete and cycle.more_body
        owes_head = (
            cycle is None or cycle.response_complete
        ) and self.timeout_keep_alive_task is None
        if (owes_body and not self.flow.read_paused) or owes_head:
            seen = (cycle, self._body_bytes)
            if self._seen == seen:
                self.transport.abort()
                return
            self._seen = seen
        else:
            self._seen = (None, -1)
        self._guard = self.loop.call_later(self.silence_s, self._check)
