from __future__ import annotations

from ledger.actions.cases.listing import CaseFilter, ListedCase, list_cases
from ledger.actions.cases.opening import HandedIn
from ledger.actions.cases.overdue import DeadlineKind
from ledger.identifiers import MemberId
from ledger.records import CaseState
from ledger.workspace import Workspace
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    DAY_S,
    HOLDER,
    WINDOW,
    accept,
    submit,
)
from tests.ledger.actions.homes import CHONGQING, GUIZHOU, SICHUAN, Ledger


def list_at(
    ledger: Ledger, member: MemberId = SICHUAN, wanted: CaseFilter | None = None
) -> list[ListedCase]:
    with ledger.open(member) as home:
        return list_cases(home, wanted)


def test_a_ledger_without_cases_lists_none(two: Ledger) -> None:
    assert list_at(two) == []


def test_what_is_overdue_comes_first_and_then_what_is_due_soonest(two: Ledger) -> None:
    received = submit(two, CONTRACT)
    early = accept(two, CONTRACT, HandedIn("附件", CONTRACT.kind, None, b"first"))
    two.ahead_s += 40 * DAY_S
    late = accept(two, CONTRACT, HandedIn("附件", CONTRACT.kind, None, b"second"))
    listed = list_at(two)
    assert [each.case_id for each in listed] == [early, late, received]
    assert [each.is_overdue for each in listed] == [True, False, False]
    assert listed[0].next_due is not None
    assert listed[0].next_due.kind is DeadlineKind.DECISION
    assert listed[2].next_due is None, "it has not reached the department that decides"
    assert list_at(two, wanted=CaseFilter(only_overdue=True)) == listed[:1]


def test_cases_are_listed_by_state(two: Ledger) -> None:
    received, accepted = submit(two, CONTRACT, applicant=HOLDER), accept(two, CONTRACT)
    for state, expected in ((CaseState.RECEIVED, received), (CaseState.ACCEPTED, accepted)):
        (found,) = list_at(two, wanted=CaseFilter((state,)))
        assert (found.case_id, found.state) == (expected, state)
    assert list_at(two, wanted=CaseFilter((CaseState.DELIVERED,))) == []


def test_a_case_is_of_the_homes_that_have_part_in_it(two: Ledger) -> None:
    case_id = submit(two, CONTRACT)
    ours = CaseFilter(only_ours=True)
    for member in (CHONGQING, SICHUAN):
        (found,) = list_at(two, member, ours)
        assert (found.case_id, found.is_ours) == (case_id, True)
    assert list_at(two, GUIZHOU, ours) == []
    (seen,) = list_at(two, GUIZHOU)
    assert not seen.is_ours


def test_a_listed_case_tells_where_it_was_received_and_where_it_is_handled(two: Ledger) -> None:
    submit(two, CONTRACT)
    (found,) = list_at(two, GUIZHOU)
    assert (found.receiver, found.receiver_region) == (WINDOW, str(CHONGQING))
    assert found.handler_region == str(SICHUAN)
    assert found.matter_name == "建筑施工企业安全生产许可证核发（虚构）"


def test_cases_are_listed_without_a_passphrase(two: Ledger) -> None:
    def ask() -> str:
        raise AssertionError("the passphrase was asked for")

    submit(two, CONTRACT)
    with Workspace.open(two.home(SICHUAN), ask, clock=two.clock) as home:
        assert len(list_cases(home)) == 1
