"""GET /v1/status-lists/{batch_key}: signed IETF Token Status Lists, for whoever caches them.

Needs the departments' keys, so that only the core answers; fronts pass it on. Source:
draft-ietf-oauth-status-list-21 §8.1 (request), §8.2 (response); RFC 9110 §13.1.2 (If-None-Match).
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import Executor
from http import HTTPStatus

from ledger.actions.status_lists import TTL_S, SignedStatusList, StatusListPublisher
from ledger.errors import LedgerError, MalformedInputError
from ledger.formats.status_list_token import STATUS_LIST_MEDIA_TYPE
from node_api.doors import Receive, Scope, Send, header_of
from node_api.hot.http import answer, answer_problem, method_not_allowed, read_query
from node_api.observing.requests import name_operation

PREFIX = "/v1/status-lists/"
_BATCH_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ACCEPTED = frozenset({STATUS_LIST_MEDIA_TYPE, "application/*", "*/*"})


class StatusListHandler:
    """Plain ASGI.

    Args:
        publisher: signs the lists.
        executor: in which it does so.
    """

    def __init__(self, publisher: StatusListPublisher, executor: Executor) -> None:
        self._publisher = publisher
        self._executor = executor

    @staticmethod
    def matches(scope: Scope) -> bool:
        """Whether a request is for a status list."""
        return bool(scope["type"] == "http" and scope["path"].startswith(PREFIX))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """ASGI 3."""
        name_operation(scope, "fetch_status_list")
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise method_not_allowed(scope, "GET")
            read_query(scope, frozenset())
            _require_accepted(scope)
            batch_key = parse_batch_key(scope["path"].removeprefix(PREFIX))
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._executor, self._publisher.fetch, batch_key)
        except LedgerError as error:
            await answer_problem(scope, send, error)
            return
        headers = _describe(found)
        if _is_known(scope, found):
            start = {"type": "http.response.start", "status": int(HTTPStatus.NOT_MODIFIED)}
            await send({**start, "headers": [*headers]})
            await send({"type": "http.response.body", "body": b""})
            return
        await answer(
            send, found.token, content_type=STATUS_LIST_MEDIA_TYPE.encode(), headers=headers
        )


def parse_batch_key(text: str) -> bytes:
    """Raises MalformedInputError unless it is 32 bytes as lower-case hex."""
    if not _BATCH_KEY.fullmatch(text):
        raise MalformedInputError(
            f"batch_key: expected 64 digits of lower-case hexadecimal, got {text[:80]!r}",
            field="batch_key",
        )
    return bytes.fromhex(text)


def _require_accepted(scope: Scope) -> None:
    accepted = header_of(scope, b"accept")
    if accepted is None:
        return
    kinds = {item.partition(";")[0].strip().lower() for item in accepted.split(",")}
    if _ACCEPTED.isdisjoint(kinds):
        raise LedgerError(
            f"expected to be asked for {STATUS_LIST_MEDIA_TYPE}, got {accepted[:80]!r}",
            code="not_acceptable",
        )


def _describe(found: SignedStatusList) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"etag", f'"{found.tag}"'.encode()),
        (b"cache-control", f"public, max-age={TTL_S}".encode()),
        (b"vary", b"accept"),
    )


def _is_known(scope: Scope, found: SignedStatusList) -> bool:
    given = header_of(scope, b"if-none-match")
    if given is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return "*" in tags or f'"{found.tag}"' in tags
