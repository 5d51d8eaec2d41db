"""What of a case is due and what is overdue, and which stated dates the working days do not give.

The contract holds dates within bounds that every calendar leaves; whether one is the working day
that the law and the matter mean, is told here and never corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ledger.actions.cases.deadlines import ACCEPTANCE_DAYS, MAX_EXTENSION_DAYS, count_left
from ledger.actions.cases.history import CaseEvent, CaseStanding
from ledger.actions.catalogue_listing import MatterVersion
from ledger.errors import NotFoundError
from ledger.formats.civil_time import compute_civil_date
from ledger.formats.working_days import WorkingDays, compute_end_of_day
from ledger.records import (
    AcceptanceDeemed,
    CaseAct,
    CaseAdvanced,
    CaseOpened,
    CaseState,
    CaseTakenOver,
    StepAssigned,
)

_UNDER_REVIEW = frozenset({CaseState.ACCEPTED, CaseState.REVIEWING, CaseState.DECIDED})
_ON_ITS_WAY_S = 3_600  # a statement is recorded at most so long after its date was computed


class DeadlineKind(StrEnum):
    """What a time is for."""

    ACCEPTANCE = "acceptance"
    DECISION = "decision"
    STEP = "step"


class Remark(StrEnum):
    """What is to be said of a stated date."""

    NONE = ""
    ANOTHER_DAY = "another_day"  # than the working days give
    CALENDAR_UNKNOWN = "calendar_unknown"  # no notice for that year is here


@dataclass(frozen=True, slots=True)
class Deadline:
    """A time that a case has.

    Attributes:
        is_overdue: it passed before what was due was done; a clock that stands lets nothing pass.
        is_pending: whether what was due is still to be done.
        days_left: working days; None once it was done, or where the calendar is not known.
        computed_from_unix, computed_until_unix: what the working days give, 0 if unknown.
    """

    kind: DeadlineKind
    due_at_unix: int
    is_overdue: bool
    is_pending: bool
    days_left: int | None
    remark: Remark = Remark.NONE
    computed_from_unix: int = 0
    computed_until_unix: int = 0


@dataclass(frozen=True, slots=True)
class DueRange:
    """Between which moments a date lies that is computed by the rules. Unix seconds."""

    earliest: int
    latest: int


def list_deadlines(
    standing: CaseStanding,
    calendar: WorkingDays,
    now_unix: int,
    computed: Mapping[DeadlineKind, DueRange | None] | None = None,
) -> tuple[Deadline, ...]:
    """The times of a case, in the order of its course.

    Args:
        computed: what `compute_ranges` gives; without it nothing is remarked.
    """
    found = []
    for kind, due, is_pending, done_unix in _times(standing):
        at_unix = (standing.paused_at_unix or now_unix) if is_pending else done_unix
        deadline = Deadline(
            kind,
            due,
            due < at_unix,
            is_pending,
            _count_left(calendar, due, at_unix) if is_pending else None,
        )
        found.append(_remark(deadline, computed) if computed is not None else deadline)
    return tuple(found)


def compute_ranges(
    history: Iterable[tuple[CaseEvent, CaseStanding]],
    matter: MatterVersion | None,
    calendar: WorkingDays,
) -> dict[DeadlineKind, DueRange | None]:
    """What the newest date of each kind may be; None where the calendar is not known.

    Args:
        history: of a case, as `iterate_standings` gives it.
        matter: the version that it cites, None if the log has it not.
    """
    ranges: dict[DeadlineKind, DueRange | None] = {}
    before: CaseStanding | None = None
    for each, standing in history:
        kind = _find_stated(each)
        if kind is not None:
            try:
                ranges[kind] = _compute_range(each, before, matter, calendar)
            except NotFoundError:
                ranges[kind] = None
        before = standing
    return ranges


def _times(standing: CaseStanding) -> Iterator[tuple[DeadlineKind, int, bool, int]]:
    """Each time of a case: what for, when due, whether it is waited for, else when it was done."""
    ended = standing.concluded_at_unix
    if standing.accept_by_unix:
        is_pending = standing.state is CaseState.RECEIVED
        done = standing.accepted_at_unix or ended
        if is_pending or done:  # while the applicant supplies materials nothing is due
            yield DeadlineKind.ACCEPTANCE, standing.accept_by_unix, is_pending, done
    if standing.due_at_unix:
        is_pending = standing.state in _UNDER_REVIEW
        yield DeadlineKind.DECISION, standing.due_at_unix, is_pending, ended
    if standing.state is CaseState.REVIEWING and standing.step_due_at_unix:
        yield DeadlineKind.STEP, standing.step_due_at_unix, True, 0


def _count_left(calendar: WorkingDays, due_at_unix: int, at_unix: int) -> int | None:
    try:
        return count_left(calendar, due_at_unix, at_unix)
    except NotFoundError:
        return None


def _remark(deadline: Deadline, computed: Mapping[DeadlineKind, DueRange | None]) -> Deadline:
    if deadline.kind not in computed:
        return deadline
    found = computed[deadline.kind]
    if found is None:
        return replace(deadline, remark=Remark.CALENDAR_UNKNOWN)
    is_within = found.earliest <= deadline.due_at_unix <= found.latest
    return replace(
        deadline,
        remark=Remark.NONE if is_within else Remark.ANOTHER_DAY,
        computed_from_unix=found.earliest,
        computed_until_unix=found.latest,
    )


def _find_stated(each: CaseEvent) -> DeadlineKind | None:
    """What time an event states, if it states one."""
    match each.event:
        case CaseOpened(statement=stated) | CaseTakenOver(statement=stated):
            return DeadlineKind.ACCEPTANCE if stated.accept_by else None
        case CaseAdvanced(statement=told):
            return _STATED.get(told.act)
        case AcceptanceDeemed():
            return DeadlineKind.DECISION
        case StepAssigned():
            return DeadlineKind.STEP
    return None


def _compute_range(
    each: CaseEvent,
    before: CaseStanding | None,
    matter: MatterVersion | None,
    calendar: WorkingDays,
) -> DueRange:
    """What the date that an event states may be.

    Raises:
        NotFoundError: calendar_not_published; matter_not_catalogued.
    """
    at_unix = each.row.time_unix
    event = each.event
    if isinstance(event, CaseAdvanced) and before is not None:
        if event.statement.act is CaseAct.RESUME:
            return _compute_resumed(before, at_unix, calendar)
        if event.statement.act is CaseAct.EXTEND:
            return _compute_extended(before, calendar)
    days = ACCEPTANCE_DAYS
    if _find_stated(each) is not DeadlineKind.ACCEPTANCE:
        if matter is None:
            raise NotFoundError("the log has no such matter", code="matter_not_catalogued")
        days = matter.promised_days
        if isinstance(event, StepAssigned):
            days = matter.steps[event.statement.step].limit_days
    return DueRange(
        calendar.compute_deadline(at_unix - _ON_ITS_WAY_S, days),
        calendar.compute_deadline(at_unix, days),
    )


def _compute_resumed(before: CaseStanding, at_unix: int, calendar: WorkingDays) -> DueRange:
    """As many working days are left as when the clock was stopped, and no less time than then."""
    paused, due = map(compute_civil_date, (before.paused_at_unix, before.due_at_unix))
    left = calendar.count_between(paused, due)
    moved_unix = before.due_at_unix + at_unix - before.paused_at_unix + _ON_ITS_WAY_S
    by_days = compute_end_of_day(calendar.add(compute_civil_date(at_unix), left))
    return DueRange(by_days, max(by_days, compute_end_of_day(compute_civil_date(moved_unix))))


def _compute_extended(before: CaseStanding, calendar: WorkingDays) -> DueRange:
    due = compute_civil_date(before.due_at_unix)
    first, last = (calendar.add(due, days) for days in (1, MAX_EXTENSION_DAYS))
    return DueRange(compute_end_of_day(first), compute_end_of_day(last))


_STATED: Mapping[CaseAct, DeadlineKind] = {
    CaseAct.SUPPLEMENT: DeadlineKind.ACCEPTANCE,
    CaseAct.ACCEPT: DeadlineKind.DECISION,
    CaseAct.RESUME: DeadlineKind.DECISION,
    CaseAct.EXTEND: DeadlineKind.DECISION,
}
