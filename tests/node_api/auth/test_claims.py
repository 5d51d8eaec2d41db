"""What is missing in a token gives nothing, and what is wrong in it refuses all of it."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.roles import Role
from node_api.auth.claims import read_principal
from node_api.auth.failures import NotAuthenticatedError
from node_api.auth.principals import Principal
from node_api.auth.settings import ClaimNames, OidcSettings

HOUSING = "11100000000013338W"


def read(settings: dict[str, Any] | None = None, **claims: Any) -> Principal:
    told = OidcSettings(issuer="https://id.example.cn", audience="a", **(settings or {}))
    return read_principal({"sub": "8d1f", "exp": 2_000_000_000, **claims}, told)


def test_clerk_with_a_department_is_one() -> None:
    found = read(roles=["clerk"], departments=[HOUSING], regions=["500103"], name="王五")
    assert found.roles == {Role.CLERK}
    assert [str(each) for each in found.departments] == [HOUSING]
    assert [str(each) for each in found.regions] == ["500103"]
    assert (found.subject, found.display_name) == ("oidc:8d1f", "王五")
    assert found.expires_at_unix == 2_000_000_000


@pytest.mark.parametrize("missing", [{}, {"departments": []}, {"departments": ""}])
def test_token_without_departments_makes_no_clerk_of_all_departments(
    missing: dict[str, Any],
) -> None:
    assert read(roles=["clerk", "officer", "kiosk"], **missing).roles == frozenset()
    assert read(roles=["clerk", "auditor"], **missing).roles == {Role.AUDITOR}


def test_all_departments_are_given_expressly() -> None:
    found = read(roles=["officer"], departments=["*"])
    assert found.roles == {Role.OFFICER}
    assert found.departments == frozenset()


def test_empty_list_of_regions_is_no_region() -> None:
    assert read(roles=["auditor"], regions=[]).roles == frozenset()
    assert read(roles=["auditor"], regions=["*"]).roles == {Role.AUDITOR}


@pytest.mark.parametrize(
    "wrong",
    [
        {"departments": ["11100000000013338X"]},
        {"departments": [HOUSING, ""]},
        {"departments": [HOUSING, 5]},
        {"departments": {HOUSING: True}},
        {"regions": ["5001"]},
        {"regions": ["500103", "990000"]},
        {"roles": [["clerk"]]},
        {"roles": 7},
        {"departments": [HOUSING] * 1001},
    ],
)
def test_limit_that_can_not_be_read_refuses_the_token(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticatedError) as refusal:
        read(**{"roles": ["auditor"], "departments": [HOUSING], **wrong})
    assert refusal.value.code == "claims_malformed"


def test_unknown_role_is_none_and_a_mapping_is_complete() -> None:
    assert read(roles=["root", "admin", "Clerk"], departments=["*"]).roles == frozenset()
    mapped = {"roles": {"审批岗": "officer"}}
    assert read(mapped, roles=["审批岗", "clerk"], departments=["*"]).roles == {Role.OFFICER}


def test_roles_as_one_text_and_in_an_object() -> None:
    assert read(roles="clerk officer", departments=HOUSING).roles == {Role.CLERK, Role.OFFICER}
    nested = {"claims": ClaimNames(roles="realm_access.roles")}
    found = read(nested, realm_access={"roles": ["auditor"]})
    assert found.roles == {Role.AUDITOR}
    assert read(nested, realm_access="auditor").roles == frozenset()
    url = {"claims": ClaimNames(roles="https://example.cn/roles")}
    assert read(url, **{"https://example.cn/roles": ["auditor"]}).roles == {Role.AUDITOR}


def test_holder_needs_the_code_that_the_provider_checked() -> None:
    assert read(roles=["holder"]).roles == frozenset()
    for code in ("", 5, ["110101"], None):
        assert read(roles=["holder"], holder_code=code).roles == frozenset()
    found = read(roles=["holder"], holder_code="110101")
    assert (found.roles, found.holder_code) == ({Role.HOLDER}, "110101")
    clerk = read(roles=["clerk"], departments=[HOUSING], holder_code="110101")
    assert clerk.holder_code is None
