"""What a request is about: the object behind its arguments, with its departments and regions.

Only departments of this home's own member count: what a foreign department has part in is theirs to
allow. Nothing is decided here; `access` compares what is found with the limits of who asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ledger.actions.cases.history import CaseStanding, iterate_events, iterate_standings
from ledger.actions.cases.papers import read_papers
from ledger.actions.catalogue_listing import find_matter_version
from ledger.actions.departments import read_department
from ledger.actions.holdings import read_certificate
from ledger.actions.issuers import choose_issuer
from ledger.errors import LedgerError, NotAuthorizedError, NotFoundError
from ledger.formats.case_documents import Application
from ledger.identifiers import RegionCode, Uscc
from ledger.vault.certificates import StoredCertificate
from ledger.workspace import Workspace
from node_api.auth.access import Access, ObjectRule, Target, missing
from node_api.auth.case_sides import CASE_SIDES, find_acting
from node_api.auth.principals import Principal, Role

KNOWN_FOR_S: Final = 5.0
_FOUND_BY_NOBODY: Final = frozenset({ObjectRule.NONE, ObjectRule.OWN, ObjectRule.VIEWER})
_HOLDER_CODE: Final = "holder_code"


@dataclass(frozen=True, slots=True)
class _Known:
    """A department as it was looked up. Attributes: region: None if it is not of this member."""

    region: RegionCode | None
    until: float


class TargetResolver:
    """Finds what requests are about. Safe for threads.

    Args:
        workspace: of the node.
        monotonic: seconds that never run backwards.
    """

    def __init__(
        self, workspace: Workspace, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._workspace = workspace
        self._monotonic = monotonic
        self._known: dict[Uscc, _Known] = {}

    def resolve(
        self, principal: Principal, access: Access, arguments: Mapping[str, object]
    ) -> tuple[Target, ...]:
        """The objects of a request.

        Args:
            arguments: of the action, parsed.

        Raises:
            NotFoundError: there is no such object.
            NotAuthorizedError: object_missing, where the request names none.
        """
        if access.is_open or access.is_local or access.rule in _FOUND_BY_NOBODY:
            return ()
        value = next(
            (
                arguments[name]
                for name in access.parameters
                if arguments.get(name) is not None and arguments[name] != ""
            ),
            None,
        )
        for_holder = Role.HOLDER in principal.roles & access.roles
        match access.rule:
            case ObjectRule.DEPARTMENT:
                return (self._department(value),)
            case ObjectRule.REGION:
                return (self._region(value),)
            case ObjectRule.MEMBER:
                return (self._region(None),)
            case ObjectRule.CERTIFICATE if value is not None:
                return (self._certificate(str(value), for_holder=for_holder),)
            case ObjectRule.CERTIFICATES if value is not None:
                return self._certificates(value)
            case ObjectRule.BATCH if value is not None:
                return (self._batch(_to_bytes(value)),)
            case ObjectRule.CASE if value is not None:
                return (self._case(_to_bytes(value), for_holder=for_holder),)
            case ObjectRule.DELIVERY if value is not None:
                return (self._delivery(_to_bytes(value)),)
            case rule if rule in CASE_SIDES and value is not None:
                return (self._case_side(_to_bytes(value), rule, arguments.get("department")),)
        raise NotAuthorizedError(
            f"expected one of {', '.join(access.parameters)}, to know what the request is about",
            code="object_missing",
        )

    def _department(self, value: object) -> Target:
        """The department that is named; where none is, the only one that this home has."""
        department = choose_issuer(self._workspace) if value is None else Uscc.parse(str(value))
        return self._target("department", str(department), [department])

    def _region(self, value: object) -> Target:
        """The region that is named; where none is, that of the member."""
        member = self._workspace.member
        text = str(member) if value is None else str(value)
        if not member.is_province:
            is_own = text == str(member)
            own = frozenset({member.value}) if isinstance(member.value, Uscc) else frozenset()
            return Target("region", text, departments=own if is_own else frozenset())
        return Target("region", text, regions=frozenset({RegionCode.parse(text)}))

    def _certificate(self, identifier: str, *, for_holder: bool) -> Target:
        stored = self._workspace.vault.certificates.find(identifier)
        if stored is None:
            raise missing("certificate", identifier)
        code = self._read_holder(stored) if for_holder else None
        return self._target("certificate", identifier, [stored.batch.issuer], holder_code=code)

    def _certificates(self, value: object) -> tuple[Target, ...]:
        """One target for each department that issued any; unknown ones are the action's to tell."""
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise NotAuthorizedError("expected several certificates", code="object_missing")
        vault = self._workspace.vault
        known = vault.certificates.find_many([str(each) for each in value])
        one_of_batch = {each.batch_pk: name for name, each in known.items()}
        found = [vault.certificates.find(name) for name in one_of_batch.values()]
        by_issuer = {each.batch.issuer: each.identifier for each in found if each is not None}
        return tuple(
            self._target("certificate", name, [issuer]) for issuer, name in by_issuer.items()
        )

    def _batch(self, batch_key: bytes) -> Target:
        try:
            found = self._workspace.vault.batches.get(batch_key)
        except NotFoundError:
            raise missing("batch", batch_key.hex()) from None
        return self._target("batch", batch_key.hex(), [found.issuer])

    def _case(self, case_id: bytes, *, for_holder: bool) -> Target:
        index = self._workspace.index
        history = list(iterate_standings(iterate_events(index, case_id)))
        if not history:
            raise missing("case", case_id.hex())
        standing = history[-1][1]
        departments = {standing.receiver, *self._deciders(standing), *standing.named}
        for _, each in history:
            departments |= {each.handler, each.custodian, *([each.taker] if each.taker else [])}
        departments |= {each.department for each in standing.decisions}
        code = self._read_applicant(case_id) if for_holder else None
        return self._target("case", case_id.hex(), departments, holder_code=code)

    def _case_side(self, case_id: bytes, rule: ObjectRule, named: object) -> Target:
        """The department of this home as which an act on a case would be made.

        By the newest log: what another node did a moment ago may be what makes it ours.
        """
        self._workspace.sync_index()
        history = list(iterate_standings(iterate_events(self._workspace.index, case_id)))
        if not history:
            raise missing("case", case_id.hex())
        chosen = Uscc.parse(str(named)) if named is not None else None
        acting = find_acting(
            self._workspace.index,
            history[-1][1],
            rule,
            chosen,
            lambda department: self._region_of(department) is not None,
        )
        return self._target("case", case_id.hex(), acting)

    def _delivery(self, delivery_id: bytes) -> Target:
        """The department of this home that sent it, or for which it came."""
        found = self._workspace.vault.deliveries.find(delivery_id)
        if found is None:
            raise missing("delivery", delivery_id.hex())
        return self._target("delivery", delivery_id.hex(), [found.sender, found.receiver])

    def _deciders(self, standing: CaseStanding) -> set[Uscc]:
        """The departments that the matter has decide, asked yet or not."""
        try:
            matter = find_matter_version(
                self._workspace.index, standing.item_code, standing.matter_version
            )
        except NotFoundError:
            return set()
        return {department for step in matter.steps for department in step.deciders}

    def _target(
        self,
        kind: str,
        identifier: str,
        departments: Iterable[Uscc],
        *,
        holder_code: str | None = None,
    ) -> Target:
        regions = {each: self._region_of(each) for each in departments}
        own = {each: region for each, region in regions.items() if region is not None}
        return Target(
            kind, identifier, frozenset(own), frozenset(own.values()), holder_code=holder_code
        )

    def _region_of(self, department: Uscc) -> RegionCode | None:
        """The region of a department of this member; None for any other."""
        now = self._monotonic()
        known = self._known.get(department)
        if known is None or known.until <= now:
            known = _Known(self._look_up(department), now + KNOWN_FOR_S)
            if known.region is not None:  # so that strangers cannot fill the memory
                self._known[department] = known
        return known.region

    def _look_up(self, department: Uscc) -> RegionCode | None:
        try:
            found = read_department(self._workspace.index, department)
        except NotFoundError:
            return None
        return found.region if found.member == str(self._workspace.member) else None

    def _read_holder(self, stored: StoredCertificate) -> str | None:
        """The holder's code; None where the content is erased or has none."""
        try:
            certificate = read_certificate(self._workspace, stored)
        except NotFoundError:
            return None
        return next(
            (str(each.value) for each in certificate.disclosures if each.name == _HOLDER_CODE), None
        )

    def _read_applicant(self, case_id: bytes) -> str | None:
        """The applicant's code, where this home has the papers of the case."""
        try:
            papers = read_papers(self._workspace, case_id)
        except LedgerError:
            return None
        return next((each.applicant.code for each in papers.of(Application)), None)


def _to_bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        raise NotAuthorizedError("expected an id in hexadecimal", code="object_missing") from None
