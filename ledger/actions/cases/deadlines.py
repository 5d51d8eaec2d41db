"""When something is due in a case: working days, by the home's calendar."""

from __future__ import annotations

from typing import Final

from ledger.errors import MalformedInputError
from ledger.formats.civil_time import compute_civil_date
from ledger.formats.working_days import WorkingDays, compute_end_of_day
from ledger.records import CaseRecord
from ledger.workspace import Workspace

CALENDAR_NAME: Final = "calendar.json"
ACCEPTANCE_DAYS: Final = 5  # 行政许可法 art. 32
MAX_EXTENSION_DAYS: Final = 10  # 行政许可法 art. 42
_MARGIN_S: Final = 600  # until the statement is on the chain


def load_calendar(workspace: Workspace) -> WorkingDays:
    """The published calendar with the notices that HOME/calendar.json adds.

    Raises:
        MalformedInputError: the file is no calendar.
    """
    path = workspace.home / CALENDAR_NAME
    return WorkingDays.parse(path.read_bytes()) if path.is_file() else WorkingDays()


def compute_due(workspace: Workspace, working_days: int) -> int:
    """The end of so many working days from now, in unix seconds.

    Raises:
        NotFoundError: calendar_not_published.
    """
    return load_calendar(workspace).compute_deadline(workspace.latest_unix(), working_days)


def compute_resumed_due(calendar: WorkingDays, record: CaseRecord, now_unix: int) -> int:
    """When a case is due that was paused until now, in unix seconds.

    The working days that were left when it was paused are left again; never is it due sooner than
    by the time it stood.
    """
    paused, due = compute_civil_date(record.paused_at), compute_civil_date(record.due_at)
    left = calendar.count_between(paused, due)
    by_days = compute_end_of_day(calendar.add(compute_civil_date(now_unix), left))
    moved_unix = record.due_at + now_unix - record.paused_at + _MARGIN_S
    return max(by_days, compute_end_of_day(compute_civil_date(moved_unix)))


def compute_extended_due(calendar: WorkingDays, record: CaseRecord, working_days: int) -> int:
    """When a case is due that was extended by so many working days, in unix seconds.

    Raises:
        MalformedInputError: not 1 to `MAX_EXTENSION_DAYS`.
    """
    if not 1 <= working_days <= MAX_EXTENSION_DAYS:
        raise MalformedInputError(
            f"days: expected 1 to {MAX_EXTENSION_DAYS} working days, got {working_days}",
            field="days",
        )
    due = compute_civil_date(record.due_at)
    return compute_end_of_day(calendar.add(due, working_days))


def count_left(calendar: WorkingDays, due_at_unix: int, now_unix: int) -> int:
    """Working days after today up to the day on which something is due; 0 once it is over."""
    if due_at_unix < now_unix:
        return 0
    today, due = compute_civil_date(now_unix), compute_civil_date(due_at_unix)
    return calendar.count_between(today, due)
