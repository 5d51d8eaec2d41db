"""Uvicorn's HTTP with one write for an answer that is whole, where its own makes two.

Two writes are two segments: the other side is woken twice and reads twice. An answer is whole if
its first message gives its length and its second is the body of that length. Anything else, such
as a stream, is sent as uvicorn does it. Sources: RFC 9112 §2 and §4; ASGI 3, HTTP.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from node_api.doors import Application, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

_CONTROLS: Final = bytes([*range(9), *range(10, 32), 127])  # as uvicorn refuses them in values
_WITHOUT_BODY: Final = frozenset({204, 304})
_OF_FRAMING: Final = frozenset({b"transfer-encoding", b"connection"})
_LENGTH: Final = b"content-length"


class WholeAnswersProtocol(HttpToolsProtocol):
    """As its base class, but for how answers are written."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        super()._start_asgi_task(cycle, _Joining(app, cycle))  # type: ignore[arg-type]


class _Joining:
    """An application whose answer is held until it is known whether it is whole.

    Args:
        app: what answers.
        cycle: uvicorn's state of the one request that this is for.
    """

    __slots__ = ("_app", "_cycle", "_head")

    def __init__(self, app: Any, cycle: RequestResponseCycle) -> None:
        self._app: Application = app
        self._cycle = cycle
        self._head: Message | None = None

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """ASGI 3."""
        await self._app(scope, receive, self._send)

    async def _send(self, message: Message) -> None:
        cycle, head = self._cycle, self._head
        if head is not None:
            self._head = None
            if _write_whole(cycle, head, message):
                return
            await cycle.send(head)  # type: ignore[arg-type]
        elif not cycle.response_started and _tells_length(message):
            self._head = message
            return
        await cycle.send(message)  # type: ignore[arg-type]


def _tells_length(message: Message) -> bool:
    return message["type"] == "http.response.start" and any(
        [name == _LENGTH for name, _ in message.get("headers", ())]  # noqa: C419 - quicker
    )


def _write_whole(cycle: RequestResponseCycle, head: Message, message: Message) -> bool:
    """Writes an answer that is whole and simple; False if it is not, nothing having been done."""
    if (
        message["type"] != "http.response.body"
        or message.get("more_body")
        or cycle.response_started
        or cycle.disconnected
        or cycle.flow.write_paused
        or not cycle.keep_alive
        or cycle.access_log
        or cycle.scope["method"] == "HEAD"
        or head["status"] in _WITHOUT_BODY
    ):
        return False
    names, values = zip(*cycle.default_headers, *head["headers"], strict=True)
    template = _make_template(names)
    body = message.get("body", b"")
    is_fit = template is not None and len(body) == _read_length(values[names.index(_LENGTH)])
    joined = b"".join(values)
    if template is None or not is_fit or len(joined.translate(None, _CONTROLS)) != len(joined):
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join((STATUS_LINE[head["status"]], template % values, body)))
    cycle.message_event.set()
    cycle.on_response()
    return True


@lru_cache(maxsize=256)
def _make_template(names: tuple[bytes, ...]) -> bytes | None:
    """The head without its values; None unless every name is one, in lower case, and the length
    is there once and alone says how the body ends."""
    is_plain = all(name and not HEADER_RE.search(name) and name == name.lower() for name in names)
    if not is_plain or names.count(_LENGTH) != 1 or not _OF_FRAMING.isdisjoint(names):
        return None
    return b"".join([name.replace(b"%", b"%%") + b": %b\r\n" for name in names]) + b"\r\n"


def _read_length(value: bytes) -> int:
    return int(value) if value.isdigit() and len(value) <= 18 else -1
