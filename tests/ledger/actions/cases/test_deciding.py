"""Joint decisions of several provinces: in order, over the same materials, each once."""

from __future__ import annotations

import pytest

from ledger.actions.cases.acting import CaseResult
from ledger.actions.cases.concluding import conclude_case, issue_result
from ledger.actions.cases.deciding import assign_step, decide_step, end_step_time
from ledger.actions.cases.history import read_standing
from ledger.actions.cases.packages import import_package, share_case
from ledger.actions.catalogue import define_matter, import_file
from ledger.errors import MalformedInputError, NotFoundError
from ledger.identifiers import Uscc
from ledger.records import (
    CaseState,
    CaseStateUnexpectedError,
    DecidedBeforeError,
    DecidersMalformedError,
    Decision,
    DecisionOutOfTurnError,
    DecisionTooLateError,
    DepartmentNotCompetentError,
    StepStillOpenError,
)
from tests.ledger.actions.cases.cases import (
    DAY_S,
    OFFICER,
    SICHUAN_HOUSING,
    WINDOW,
    accept,
    assign,
    at,
    decide,
    define,
)
from tests.ledger.actions.homes import CHONGQING, SICHUAN, Ledger, identify


@pytest.fixture
def shared(two: Ledger) -> tuple[Ledger, bytes]:
    """A case at its first step, of which both deciders have the papers."""
    case_id = accept(two)
    assign(two, case_id)
    share(two, case_id)
    return two, case_id


def share(ledger: Ledger, case_id: bytes) -> None:
    package = at(ledger, SICHUAN, lambda home: share_case(home, case_id, WINDOW))
    at(ledger, CHONGQING, lambda home: import_package(home, package))


def use_matter(ledger: Ledger, **step: object) -> None:
    """Makes the matter one of a single step that both departments decide."""
    both = {"name": "联审", "deciders": [str(WINDOW), str(SICHUAN_HOUSING)], "limitDays": 2}
    definition = define(version=2, steps=[both | step])
    file = at(ledger, SICHUAN, lambda home: define_matter(home, definition)).file
    at(ledger, CHONGQING, lambda home: import_file(home, file))


def reject(ledger: Ledger, member: object, case_id: bytes) -> CaseResult:
    return at(ledger, member, lambda home: decide_step(home, case_id, Decision.REJECT, "不同意"))


def test_decision_before_its_turn_is_refused(shared: tuple[Ledger, bytes]) -> None:
    ledger, case_id = shared
    with pytest.raises(DecisionOutOfTurnError):
        decide(ledger, SICHUAN, case_id)


def test_decision_asked_for_again_changes_nothing(shared: tuple[Ledger, bytes]) -> None:
    ledger, case_id = shared
    first, again = decide(ledger, CHONGQING, case_id), decide(ledger, CHONGQING, case_id)
    assert again.was_done
    assert again.log_index == first.log_index


def test_second_thought_does_not_replace_a_decision(shared: tuple[Ledger, bytes]) -> None:
    ledger, case_id = shared
    decide(ledger, CHONGQING, case_id)
    with pytest.raises(DecidedBeforeError):
        reject(ledger, CHONGQING, case_id)


def test_step_can_be_assigned_once_each_and_asked_for_again(shared: tuple[Ledger, bytes]) -> None:
    ledger, case_id = shared
    assert assign(ledger, case_id).was_done
    decide(ledger, CHONGQING, case_id)
    decide(ledger, SICHUAN, case_id)
    second = assign(ledger, case_id)
    assert not second.was_done
    assert second.state is CaseState.REVIEWING


def test_decision_without_the_judged_materials_is_refused(two: Ledger) -> None:
    case_id = accept(two)
    assign(two, case_id)
    with pytest.raises(NotFoundError) as refusal:
        decide(two, CHONGQING, case_id)
    assert refusal.value.code == "paper_missing"


def test_decision_by_a_department_without_competence_is_refused(
    shared: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = shared
    decide(ledger, CHONGQING, case_id)
    decide(ledger, SICHUAN, case_id)
    assign(ledger, case_id)
    with ledger.open() as home:
        with pytest.raises(NotFoundError) as refusal:
            decide_step(home, case_id, Decision.REJECT, "越权")
        assert refusal.value.code == "not_our_case"
        with pytest.raises(DepartmentNotCompetentError):
            decide_step(home, case_id, Decision.REJECT, "越权", department=WINDOW)


def test_opinion_without_reasons_is_refused(shared: tuple[Ledger, bytes]) -> None:
    ledger, case_id = shared
    with pytest.raises(MalformedInputError):
        decide(ledger, CHONGQING, case_id, text="  ")


def test_one_rejection_ends_a_step_of_all(shared: tuple[Ledger, bytes]) -> None:
    ledger, case_id = shared
    assert reject(ledger, CHONGQING, case_id).state is CaseState.DECIDED
    with ledger.open(SICHUAN) as home:
        with pytest.raises(MalformedInputError):
            conclude_case(home, case_id, "不予许可")
        basis, remedies = "《行政许可法》第三十八条", "六十日内可申请行政复议"
        done = conclude_case(
            home, case_id, "不予许可", legal_basis=basis, remedies=remedies, officer=OFFICER
        )
        assert done.state is CaseState.REJECTED
        again = conclude_case(
            home, case_id, "不予许可", legal_basis=basis, remedies=remedies, officer=OFFICER
        )
        assert again.was_done


def test_case_is_not_concluded_before_its_steps_are(shared: tuple[Ledger, bytes]) -> None:
    ledger, case_id = shared
    with ledger.open(SICHUAN) as home, pytest.raises(CaseStateUnexpectedError):
        conclude_case(home, case_id, "准予许可")


def test_named_deciders_are_as_many_as_the_step_leaves_open(two: Ledger) -> None:
    use_matter(two, rule="all", deciders=[str(SICHUAN_HOUSING)], named=1)
    case_id = accept(two)
    with two.open(SICHUAN) as home:
        for named in ((), (SICHUAN_HOUSING,), (Uscc.build("11990000000000001"),)):
            with pytest.raises(DecidersMalformedError):
                assign_step(home, case_id, named)
        assert assign_step(home, case_id, (WINDOW,)).state is CaseState.REVIEWING
        home.sync_index()
        assert read_standing(home.index, case_id).named == (WINDOW,)


def test_threshold_waits_for_who_has_a_veto_until_its_time_is_up(two: Ledger) -> None:
    use_matter(two, rule="threshold", threshold=1, vetoes=[0])
    case_id = accept(two)
    assign(two, case_id)
    share(two, case_id)
    assert decide(two, SICHUAN, case_id).state is CaseState.REVIEWING
    with two.open() as home, pytest.raises(StepStillOpenError):
        end_step_time(home, case_id)
    two.ahead_s = 26 * DAY_S
    with pytest.raises(DecisionTooLateError):
        reject(two, CHONGQING, case_id)
    with two.open() as home:
        assert end_step_time(home, case_id).state is CaseState.DECIDED


def test_veto_outweighs_approvals(two: Ledger) -> None:
    use_matter(two, rule="threshold", threshold=1, vetoes=[0])
    case_id = accept(two)
    assign(two, case_id)
    share(two, case_id)
    decide(two, SICHUAN, case_id)
    assert reject(two, CHONGQING, case_id).state is CaseState.DECIDED
    with two.open() as home:
        home.sync_index()
        standing = read_standing(home.index, case_id)
    assert standing.outcome.name == "REJECTED"
    assert [each.department for each in standing.decisions] == [SICHUAN_HOUSING, WINDOW]


def test_certificate_of_another_home_is_no_result(two: Ledger) -> None:
    case_id = accept(two)
    with two.open(SICHUAN) as home, pytest.raises(NotFoundError) as refusal:
        issue_result(home, case_id, identify(1))
    assert refusal.value.code == "certificate_unknown"
