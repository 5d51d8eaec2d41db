"""Passes requests to the core as they come, and its responses back as they come.

A request that may have reached the core is never sent a second time unless it changes nothing:
with the core gone in between, whoever asked is told that the outcome is unknown. Sources: RFC 9110
§7.6.1 (fields of one hop), §9.2.2 (idempotent methods).
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from node_api.doors import (
    CLIENT_HEADER,
    REQUEST_ID_HEADER,
    Application,
    Message,
    Receive,
    Scope,
    Send,
    client_of,
    request_id_of,
)
from node_api.front.core_connection import CoreConnection, CoreGoneError, CorePool
from node_api.hot.http import answer_problem
from node_api.problems import Problem

logger = logging.getLogger(__name__)

RETRY_AFTER_S: Final = 2
_WATCH_AFTER_S: Final = 0.5
_ONE_HOP: Final = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade", b"http2-settings"),
    }
)
_NOT_PASSED_ON: Final = _ONE_HOP | {b"expect", REQUEST_ID_HEADER, b"forwarded"}
_NOT_PASSED_BACK: Final = _ONE_HOP | {b"date", b"server"}
_INTERNAL: Final = b"x-zhenglian-"
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_RETRY: Final = ((b"retry-after", str(RETRY_AFTER_S).encode()),)
CORE_AWAY: Final = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "core_unavailable",
    "the part of this node that this request needs is not running; nothing was done",
    headers=_RETRY,
)
OUTCOME_UNKNOWN: Final = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "outcome_unknown",
    "the node stopped before it answered: what was asked may have been done or not; ask for its "
    "state, or send it again with the same idempotency key",
    headers=_RETRY,
)
OVERLOADED: Final = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded",
    "too many requests are under way at this node; nothing was done",
    headers=_RETRY,
)


class PassingApp:
    """ASGI 3: everything goes to the core.

    Args:
        pool: connections to it.
        answer_away: answers instead of it while it is not there; by default CORE_AWAY.
    """

    def __init__(self, pool: CorePool, answer_away: Application | None = None) -> None:
        self._pool = pool
        self._answer_away = answer_away or _tell_away
        self._streams: set[CoreConnection] = set()
        self._ended: set[CoreConnection] = set()

    def end_streams(self) -> None:
        """Ends the streams of events that are passed on, which would go on for an hour."""
        for connection in tuple(self._streams):
            self._ended.add(connection)
            connection.abort()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        first = await receive()
        if first["type"] == "http.disconnect":
            return
        may_repeat = scope["method"] in _REPEATABLE and not first.get("more_body")
        connection = self._pool.take_idle()
        if connection is not None and may_repeat:
            try:
                await self._pass(connection, scope, first, receive, send)
            except CoreGoneError:
                if connection.status:
                    logger.warning("core_gone_in_response", extra={"request": request_id_of(scope)})
                    return
                connection = None  # it had been closed while it was idle
            else:
                return
        if connection is None:
            if self._pool.is_full:
                await answer_problem(scope, send, OVERLOADED)
                return
            try:
                connection = await self._pool.connect()
            except OSError:
                await self._answer_away(scope, receive, send)
                return
        try:
            await self._pass(connection, scope, first, receive, send)
        except CoreGoneError:
            if connection.status:  # the response has begun: the server cuts it off
                logger.warning("core_gone_in_response", extra={"request": request_id_of(scope)})
                return
            if may_repeat:
                await self._answer_away(scope, receive, send)
            else:
                await answer_problem(scope, send, OUTCOME_UNKNOWN)

    async def _pass(
        self,
        connection: CoreConnection,
        scope: Scope,
        first: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        """One request over one connection, which is given back or ended."""
        connection.begin(is_head=scope["method"] == "HEAD")
        watch, is_whole = _Watch(receive, connection), False
        try:
            head, is_chunked = _write_head(scope, first)
            sent = await _send_request(connection, head, is_chunked, first, receive)
            is_whole = sent is _Sent.WHOLE
            if sent is not _Sent.GIVEN_UP:
                if is_whole:
                    watch.begin_later()
                await connection.wait_head()
                if _is_stream(connection):
                    self._streams.add(connection)
                await _send_response(connection, watch, send)
        except CoreGoneError:
            if connection in self._ended:
                await send({"type": "http.response.body", "body": b""})
            elif not watch.is_gone:
                raise
        finally:
            watch.end()
            self._streams.discard(connection)
            self._ended.discard(connection)
            if is_whole:
                self._pool.give_back(connection)
            else:
                connection.abort()


async def _tell_away(scope: Scope, _receive: Receive, send: Send) -> None:
    await answer_problem(scope, send, CORE_AWAY)


class _Sent(Enum):
    """What became of a request's body."""

    WHOLE = auto()
    CUT_SHORT = auto()  # the core answered, or went, before it had read all of it
    GIVEN_UP = auto()  # who asked went away


class _Watch:
    """Ends the connection to the core when who asked has gone, if the answer takes a while."""

    def __init__(self, receive: Receive, connection: CoreConnection) -> None:
        self._receive = receive
        self._connection = connection
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._may_begin = False
        self.is_gone = False

    def begin_later(self) -> None:
        """From now on the request is whole, and all that can come is that its client goes."""
        self._may_begin = True
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER_S, self.begin)

    def begin(self) -> None:
        """Watches."""
        if self._may_begin and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._watch())

    def end(self) -> None:
        """Watches no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.is_gone = True
        self._connection.abort()


def _write_head(scope: Scope, first: Message) -> tuple[bytes, bool]:
    """Request line and headers, and whether the body goes in chunks."""
    target = scope["raw_path"] or b"/"
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    lines = [b"%b %b HTTP/1.1" % (scope["method"].encode("ascii"), target)]
    has_length, named = False, frozenset[bytes]()
    for name, value in scope["headers"]:
        if name == b"connection":
            named = frozenset(part.strip().lower() for part in value.split(b","))
    for name, value in scope["headers"]:
        if name in _NOT_PASSED_ON or name in named or name.startswith(_INTERNAL):
            continue
        has_length = has_length or name == b"content-length"
        lines.append(b"%b: %b" % (name, value))
    lines.append(b"%b: %b" % (REQUEST_ID_HEADER, request_id_of(scope).encode("ascii")))
    lines.append(b"%b: %b" % (CLIENT_HEADER, client_of(scope).encode("ascii", "replace")))
    is_chunked = not has_length and bool(first.get("more_body") or first.get("body"))
    if is_chunked:
        lines.append(b"transfer-encoding: chunked")
    return b"\r\n".join(lines) + b"\r\n\r\n", is_chunked


async def _send_request(
    connection: CoreConnection,
    head: bytes,
    is_chunked: bool,
    first: Message,
    receive: Receive,
) -> _Sent:
    """Sends all of it, unless the core answers before: then it wants no more."""
    message = first
    while True:
        body, is_last = message.get("body", b""), not message.get("more_body")
        if is_chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (
                b"0\r\n\r\n" if is_last else b""
            )
        connection.write(head + body if head else body)
        head = b""
        if is_last:
            return _Sent.WHOLE
        await connection.drain()
        if connection.has_answered or not connection.is_open:
            return _Sent.CUT_SHORT
        message = await receive()
        if message["type"] == "http.disconnect":
            return _Sent.GIVEN_UP


def _is_stream(connection: CoreConnection) -> bool:
    """Whether the answer is a stream of events."""
    return any(
        name == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in connection.headers
    )


async def _send_response(connection: CoreConnection, watch: _Watch, send: Send) -> None:
    named = {
        part.strip().lower()
        for name, value in connection.headers
        if name == b"connection"
        for part in value.split(b",")
    }
    headers = [
        (name, value)
        for name, value in connection.headers
        if name not in _NOT_PASSED_BACK and name not in named and not name.startswith(_INTERNAL)
    ]
    await send({"type": "http.response.start", "status": connection.status, "headers": headers})
    while True:
        part = await connection.read()
        is_last = connection.is_complete and not connection.has_more
        await send({"type": "http.response.body", "body": part, "more_body": not is_last})
        if is_last:
            return
        watch.begin()
