"""Errors as problems: status by kind and code, and nothing told that should not be."""

from __future__ import annotations

import orjson
import pytest

from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
    StorageError,
)
from node_api.auth.failures import NotAuthenticatedError
from node_api.problems import to_problem


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedInputError("x"), 422),
        (NotFoundError("x"), 404),
        (ConflictError("x"), 409),
        (NotAuthorizedError("x"), 403),
        (NotAuthenticatedError("x"), 401),
        (ChainUnavailableError("x"), 503),
        (StorageError("x"), 503),
        (StorageError("x", code="disk_full"), 507),
        (StorageError("x", code="row_damaged"), 500),
        (NotFoundError("x", code="content_erased"), 410),
        (LedgerError("x", code="method_not_allowed"), 405),
        (LedgerError("x"), 500),
        (ValueError("x"), 500),
    ],
)
def test_each_kind_of_error_has_its_status(error: Exception, status: int) -> None:
    assert to_problem(error).status == status


def test_what_may_pass_says_when_to_ask_again() -> None:
    assert dict(to_problem(ChainUnavailableError("x")).headers)[b"retry-after"].isdigit()
    assert not to_problem(ConflictError("x")).headers


def test_an_unexpected_error_does_not_tell_its_text() -> None:
    problem = to_problem(RuntimeError("the passphrase is hunter2"))
    body = problem.to_json(instance="/v1/x", request_id="abc")
    assert b"hunter2" not in body
    assert orjson.loads(body)["code"] == "unexpected"


def test_a_problem_has_the_members_of_rfc_9457_and_ours() -> None:
    error = MalformedInputError("serial: expected 3", code="serial_malformed", field="serial")
    document = orjson.loads(to_problem(error).to_json(instance="/v1/x", request_id="abc"))
    assert document == {
        "type": "https://zhenglian.invalid/problems/serial_malformed",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "serial: expected 3",
        "code": "serial_malformed",
        "field": "serial",
        "instance": "/v1/x",
        "request_id": "abc",
    }
