"""What a case relies on: only what its region recognises, and to be found again when it is lost."""

from __future__ import annotations

import pytest

from ledger.actions.cases.accepting import accept_case, judge_case
from ledger.actions.cases.recall import find_recalls
from ledger.actions.decisions import LifecycleAct
from ledger.actions.lifecycle import change_status
from ledger.actions.recognition import Terms, set_policy
from ledger.errors import ConflictError
from ledger.formats.status_list import Status
from ledger.identifiers import PartyId
from ledger.records import CaseState
from ledger.verification.recognition_book import PolicyKey
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    OFFICER,
    at,
    present_certificate,
    send,
    submit,
)
from tests.ledger.actions.homes import CHONGQING, DECISION, SICHUAN, TYPE, Ledger, identify

KEY = PolicyKey(PartyId(SICHUAN.value), PartyId(CHONGQING.value), TYPE)


def recognise(ledger: Ledger) -> None:
    at(ledger, SICHUAN, lambda home: set_policy(home, KEY, Terms()))


def revoke(ledger: Ledger) -> None:
    certificates = [identify(1)]
    at(
        ledger,
        CHONGQING,
        lambda home: change_status(home, LifecycleAct.REVOKE, certificates, DECISION),
    )


def test_certificate_that_nobody_recognised_is_refused_by_that_name(two: Ledger) -> None:
    case_id = submit(two, CONTRACT, present_certificate(two))
    send(two, case_id)
    with two.open(SICHUAN) as home:
        judged = judge_case(home, case_id).judged
        assert (judged.outcome, judged.verdicts[1].reasons) == ("FAILED", ("not_recognised",))
        with pytest.raises(ConflictError, match="not_recognised"):
            accept_case(home, case_id)


def test_recognised_certificate_does_instead_of_paper_and_is_relied_on(two: Ledger) -> None:
    recognise(two)
    case_id = submit(two, CONTRACT, present_certificate(two))
    send(two, case_id)
    with two.open(SICHUAN) as home:
        assert judge_case(home, case_id).is_passed
        assert accept_case(home, case_id, OFFICER).state is CaseState.ACCEPTED
        (reference,) = home.vault.cases.references_of(case_id)
        assert find_recalls(home) == []
    revoke(two)
    with two.open(SICHUAN) as home:
        (recall,) = find_recalls(home)
    assert (recall.case_id, recall.is_committed) == (case_id, True)
    assert (recall.batch_key, recall.position) == (
        reference.reference.batch_key,
        reference.reference.position,
    )
    assert recall.status is Status.REVOKED


def test_certificate_revoked_before_it_is_judged_is_found_out(two: Ledger) -> None:
    recognise(two)
    case_id = submit(two, CONTRACT, present_certificate(two))
    send(two, case_id)
    revoke(two)
    with two.open(SICHUAN) as home:
        judged = judge_case(home, case_id).judged
    assert (judged.outcome, judged.verdicts[1].reasons) == ("FAILED", ("certificate_revoked",))
