"""Errors as HTTP answers: RFC 9457 problem details. The only place that knows HTTP's numbers.

A problem's `code` is the stable name of what went wrong; `detail` says it for a person. What is not
one of our own errors is told as `unexpected` with the request's id alone: its text may hold what
nobody outside should read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from node_api.auth.failures import (
    IdentityProviderUnavailableError,
    NotAuthenticatedError,
    TooManyRequestsError,
)

CONTENT_TYPE = b"application/problem+json"
RETRY_AFTER_S = 5
_TYPE = "https://zhenglian.invalid/problems/"  # RFC 2606: names, not addresses

_OF_KIND: tuple[tuple[type[LedgerError], HTTPStatus], ...] = (
    (NotAuthenticatedError, HTTPStatus.UNAUTHORIZED),
    (TooManyRequestsError, HTTPStatus.TOO_MANY_REQUESTS),
    (IdentityProviderUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (MalformedInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (NotAuthorizedError, HTTPStatus.FORBIDDEN),
    (ChainUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (StorageError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_OF_CODE: Mapping[str, HTTPStatus] = {
    "overloaded": HTTPStatus.TOO_MANY_REQUESTS,
    "body_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body_not_json": HTTPStatus.BAD_REQUEST,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "content_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "not_acceptable": HTTPStatus.NOT_ACCEPTABLE,
    "host_unknown": HTTPStatus.MISDIRECTED_REQUEST,
    "disk_full": HTTPStatus.INSUFFICIENT_STORAGE,
    "content_erased": HTTPStatus.GONE,
    "unexpected": HTTPStatus.INTERNAL_SERVER_ERROR,
    "row_damaged": HTTPStatus.INTERNAL_SERVER_ERROR,
    "vault_damaged": HTTPStatus.INTERNAL_SERVER_ERROR,
    "index_damaged": HTTPStatus.INTERNAL_SERVER_ERROR,
}
_MAY_PASS = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is answered.

    Attributes:
        headers: besides the content type; names in lower case.
        errors: single faults of the request, where there are several.
    """

    status: HTTPStatus
    code: str
    detail: str
    field: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    errors: tuple[Mapping[str, object], ...] = ()

    def to_json(self, *, instance: str = "", request_id: str = "") -> bytes:
        """Source: RFC 9457 §3; `code`, `field`, `request_id` and `errors` are extensions (§3.2)."""
        members: dict[str, object] = {
            "type": _TYPE + self.code,
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
        }
        more = {
            "field": self.field,
            "instance": instance,
            "request_id": request_id,
            "errors": list(self.errors),
        }
        return orjson.dumps(members | {name: value for name, value in more.items() if value})


def to_problem(error: Exception) -> Problem:
    """What an error is answered with.

    >>> to_problem(NotFoundError("no such thing")).status.value
    404
    """
    if not isinstance(error, LedgerError):
        return Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "unexpected",
            "this node met an error that it does not know; its log has it under the request's id",
        )
    status = find_status(error)
    told: dict[str, str] = dict(getattr(error, "headers", {}))
    if status in _MAY_PASS and "Retry-After" not in told:
        told["Retry-After"] = str(max(1, round(getattr(error, "retry_after_s", RETRY_AFTER_S))))
    headers = tuple((name.lower().encode(), value.encode()) for name, value in told.items())
    errors = tuple(getattr(error, "errors", ()) or ())
    return Problem(status, error.code, error.message, error.field, headers, errors)


def find_status(error: LedgerError) -> HTTPStatus:
    """The HTTP status of an error: by its code, else by the kind of error it is."""
    if (status := _OF_CODE.get(error.code)) is not None:
        return status
    return next(
        (status for kind, status in _OF_KIND if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
