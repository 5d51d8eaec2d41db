"""A case from receipt in one province to delivery, decided by both."""

from __future__ import annotations

from ledger.actions.cases.accepting import accept_case
from ledger.actions.cases.concluding import conclude_case, deliver_case
from ledger.actions.cases.deciding import decide_step
from ledger.actions.cases.history import read_standing
from ledger.actions.cases.packages import import_package, keep_receipt, share_case
from ledger.actions.cases.travelling import hand_over, take_over
from ledger.chain.case_reading import fetch_case
from ledger.records import CaseRecord, CaseState, Decision
from ledger.workspace import Workspace
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    SICHUAN_HOUSING,
    WINDOW,
    assign,
    at,
    decide,
    present_certificate,
    submit,
)
from tests.ledger.actions.homes import SICHUAN, Ledger


def require_same(home: Workspace, case_id: bytes) -> CaseRecord:
    """The events come to what the contract keeps."""
    home.sync_index()
    standing, record = read_standing(home.index, case_id), fetch_case(home.gateway, case_id)
    assert (
        *(standing.item_code, standing.matter_version, standing.state, standing.round),
        *(standing.step, standing.outcome, standing.receiver, standing.handler),
        *(standing.custodian, standing.taker is not None, standing.materials_digest),
        *(standing.sequence, standing.opened_at_unix, standing.accept_by_unix),
        *(standing.due_at_unix, standing.step_due_at_unix, standing.paused_at_unix),
    ) == (
        *(record.item_code, record.matter_version, record.state, record.round),
        *(record.step, record.outcome, record.receiver, record.handler),
        *(record.custodian, any(record.pending_hand_over), record.materials_digest),
        *(record.sequence, record.opened_at, record.accept_by),
        *(record.due_at, record.step_due_at, record.paused_at),
    )
    return record


def test_case_is_received_in_one_province_and_decided_by_both(two: Ledger) -> None:
    case_id = submit(two, CONTRACT, present_certificate(two))
    with two.open() as home:
        assert require_same(home, case_id).receiver == WINDOW
        given = hand_over(home, case_id)
        require_same(home, case_id)
    assert given.taker == SICHUAN_HOUSING
    assert given.package is not None
    with two.open(SICHUAN) as home:
        taken = take_over(home, given.package)
        assert require_same(home, case_id).custodian == SICHUAN_HOUSING
        accepted = accept_case(home, case_id, is_despite=True)
        assert accepted.state is CaseState.ACCEPTED
        assert len(read_standing(home.index, case_id).reliances) <= 1
        home.sync_index()
        assert len(read_standing(home.index, case_id).reliances) == 1
    assign(two, case_id)
    package = at(two, SICHUAN, lambda home: share_case(home, case_id, WINDOW))
    with two.open() as home:
        assert keep_receipt(home, taken.receipt).taker == SICHUAN_HOUSING
        import_package(home, package)
        decide_step(home, case_id, Decision.APPROVE, "情况属实")
        require_same(home, case_id)
    assert decide(two, SICHUAN, case_id).state is CaseState.ACCEPTED
    assign(two, case_id)
    assert decide(two, SICHUAN, case_id).state is CaseState.DECIDED
    with two.open(SICHUAN) as home:
        assert conclude_case(home, case_id, "准予许可").state is CaseState.APPROVED
        require_same(home, case_id)
    back = at(two, SICHUAN, lambda home: hand_over(home, case_id))
    with two.open() as home:
        assert back.package is not None
        take_over(home, back.package)
        assert deliver_case(home, case_id, "本人签收").state is CaseState.DELIVERED
        assert require_same(home, case_id).custodian == WINDOW
