from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.actions.cases.accepting import accept_case, judge_case
from ledger.actions.cases.overdue import DeadlineKind, Remark
from ledger.actions.cases.packages import import_package, share_case
from ledger.actions.cases.showing import ShownCase, show_case
from ledger.actions.cases.travelling import hand_over
from ledger.identifiers import MemberId
from ledger.records import CaseState, Decision, StepRule
from ledger.workspace import Workspace
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    DAY_S,
    ITEM,
    OFFICER,
    SICHUAN_HOUSING,
    WINDOW,
    accept,
    assign,
    at,
    decide,
    present_certificate,
    send,
    submit,
)
from tests.ledger.actions.homes import CHONGQING, GUIZHOU, SICHUAN, Ledger


def show(ledger: Ledger, case_id: bytes, member: MemberId = SICHUAN) -> ShownCase:
    return at(ledger, member, lambda home: show_case(home, case_id))


def test_where_a_case_was_received_and_where_it_is_handled_are_kept_apart(two: Ledger) -> None:
    case_id = submit(two, CONTRACT)
    shown = show(two, case_id, GUIZHOU)
    assert (shown.receiver.department, shown.receiver.region) == (WINDOW, str(CHONGQING))
    assert (shown.handler.department, shown.handler.region) == (SICHUAN_HOUSING, str(SICHUAN))
    assert (shown.handler.member, shown.handler.name) == (
        str(SICHUAN),
        "四川省住房和城乡建设厅（虚构）",
    )
    assert shown.custodian == shown.receiver
    assert shown.taker is None
    assert (shown.item_code, shown.matter_version, shown.state) == (ITEM, 1, CaseState.RECEIVED)
    assert shown.matter_name == "建筑施工企业安全生产许可证核发（虚构）"


def test_material_on_its_way_is_with_its_giver_and_for_its_taker(two: Ledger) -> None:
    case_id = submit(two, CONTRACT)
    at(two, CHONGQING, lambda home: hand_over(home, case_id))
    shown = show(two, case_id)
    assert shown.custodian == shown.receiver
    assert shown.taker == shown.handler


def test_each_step_says_who_decides_and_who_has_decided(two: Ledger) -> None:
    case_id = accept(two, CONTRACT)
    assign(two, case_id)
    shown = show(two, case_id)
    first, second = shown.steps
    assert (first.number, first.name, first.rule) == (1, "审查", StepRule.ORDERED)
    assert [each.department for each in first.deciders] == [WINDOW, SICHUAN_HOUSING]
    assert [each.decision for each in first.deciders] == [None, None]
    assert (first.is_open, second.is_open) == (True, False)
    package = at(two, SICHUAN, lambda home: share_case(home, case_id, WINDOW))
    at(two, CHONGQING, lambda home: import_package(home, package))
    decide(two, CHONGQING, case_id)
    decided, missing = show(two, case_id).steps[0].deciders
    assert (decided.decision, missing.decision) == (Decision.APPROVE, None)
    assert decided.decided_at_unix > 0


def test_stated_times_are_those_that_the_working_days_give(two: Ledger) -> None:
    case_id = accept(two, CONTRACT)
    assign(two, case_id)
    deadlines = {each.kind: each for each in show(two, case_id).deadlines}
    assert set(deadlines) == set(DeadlineKind)
    assert {each.remark for each in deadlines.values()} == {Remark.NONE}
    assert not any(each.is_overdue for each in deadlines.values())
    assert deadlines[DeadlineKind.DECISION].days_left == 10
    assert deadlines[DeadlineKind.STEP].days_left == 5
    assert deadlines[DeadlineKind.ACCEPTANCE].days_left is None
    assert not deadlines[DeadlineKind.ACCEPTANCE].is_pending


def test_a_time_that_passes_is_overdue(two: Ledger) -> None:
    case_id = accept(two, CONTRACT)
    two.ahead_s += 40 * DAY_S
    (acceptance, decision) = show(two, case_id).deadlines
    assert not acceptance.is_overdue
    assert decision.is_overdue
    assert decision.days_left == 0


def test_a_date_by_another_calendar_is_remarked(two: Ledger) -> None:
    """Sichuan's calendar says that nobody works for weeks, Guizhou's knows of no such thing."""
    case_id = accept(two, CONTRACT)
    with two.open(GUIZHOU) as home:
        year = show_case(home, case_id, open_vault=False).deadlines[-1].due_at_unix
    busy = _write_calendar(two, GUIZHOU, year)
    assert busy
    remarks = {each.kind: each.remark for each in show(two, case_id, GUIZHOU).deadlines}
    assert remarks[DeadlineKind.DECISION] is Remark.ANOTHER_DAY


def _write_calendar(ledger: Ledger, member: MemberId, at_unix: int) -> Path:
    from datetime import UTC, date, datetime, timedelta

    year = datetime.fromtimestamp(at_unix, UTC).year
    notices = {}
    for each in (year - 1, year, year + 1):
        days = [date(each, 1, 1) + timedelta(days=day) for day in range(0, 364, 2)]
        notices[str(each)] = {
            "source": "for tests: every other day is off",
            "days_off": [day.isoformat() for day in days],
            "working_days": [],
        }
    path = ledger.home(member) / "calendar.json"
    path.write_text(json.dumps(notices))
    return path


def test_verdicts_on_the_materials_are_shown_where_the_papers_are(two: Ledger) -> None:
    case_id = submit(two, CONTRACT, present_certificate(two))
    before = show(two, case_id, CHONGQING).kept
    assert before is not None
    assert [(each.name, each.outcome) for each in before.materials] == [
        ("劳动合同", ""),
        ("考核合格证书", ""),
    ]
    send(two, case_id)
    judgement = at(two, SICHUAN, lambda home: judge_case(home, case_id))
    at(two, SICHUAN, lambda home: accept_case(home, case_id, OFFICER, is_despite=True))
    after = show(two, case_id).kept
    assert after is not None
    assert after.outcome == judgement.judged.outcome
    assert [each.outcome for each in after.materials] == [
        each.outcome for each in judgement.judged.verdicts
    ]
    assert show(two, case_id, GUIZHOU).kept is None


def test_a_case_is_shown_without_a_passphrase(two: Ledger) -> None:
    def ask() -> str:
        raise AssertionError("the passphrase was asked for")

    case_id = submit(two, CONTRACT)
    with Workspace.open(two.home(CHONGQING), ask, clock=two.clock) as home:
        shown = show_case(home, case_id, open_vault=False)
    assert shown.kept is None
    assert shown.trail.steps[-1].officer.startswith("commitment ")


@pytest.mark.parametrize("member", [CHONGQING, SICHUAN, GUIZHOU])
def test_every_province_sees_the_same_of_the_log(two: Ledger, member: MemberId) -> None:
    case_id = submit(two, CONTRACT)
    mine, theirs = show(two, case_id, member), show(two, case_id, GUIZHOU)
    assert (mine.deadlines, mine.steps, mine.state) == (
        theirs.deadlines,
        theirs.steps,
        theirs.state,
    )
    assert [step.leaf_hash for step in mine.trail.steps] == [
        step.leaf_hash for step in theirs.trail.steps
    ]
