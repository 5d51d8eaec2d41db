"""A client of server-sent events, asking an ASGI application in its own event loop."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from node_api.doors import Application, Message

WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event, or what only moved the id on. Attributes: data: None without any."""

    id: int | None
    name: str
    data: Any


@dataclass
class EventClient:
    """One connection.

    Attributes:
        status: of the answer, once it has begun.
        last_id: as a browser keeps it.
    """

    _messages: queue.Queue[Message | None] = field(default_factory=queue.Queue)
    _text: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    last_id: int | None = None

    def events(self, count: int) -> list[ServerEvent]:
        """The next events that have data."""
        found: list[ServerEvent] = []
        while len(found) < count:
            event = self.next()
            assert event is not None, (count, found)
            if event.data is not None:
                found.append(event)
        return found

    def next(self) -> ServerEvent | None:
        """The next event, with data or not; None when the stream ended."""
        while "\n\n" not in self._text:
            message = self._messages.get(timeout=WITHIN_S)
            if message is None:
                return None
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            else:
                self._text += message.get("body", b"").decode()
        block, _, self._text = self._text.partition("\n\n")
        return self._parse(block)

    def body(self) -> Any:
        """The JSON of an answer that is no stream."""
        while self.next() is not None:
            pass
        return json.loads(self._text)

    def _parse(self, block: str) -> ServerEvent:
        values: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            values[name] = value.removeprefix(" ")
        given = values.get("id")
        if given is not None:
            self.last_id = int(given)
        data = values.get("data")
        return ServerEvent(
            None if given is None else self.last_id,
            values.get("event", ""),
            None if data is None else json.loads(data),
        )


Run = Callable[[Coroutine[Any, Any, Any]], Any]
Send = Callable[[Message], Coroutine[Any, Any, None]]


@contextmanager
def open_stream(
    app: Application,
    loop: asyncio.AbstractEventLoop,
    path: str,
    headers: Mapping[str, str],
    *,
    query: str = "",
    send: Send | None = None,
) -> Iterator[EventClient]:
    """A connection, which is closed as a client closes it.

    Args:
        send: instead of a client that takes whatever comes.
    """
    client = EventClient()
    left = asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def take(message: Message) -> None:
        client._messages.put(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")]
        + [(k.encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 50_001),
        "server": ("localhost", 80),
        "scheme": "http",
        "root_path": "",
    }

    async def run() -> None:
        try:
            await app(scope, receive, send or take)
        finally:
            client._messages.put(None)

    running = asyncio.run_coroutine_threadsafe(run(), loop)
    try:
        yield client
    finally:
        loop.call_soon_threadsafe(left.set)
        running.exception(WITHIN_S)
