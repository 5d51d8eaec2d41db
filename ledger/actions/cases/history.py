"""A case as its events tell it: every step with who is accountable for it, and where it stands.

The events alone suffice: what they come to is what the contract keeps (`tests` compare both).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ledger.abi import Event
from ledger.errors import NotFoundError
from ledger.identifiers import ItemCode, Uscc
from ledger.index.projector import EntryRow
from ledger.index.store import IndexStore
from ledger.records import (
    EVENTS_BY_TOPIC,
    AcceptanceDeemed,
    CaseAct,
    CaseAdvanced,
    CaseHandedOver,
    CaseOpened,
    CaseState,
    CaseTakenOver,
    Channel,
    Decision,
    SpecialProcedure,
    StepAssigned,
    StepDecided,
    StepOutcome,
    StepTimeEnded,
)

_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One entry of the log about a case, decoded. Attributes: region: member accountable for it."""

    row: EntryRow
    event: Event

    @property
    def region(self) -> str:
        return self.row.region

    @property
    def officer_commitment(self) -> bytes:
        """Who is accountable, as far as the log says; 32 zero bytes if nobody is named."""
        statement = getattr(self.event, "statement", None)
        commitment: bytes = getattr(statement, "officer_commitment", _NOTHING)
        return commitment


@dataclass(frozen=True, slots=True)
class StepDecision:
    """A department's decision in a step."""

    step: int
    round: int
    department: Uscc
    decision: Decision
    digest: bytes
    decided_at_unix: int


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """Where a case stands, by its events.

    Attributes:
        receiver: 收件地. handler: 办理地. custodian: who has the material.
        taker: to whom the material is on its way, None if it is not.
        accept_by_unix, due_at_unix, step_due_at_unix, paused_at_unix: 0 where there is none.
        procedure: for which the clock stands.
        named: deciders named when the open step was assigned; the matter has the others.
        reliances: commitments to the certificates that it relies on.
        result_commitment: to the certificate it ended in, 32 zero bytes while there is none.
    """

    case_id: bytes
    item_code: ItemCode
    matter_version: int
    channel: Channel
    state: CaseState
    receiver: Uscc
    custodian: Uscc
    taker: Uscc | None
    round: int
    step: int
    outcome: StepOutcome
    opened_at_unix: int
    accept_by_unix: int
    due_at_unix: int
    step_due_at_unix: int
    paused_at_unix: int
    procedure: SpecialProcedure
    sequence: int
    accepted_at_unix: int
    concluded_at_unix: int
    materials_digest: bytes
    named: tuple[Uscc, ...]
    decisions: tuple[StepDecision, ...]
    reliances: tuple[bytes, ...]
    result_commitment: bytes

    @property
    def handler(self) -> Uscc:
        return self.item_code.department


def iterate_events(index: IndexStore, case_id: bytes) -> Iterator[CaseEvent]:
    """Every event of a case, oldest first."""
    for row in index.entries_of(case_id):
        kind = EVENTS_BY_TOPIC.get(row.kind)
        if kind is not None and row.payload is not None:
            yield CaseEvent(row, kind.decode_payload(row.payload))


def read_standing(index: IndexStore, case_id: bytes) -> CaseStanding:
    """Where a case stands. Raises NotFoundError, code case_unknown."""
    return fold(iterate_events(index, case_id), case_id)


def fold(events: Iterable[CaseEvent], case_id: bytes) -> CaseStanding:
    """What a case's events come to. Raises NotFoundError, code case_unknown."""
    standings = [standing for _, standing in iterate_standings(events)]
    if not standings:
        raise NotFoundError(
            f"the log has no case {case_id.hex()}", code="case_unknown", field="case"
        )
    return standings[-1]


def iterate_standings(events: Iterable[CaseEvent]) -> Iterator[tuple[CaseEvent, CaseStanding]]:
    """Each event of a case with where the case stood after it."""
    standing: CaseStanding | None = None
    for each in events:
        at_unix = each.row.time_unix
        if isinstance(each.event, CaseOpened):
            standing = _open(each.event, at_unix)
        elif standing is not None:
            standing = _follow(standing, each.event, at_unix)
        if standing is not None:
            yield each, standing


def _open(event: CaseOpened, at_unix: int) -> CaseStanding:
    told = event.statement
    return CaseStanding(
        case_id=event.case_id,
        item_code=told.item_code,
        matter_version=told.matter_version,
        channel=told.channel,
        state=CaseState.RECEIVED,
        receiver=told.department,
        custodian=told.department,
        taker=None,
        round=1,
        step=0,
        outcome=StepOutcome.OPEN,
        opened_at_unix=at_unix,
        accept_by_unix=told.accept_by,
        due_at_unix=0,
        step_due_at_unix=0,
        paused_at_unix=0,
        procedure=SpecialProcedure.NONE,
        sequence=1,
        accepted_at_unix=0,
        concluded_at_unix=0,
        materials_digest=told.materials_digest,
        named=(),
        decisions=(),
        reliances=(),
        result_commitment=_NOTHING,
    )


def _follow(standing: CaseStanding, event: Event, at_unix: int) -> CaseStanding:
    match event:
        case CaseAdvanced():
            return _advance(standing, event, at_unix)
        case CaseHandedOver(statement=given):
            return replace(standing, taker=given.taker, sequence=given.sequence)
        case CaseTakenOver(statement=taken):
            moved = replace(standing, custodian=taken.taker, taker=None, sequence=taken.sequence)
            is_to_accept = taken.accept_by != 0
            return replace(moved, accept_by_unix=taken.accept_by) if is_to_accept else moved
        case AcceptanceDeemed(due_at=due):
            return replace(
                standing, state=CaseState.ACCEPTED, due_at_unix=due, accepted_at_unix=at_unix
            )
        case StepAssigned(statement=assigned):
            return replace(
                standing,
                state=CaseState.REVIEWING,
                step_due_at_unix=assigned.due_at,
                named=assigned.named,
                sequence=assigned.sequence,
            )
        case StepDecided(outcome=outcome, state_after=after):
            decided = replace(
                standing, decisions=(*standing.decisions, _to_decision(event, at_unix))
            )
            return _conclude_step(decided, outcome, after)
        case StepTimeEnded(outcome=outcome, state_after=after):
            return _conclude_step(standing, outcome, after)
    return standing


def _advance(standing: CaseStanding, event: CaseAdvanced, at_unix: int) -> CaseStanding:
    told = event.statement
    moved = replace(standing, state=event.state_after, sequence=told.sequence)
    match told.act:
        case CaseAct.SUPPLEMENT:
            return replace(
                moved,
                round=standing.round + 1,
                accept_by_unix=told.due_at,
                materials_digest=told.digest,
            )
        case CaseAct.ACCEPT:
            return replace(
                moved,
                due_at_unix=told.due_at,
                materials_digest=told.digest,
                reliances=told.reliances,
                accepted_at_unix=at_unix,
            )
        case CaseAct.PAUSE:
            return replace(moved, paused_at_unix=at_unix, procedure=told.procedure)
        case CaseAct.RESUME:
            return _resume(moved, told.due_at, at_unix)
        case CaseAct.EXTEND:
            return replace(moved, due_at_unix=told.due_at)
        case CaseAct.GRANT | CaseAct.REJECT | CaseAct.REFUSE_ACCEPTANCE | CaseAct.WITHDRAW:
            return replace(moved, concluded_at_unix=at_unix)
        case CaseAct.ISSUE_RESULT:
            return replace(moved, result_commitment=told.digest)
    return moved


def _resume(standing: CaseStanding, due_at_unix: int, at_unix: int) -> CaseStanding:
    stood = at_unix - standing.paused_at_unix
    step_due = standing.step_due_at_unix
    return replace(
        standing,
        due_at_unix=due_at_unix,
        step_due_at_unix=step_due + stood if step_due else 0,
        paused_at_unix=0,
        procedure=SpecialProcedure.NONE,
    )


def _conclude_step(standing: CaseStanding, outcome: StepOutcome, after: CaseState) -> CaseStanding:
    if outcome is StepOutcome.OPEN:
        return standing
    is_last = after is CaseState.DECIDED
    return replace(
        standing,
        state=after,
        step=standing.step if is_last else standing.step + 1,
        step_due_at_unix=0,
        outcome=outcome if is_last else StepOutcome.OPEN,
    )


def _to_decision(event: StepDecided, at_unix: int) -> StepDecision:
    told = event.statement
    return StepDecision(
        told.step, told.round, told.department, told.decision, event.decision_digest, at_unix
    )
