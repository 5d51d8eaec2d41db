"""What cases there are and where each stands, the overdue ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.actions.cases.deadlines import load_calendar
from ledger.actions.cases.history import CaseStanding, iterate_events, iterate_standings
from ledger.actions.cases.overdue import Deadline, list_deadlines
from ledger.actions.catalogue_listing import read_catalogue
from ledger.actions.departments import list_departments
from ledger.errors import MalformedInputError
from ledger.identifiers import ItemCode, Uscc
from ledger.index.store import IndexStore
from ledger.records import CaseOpened, CaseState
from ledger.workspace import Workspace

_FAR_UNIX = 1 << 40
_MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A case in a list.

    Attributes:
        matter_name: of the version that it cites, empty if the log has it not.
        receiver: 收件地. handler: 办理地.
        is_ours: whether a department of this home received it, decides it or has acted on it.
        is_paused: whether its clock stands.
        next_due: what is due next, None if nothing is.
        is_overdue: whether anything that is due is overdue now.
    """

    case_id: bytes
    item_code: ItemCode
    matter_version: int
    matter_name: str
    state: CaseState
    round: int
    receiver: Uscc
    receiver_region: str
    handler: Uscc
    handler_region: str
    is_ours: bool
    is_paused: bool
    opened_at_unix: int
    next_due: Deadline | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are wanted.

    Attributes:
        states: only these, empty for all.
        only_ours: only those in which a department of this home has part.
    """

    states: Sequence[CaseState] = ()
    only_ours: bool = False
    only_overdue: bool = False

    def wants(self, case: ListedCase) -> bool:
        return (
            (not self.states or case.state in self.states)
            and (case.is_ours or not self.only_ours)
            and (case.is_overdue or not self.only_overdue)
        )


@dataclass(frozen=True, slots=True)
class CasePage:
    """Cases in the order of `list_cases`. Attributes: next: where the next page begins, if any."""

    items: tuple[ListedCase, ...]
    next: int | None


def page_cases(
    workspace: Workspace,
    wanted: CaseFilter = CaseFilter(),
    begin: int = 0,
    limit: int = 100,
) -> CasePage:
    """The cases of the log, page by page: overdue ones first, then by what is due soonest.

    Args:
        begin: how many to pass over.
        limit: at most so many, 1 to 1000.

    Raises:
        MalformedInputError: begin or limit are out of range.
    """
    if not 1 <= limit <= _MAX_PAGE:
        raise MalformedInputError(
            f"limit: expected 1 to {_MAX_PAGE}, got {limit}", code="limit_out_of_range"
        )
    if begin < 0:
        raise MalformedInputError(f"begin: expected 0 or more, got {begin}", field="begin")
    found = list_cases(workspace, wanted)
    end = begin + limit
    return CasePage(tuple(found[begin:end]), end if end < len(found) else None)


def list_cases(workspace: Workspace, wanted: CaseFilter | None = None) -> list[ListedCase]:
    """The cases of the log: overdue ones first, then by what is due soonest.

    Needs no passphrase: the log tells all of it.
    """
    wanted = wanted or CaseFilter()
    workspace.sync_index()
    index = workspace.index
    reader = _Reader(workspace)
    ids = dict.fromkeys(row.subject for row in index.entries_of_kind(CaseOpened.TOPIC))
    found = [reader.read(case_id) for case_id in ids]
    return sorted((each for each in found if each and wanted.wants(each)), key=_urgency)


class _Reader:
    """Tells case after case, with what all of them need read once."""

    def __init__(self, workspace: Workspace) -> None:
        self._index = workspace.index
        self._member = str(workspace.member)
        self._calendar = load_calendar(workspace)
        self._now_unix = workspace.latest_unix()
        self._regions = read_regions(workspace.index)
        self._names = {
            (matter.item_code, version.version): version.name
            for matter in read_catalogue(workspace.index).matters
            for version in matter.versions
        }

    def read(self, case_id: bytes) -> ListedCase | None:
        """None if this version cannot read how the case was opened."""
        history = list(iterate_standings(iterate_events(self._index, case_id)))
        if not history:
            return None
        acting = {each.region for each, _ in history}
        return self._tell(history[-1][1], acting)

    def _tell(self, standing: CaseStanding, acting: set[str]) -> ListedCase:
        deadlines = list_deadlines(standing, self._calendar, self._now_unix)
        pending = [each for each in deadlines if each.is_pending]
        handler_region = self._regions.get(standing.handler, "")
        return ListedCase(
            standing.case_id,
            standing.item_code,
            standing.matter_version,
            self._names.get((standing.item_code, standing.matter_version), ""),
            standing.state,
            standing.round,
            standing.receiver,
            self._regions.get(standing.receiver, ""),
            standing.handler,
            handler_region,
            self._member in {*acting, handler_region},
            bool(standing.paused_at_unix),
            standing.opened_at_unix,
            min(pending, key=lambda each: each.due_at_unix, default=None),
            any(each.is_overdue for each in pending),
        )


def read_regions(index: IndexStore) -> Mapping[Uscc, str]:
    """The member accountable for each department."""
    return {each.issuer: each.member for each in list_departments(index)}


def _urgency(case: ListedCase) -> tuple[bool, int, int]:
    due = case.next_due.due_at_unix if case.next_due else _FAR_UNIX
    return not case.is_overdue, due, case.opened_at_unix
