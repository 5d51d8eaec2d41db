"""What each role may do to which object. The one place that decides it.

A route declares an `Access`; `require_admission` looks at the role before anything is read, and
`require_objects` at what the request is about, as `targets` found it. Rules, per role:

* clerk, officer, operator: the object's department is among theirs, in one of their regions;
* auditor, supervisor: the object's region is among theirs; they change nothing;
* kiosk: as a clerk, but a foreign object is as one that does not exist;
* holder: the certificate is their own; any other is as one that does not exist.

Source of the roles: docs/spec/access.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from typing import Final, Self

from ledger.errors import NotAuthorizedError, NotFoundError
from ledger.identifiers import RegionCode, Uscc
from node_api.auth.failures import NotAuthenticatedError
from node_api.auth.principals import (
    SCOPE_READ,
    SCOPE_WRITE,
    Principal,
    PrincipalKind,
    Role,
)

_WATCHING: Final = frozenset({Role.AUDITOR, Role.SUPERVISOR})
_NEVER_TOLD: Final = frozenset({Role.HOLDER, Role.KIOSK})
_NO_CONTENTS: Final = frozenset({Role.OPERATOR})


class ObjectRule(StrEnum):
    """What a request is about, so that it can be compared with the limits of who asks."""

    NONE = "none"  # nothing that belongs to anybody
    DEPARTMENT = "department"  # a department named in the request, or the only one there is
    CERTIFICATE = "certificate"  # one certificate, by identifier
    CERTIFICATES = "certificates"  # several
    BATCH = "batch"
    CASE = "case"  # any department that has part in it
    CASE_HANDLER = "case_handler"  # the department in charge of it
    CASE_WINDOW = "case_window"  # that received it, if that is here; else the one in charge
    CASE_CUSTODIAN = "case_custodian"  # that has its material
    CASE_TAKER = "case_taker"  # to which its material is on its way
    CASE_DECIDER = "case_decider"  # that decides in its open step
    DELIVERY = "delivery"  # what travels between nodes: the department of this home that has it
    REGION = "region"  # a region named in the request
    MEMBER = "member"  # this home's member as a whole
    OWN = "own"  # what the same principal made: a job, a request awaiting approval
    VIEWER = "viewer"  # whatever is there: the action tells each viewer what is theirs


_PARAMETERS: Final = {
    ObjectRule.NONE: (),
    ObjectRule.DEPARTMENT: ("issuer", "department"),
    ObjectRule.CERTIFICATE: ("certificate_id",),
    ObjectRule.CERTIFICATES: ("certificate_ids",),
    ObjectRule.BATCH: ("batch_key",),
    ObjectRule.CASE: ("case_id",),
    ObjectRule.CASE_HANDLER: ("case_id",),
    ObjectRule.CASE_WINDOW: ("case_id",),
    ObjectRule.CASE_CUSTODIAN: ("case_id",),
    ObjectRule.CASE_TAKER: ("case_id",),
    ObjectRule.CASE_DECIDER: ("case_id",),
    ObjectRule.DELIVERY: ("delivery_id",),
    ObjectRule.REGION: ("region",),
    ObjectRule.MEMBER: (),
    ObjectRule.OWN: (),
    ObjectRule.VIEWER: (),
}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an operation, and on what. Make it with `of`, `anyone` or `local`.

    Attributes:
        roles: any of which is needed; none with `is_open`.
        rule: how the object is found.
        parameters: of the action in which it is named, the first that is there.
        is_open: needs no credentials.
        is_change: changes something: needs the scope "write" of an API key.
        is_personal: reads what concerns a person: needs a purpose, and is logged.
        is_local: only with the passphrase, on this machine.
    """

    roles: frozenset[Role]
    rule: ObjectRule = ObjectRule.NONE
    parameters: tuple[str, ...] = ()
    is_open: bool = False
    is_change: bool = False
    is_personal: bool = False
    is_local: bool = False

    def __post_init__(self) -> None:
        """Refuses what contradicts the separation of duties. Raises ValueError."""
        if not (self.roles or self.is_open or self.is_local):
            raise ValueError("an operation that is not open names the roles that may call it")
        if self.is_change and (wrong := self.roles & _WATCHING):
            raise ValueError(f"{_list(wrong)} change nothing")
        if self.is_personal and (wrong := self.roles & _NO_CONTENTS):
            raise ValueError(f"{_list(wrong)} read no contents")
        if Role.HOLDER in self.roles and self.rule not in _FOR_HOLDERS:
            raise ValueError("a holder's access is limited to what is their own")

    @classmethod
    def of(
        cls,
        *roles: Role,
        rule: ObjectRule = ObjectRule.NONE,
        at: str | None = None,
        changes: bool = False,
        personal: bool = False,
    ) -> Self:
        """Access for some roles.

        Args:
            at: parameter of the action that names the object, where it has not the usual name.
        """
        parameters = _PARAMETERS[rule] if at is None else (at,)
        return cls(frozenset(roles), rule, parameters, is_change=changes, is_personal=personal)

    @classmethod
    def anyone(cls) -> Self:
        """Access without credentials, to what is public anyway."""
        return cls(frozenset(), is_open=True)

    @classmethod
    def local(cls, *, changes: bool = False) -> Self:
        """Access only for who knows the passphrase, on this machine."""
        return cls(frozenset(), is_change=changes, is_local=True)


_OF_NO_OBJECT: Final = frozenset({ObjectRule.NONE, ObjectRule.VIEWER})
_FOR_HOLDERS: Final = frozenset(
    {ObjectRule.CERTIFICATE, ObjectRule.CASE, ObjectRule.OWN, ObjectRule.VIEWER}
)


@dataclass(frozen=True, slots=True)
class Target:
    """One object that a request is about.

    Attributes:
        kind: "certificate", "case", "batch", "department", "region", "request".
        identifier: as the request names it.
        departments: of this member, any of which makes it theirs.
        regions: of those departments, and of the object itself.
        holder_code: of the holder of a certificate; None if it is nobody's, or erased.
        made_by: subject of who made it, where that matters.
    """

    kind: str
    identifier: str
    departments: frozenset[Uscc] = frozenset()
    regions: frozenset[RegionCode] = frozenset()
    holder_code: str | None = None
    made_by: str | None = None

    def __repr__(self) -> str:
        return f"Target({self.kind} {self.identifier})"


def require_admission(principal: Principal, access: Access, operation: str) -> None:
    """Refuses who may not call an operation at all.

    Args:
        operation: its id, as API keys name it among their scopes.

    Raises:
        NotAuthenticatedError: credentials_missing.
        NotAuthorizedError: role_not_allowed; scope_not_allowed; local_only.
    """
    if access.is_open:
        return
    if principal.kind is PrincipalKind.ANONYMOUS:
        raise NotAuthenticatedError(
            f"{operation} needs credentials: a bearer token or an API key",
            code="credentials_missing",
        )
    if access.is_local:
        if principal.kind is not PrincipalKind.LOCAL:
            raise NotAuthorizedError(
                f"{operation} is done on the node's own machine with its passphrase",
                code="local_only",
            )
        return
    if not principal.has_any(access.roles):
        raise NotAuthorizedError(
            f"{operation} needs one of the roles {_list(access.roles)}; "
            f"these credentials have {_list(principal.roles) or 'none'}",
            code="role_not_allowed",
        )
    _require_scope(principal, access, operation)


def require_objects(principal: Principal, access: Access, targets: Iterable[Target]) -> None:
    """Refuses who may call an operation, but not on these objects. Call `require_admission` first.

    Args:
        targets: every object of the request; each must be allowed.

    Raises:
        NotAuthorizedError: department_not_allowed; region_not_allowed; not_yours.
        NotFoundError: as if it did not exist, to a holder or a kiosk.
    """
    if access.is_open or access.is_local or access.rule in _OF_NO_OBJECT:
        return
    found = tuple(targets)
    if not found and access.rule is not ObjectRule.CERTIFICATES:
        raise NotAuthorizedError("the request names nothing to be allowed", code="object_missing")
    roles = principal.roles & access.roles
    for target in found:
        refusals = [_refuse(principal, role, target, access) for role in sorted(roles)]
        if all(refusals):
            raise _choose(target, roles, [each for each in refusals if each])


def require(
    principal: Principal, access: Access, operation: str, targets: Iterable[Target] = ()
) -> None:
    """Both of the above."""
    require_admission(principal, access, operation)
    require_objects(principal, access, targets)


def is_within(region: RegionCode, limits: Collection[RegionCode]) -> bool:
    """Whether a region lies in one of the others; a province holds its prefectures and counties.

    >>> chongqing, yuzhong = RegionCode.parse("500000"), RegionCode.parse("500103")
    >>> is_within(yuzhong, [chongqing]), is_within(chongqing, [yuzhong])
    (True, False)
    """
    return any(region.is_within(limit) for limit in limits)


def _require_scope(principal: Principal, access: Access, operation: str) -> None:
    needed = SCOPE_WRITE if access.is_change else SCOPE_READ
    if principal.scopes is None or not principal.scopes.isdisjoint({needed, operation}):
        return
    raise NotAuthorizedError(
        f"this API key is limited to {', '.join(sorted(principal.scopes)) or 'nothing'}; "
        f"{operation} needs {needed} or {operation}",
        code="scope_not_allowed",
    )


def _refuse(principal: Principal, role: Role, target: Target, access: Access) -> str:
    """Why a role does not reach an object; empty if it does."""
    if access.rule is ObjectRule.OWN:
        is_own = target.made_by is not None and target.made_by == principal.subject
        return "" if is_own or role in _WATCHING else "not_yours"
    if role is Role.HOLDER:
        return "" if _is_holder(principal, target) else "not_the_holder"
    if not principal.regions and not principal.departments:
        return "" if target.departments or target.regions else "department_not_allowed"
    if principal.departments and principal.departments.isdisjoint(target.departments):
        return "department_not_allowed"
    if principal.regions and not any(
        is_within(region, principal.regions) for region in target.regions
    ):
        return "region_not_allowed"
    return ""


def _is_holder(principal: Principal, target: Target) -> bool:
    own, asked = principal.holder_code, target.holder_code
    return bool(own and asked) and compare_digest(str(own).encode(), str(asked).encode())


def _choose(
    target: Target, roles: frozenset[Role], refusals: list[str]
) -> NotAuthorizedError | NotFoundError:
    """The refusal of an object; to some roles, the answer that there is no such object."""
    if roles <= _NEVER_TOLD:
        return missing(target.kind, target.identifier)
    code = next((each for each in refusals if each != "not_the_holder"), refusals[0])
    return NotAuthorizedError(f"{target.kind} {target.identifier}: {_WORDS[code]}", code=code)


_WORDS: Final = {
    "department_not_allowed": "no department of these credentials has part in it",
    "region_not_allowed": "it lies in no region of these credentials",
    "not_yours": "it was made with other credentials",
    "not_the_holder": "it is another holder's",
}


def missing(kind: str, identifier: str) -> NotFoundError:
    """The one answer to a holder or a kiosk for what is not there and for what is not theirs."""
    return NotFoundError(f"there is no {kind} {identifier} here", code=f"{kind}_unknown")


def _list(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(roles))
