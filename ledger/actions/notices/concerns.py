"""What an entry of the log is about for this home, and which departments that concerns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ledger.abi import Event
from ledger.actions.cases.history import CaseStanding, iterate_events, iterate_standings
from ledger.actions.cases.recall import follow_reference
from ledger.actions.catalogue_listing import find_matter_version
from ledger.errors import NotFoundError
from ledger.formats.status_list import changed_positions, get_status, word_index
from ledger.identifiers import ItemCode, Uscc
from ledger.index.projector import EntryRow
from ledger.records import (
    AcceptanceDeemed,
    CaseAct,
    CaseAdvanced,
    CaseHandedOver,
    CaseOpened,
    CaseTakenOver,
    ConsortiumFounded,
    DeliveryAcknowledged,
    DepartmentRegistered,
    FreezeBegun,
    FreezeEnded,
    GroupDefined,
    GroupLeft,
    MandateChanged,
    MatterDefined,
    MemberAdmitted,
    MemberKeysChanged,
    MemberRemoved,
    ModuleInstalled,
    NationalTypeChanged,
    OperatorChanged,
    PactSigned,
    PolicySet,
    ProposalSubmitted,
    SealKeyCompromised,
    SealKeyEnded,
    SealKeyRegistered,
    StatusChanged,
    StatusStatement,
    StepAssigned,
    StepDecided,
    StepTimeEnded,
    TypeDefined,
    VoteCast,
)
from ledger.workspace import Workspace


class Topic(StrEnum):
    """What a notice is about, the most urgent first."""

    RECALL = "recall"  # a certificate that a case here relied on changed its status
    SUPPLEMENT = "supplement"  # an applicant has to supply something, or did
    CASE = "case"  # a case moved on
    DELIVERY = "delivery"  # what was sent between departments arrived
    STATUS = "status"  # a department here changed certificates' status
    GOVERNANCE = "governance"  # members, votes, modules, freezes
    ISSUERS = "issuers"  # departments, seal keys, mandates
    CATALOGUE = "catalogue"  # types and matters
    RECOGNITION = "recognition"  # policies, groups, pacts
    UNREADABLE = "unreadable"  # an entry that this version cannot read: update this node


FOR_CASE_READERS: Final = frozenset({Topic.RECALL, Topic.SUPPLEMENT, Topic.CASE})
_PUBLIC: Final[dict[type[Event], Topic]] = {
    **dict.fromkeys(
        (
            ConsortiumFounded,
            ProposalSubmitted,
            VoteCast,
            MemberAdmitted,
            MemberRemoved,
            ModuleInstalled,
            FreezeBegun,
            FreezeEnded,
            MemberKeysChanged,
            OperatorChanged,
        ),
        Topic.GOVERNANCE,
    ),
    **dict.fromkeys(
        (
            DepartmentRegistered,
            SealKeyRegistered,
            SealKeyEnded,
            SealKeyCompromised,
            MandateChanged,
        ),
        Topic.ISSUERS,
    ),
    **dict.fromkeys((TypeDefined, NationalTypeChanged, MatterDefined), Topic.CATALOGUE),
    **dict.fromkeys((GroupDefined, GroupLeft, PolicySet, PactSigned), Topic.RECOGNITION),
}
_CASE_EVENTS: Final = (
    CaseOpened,
    CaseAdvanced,
    CaseHandedOver,
    CaseTakenOver,
    AcceptanceDeemed,
    StepAssigned,
    StepDecided,
    StepTimeEnded,
)
_SUPPLEMENTS: Final = frozenset({CaseAct.REQUEST_SUPPLEMENT, CaseAct.SUPPLEMENT})


@dataclass(frozen=True, slots=True)
class Concern:
    """Why an entry concerns somebody.

    Attributes:
        departments: whom it concerns, of whichever member; empty for every member.
        detail: what only these may know.
    """

    topic: Topic
    departments: frozenset[Uscc] = frozenset()
    case_id: bytes | None = None
    certificate_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class ConcernFinder:
    """Finds whom entries concern; keeps what it read of cases, so use it for one page.

    Args:
        knows_reliances: look in the vault for the cases that relied on a certificate.
    """

    def __init__(self, workspace: Workspace, *, knows_reliances: bool) -> None:
        self._workspace = workspace
        self._index = workspace.index
        self._knows_reliances = knows_reliances
        self._standings: dict[bytes, dict[int, CaseStanding]] = {}
        self._deciders: dict[tuple[ItemCode, int], frozenset[Uscc]] = {}

    def find(self, row: EntryRow, event: Event) -> Iterator[Concern]:
        """The concerns of an entry, none for what is no news to anybody."""
        if (topic := _PUBLIC.get(type(event))) is not None:
            yield Concern(topic)
        elif isinstance(event, _CASE_EVENTS):
            yield from self._of_case(row, event)
        elif isinstance(event, StatusChanged):
            yield Concern(
                Topic.STATUS,
                frozenset({event.statement.issuer}),
                detail={"certificates": count_changed(event.statement)},
            )
            if self._knows_reliances:
                yield from self._of_reliances(row, event.statement)
        elif isinstance(event, DeliveryAcknowledged):
            told = event.statement
            detail = {"delivery_id": told.delivery_id.hex(), "sender": str(told.sender)}
            yield Concern(Topic.DELIVERY, frozenset({told.sender, told.receiver}), detail=detail)

    def _of_case(self, row: EntryRow, event: Event) -> Iterator[Concern]:
        case_id = row.subject
        if case_id not in self._standings:
            self._standings[case_id] = {
                each.row.entry_index: standing
                for each, standing in iterate_standings(iterate_events(self._index, case_id))
            }
        standing = self._standings[case_id].get(row.entry_index)
        if standing is None:
            return
        is_supplement = isinstance(event, CaseAdvanced) and event.statement.act in _SUPPLEMENTS
        topic = Topic.SUPPLEMENT if is_supplement else Topic.CASE
        detail = {"state": standing.state.name.lower(), "round": standing.round}
        yield Concern(topic, self._parties(standing), case_id, detail=detail)

    def _parties(self, standing: CaseStanding) -> frozenset[Uscc]:
        """Every department that has part in a case as it stands."""
        rule = standing.item_code, standing.matter_version
        if rule not in self._deciders:
            self._deciders[rule] = self._read_deciders(*rule)
        return self._deciders[rule].union(
            (standing.receiver, standing.handler, standing.custodian),
            () if standing.taker is None else (standing.taker,),
            standing.named,
            (each.department for each in standing.decisions),
        )

    def _read_deciders(self, item_code: ItemCode, version: int) -> frozenset[Uscc]:
        try:
            matter = find_matter_version(self._index, item_code, version)
        except NotFoundError:
            return frozenset()
        return frozenset(each for step in matter.steps for each in step.deciders)

    def _of_reliances(self, row: EntryRow, statement: StatusStatement) -> Iterator[Concern]:
        """The cases of this home that were accepted on a certificate whose status changed."""
        for stored in self._workspace.vault.cases.references_to(statement.batch_key):
            if not changes_place(statement, stored.reference.position):
                continue
            reliance = follow_reference(self._workspace, stored)
            if reliance is None or reliance.relied_log_index > row.entry_index:
                continue
            status = next(
                (c.status for c in reliance.changes if c.log_index == row.entry_index), None
            )
            if status is not None:
                yield Concern(
                    Topic.RECALL,
                    frozenset({reliance.handler}),
                    reliance.case_id,
                    str(reliance.certificate_id or ""),
                    {"status": status.name.lower()},
                )


def changes_place(statement: StatusStatement, position: int) -> bool:
    """Whether a statement changes the status of a place of its batch."""
    return any(
        get_status(change.word_before, position) is not get_status(change.word_after, position)
        for change in statement.changes
        if change.index == word_index(position)
    )


def count_changed(statement: StatusStatement) -> int:
    """How many certificates a statement changes."""
    return sum(
        1
        for change in statement.changes
        for _ in changed_positions(change.index, change.word_before, change.word_after)
    )
