"""The clock of a case: stopped for special procedures alone, never to anybody's loss."""

from __future__ import annotations

import pytest

from ledger.actions.cases.clocks import extend_case, pause_case, resume_case
from ledger.actions.cases.deadlines import load_calendar
from ledger.actions.cases.deciding import assign_step
from ledger.actions.cases.history import CaseStanding, read_standing
from ledger.errors import MalformedInputError
from ledger.formats.civil_time import compute_civil_date
from ledger.records import (
    CaseNotPausedError,
    CasePausedError,
    CaseState,
    ExtendedBeforeError,
    SpecialProcedure,
)
from tests.ledger.actions.cases.cases import DAY_S, OFFICER, accept, assign, at
from tests.ledger.actions.homes import SICHUAN, Ledger

REVIEW = SpecialProcedure.EXPERT_REVIEW
LAW = "《行政许可法》第四十二条"


def stand(ledger: Ledger, case_id: bytes) -> CaseStanding:
    with ledger.open(SICHUAN) as home:
        home.sync_index()
        return read_standing(home.index, case_id)


def pause(ledger: Ledger, case_id: bytes) -> None:
    at(ledger, SICHUAN, lambda home: pause_case(home, case_id, REVIEW, "专家评审", OFFICER))


def test_pause_leaves_as_many_working_days_as_there_were(two: Ledger) -> None:
    case_id = accept(two)
    before = stand(two, case_id)
    pause(two, case_id)
    paused = stand(two, case_id)
    assert (paused.procedure, paused.state) == (REVIEW, CaseState.ACCEPTED)
    two.ahead_s = 9 * DAY_S
    at(two, SICHUAN, lambda home: resume_case(home, case_id, "评审通过", OFFICER))
    after = stand(two, case_id)
    assert after.paused_at_unix == 0
    assert after.due_at_unix >= before.due_at_unix + 9 * DAY_S
    with two.open(SICHUAN) as home:
        calendar = load_calendar(home)
    days = [
        calendar.count_between(compute_civil_date(begins), compute_civil_date(due))
        for begins, due in (
            (paused.paused_at_unix, before.due_at_unix),
            (paused.paused_at_unix + 9 * DAY_S, after.due_at_unix),
        )
    ]
    assert days[0] <= days[1] <= days[0] + 2


def test_nothing_is_assigned_while_the_clock_stands(two: Ledger) -> None:
    case_id = accept(two)
    pause(two, case_id)
    with two.open(SICHUAN) as home, pytest.raises(CasePausedError):
        assign_step(home, case_id)


def test_clock_that_runs_cannot_be_resumed_nor_paused_without_a_procedure(two: Ledger) -> None:
    case_id = accept(two)
    with two.open(SICHUAN) as home:
        with pytest.raises(CaseNotPausedError):
            resume_case(home, case_id, "评审通过")
        with pytest.raises(MalformedInputError):
            pause_case(home, case_id, SpecialProcedure.NONE, "等待")


def test_pause_asked_for_again_is_one_pause_but_a_second_may_follow(two: Ledger) -> None:
    case_id = accept(two)
    with two.open(SICHUAN) as home:
        first = pause_case(home, case_id, REVIEW, "专家评审")
        assert pause_case(home, case_id, REVIEW, "专家评审").was_done
        resume_case(home, case_id, "评审通过")
        second = pause_case(home, case_id, REVIEW, "专家评审")
        assert not second.was_done
        assert second.log_index > first.log_index


def test_time_of_a_step_waits_with_the_clock(two: Ledger) -> None:
    case_id = accept(two)
    assign(two, case_id)
    before = stand(two, case_id).step_due_at_unix
    pause(two, case_id)
    two.ahead_s = 3 * DAY_S
    at(two, SICHUAN, lambda home: resume_case(home, case_id, "评审通过"))
    assert 3 * DAY_S <= stand(two, case_id).step_due_at_unix - before < 4 * DAY_S


def test_decision_is_extended_once_and_by_ten_working_days_at_most(two: Ledger) -> None:
    case_id = accept(two)
    before = stand(two, case_id).due_at_unix
    with two.open(SICHUAN) as home:
        for days in (0, 11):
            with pytest.raises(MalformedInputError):
                extend_case(home, case_id, days, "案情复杂", LAW)
        with pytest.raises(MalformedInputError):
            extend_case(home, case_id, 10, "案情复杂", "")
        extended = extend_case(home, case_id, 10, "案情复杂", LAW, OFFICER)
        assert before + 10 * DAY_S <= extended.due_at_unix <= before + 31 * DAY_S
        with pytest.raises(ExtendedBeforeError):
            extend_case(home, case_id, 1, "仍复杂", LAW)
