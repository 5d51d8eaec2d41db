"""Each role reaches what its limits hold, and nothing beside; the separation of duties holds."""

from __future__ import annotations

import itertools

import pytest

from ledger.errors import NotAuthorizedError, NotFoundError
from ledger.identifiers import RegionCode, Uscc
from node_api.auth.access import (
    Access,
    ObjectRule,
    Target,
    is_within,
    missing,
    require,
    require_admission,
    require_objects,
)
from node_api.auth.failures import NotAuthenticatedError
from node_api.auth.principals import ANONYMOUS, LOCAL, Principal, PrincipalKind, Role

HOUSING = Uscc.parse("11100000000013338W")
OTHER = Uscc.build("11500000000000000")
CHONGQING, YUZHONG, WANZHOU = (RegionCode.parse(code) for code in ("500000", "500103", "500101"))
CERTIFICATE = Target(
    "certificate", "c1", frozenset({HOUSING}), frozenset({YUZHONG}), holder_code="110101"
)
FOREIGN = Target("certificate", "c2", frozenset(), frozenset())
READ = Access.of(*Role, rule=ObjectRule.CERTIFICATE)
WORKING = (Role.CLERK, Role.OFFICER, Role.OPERATOR, Role.KIOSK)
WATCHING = (Role.AUDITOR, Role.SUPERVISOR)


def someone(
    *roles: Role,
    departments: tuple[Uscc, ...] = (),
    regions: tuple[RegionCode, ...] = (),
    holder_code: str | None = None,
    scopes: frozenset[str] | None = None,
) -> Principal:
    return Principal(
        PrincipalKind.OIDC,
        "oidc:a",
        frozenset(roles),
        frozenset(regions),
        frozenset(departments),
        holder_code=holder_code,
        scopes=scopes,
    )


def refusal_of(principal: Principal, access: Access, target: Target) -> str:
    """Code of the refusal, empty where there is none."""
    try:
        require(principal, access, "read", [target])
    except (NotAuthorizedError, NotFoundError) as error:
        return error.code
    return ""


@pytest.mark.parametrize("role", [*WORKING, *WATCHING])
def test_limits_hold_for_every_role(role: Role) -> None:
    hidden = "certificate_unknown" if role is Role.KIOSK else ""
    cases = [
        (someone(role), ""),
        (someone(role, departments=(HOUSING,)), ""),
        (someone(role, departments=(OTHER,)), hidden or "department_not_allowed"),
        (someone(role, departments=(OTHER, HOUSING)), ""),
        (someone(role, regions=(CHONGQING,)), ""),
        (someone(role, regions=(YUZHONG,)), ""),
        (someone(role, regions=(WANZHOU,)), hidden or "region_not_allowed"),
        (
            someone(role, departments=(HOUSING,), regions=(WANZHOU,)),
            hidden or "region_not_allowed",
        ),
        (
            someone(role, departments=(OTHER,), regions=(YUZHONG,)),
            hidden or "department_not_allowed",
        ),
    ]
    for principal, expected in cases:
        assert refusal_of(principal, READ, CERTIFICATE) == expected, principal


@pytest.mark.parametrize("role", [*WORKING, *WATCHING])
def test_object_of_no_department_of_ours_is_nobodys(role: Role) -> None:
    limits = ((), (HOUSING,)), ((), (CHONGQING,))
    for departments, regions in itertools.product(*limits):
        principal = someone(role, departments=departments, regions=regions)
        assert refusal_of(principal, READ, FOREIGN) != ""


def test_holder_reaches_their_own_certificate_alone() -> None:
    own = someone(Role.HOLDER, holder_code="110101")
    assert refusal_of(own, READ, CERTIFICATE) == ""
    for code in (None, "", "110102", "11010", "1101011"):
        other = someone(Role.HOLDER, holder_code=code)
        assert refusal_of(other, READ, CERTIFICATE) == "certificate_unknown"
    nobodys = Target("certificate", "c1", frozenset({HOUSING}), frozenset({YUZHONG}))
    for code in (None, "", "110101"):
        assert refusal_of(someone(Role.HOLDER, holder_code=code), READ, nobodys) != ""


def test_foreign_certificate_is_as_one_that_does_not_exist_to_holder_and_kiosk() -> None:
    for principal in (
        someone(Role.HOLDER, holder_code="x"),
        someone(Role.KIOSK, departments=(OTHER,)),
    ):
        with pytest.raises(NotFoundError) as foreign:
            require_objects(principal, READ, [CERTIFICATE])
        absent = missing("certificate", "c1")
        assert (foreign.value.message, foreign.value.code) == (absent.message, absent.code)


def test_holder_who_is_also_a_clerk_is_told_as_a_clerk() -> None:
    both = someone(Role.HOLDER, Role.CLERK, departments=(OTHER,), holder_code="x")
    assert refusal_of(both, READ, CERTIFICATE) == "department_not_allowed"
    own = someone(Role.HOLDER, Role.CLERK, departments=(OTHER,), holder_code="110101")
    assert refusal_of(own, READ, CERTIFICATE) == ""


def test_role_that_the_route_does_not_admit_lends_no_reach() -> None:
    for_holders = Access.of(Role.HOLDER, rule=ObjectRule.CERTIFICATE)
    clerk_too = someone(Role.HOLDER, Role.CLERK, departments=(HOUSING,), holder_code="x")
    assert refusal_of(clerk_too, for_holders, CERTIFICATE) == "certificate_unknown"


def test_every_object_of_a_request_must_be_allowed() -> None:
    access = Access.of(Role.CLERK, rule=ObjectRule.CERTIFICATES, changes=True)
    clerk = someone(Role.CLERK, departments=(HOUSING,))
    require_objects(clerk, access, [CERTIFICATE])
    with pytest.raises(NotAuthorizedError):
        require_objects(clerk, access, [CERTIFICATE, FOREIGN])


def test_request_that_names_nothing_is_refused() -> None:
    for rule in (ObjectRule.CERTIFICATE, ObjectRule.DEPARTMENT, ObjectRule.CASE, ObjectRule.OWN):
        with pytest.raises(NotAuthorizedError) as refusal:
            require_objects(someone(Role.CLERK), Access.of(Role.CLERK, rule=rule), [])
        assert refusal.value.code == "object_missing"


def test_own_things_are_for_who_made_them_and_who_watches() -> None:
    access = Access.of(*Role, rule=ObjectRule.OWN)
    mine, theirs = (
        Target("job", "1", made_by="oidc:a"),
        Target("job", "2", made_by="oidc:b"),
    )
    assert refusal_of(someone(Role.CLERK), access, mine) == ""
    assert refusal_of(someone(Role.CLERK), access, theirs) == "not_yours"
    assert refusal_of(someone(Role.HOLDER), access, theirs) == "job_unknown"
    assert refusal_of(someone(Role.AUDITOR), access, theirs) == ""
    assert refusal_of(someone(Role.CLERK), access, Target("job", "3")) == "not_yours"


def test_anonymous_gets_what_is_open_alone() -> None:
    require_admission(ANONYMOUS, Access.anyone(), "verify")
    for access in (READ, Access.local()):
        with pytest.raises(NotAuthenticatedError) as refusal:
            require_admission(ANONYMOUS, access, "read")
        assert refusal.value.code == "credentials_missing"
        assert refusal.value.headers["WWW-Authenticate"].startswith("Bearer ")


def test_local_acts_need_the_passphrase() -> None:
    require_admission(LOCAL, Access.local(), "change_passphrase")
    with pytest.raises(NotAuthorizedError) as refusal:
        require_admission(someone(*Role), Access.local(), "change_passphrase")
    assert refusal.value.code == "local_only"
    assert Role.HOLDER not in LOCAL.roles


def test_scope_of_a_key_limits_its_role() -> None:
    change = Access.of(Role.CLERK, changes=True)
    read = Access.of(Role.CLERK)
    cases = [
        (frozenset[str](), read, "scope_not_allowed"),
        (frozenset({"read"}), read, ""),
        (frozenset({"read"}), change, "scope_not_allowed"),
        (frozenset({"write"}), change, ""),
        (frozenset({"write"}), read, "scope_not_allowed"),
        (frozenset({"read_"}), read, "scope_not_allowed"),
        (frozenset({"revoke"}), change, ""),
    ]
    for scopes, access, expected in cases:
        try:
            require_admission(someone(Role.CLERK, scopes=scopes), access, "revoke")
            found = ""
        except NotAuthorizedError as error:
            found = error.code
        assert found == expected, (scopes, access.is_change)


def test_routes_against_the_separation_of_duties_can_not_be_declared() -> None:
    for role in WATCHING:
        with pytest.raises(ValueError, match="change nothing"):
            Access.of(role, changes=True)
    with pytest.raises(ValueError, match="read no contents"):
        Access.of(Role.OPERATOR, personal=True)
    for rule in (ObjectRule.NONE, ObjectRule.DEPARTMENT, ObjectRule.CERTIFICATES):
        with pytest.raises(ValueError, match="their own"):
            Access.of(Role.HOLDER, rule=rule)
    with pytest.raises(ValueError, match="names the roles"):
        Access.of()


def test_region_holds_its_parts_and_no_neighbour() -> None:
    chengdu, wuhou, sichuan = (RegionCode.parse(c) for c in ("510100", "510107", "510000"))
    assert is_within(wuhou, [chengdu])
    assert is_within(chengdu, [sichuan])
    assert not is_within(sichuan, [chengdu])
    assert not is_within(chengdu, [CHONGQING])
    assert not is_within(RegionCode.parse("510200"), [chengdu])
    assert not is_within(wuhou, [])


def test_what_identifies_a_person_stands_in_no_repr() -> None:
    principal = Principal(
        PrincipalKind.OIDC, "oidc:a", display_name="王五", holder_code="110101199003070000"
    )
    assert "王五" not in repr(principal)
    assert "110101" not in repr(principal)
    assert "110101" not in repr(CERTIFICATE)


def test_two_credentials_of_one_person_are_not_independent() -> None:
    person = Principal(PrincipalKind.OIDC, "oidc:a", answerable=frozenset({"oidc:a"}))
    key = Principal(PrincipalKind.API_KEY, "key:1", answerable=frozenset({"oidc:a", "oidc:b"}))
    stranger = Principal(PrincipalKind.API_KEY, "key:2", answerable=frozenset({"oidc:c"}))
    assert not key.is_independent_of(person.people)
    assert stranger.is_independent_of(person.people)
    assert not ANONYMOUS.is_independent_of(ANONYMOUS.people)
