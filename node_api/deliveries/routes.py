"""The routes by which other nodes send to this one, as plain ASGI.

    POST  /v1/deliveries               announce; again, it tells how far the delivery is
    HEAD  /v1/deliveries/{id}          how far it is: Upload-Offset
    PATCH /v1/deliveries/{id}          the next part, at Upload-Offset
    GET   /v1/deliveries/{id}/receipt  the receipt

Nobody logs in here: each request is signed with a key that the ledger knows. Problems are raised
as the application's errors are, and answered by it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar

from ledger.actions.deliveries.limits import DeliveryLimits
from ledger.actions.deliveries.receiving import (
    Arrival,
    announce_delivery,
    append_delivery,
    read_arrival,
)
from ledger.errors import LedgerError, MalformedInputError, NotFoundError
from ledger.formats.delivery import MAX_ANNOUNCEMENT_SIZE
from ledger.vault.delivery_rows import OffsetUnexpectedError
from ledger.workspace import Workspace
from node_api.codec import encode
from node_api.deliveries.transport import OFFSET_HEADER, PATH, SIGNATURE_HEADER
from node_api.doors import Receive, Scope, Send, header_of, request_id_of
from node_api.observing.requests import name_operation, note_problem
from node_api.problems import CONTENT_TYPE, Problem, to_problem

logger = logging.getLogger(__name__)

T = TypeVar("T")

_ONE: Final = re.compile(rf"{PATH}/([0-9a-f]{{64}})(/receipt)?", re.ASCII)
_JSON: Final = b"application/json"
_MAX_DIGITS: Final = 16
Headers = list[tuple[bytes, bytes]]


class DeliveryRoutes:
    """Answers other nodes.

    Args:
        workspace: an open home.
        limits: how much is taken in.
        executor: threads for what blocks.
        arrived: called when a delivery became whole, so that its receipt is recorded soon.
        admit: whether anybody from there may announce one more; raises LedgerError.
    """

    def __init__(
        self,
        workspace: Workspace,
        limits: DeliveryLimits,
        executor: Executor,
        arrived: Callable[[], None] = lambda: None,
        admit: Callable[[Scope], Awaitable[object]] | None = None,
    ) -> None:
        self._workspace = workspace
        self._limits = limits
        self._executor = executor
        self._arrived = arrived
        self._admit = admit

    def matches(self, scope: Scope) -> bool:
        """Whether a request is for these routes."""
        path = scope["path"]
        return bool(path == PATH or _ONE.fullmatch(path))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        try:
            await self._answer(scope, receive, send)
        except OffsetUnexpectedError as error:
            headers = [(OFFSET_HEADER.lower().encode(), str(error.expected).encode())]
            await _send_problem(scope, send, to_problem(error), headers)
        except LedgerError as error:
            if error.code == "method_not_allowed":
                raise  # the application knows every method of a path
            await _send_problem(scope, send, to_problem(error), [])
        except Exception as error:
            logger.exception("request_failed", extra={"request_id": request_id_of(scope)})
            await _send_problem(scope, send, to_problem(error), [])

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if path == PATH:
            name_operation(scope, "announce_delivery")
            _require_method(method, "POST")
            if self._admit is not None:
                await self._admit(scope)
            data = await _read_body(receive, MAX_ANNOUNCEMENT_SIZE)
            await self._tell(
                send, await self._do(announce_delivery, self._workspace, data, self._limits)
            )
            return
        found = _ONE.fullmatch(path)
        if found is None:
            raise NotFoundError(f"nothing is at {path}", code="not_found")
        delivery_id, signature = bytes.fromhex(found[1]), _read_signature(scope)
        if found[2]:
            name_operation(scope, "read_receipt_of_delivery")
            _require_method(method, "GET")
            arrival = await self._do(read_arrival, self._workspace, delivery_id, signature, "GET")
            if arrival.receipt is None:
                raise NotFoundError("there is no receipt yet", code="receipt_missing")
            await _send(send, HTTPStatus.OK, arrival.receipt, [(b"content-type", _JSON)])
        elif method == "HEAD":
            name_operation(scope, "read_delivery_offset")
            arrival = await self._do(read_arrival, self._workspace, delivery_id, signature)
            await self._tell(send, arrival, has_body=False)
        else:
            name_operation(scope, "append_delivery")
            _require_method(method, "PATCH")
            offset = _read_offset(scope)
            part = await _read_body(receive, self._limits.max_part)
            arrival = await self._do(
                append_delivery, self._workspace, delivery_id, offset, part, signature
            )
            await self._tell(send, arrival)

    async def _tell(self, send: Send, arrival: Arrival, *, has_body: bool = True) -> None:
        if arrival.receipt is not None:
            self._arrived()
        headers: Headers = [
            (b"content-type", _JSON),
            (b"cache-control", b"no-store"),
            (OFFSET_HEADER.lower().encode(), str(arrival.arrived).encode()),
            (b"upload-length", str(arrival.size).encode()),
            (b"upload-complete", b"?1" if arrival.arrived == arrival.size else b"?0"),
        ]
        await _send(send, HTTPStatus.OK, encode(Arrival, arrival) if has_body else b"", headers)

    async def _do(self, action: Callable[..., T], *arguments: Any) -> T:
        work = partial(action, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


async def _read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; what is cut off on its way is as if it had never come.

    Raises:
        MalformedInputError: body_too_large; body_incomplete.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise MalformedInputError("the request was cut off", code="body_incomplete")
        body += message.get("body", b"")
        if len(body) > limit:
            raise MalformedInputError(f"expected at most {limit} bytes", code="body_too_large")
        if not message.get("more_body", False):
            return bytes(body)


def _read_signature(scope: Scope) -> str:
    return header_of(scope, SIGNATURE_HEADER.lower().encode()) or ""


def _read_offset(scope: Scope) -> int:
    text = header_of(scope, OFFSET_HEADER.lower().encode()) or ""
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise MalformedInputError(f"{OFFSET_HEADER}: expected a whole number", field=OFFSET_HEADER)
    return int(text)


def _require_method(method: str, expected: str) -> None:
    if method != expected:
        raise MalformedInputError(f"expected {expected}", code="method_not_allowed")


async def _send(send: Send, status: HTTPStatus, body: bytes, headers: Headers) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send(
        {"type": "http.response.start", "status": status.value, "headers": [*headers, length]}
    )
    await send({"type": "http.response.body", "body": body})


async def _send_problem(scope: Scope, send: Send, problem: Problem, headers: Headers) -> None:
    note_problem(scope, problem.code)
    body = problem.to_json(instance=scope["path"], request_id=request_id_of(scope))
    told = [(b"content-type", CONTENT_TYPE), *problem.headers, *headers]
    await _send(send, problem.status, b"" if scope["method"] == "HEAD" else body, told)
