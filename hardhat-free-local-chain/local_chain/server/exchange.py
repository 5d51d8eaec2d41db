"""One HTTP body of JSON-RPC 2.0: requests in, responses out.

Knows no HTTP. The work is done in slices, so that a long batch lets other clients in between.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import orjson

from local_chain.embedded.errors import RpcCode, RpcError
from local_chain.embedded.shapes import Json

MAX_BATCH_REQUESTS = 1_000
MAX_REPLY_BYTES = 25_000_000  # of a batch; what comes after is refused one by one
SLICE_S = 0.02

_logger = logging.getLogger(__name__)

Respond: TypeAlias = Callable[[object], Mapping[str, Json]]


class Exchange:
    """The requests of one body, and the responses so far.

    Args:
        respond: the response object to one valid request object.
        body: as it was received.
    """

    def __init__(self, respond: Respond, body: bytes) -> None:
        self._respond = respond
        self._body = body
        self._is_batch = False
        self._requests: Sequence[object] | None = None
        self._answered = 0
        self._responses: list[bytes] = []
        self._reply_bytes = 0

    def advance(self) -> bool:
        """Answer requests for about `SLICE_S`, at least one; whether that was the last."""
        end = time.monotonic() + SLICE_S
        requests = self._read_body() if self._requests is None else self._requests
        while self._answered < len(requests):
            self._answer(requests[self._answered])
            self._answered += 1
            if time.monotonic() > end:
                break
        return self._answered == len(requests)

    @property
    def reply(self) -> bytes:
        """The response body; empty if nothing is to be answered (notifications alone)."""
        if self._is_batch and self._responses:
            return b"[" + b",".join(self._responses) + b"]"
        return b"".join(self._responses)

    def _read_body(self) -> Sequence[object]:
        try:
            self._requests = self._parse_body()
        except RpcError as error:
            self._requests = []
            self._add(_fail(None, error))
        return self._requests

    def _parse_body(self) -> Sequence[object]:
        try:
            content = orjson.loads(self._body)
        except orjson.JSONDecodeError as problem:
            raise RpcError(RpcCode.PARSE_ERROR, f"parse error: {problem}") from problem
        if not isinstance(content, list):
            return [content]
        if not content:
            raise RpcError(RpcCode.INVALID_REQUEST, "empty batch")
        if len(content) > MAX_BATCH_REQUESTS:
            raise RpcError(
                RpcCode.INVALID_REQUEST,
                f"batch too large: {len(content)} requests, limit {MAX_BATCH_REQUESTS}",
            )
        self._is_batch = True
        return content

    def _answer(self, request: object) -> None:
        try:
            call = _require_request(request)
            if self._is_batch and self._reply_bytes > MAX_REPLY_BYTES:
                message = "response too large: ask for less in one batch"
                raise RpcError(RpcCode.RESPONSE_TOO_LARGE, message)  # noqa: TRY301
        except RpcError as error:
            self._add(_fail(_identifier_of(request), error))
        else:
            response = self._respond_safely(call)
            if "id" in call:
                self._add(response)

    def _respond_safely(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        try:
            return self._respond(request)
        except Exception:  # a fault of ours: this client hears of it, the others are served on
            _logger.exception("%s could not be answered", request.get("method"))
            return _fail(request.get("id"), RpcError(RpcCode.INTERNAL, "internal error"))

    def _add(self, response: Mapping[str, Json]) -> None:
        encoded = orjson.dumps(response)
        self._responses.append(encoded)
        self._reply_bytes += len(encoded)


def _require_request(request: object) -> Mapping[str, Json]:
    """A request object (JSON-RPC 2.0 section 4); its params are the method's affair.

    Raises:
        RpcError: it is none.
    """
    if not isinstance(request, Mapping):
        raise _invalid("expected a request object")
    if request.get("jsonrpc") != "2.0":
        raise _invalid('expected "jsonrpc": "2.0"')
    if not isinstance(request.get("method"), str):
        raise _invalid("expected a method name")
    if _identifier_of(request) != request.get("id"):
        raise _invalid("expected an id that is text, a number or null")
    return request


def _identifier_of(request: object) -> Json:
    """The id to answer with; null where there is none that could be one."""
    identifier = request.get("id") if isinstance(request, Mapping) else None
    is_one = isinstance(identifier, str | int | float) and not isinstance(identifier, bool)
    return identifier if is_one else None


def _invalid(message: str) -> RpcError:
    return RpcError(RpcCode.INVALID_REQUEST, f"invalid request: {message}")


def _fail(identifier: Json, error: RpcError) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": identifier, "error": error.as_json()}
