"""What cases there are, where each stands, what is due, and who is accountable for which step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.actions.cases.deadlines import count_left, load_calendar
from ledger.actions.cases.describing import describe, name_act
from ledger.actions.cases.history import CaseEvent, CaseStanding, iterate_events, read_standing
from ledger.actions.facts import current_head
from ledger.errors import NotFoundError
from ledger.formats.evidence import LogHead
from ledger.formats.working_days import WorkingDays
from ledger.identifiers import Uscc
from ledger.records import CaseOpened, CaseState
from ledger.workspace import Workspace

NO_COMMITMENT = bytes(32)
_BEFORE_ACCEPTANCE = frozenset({CaseState.RECEIVED, CaseState.SUPPLEMENTING})
_UNDER_REVIEW = frozenset({CaseState.ACCEPTED, CaseState.REVIEWING, CaseState.DECIDED})


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case in a list.

    Attributes:
        due_at_unix: what is due next, for acceptance or for the decision; 0 if nothing is.
        days_left: working days until then; None where nothing is due or the calendar is not
            published; 0 when overdue.
        is_overdue: never while the clock stands.
        is_ours: whether this home has its papers.
    """

    standing: CaseStanding
    due_at_unix: int
    days_left: int | None
    is_overdue: bool
    is_ours: bool


@dataclass(frozen=True, slots=True)
class AccountableStep:
    """Who did what, under which version of which rule.

    Attributes:
        region: member accountable; department: whose seal it bears, empty if time did it.
        place: "receiver" (收件地), "handler" (办理地) or "decider"; empty if time did it.
        officer: who it was, where this home keeps it; else the commitment in hexadecimal.
        path: inclusion path under the head of the view.
    """

    log_index: int
    recorded_at_unix: int
    act: str
    region: str
    department: str
    place: str
    officer: str
    matter_version: int
    detail: dict[str, Any]
    leaf_hash: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case, whole."""

    summary: CaseSummary
    head: LogHead
    steps: tuple[AccountableStep, ...]


def list_cases(
    workspace: Workspace, *, only_ours: bool = False, only_overdue: bool = False
) -> list[CaseSummary]:
    """The cases of the log, oldest first.

    Args:
        only_ours: those of which this home has papers, or whose receiver or handler it is.
    """
    workspace.sync_index()
    ids = [row.subject for row in workspace.index.entries_of_kind(CaseOpened.TOPIC)]
    own = {case.case_id for case in workspace.vault.cases.all()}
    calendar, now_unix = load_calendar(workspace), workspace.latest_unix()
    summaries = [
        _summarise(read_standing(workspace.index, case_id), own, calendar, now_unix)
        for case_id in ids
    ]
    return [
        each
        for each in summaries
        if (each.is_ours or not only_ours) and (each.is_overdue or not only_overdue)
    ]


def show_case(workspace: Workspace, case_id: bytes, *, show_officers: bool = True) -> CaseView:
    """One case with every step, who is accountable for it, and its proof.

    Raises:
        NotFoundError: case_unknown.
    """
    workspace.sync_index()
    index = workspace.index
    head, standing = current_head(index), read_standing(index, case_id)
    own = {case_id} if workspace.vault.cases.find(case_id) else set()
    summary = _summarise(standing, own, load_calendar(workspace), workspace.latest_unix())
    steps = tuple(
        _to_step(workspace, each, standing, head, show_officers=show_officers)
        for each in iterate_events(index, case_id)
        if each.row.entry_index < head.size
    )
    return CaseView(summary, head, steps)


def _summarise(
    standing: CaseStanding, own: set[bytes], calendar: WorkingDays, now_unix: int
) -> CaseSummary:
    due = _find_due(standing)
    is_overdue = 0 < due < now_unix and not standing.paused_at_unix
    return CaseSummary(
        standing,
        due,
        _count_left(calendar, due, now_unix) if due else None,
        is_overdue,
        standing.case_id in own,
    )


def _find_due(standing: CaseStanding) -> int:
    if standing.state in _BEFORE_ACCEPTANCE:
        return standing.accept_by_unix if standing.state is CaseState.RECEIVED else 0
    return standing.due_at_unix if standing.state in _UNDER_REVIEW else 0


def _count_left(calendar: WorkingDays, due: int, now_unix: int) -> int | None:
    try:
        return count_left(calendar, due, now_unix)
    except NotFoundError:
        return None


def _to_step(
    workspace: Workspace,
    each: CaseEvent,
    standing: CaseStanding,
    head: LogHead,
    *,
    show_officers: bool,
) -> AccountableStep:
    row = each.row
    return AccountableStep(
        row.entry_index,
        row.time_unix,
        name_act(each.event),
        row.region,
        row.actor,
        _name_place(row.actor, standing),
        _tell_officer(workspace, each, show_officers=show_officers),
        standing.matter_version,
        describe(each.event),
        row.leaf_hash,
        workspace.index.inclusion_path(row.entry_index, head.size),
    )


def _name_place(actor: str, standing: CaseStanding) -> str:
    if not actor:
        return ""
    places = {standing.receiver: "receiver", standing.handler: "handler"}
    return places.get(Uscc(actor), "decider")


def _tell_officer(workspace: Workspace, each: CaseEvent, *, show_officers: bool) -> str:
    commitment = each.officer_commitment
    if commitment == NO_COMMITMENT:
        return ""
    if show_officers and each.region == str(workspace.member):
        try:
            return workspace.vault.acts.open_officer(commitment).officer
        except NotFoundError:
            pass
    return commitment.hex()
