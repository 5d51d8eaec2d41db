"""追溯: who relied on what was later revoked, suspended or superseded."""

from __future__ import annotations

from ledger.actions.cases.recalling import recall, recall_of_department
from node_api.auth.access import Access, ObjectRule
from node_api.auth.filling import Asked
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import CERTIFICATE, HOUSING, UNIX

TAG = "recall"
_READERS = (Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR)

OPERATIONS = (
    Operation(
        "GET",
        "/v1/recalls",
        recall,
        Access.of(*_READERS, rule=ObjectRule.VIEWER, personal=True),
        TAG,
        fixed={"viewer": Asked.VIEWER},
        example={"certificate_id": CERTIFICATE, "since_unix": UNIX},
    ),
    Operation(
        "GET",
        "/v1/issuers/{department}/recalls",
        recall_of_department,
        Access.of(*_READERS, rule=ObjectRule.DEPARTMENT, at="department", personal=True),
        TAG,
        summary="Which cases that one department accepted relied on certificates since invalid.",
        example={"department": HOUSING, "since_unix": UNIX},
    ),
)
