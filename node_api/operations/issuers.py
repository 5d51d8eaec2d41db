"""颁发机构: departments, their seal keys and mandates."""

from __future__ import annotations

from http import HTTPStatus

from ledger.actions.departments import list_departments, read_department
from ledger.actions.issuers import (
    change_mandate,
    choose_issuer,
    choose_type,
    declare_compromise,
    end_seal_key,
    register_department,
    rotate_seal_key,
)
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import CHONGQING, DIGEST, HOUSING, TYPE, UNIX

TAG = "issuers"
READING = Access.of(
    Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR, Role.KIOSK
)
KEEPING = Access.of(Role.OPERATOR, rule=ObjectRule.DEPARTMENT, at="issuer", changes=True)
_ONE = "/v1/issuers/{issuer}"

OPERATIONS = (
    Operation("GET", "/v1/issuers", list_departments, READING, TAG),
    Operation("GET", _ONE, read_department, READING, TAG, example={"issuer": HOUSING}),
    Operation(
        "GET",
        "/v1/own-issuer",
        choose_issuer,
        Access.of(Role.CLERK, Role.OFFICER, Role.OPERATOR),
        TAG,
    ),
    Operation(
        "GET",
        "/v1/issuers/{issuer}/only-type",
        choose_type,
        Access.of(Role.CLERK, Role.OFFICER, rule=ObjectRule.DEPARTMENT),
        TAG,
        example={"issuer": HOUSING},
    ),
    Operation(
        "POST",
        "/v1/issuers",
        register_department,
        Access.of(Role.OPERATOR, rule=ObjectRule.REGION, changes=True),
        TAG,
        status=HTTPStatus.CREATED,
        example={"issuer": HOUSING, "name": "住房城乡建设部门（虚构）", "region": CHONGQING},
    ),
    Operation(
        "POST",
        f"{_ONE}/mandates",
        change_mandate,
        KEEPING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"issuer": HOUSING, "certificate_type": TYPE},
    ),
    Operation(
        "POST",
        f"{_ONE}/seal-keys",
        rotate_seal_key,
        KEEPING,
        TAG,
        summary="Makes a new seal key and ends those in force; what they sealed stays verifiable.",
        status=HTTPStatus.CREATED,
        example={"issuer": HOUSING},
    ),
    Operation(
        "POST",
        f"{_ONE}/seal-keys/{{key_id}}/end",
        end_seal_key,
        KEEPING,
        TAG,
        example={"issuer": HOUSING, "key_id": DIGEST},
    ),
    Operation(
        "POST",
        f"{_ONE}/seal-keys/{{key_id}}/compromise",
        declare_compromise,
        KEEPING,
        TAG,
        example={"issuer": HOUSING, "key_id": DIGEST, "since_unix": UNIX},
    ),
)
