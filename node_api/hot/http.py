"""HTTP for handlers that are plain ASGI: bodies with a limit, queries, answers, problems."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import parse_qsl

from ledger.errors import LedgerError, MalformedInputError, NotFoundError, StorageError
from node_api.doors import Receive, Scope, Send, request_id_of
from node_api.problems import CONTENT_TYPE, Problem, to_problem

JSON = b"application/json"
Headers = Iterable[tuple[bytes, bytes]]


async def answer(
    send: Send,
    body: bytes,
    *,
    status: int = HTTPStatus.OK,
    content_type: bytes = JSON,
    headers: Headers = (),
) -> None:
    """Sends a whole response."""
    await send(
        {
            "type": "http.response.start",
            "status": int(status),
            "headers": [
                (b"content-type", content_type),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def answer_problem(
    scope: Scope, send: Send, error: Exception | Problem, headers: Headers = ()
) -> None:
    """Sends an error as RFC 9457 problem details."""
    problem = error if isinstance(error, Problem) else to_problem(error)
    body = problem.to_json(instance=scope["path"], request_id=request_id_of(scope))
    more = (*problem.headers, (b"cache-control", b"no-store"), *headers)
    await answer(send, body, status=problem.status, content_type=CONTENT_TYPE, headers=more)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body.

    Raises:
        MalformedInputError: body_too_large, as soon as that is known; body_empty.
        ConnectionError: who asked has gone.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise _too_large(limit)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client went away")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body"):
            break
    if not size:
        raise MalformedInputError(
            "expected a document in the body, it is empty", code="body_empty", field="body"
        )
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_query(scope: Scope, known: frozenset[str]) -> dict[str, str]:
    """The query's parameters, each at most once; one without a value counts as not given.

    Raises:
        MalformedInputError: parameter_unknown; one is there twice; not UTF-8.
    """
    text = scope["query_string"]
    if not text:
        return {}
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise MalformedInputError("expected a query in UTF-8, percent-encoded") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise MalformedInputError(
                f"{name[:64]}: expected query parameters {', '.join(sorted(known)) or '(none)'}",
                code="parameter_unknown",
                field=name[:64],
            )
        if name in found:
            raise MalformedInputError(f"{name}: expected one value, got several", field=name)
        found[name] = value
    return {name: value for name, value in found.items() if value}


def read_number(query: dict[str, str], name: str, default: int | None = None) -> int:
    """A whole number of the query.

    Raises:
        MalformedInputError: it is none; parameter_missing.
    """
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None:
        raise MalformedInputError(
            f"{name}: expected this parameter, it was not given",
            code="parameter_missing",
            field=name,
        )
    return parse_number(text, name)


def parse_number(text: str, name: str) -> int:
    """A whole number from 0 to 2^53 - 1.

    Raises:
        MalformedInputError: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) < 2**53):
        raise MalformedInputError(f"{name}: expected a whole number, got {text[:40]!r}", field=name)
    return int(text)


def method_not_allowed(scope: Scope, *allowed: str) -> LedgerError:
    """The refusal of a method."""
    told = ", ".join(allowed)
    error = LedgerError(
        f"{scope['path']}: expected {told}, got {scope['method'][:16]}", code="method_not_allowed"
    )
    error.headers = {"Allow": told}  # type: ignore[attr-defined]  # read where problems are made
    return error


def as_unavailable(error: LedgerError) -> LedgerError:
    """An index that is not there yet is no wrong question, but a node that cannot answer."""
    if isinstance(error, NotFoundError):
        return StorageError("this node has no copy of the log yet", code=error.code)
    if isinstance(error, StorageError):
        return StorageError("this node's copy of the log cannot be read", code=error.code)
    return error


def _too_large(limit: int) -> MalformedInputError:
    return MalformedInputError(
        f"expected a body of at most {limit} bytes", code="body_too_large", field="body"
    )
