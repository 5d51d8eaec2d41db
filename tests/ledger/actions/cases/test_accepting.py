"""From receipt to acceptance: what is verified, what is refused, and what silence means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.actions.cases.accepting import (
    accept_case,
    deem_accepted,
    judge_case,
    refuse_case,
    request_supplement,
    supplement_case,
)
from ledger.actions.cases.concluding import withdraw_case
from ledger.actions.cases.history import read_standing
from ledger.actions.cases.opening import HandedIn, submit_case
from ledger.actions.cases.packages import import_package, share_case
from ledger.actions.cases.papers import read_papers
from ledger.actions.catalogue import define_matter
from ledger.errors import ConflictError, MalformedInputError, NotFoundError
from ledger.formats.case_materials import JudgedMaterials, MaterialKind, MaterialsList
from ledger.records import (
    AcceptanceTimeOverError,
    AcceptanceTimeRunsError,
    CaseState,
    SupplementedBeforeError,
)
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    DAY_S,
    FIRM,
    HOLDER,
    OFFICER,
    SICHUAN_HOUSING,
    WINDOW,
    accept,
    at,
    define,
    make_submission,
    present_certificate,
    send,
    submit,
)
from tests.ledger.actions.homes import CHONGQING, SICHUAN, Ledger

INSURANCE = HandedIn("社保证明", MaterialKind.DOCUMENT, None, b"%PDF-1.7 insurance")


def test_same_application_again_is_the_same_case_until_it_has_ended(two: Ledger) -> None:
    submission = make_submission()
    with two.open() as home:
        first = submit_case(home, WINDOW, submission, OFFICER)
        again = submit_case(home, WINDOW, submission, OFFICER)
        assert not first.was_done
        assert again.was_done
        assert again.case_id == first.case_id
        assert (again.log_index, again.recorded_at_unix) == (
            first.log_index,
            first.recorded_at_unix,
        )
        other = submit_case(home, WINDOW, replace(submission, applicant=HOLDER), OFFICER)
        assert other.case_id != first.case_id
        assert withdraw_case(home, first.case_id, "申请人撤回").state is CaseState.WITHDRAWN
        assert submit_case(home, WINDOW, submission, OFFICER).case_id != first.case_id


def test_nothing_of_the_applicant_is_on_the_chain(two: Ledger) -> None:
    case_id = submit(two)
    with two.open() as home:
        home.sync_index()
        payloads = b"".join(row.payload or b"" for row in home.index.entries_of(case_id))
    for text in (FIRM.name, FIRM.code, HOLDER.code, OFFICER, CONTRACT.name):
        assert text.encode() not in payloads


def test_window_that_decides_itself_accepts_without_a_hand_over(two: Ledger) -> None:
    with two.open(SICHUAN) as home:
        opened = submit_case(home, SICHUAN_HOUSING, make_submission(), OFFICER)
        assert opened.due_at_unix > opened.recorded_at_unix + 5 * DAY_S - DAY_S
        accepted = accept_case(home, opened.case_id, OFFICER)
        assert accepted.state is CaseState.ACCEPTED
        judged = list(read_papers(home, opened.case_id).of(JudgedMaterials))
        home.sync_index()
        standing = read_standing(home.index, opened.case_id)
    assert [each.digest for each in judged] == [standing.materials_digest]
    assert standing.due_at_unix == accepted.due_at_unix
    assert (accepted.due_at_unix + 1) % DAY_S == 16 * 3600  # midnight in China


def test_acceptance_asked_for_again_changes_nothing(two: Ledger) -> None:
    case_id = accept(two)
    with two.open(SICHUAN) as home:
        size = home.gateway.log_size()
        assert accept_case(home, case_id, OFFICER).was_done
        assert home.gateway.log_size() == size


def test_window_cannot_accept_for_the_department_in_charge(two: Ledger) -> None:
    case_id = submit(two)
    with two.open() as home, pytest.raises(NotFoundError) as refusal:
        accept_case(home, case_id)
    assert refusal.value.code == "not_our_case"


def test_missing_material_keeps_a_case_from_acceptance(two: Ledger) -> None:
    case_id = submit(two, INSURANCE)
    send(two, case_id)
    with two.open(SICHUAN) as home:
        with pytest.raises(ConflictError, match="missing:劳动合同") as refusal:
            accept_case(home, case_id)
        assert refusal.value.code == "materials_not_passed"
        assert accept_case(home, case_id, is_despite=True).state is CaseState.ACCEPTED


def test_somebody_elses_genuine_certificate_is_found_out(two: Ledger) -> None:
    case_id = submit(two, CONTRACT, present_certificate(two), delegations=())
    send(two, case_id)
    with two.open(SICHUAN) as home:
        judgement = judge_case(home, case_id)
        assert judgement.judged.outcome == "FAILED"
        assert "holder_is_not_applicant" in judgement.judged.verdicts[1].reasons
        with pytest.raises(ConflictError, match="holder_is_not_applicant"):
            accept_case(home, case_id)


def test_certificate_under_a_recorded_delegation_is_the_applicants_to_use(two: Ledger) -> None:
    case_id = submit(two, CONTRACT, present_certificate(two))
    send(two, case_id)
    with two.open(SICHUAN) as home:
        verdict = judge_case(home, case_id).judged.verdicts[1]
    assert "holder_is_not_applicant" not in verdict.reasons
    assert verdict.report_digest is not None


def test_supplement_begins_a_new_round_and_is_asked_for_once(two: Ledger) -> None:
    case_id = submit(two, INSURANCE)
    send(two, case_id)
    with two.open(SICHUAN) as home:
        with pytest.raises(MalformedInputError):
            request_supplement(home, case_id, "请补正", [])
        asked = request_supplement(home, case_id, "请一次性补正", ["劳动合同"], OFFICER)
        assert asked.state is CaseState.SUPPLEMENTING
    with two.open() as home:
        supplied = supplement_case(home, case_id, [CONTRACT], OFFICER)
        assert supplied.state is CaseState.RECEIVED
        assert supplement_case(home, case_id, [CONTRACT], OFFICER).was_done
        package = share_case(home, case_id, SICHUAN_HOUSING)
    with two.open(SICHUAN) as home:
        with pytest.raises(NotFoundError) as refusal:
            accept_case(home, case_id)
        assert refusal.value.code == "paper_missing"
        assert import_package(home, package) == case_id
        with pytest.raises(SupplementedBeforeError):
            request_supplement(home, case_id, "再补", ["照片"])
        assert accept_case(home, case_id).state is CaseState.ACCEPTED
        home.sync_index()
        assert read_standing(home.index, case_id).round == 2
        assert [each.round for each in read_papers(home, case_id).of(MaterialsList)] == [1, 2]


def test_refusal_states_its_basis_and_the_remedies(two: Ledger) -> None:
    case_id = submit(two)
    send(two, case_id)
    with two.open(SICHUAN) as home:
        for basis, remedies in (("", "行政复议"), ("《行政许可法》第三十二条", "")):
            with pytest.raises(MalformedInputError):
                refuse_case(home, case_id, "不属于职权范围", basis, remedies)
        basis, remedies = "《行政许可法》第三十二条", "六十日内可申请行政复议"
        refused = refuse_case(home, case_id, "不属于职权范围", basis, remedies, OFFICER)
        assert refused.state is CaseState.NOT_ACCEPTED


def test_silence_is_acceptance(two: Ledger) -> None:
    case_id = submit(two)
    send(two, case_id)
    with two.open(SICHUAN) as home, pytest.raises(AcceptanceTimeRunsError):
        deem_accepted(home, case_id)
    two.ahead_s = 22 * DAY_S
    with two.open(SICHUAN) as home:
        with pytest.raises(AcceptanceTimeOverError):
            accept_case(home, case_id)
        assert deem_accepted(home, case_id).state is CaseState.ACCEPTED
        acts = [(act.kind, act.state.value) for act in home.vault.cases.acts_of(case_id)]
    assert acts == [("take_over", "recorded"), ("accept", "refused")]


def test_refused_act_leaves_no_paper_behind(two: Ledger) -> None:
    case_id = submit(two)
    send(two, case_id)
    two.ahead_s = 22 * DAY_S
    with two.open(SICHUAN) as home:
        before = [paper.digest for paper in home.vault.cases.papers_of(case_id)]
        with pytest.raises(AcceptanceTimeOverError):
            accept_case(home, case_id)
        assert [paper.digest for paper in home.vault.cases.papers_of(case_id)] == before


def test_ended_matter_takes_no_application(two: Ledger) -> None:
    at(two, SICHUAN, lambda home: define_matter(home, define(version=2, steps=[])))
    with two.open(SICHUAN) as home, pytest.raises(ConflictError) as refusal:
        submit_case(home, SICHUAN_HOUSING, make_submission())
    assert refusal.value.code == "matter_ended"


def test_matter_whose_definition_is_not_here_is_named(two: Ledger) -> None:
    for path in (two.home(CHONGQING) / "definitions").iterdir():
        path.unlink()
    with two.open() as home, pytest.raises(NotFoundError) as refusal:
        submit_case(home, WINDOW, make_submission())
    assert refusal.value.code == "definition_missing"


def test_year_without_a_calendar_is_named_and_nothing_is_recorded(two: Ledger) -> None:
    (two.home(SICHUAN) / "calendar.json").unlink()
    two.ahead_s = 4 * 366 * DAY_S
    with two.open(SICHUAN) as home, pytest.raises(NotFoundError) as refusal:
        submit_case(home, SICHUAN_HOUSING, make_submission())
    assert refusal.value.code == "calendar_not_published"
