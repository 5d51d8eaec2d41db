"""The HTTP face, as plain ASGI: POST / for JSON-RPC, GET /health, GET / for people.

The chain's calls block, so that they run in worker threads; this module only moves bytes and may
wait for as many slow clients as there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Executor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

import orjson

from local_chain.embedded import EmbeddedChain
from local_chain.server.exchange import Exchange

MAX_BODY_BYTES = 5 << 20
MAX_DISCARDED_BYTES = 64 << 20
BODY_TIMEOUT_S = 60.0

# As go-ethereum takes them. The types that a web page can send elsewhere without being asked
# (text/plain, forms) are not among them, so that no page a user visits can write to the chain.
CONTENT_TYPES = (b"application/json", b"application/json-rpc", b"application/jsonrequest")

Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response."""

    status: HTTPStatus
    body: bytes = b""
    content_type: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class ClientGoneError(Exception):
    """Nobody is there any more to be answered."""


class Application:
    """Serves one chain.

    Args:
        workers: where the chain is called.
    """

    def __init__(self, chain: EmbeddedChain, workers: Executor) -> None:
        self._chain = chain
        self._workers = workers

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """ASGI 3, scope type `http`."""
        try:
            reply = await self._answer(scope, receive)
        except ClientGoneError:
            return
        headers = list(reply.headers)
        if reply.body:
            headers.append((b"content-length", str(len(reply.body)).encode()))
            headers.append((b"content-type", reply.content_type))
        start = {"type": "http.response.start", "status": reply.status.value, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Event, receive: Receive) -> Reply:
        method, path = scope["method"], scope["path"]
        if path not in ("/", "/health"):
            return _text(HTTPStatus.NOT_FOUND, f"nothing at {path}; POST JSON-RPC to /")
        if method in ("GET", "HEAD"):
            return self._describe() if path == "/" else self._report_health()
        if method != "POST" or path != "/":
            return _text(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"{method} {path} is not served",
                (b"allow", b"GET, HEAD, POST" if path == "/" else b"GET, HEAD"),
            )
        return await self._call(scope, receive)

    async def _call(self, scope: Event, receive: Receive) -> Reply:
        try:
            body = await _read_body(receive)
        except TimeoutError:
            return _text(
                HTTPStatus.REQUEST_TIMEOUT,
                f"the body did not come within {BODY_TIMEOUT_S:g} s",
                (b"connection", b"close"),
            )
        if body is None:
            return _text(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"body too large: limit {MAX_BODY_BYTES} bytes",
                (b"connection", b"close"),
            )
        if _content_type(scope) not in CONTENT_TYPES:
            expected = CONTENT_TYPES[0].decode()
            return _text(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"expected content-type {expected}")
        reply = await self._exchange(body, receive)
        if not reply:
            return Reply(HTTPStatus.NO_CONTENT)
        return Reply(HTTPStatus.OK, reply, CONTENT_TYPES[0])

    async def _exchange(self, body: bytes, receive: Receive) -> bytes:
        loop = asyncio.get_running_loop()
        exchange = Exchange(self._chain.respond, body)
        departure: asyncio.Future[Event] | None = None
        try:
            while not await loop.run_in_executor(self._workers, exchange.advance):
                departure = departure or asyncio.ensure_future(receive())
                if departure.done():
                    raise ClientGoneError
        finally:
            if departure is not None:
                departure.cancel()
        return exchange.reply

    def _describe(self) -> Reply:
        status = self._chain.status()
        return _text(
            HTTPStatus.OK,
            f"Zhenglian embedded chain {status.chain_id}, head {status.head_number}. "
            "POST JSON-RPC 2.0 requests here as application/json; GET /health tells how it is.",
        )

    def _report_health(self) -> Reply:
        status = self._chain.status()
        is_well = status.is_open and status.storage_problem is None
        report = {
            "status": "ok" if is_well else "failing",
            "chain_id": status.chain_id,
            "head": {"number": status.head_number, "time_unix": status.head_time_unix},
            "size_bytes": status.size_bytes,
            "problem": status.storage_problem or (None if status.is_open else "closed"),
        }
        return Reply(
            HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE,
            orjson.dumps(report) + b"\n",
            CONTENT_TYPES[0],
            ((b"cache-control", b"no-store"),),
        )


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None if it is too large, which is known once it was read to its end.

    To answer before would cut off a client that still sends: it would see no answer at all.

    Raises:
        ClientGoneError: it ended before its body did.
        TimeoutError: it took too long.
    """
    parts: list[bytes] = []
    length, more = 0, True
    async with asyncio.timeout(BODY_TIMEOUT_S):
        while more and length <= MAX_DISCARDED_BYTES:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise ClientGoneError
            part, more = event.get("body", b""), event.get("more_body", False)
            length += len(part)
            if length <= MAX_BODY_BYTES:
                parts.append(part)
    return b"".join(parts) if length <= MAX_BODY_BYTES else None


def _content_type(scope: Event) -> bytes:
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def _text(status: HTTPStatus, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status, text.encode() + b"\n", b"text/plain; charset=utf-8", headers)
