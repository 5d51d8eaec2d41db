"""互认: whose certificates this home's member recognises, on what terms, and why."""

from __future__ import annotations

from http import HTTPStatus

from ledger.actions.recognition import define_group, end_policy, leave_group, set_policy
from ledger.actions.recognition_listing import explain_issuer, list_recognition
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import CHONGQING, GROUP, HOUSING, SICHUAN, TYPE, UNIX

TAG = "recognition"
READING = Access.of(Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR)
EXPLAINING = Access.of(
    Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR, Role.KIOSK
)
DECIDING = Access.of(Role.OPERATOR, rule=ObjectRule.MEMBER, changes=True)
_KEY = {"relying": SICHUAN, "source": CHONGQING, "certificate_type": TYPE}

OPERATIONS = (
    Operation("GET", "/v1/recognition", list_recognition, READING, TAG, example={"at_unix": UNIX}),
    Operation(
        "GET",
        "/v1/recognition/explanation",
        explain_issuer,
        EXPLAINING,
        TAG,
        example={"relying_region": SICHUAN, "issuer": HOUSING, "certificate_type": TYPE},
    ),
    Operation(
        "POST",
        "/v1/recognition/policies",
        set_policy,
        DECIDING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"key": _KEY, "terms": {"minimum_seal_level": 1}},
    ),
    Operation(
        "POST",
        "/v1/recognition/policy-ends",
        end_policy,
        DECIDING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"key": _KEY},
    ),
    Operation(
        "POST",
        "/v1/recognition/groups",
        define_group,
        DECIDING,
        TAG,
        status=HTTPStatus.CREATED,
        example={
            "group": GROUP,
            "name": "川渝地区双城经济圈",
            "parties": [CHONGQING, SICHUAN],
        },
    ),
    Operation(
        "POST",
        "/v1/recognition/groups/{group}/exit",
        leave_group,
        DECIDING,
        TAG,
        example={"group": GROUP},
    ),
)
