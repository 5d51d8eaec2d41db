"""Acts on cases from several threads at once, as a node makes them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ledger.actions.cases.acting import CaseResult
from ledger.actions.cases.case_check import check_cases
from ledger.actions.cases.concluding import withdraw_case
from ledger.actions.cases.opening import submit_case
from ledger.actions.cases.papers import read_grounds
from ledger.actions.issuers import change_mandate
from ledger.chain.case_reading import fetch_case
from ledger.errors import ConflictError
from ledger.formats.case_documents import Party
from ledger.workspace import Workspace
from tests.ledger.actions.cases.cases import OFFICER, WINDOW, make_submission
from tests.ledger.actions.homes import HOUSING, TYPE, Ledger

THREADS = 8


def at_once(calls: list[Callable[[], CaseResult]]) -> list[CaseResult]:
    with ThreadPoolExecutor(THREADS) as threads:
        return [each.result() for each in [threads.submit(call) for call in calls]]


def submitting(home: Workspace, name: str) -> Callable[[], CaseResult]:
    submission = make_submission(applicant=Party(name, "001", "91160101MA0000001W"))
    return lambda: submit_case(home, WINDOW, submission, OFFICER)


def test_one_application_handed_in_several_times_at_once_is_one_case(two: Ledger) -> None:
    with two.open() as home:
        found = at_once([submitting(home, "示例公司")] * THREADS)
        assert len({each.case_id for each in found}) == 1
        assert sum(not each.was_done for each in found) == 1
        assert len(home.vault.cases.all()) == 1


def test_cases_opened_at_once_keep_their_papers(two: Ledger) -> None:
    with two.open() as home:
        opened = at_once([submitting(home, f"示例公司{number}") for number in range(24)])
        assert len({each.case_id for each in opened}) == len(opened)
        for each in opened:
            record = fetch_case(home.gateway, each.case_id)
            assert read_grounds(home, record, each.case_id).application.applicant.name
        home.sync_index()
        assert list(check_cases(home)) == []


def test_acts_on_one_case_at_once_are_one_after_the_other(two: Ledger) -> None:
    with two.open() as home:
        (opened,) = at_once([submitting(home, "示例公司")])
        case_id = opened.case_id
        same = at_once([lambda: withdraw_case(home, case_id, "撤回")] * THREADS)
        assert sum(not each.was_done for each in same) == 1

        def withdraw_otherwise() -> CaseResult:
            try:
                return withdraw_case(home, case_id, "另一理由")
            except ConflictError:
                return same[0]

        at_once([withdraw_otherwise] * 2)
        acts = home.vault.cases.acts_of(case_id)
        assert [act.kind for act in acts if act.state == "recorded"] == ["open", "withdraw"]


def test_acts_of_the_member_at_once_take_each_their_number(two: Ledger) -> None:
    with two.open() as home, ThreadPoolExecutor(THREADS) as threads:
        done = [threads.submit(change_mandate, home, HOUSING, TYPE) for _ in range(THREADS)]
        indexes = {each.result().log_index for each in done}
    assert len(indexes) == THREADS
