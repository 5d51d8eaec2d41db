"""GET /v1/notices/stream: the feed of notices, sent as it happens. Plain ASGI.

A client that reconnects says in `Last-Event-ID` up to which entry of the log it was told, and is
told what is behind it: nothing is lost, nothing comes twice. Credentials are looked at again every
minute, and every stream ends after an hour: whoever still may, reconnects.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from ledger.actions.notices import NoticePage, Topic, page_notices
from ledger.actions.notices.reading import BEGINNING
from ledger.errors import LedgerError, MalformedInputError
from node_api.auth.access import Access
from node_api.auth.failures import TooManyRequestsError
from node_api.auth.filling import make_viewer
from node_api.auth.principals import Principal
from node_api.doors import Receive, Scope, Send, header_of
from node_api.feed.events import GREETING, MEDIA_TYPE, to_event, to_heartbeat
from node_api.feed.watch import LogWatch
from node_api.hot.http import method_not_allowed, read_query
from node_api.observing.requests import name_operation
from node_api.operations.feed import READING, TAG
from node_api.runtime import NodeRuntime

PATH: Final = "/v1/notices/stream"
OPERATION: Final = "stream_notices"
MAX_STREAMS: Final = 1_000
MAX_OF_ONE: Final = 20
THREADS: Final = 4
HEARTBEAT_S: Final = 15.0
LOOK_AGAIN_S: Final = 60.0
LONGEST_S: Final = 3_600.0
RETRY_AFTER_S: Final = 30
SEND_WITHIN_S: Final = 30.0
AT_ONCE: Final = 100
MAX_INDEX: Final = 2**53 - 1
_KNOWN: Final = frozenset({"after", "topics"})

Admit = Callable[[Scope, Access, str], Awaitable[Principal]]


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """How long things take. Attributes: seconds, as the constants of these names."""

    heartbeat_s: float = HEARTBEAT_S
    look_again_s: float = LOOK_AGAIN_S
    longest_s: float = LONGEST_S
    send_within_s: float = SEND_WITHIN_S


USUAL_TIMES: Final = StreamTimes()


class TooManyStreamsError(TooManyRequestsError):
    """There are as many streams as there may be. Answered with 429."""

    default_code = "too_many_streams"


class NoticeStream:
    """Plain ASGI, for one event loop.

    Args:
        runtime: the open home.
        admit: tells who asks, if they may.
    """

    def __init__(
        self,
        runtime: NodeRuntime,
        admit: Admit,
        *,
        times: StreamTimes = USUAL_TIMES,
        max_streams: int = MAX_STREAMS,
        max_of_one: int = MAX_OF_ONE,
    ) -> None:
        self._runtime = runtime
        self._admit = admit
        self._times = times
        self._max_streams = max_streams
        self._max_of_one = max_of_one
        self._executor = ThreadPoolExecutor(THREADS, "feed")
        runtime.at_close(partial(self._executor.shutdown, wait=False, cancel_futures=True))
        self._watch = LogWatch(partial(self._run, self._read_size), runtime.is_stopping.is_set)
        self._open: Counter[str] = Counter()

    @staticmethod
    def matches(scope: Scope) -> bool:
        """Whether a request is for it."""
        return bool(scope["path"] == PATH)

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._open.total()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3. Raises LedgerError before the answer has begun."""
        name_operation(scope, OPERATION)
        if scope["method"] != "GET":
            raise method_not_allowed(scope, "GET")
        principal = await self._admit(scope, READING, OPERATION)
        after, topics = read_question(scope)
        async with self._counted(principal):
            telling = asyncio.create_task(self._tell(scope, send, principal, after, topics))
            leaving = asyncio.create_task(_wait_for_leave(receive))
            try:
                await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (telling, leaving):
                    task.cancel()
                await asyncio.gather(telling, leaving, return_exceptions=True)

    async def _tell(
        self,
        scope: Scope,
        send: Send,
        principal: Principal,
        after: int,
        topics: Sequence[Topic],
    ) -> None:
        clock = asyncio.get_running_loop().time
        began = looked = clock()
        await self._send(send, _begin())
        await self._send(send, _part(GREETING))
        cursor = after
        while not self._is_over(principal, clock() - began):
            if clock() - looked > self._times.look_again_s:
                looked = clock()
                try:
                    principal = await self._admit(scope, READING, OPERATION)
                except LedgerError:
                    break  # no longer, or not so often: a new connection is told why
            try:
                page = await self._run(partial(self._read, cursor, topics, principal))
            except LedgerError:
                break  # a new connection is told, or goes on where this one ended
            if page.items:
                await self._send(send, _part(b"".join(map(to_event, page.items))))
            cursor = page.next
            if page.is_complete and not await self._watch.wait_beyond(
                cursor + 1, self._times.heartbeat_s
            ):
                await self._send(send, _part(to_heartbeat(cursor)))  # also as the last word
        await self._send(send, {"type": "http.response.body", "body": b""})

    def _is_over(self, principal: Principal, age_s: float) -> bool:
        expires = principal.expires_at_unix
        is_expired = expires is not None and self._runtime.workspace.now_unix() >= expires
        return is_expired or age_s > self._times.longest_s or self._runtime.is_stopping.is_set()

    def _read(self, after: int, topics: Sequence[Topic], principal: Principal) -> NoticePage:
        workspace, viewer = self._runtime.workspace, make_viewer(principal)
        return page_notices(workspace, after, AT_ONCE, topics, viewer=viewer)

    def _read_size(self) -> int:
        return self._runtime.workspace.index.cursor().size

    async def _run(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def _send(self, send: Send, message: dict[str, Any]) -> None:
        """Sends a part; raises TimeoutError for who takes none, so that nothing piles up here."""
        async with asyncio.timeout(self._times.send_within_s):
            await send(message)

    @asynccontextmanager
    async def _counted(self, principal: Principal) -> AsyncIterator[None]:
        subject = principal.subject
        if self.count >= self._max_streams or self._open[subject] >= self._max_of_one:
            raise TooManyStreamsError(
                f"{self._open[subject]} streams are open with these credentials, {self.count} in "
                f"all; expected fewer than {self._max_of_one} and {self._max_streams}",
                headers={},
                retry_after_s=RETRY_AFTER_S,
            )
        self._open[subject] += 1
        try:
            yield
        finally:
            self._open[subject] -= 1
            if not self._open[subject]:
                del self._open[subject]


def read_question(scope: Scope) -> tuple[int, tuple[Topic, ...]]:
    """Behind which entry to begin, and what about; `Last-Event-ID` counts before `after`.

    Raises:
        MalformedInputError: cursor_malformed; topic_unknown; parameter_unknown.
    """
    query = read_query(scope, _KNOWN)
    text = header_of(scope, b"last-event-id") or query.get("after") or str(BEGINNING)
    if text != str(BEGINNING) and not (text.isascii() and text.isdigit() and len(text) < 17):
        raise _malformed_cursor(text)
    after = int(text)
    if after > MAX_INDEX:
        raise _malformed_cursor(text)
    names = [name for name in query.get("topics", "").split(",") if name]
    try:
        return after, tuple(Topic(name) for name in names)
    except ValueError as error:
        raise MalformedInputError(
            f"topics: expected some of {', '.join(Topic)}, got {','.join(names)[:100]!r}",
            code="topic_unknown",
            field="topics",
        ) from error


def _malformed_cursor(text: str) -> MalformedInputError:
    return MalformedInputError(
        f"Last-Event-ID: expected an index of the log, or -1, got {text[:20]!r}",
        code="cursor_malformed",
        field="after",
    )


async def _wait_for_leave(receive: Receive) -> None:
    with suppress(ConnectionError):
        while (await receive())["type"] != "http.disconnect":
            pass


def _begin() -> dict[str, Any]:
    headers = [
        (b"content-type", MEDIA_TYPE),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),  # a gateway would hold events back
    ]
    return {"type": "http.response.start", "status": int(HTTPStatus.OK), "headers": headers}


def _part(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


DESCRIBED: Final[dict[str, dict[str, Any]]] = {
    PATH: {
        "get": {
            "operationId": OPERATION,
            "summary": "What concerns this home, sent as it happens (server-sent events).",
            "description": (
                "The id of each event is the index of its entry in the log, its name the topic, "
                "its data a Notice as of GET /v1/notices. Events without data only move the id on."
            ),
            "tags": [TAG],
            "x-zhenglian-roles": sorted(READING.roles),
            "parameters": [
                {
                    "name": "Last-Event-ID",
                    "in": "header",
                    "required": False,
                    "description": "Up to which entry of the log was told; counts before `after`.",
                    "schema": {"type": "integer", "minimum": BEGINNING, "maximum": MAX_INDEX},
                },
                {
                    "name": "after",
                    "in": "query",
                    "required": False,
                    "schema": {
                        "type": "integer",
                        "minimum": BEGINNING,
                        "maximum": MAX_INDEX,
                        "default": BEGINNING,
                    },
                },
                {
                    "name": "topics",
                    "in": "query",
                    "required": False,
                    "style": "form",
                    "explode": False,
                    "schema": {
                        "type": "array",
                        "items": {"type": "string", "enum": [each.value for each in Topic]},
                    },
                },
            ],
            "responses": {
                "200": {
                    "description": "OK",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}},
                },
                **{
                    str(status): {
                        "description": HTTPStatus(status).phrase,
                        "content": {
                            "application/problem+json": {
                                "schema": {"$ref": "#/components/schemas/Problem"}
                            }
                        },
                    }
                    for status in (401, 403, 422, 429, 503)
                },
            },
        }
    }
}
