"""凭证与复核: API keys of programs, and acts that await a second officer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from ledger.actions.api_keys import (
    check_api_key,
    create_api_key,
    list_api_keys,
    revoke_api_key,
)
from ledger.actions.approvals import (
    approve_request,
    list_approvals,
    reject_request,
    show_approval,
)
from node_api.auth.access import Access, ObjectRule
from node_api.auth.filling import Asked
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import DIGEST, HOUSING

KEYS_TAG: Final = "api keys"
APPROVALS_TAG: Final = "approvals"
KEYS: Final = "/v1/api-keys"
APPROVALS: Final = "/v1/approvals"
_DECIDING = (Role.CLERK, Role.OFFICER, Role.OPERATOR)
MANAGING = Access.of(Role.OPERATOR, rule=ObjectRule.MEMBER, changes=True)
SEEING = Access.of(Role.OPERATOR, Role.AUDITOR, rule=ObjectRule.MEMBER)
DECIDING = Access.of(*_DECIDING, changes=True)  # what the request itself needs is checked, too

_KEY_ID = {"key_id": "0123456789abcdef"}
_APPROVAL = {"approval_id": "0123456789abcdef0123456789abcdef"}
_CHECKER = {
    "checker": Asked.SUBJECT,
    "people": Asked.PEOPLE,
    "permit": Asked.PERMIT,
}

OPERATIONS = (
    Operation(
        "POST",
        KEYS,
        create_api_key,
        MANAGING,
        KEYS_TAG,
        status=HTTPStatus.CREATED,
        check=check_api_key,
        fixed={"created_by": Asked.SUBJECT},
        example={
            "name": "window system",
            "role": "clerk",
            "departments": [HOUSING],
            "scopes": ["read", "write"],
            "days": 90,
        },
    ),
    Operation("GET", KEYS, list_api_keys, SEEING, KEYS_TAG),
    Operation(
        "DELETE",
        f"{KEYS}/{{key_id}}",
        revoke_api_key,
        MANAGING,
        KEYS_TAG,
        fixed={"revoked_by": Asked.SUBJECT},
        example=_KEY_ID,
    ),
    Operation(
        "GET",
        APPROVALS,
        list_approvals,
        Access.of(*_DECIDING, Role.AUDITOR, Role.SUPERVISOR),
        APPROVALS_TAG,
        example={"state": "pending"},
    ),
    Operation(
        "GET",
        f"{APPROVALS}/{{approval_id}}",
        show_approval,
        Access.of(*_DECIDING),
        APPROVALS_TAG,
        fixed={"permit": Asked.PERMIT, "reader": Asked.SUBJECT},
        example=_APPROVAL,
    ),
    Operation(
        "POST",
        f"{APPROVALS}/{{approval_id}}/approval",
        approve_request,
        DECIDING,
        APPROVALS_TAG,
        fixed={**_CHECKER, "run": Asked.RUN},
        example={**_APPROVAL, "digest": DIGEST},
    ),
    Operation(
        "POST",
        f"{APPROVALS}/{{approval_id}}/rejection",
        reject_request,
        DECIDING,
        APPROVALS_TAG,
        fixed=_CHECKER,
        example={**_APPROVAL, "digest": DIGEST, "reason": "依据不足"},
    ),
)
