"""Around the whole application: a request's id, its line in the log, its place in the metrics."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any, Final

from node_api.doors import (
    REQUEST_ID_HEADER,
    Application,
    Message,
    Receive,
    Scope,
    Send,
    door_of,
    request_id_of,
)
from node_api.observing.metrics import REFUSED
from node_api.observing.tally import RequestTally
from node_api.problems import CONTENT_TYPE, to_problem

logger = logging.getLogger(__name__)

_OPERATION: Final = "zhenglian.operation"
_CODE: Final = "zhenglian.code"
UNKNOWN_OPERATION: Final = "none"
PASSED: Final = "passed"
"""Of a request that a front passes on: the core tells what it was."""
QUIET: Final = frozenset(
    {
        *(PASSED, "live", "ready", "metrics", "verify", "issue_certificate"),
        *("log_root", "log_entries", "inclusion_proof", "consistency_proof"),
    }
)
"""Asked so often, or told elsewhere, that metrics are enough where all is well."""


def name_operation(scope: Scope, name: str) -> None:
    """Notes which operation a request is for; what is not noted counts as none."""
    scope[_OPERATION] = name


def note_problem(scope: Scope, code: str) -> None:
    """Notes with which code a request was refused."""
    scope[_CODE] = code


@dataclass(frozen=True, slots=True)
class Observed:
    """An application whose requests are counted, timed, logged and given an id.

    Attributes:
        app: what answers. What it raises is logged and answered as `unexpected`.
    """

    app: Application
    _tally: RequestTally = field(default_factory=RequestTally, repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        request_id = request_id_of(scope)

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [h for h in message.get("headers", ()) if h[0] != REQUEST_ID_HEADER]
                headers.append((REQUEST_ID_HEADER, request_id.encode()))
                message["headers"] = headers
            await send(message)

        self._tally.begin()
        try:
            await self.app(scope, receive, observe)
        except Exception as error:
            logger.exception("request_failed", extra={"request_id": request_id})
            if status:
                raise  # the answer had begun: only a closed connection tells that it is not whole
            await _answer_unexpected(error, scope, observe)
        finally:
            seconds = time.perf_counter() - began
            operation = str(scope.get(_OPERATION, UNKNOWN_OPERATION))
            self._tally.end(operation, status, seconds)
            _tell(scope, operation, status, seconds)


async def _answer_unexpected(error: Exception, scope: Scope, send: Send) -> None:
    problem = to_problem(error)
    note_problem(scope, problem.code)
    body = problem.to_json(instance=scope["path"], request_id=request_id_of(scope))
    headers = [(b"content-type", CONTENT_TYPE), (b"content-length", str(len(body)).encode())]
    start: dict[str, Any] = {"type": "http.response.start", "status": problem.status.value}
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _tell(scope: Scope, operation: str, status: int, seconds: float) -> None:
    is_quiet = operation in QUIET and (status < 400 or operation == PASSED)
    code = scope.get(_CODE)
    if code is not None:
        REFUSED.labels(str(code)).inc()
    level = logging.DEBUG if is_quiet else logging.INFO
    if not logger.isEnabledFor(level):
        return
    told: dict[str, Any] = {
        "request_id": request_id_of(scope),
        "door": door_of(scope).value,
        "method": scope["method"],
        "operation": operation,
        "status": status,
        "ms": round(seconds * 1000, 2),
    }
    if code is not None:
        told["code"] = code
    logger.log(level, "request", extra=told)
