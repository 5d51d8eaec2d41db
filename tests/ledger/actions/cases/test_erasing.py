from __future__ import annotations

import pytest

from ledger.actions.cases.concluding import withdraw_case
from ledger.actions.cases.erasing import erase_case
from ledger.actions.cases.papers import read_papers
from ledger.errors import ConflictError, NotFoundError
from tests.ledger.actions.cases.cases import OFFICER, submit
from tests.ledger.actions.homes import Ledger


def test_case_under_way_is_not_erased(two: Ledger) -> None:
    case_id = submit(two)
    with two.open() as home, pytest.raises(ConflictError) as refusal:
        erase_case(home, case_id, "本人要求")
    assert refusal.value.code == "case_not_ended"


def test_papers_of_a_case_that_has_ended_are_erased_for_good(two: Ledger) -> None:
    case_id = submit(two)
    with two.open() as home:
        withdraw_case(home, case_id, "申请人撤回")
        first = erase_case(home, case_id, "本人要求", officer=OFFICER)
        assert erase_case(home, case_id, "再次") == first
        with pytest.raises(NotFoundError) as refusal:
            read_papers(home, case_id)
        assert refusal.value.code == "content_erased"
        assert first.officer is not None
        assert home.vault.acts.open_officer(first.officer).officer == OFFICER
