"""Dates that a case states, against those that the working days give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ledger.actions.cases.accepting import request_supplement, supplement_case
from ledger.actions.cases.clocks import extend_case, pause_case, resume_case
from ledger.actions.cases.history import CaseEvent, CaseStanding, iterate_events, iterate_standings
from ledger.actions.cases.opening import HandedIn
from ledger.actions.cases.overdue import (
    Deadline,
    DeadlineKind,
    Remark,
    compute_ranges,
    list_deadlines,
)
from ledger.actions.catalogue_listing import MatterVersion, find_matter_version
from ledger.formats.case_materials import MaterialKind
from ledger.formats.working_days import WorkingDays
from ledger.records import CaseState, SpecialProcedure
from tests.ledger.actions.cases.cases import CONTRACT, DAY_S, ITEM, accept, send, submit
from tests.ledger.actions.homes import SICHUAN, Ledger

NONE = WorkingDays()
BASIS = "《行政许可法》第四十二条"
History = Sequence[tuple[CaseEvent, CaseStanding]]


def read(ledger: Ledger, case_id: bytes) -> tuple[History, MatterVersion, WorkingDays]:
    from ledger.actions.cases.deadlines import load_calendar

    with ledger.open(SICHUAN) as home:
        home.sync_index()
        history = list(iterate_standings(iterate_events(home.index, case_id)))
        return history, find_matter_version(home.index, ITEM), load_calendar(home)


def remark(ledger: Ledger, case_id: bytes) -> dict[DeadlineKind, Remark]:
    history, matter, calendar = read(ledger, case_id)
    standing = history[-1][1]
    now_unix = history[-1][0].row.time_unix
    told = list_deadlines(standing, calendar, now_unix, compute_ranges(history, matter, calendar))
    return {each.kind: each.remark for each in told}


def list_at(standing: CaseStanding, now_unix: int) -> dict[DeadlineKind, Deadline]:
    return {each.kind: each for each in list_deadlines(standing, NONE, now_unix)}


def test_a_clock_that_stood_and_was_extended_gives_the_computed_days(two: Ledger) -> None:
    case_id = accept(two, CONTRACT)
    with two.open(SICHUAN) as home:
        pause_case(home, case_id, SpecialProcedure.HEARING, "听证")
    two.ahead_s += 9 * DAY_S
    with two.open(SICHUAN) as home:
        resume_case(home, case_id, "听证结束")
    assert remark(two, case_id)[DeadlineKind.DECISION] is Remark.NONE
    with two.open(SICHUAN) as home:
        extend_case(home, case_id, 10, "批准延期", BASIS)
    assert remark(two, case_id)[DeadlineKind.DECISION] is Remark.NONE


def test_a_stated_date_beside_the_computed_one_is_remarked(two: Ledger) -> None:
    history, matter, calendar = read(two, accept(two, CONTRACT))
    standing = history[-1][1]
    ranges = compute_ranges(history, matter, calendar)
    for moved_s in (-DAY_S, DAY_S):
        other = replace(standing, due_at_unix=standing.due_at_unix + moved_s)
        told = list_deadlines(other, calendar, standing.opened_at_unix, ranges)
        assert [each.remark for each in told if each.kind is DeadlineKind.DECISION] == [
            Remark.ANOTHER_DAY
        ]


def test_without_a_calendar_for_the_year_it_is_said_that_nobody_knows(two: Ledger) -> None:
    history, matter, _ = read(two, accept(two, CONTRACT))
    far = [
        (replace(each, row=replace(each.row, time_unix=4_000_000_000)), s) for each, s in history
    ]
    ranges = compute_ranges(far, matter, NONE)
    assert ranges[DeadlineKind.DECISION] is None
    (_, decision) = list_deadlines(history[-1][1], NONE, 4_000_000_000, ranges)
    assert decision.remark is Remark.CALENDAR_UNKNOWN
    assert decision.is_overdue


def test_without_the_matter_only_acceptance_is_computed(two: Ledger) -> None:
    history, _, calendar = read(two, accept(two, CONTRACT))
    ranges = compute_ranges(history, None, calendar)
    assert ranges[DeadlineKind.ACCEPTANCE] is not None
    assert ranges[DeadlineKind.DECISION] is None


def test_nothing_passes_while_the_clock_stands(two: Ledger) -> None:
    history, _, _ = read(two, accept(two, CONTRACT))
    standing = history[-1][1]
    paused = replace(standing, paused_at_unix=standing.due_at_unix - 1)
    late = standing.due_at_unix + 1
    assert list_at(standing, late)[DeadlineKind.DECISION].is_overdue
    assert not list_at(paused, late)[DeadlineKind.DECISION].is_overdue


def test_nothing_is_due_while_the_applicant_supplies_materials(two: Ledger) -> None:
    case_id = submit(two, CONTRACT)
    send(two, case_id)
    with two.open(SICHUAN) as home:
        request_supplement(home, case_id, "请补正", ["附件"])
    (history, _, _) = read(two, case_id)
    assert history[-1][1].state is CaseState.SUPPLEMENTING
    assert list_at(history[-1][1], 4_000_000_000) == {}
    with two.open(SICHUAN) as home:
        supplement_case(home, case_id, [HandedIn("附件", MaterialKind.DOCUMENT, None, b"x")])
    assert remark(two, case_id) == {DeadlineKind.ACCEPTANCE: Remark.NONE}


@pytest.mark.parametrize(("late_s", "is_overdue"), [(0, False), (1, True)])
def test_what_was_done_too_late_stays_overdue(two: Ledger, late_s: int, is_overdue: bool) -> None:
    history, _, _ = read(two, accept(two, CONTRACT))
    standing = history[-1][1]
    ended = replace(
        standing,
        state=CaseState.APPROVED,
        concluded_at_unix=standing.due_at_unix + late_s,
    )
    decision = list_at(ended, 4_000_000_000)[DeadlineKind.DECISION]
    assert (decision.is_overdue, decision.is_pending, decision.days_left) == (
        is_overdue,
        False,
        None,
    )
