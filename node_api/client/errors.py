"""A node's problems as the errors that the action itself would have raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)

_KINDS: Mapping[int, type[LedgerError]] = {
    400: MalformedInputError,
    401: NotAuthorizedError,
    403: NotAuthorizedError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    413: MalformedInputError,
    415: MalformedInputError,
    422: MalformedInputError,
    429: ConflictError,
    500: StorageError,
    503: ChainUnavailableError,
    507: StorageError,
}


def to_error(status: int, document: Any) -> LedgerError:
    """The error of a problem document; of an answer that is none, one that says so.

    Args:
        document: what the answer's JSON came to, None if it was no JSON.
    """
    kind = _KINDS.get(status, LedgerError)
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        return kind(f"the node answered HTTP {status} without saying why", code="node_answer")
    field = document.get("field")
    detail = str(document.get("detail", ""))
    if status == 500 and (request_id := document.get("request_id")):
        detail += f" (request {request_id})"
    return kind(detail, code=document["code"], field=field if isinstance(field, str) else None)
