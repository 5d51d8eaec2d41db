"""Attacks on cases, on a real chain: each is refused by its name and changes nothing.

Whoever has an operator account can send anything; what is missing is the seal, the turn, the round,
the time, or the other half.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.abi import Statement
from ledger.actions.cases.accepting import accept_case, request_supplement, supplement_case
from ledger.actions.cases.deciding import decide_step, end_step_time
from ledger.actions.cases.history import iterate_events
from ledger.actions.cases.packages import import_package, share_case
from ledger.actions.cases.travelling import hand_over
from ledger.actions.catalogue import define_matter, import_file
from ledger.actions.issuers import find_seal_key, register_department
from ledger.chain.case_reading import CASE_LEDGER, fetch_case
from ledger.errors import NotFoundError
from ledger.identifiers import MemberId, RegionCode, Uscc
from ledger.records import (
    CaseAct,
    CaseStatement,
    CaseStateUnexpectedError,
    DecidedBeforeError,
    DecidedOnOtherGroundsError,
    Decision,
    DecisionStatement,
    DecisionTooLateError,
    DepartmentNotCompetentError,
    HandOverUnexpectedError,
    NotCustodianError,
    PrecedingDecisionUnexpectedError,
    RoundUnexpectedError,
    SealInvalidError,
    SealKeyUnknownError,
    SpecialProcedure,
    StatementExpiredError,
    StepDecided,
    StepOutcome,
    StepUnexpectedError,
    TakeOverStatement,
)
from ledger.workspace import Workspace
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    DAY_S,
    HOLDER,
    SICHUAN_HOUSING,
    WINDOW,
    accept,
    assign,
    at,
    decide,
    define,
    prepare,
    send,
    submit,
)
from tests.ledger.actions.homes import CHONGQING, SICHUAN, TRANSPORT, Ledger, found
from tests.support.consortium import submit_sealed

NOTHING = bytes(32)


@pytest.fixture(scope="module")
def founded_with_matter(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Chongqing with two departments, Sichuan, and a matter. Only to be copied."""
    ledger = found(tmp_path_factory.mktemp("attacked"))
    ledger.create(SICHUAN)
    ledger.admit(SICHUAN, CHONGQING)
    with ledger.open() as home:
        name, region = "重庆市交通运输委员会（虚构）", RegionCode.parse("500000")
        register_department(home, TRANSPORT, name, region)
    return prepare(ledger)


@pytest.fixture(scope="module")
def reviewing(
    founded_with_matter: Ledger, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ledger, bytes]:
    """A case at its first step, in which Chongqing decides before Sichuan. Only to be copied."""
    ledger = founded_with_matter.copy(tmp_path_factory.mktemp("reviewing"))
    return ledger, bring_to_review(ledger)


@pytest.fixture
def attacked(reviewing: tuple[Ledger, bytes], tmp_path: Path) -> tuple[Ledger, bytes]:
    ledger, case_id = reviewing
    return ledger.copy(tmp_path / "copy"), case_id


@pytest.fixture
def ledger(founded_with_matter: Ledger, tmp_path: Path) -> Ledger:
    return founded_with_matter.copy(tmp_path / "copy")


def bring_to_review(ledger: Ledger) -> bytes:
    case_id = accept(ledger)
    assign(ledger, case_id)
    share(ledger, case_id)
    return case_id


def share(ledger: Ledger, case_id: bytes) -> None:
    package = at(ledger, SICHUAN, lambda home: share_case(home, case_id, WINDOW))
    at(ledger, CHONGQING, lambda home: import_package(home, package))


def make_decision(home: Workspace, case_id: bytes, department: Uscc = WINDOW) -> DecisionStatement:
    """An approval that could be recorded now, were it that department's turn."""
    record = fetch_case(home.gateway, case_id)
    return DecisionStatement(
        department,
        find_seal_key(home, department).key_id,
        case_id,
        record.step,
        record.round,
        Decision.APPROVE,
        record.matter_version,
        record.materials_digest,
        secrets.token_bytes(32),
        NOTHING,
        NOTHING,
        home.latest_unix() + 3600,
    )


def send_sealed(
    home: Workspace, function: str, statement: Statement, sealed_by: Uscc = WINDOW
) -> None:
    key = find_seal_key(home, sealed_by).private_key
    submit_sealed(home, function, statement, key, module=CASE_LEDGER)


def recorded_decision(home: Workspace, case_id: bytes) -> StepDecided:
    home.sync_index()
    events = [each.event for each in iterate_events(home.index, case_id)]
    return next(event for event in events if isinstance(event, StepDecided))


def replay(home: Workspace, statement: DecisionStatement, event: StepDecided) -> None:
    """Sends somebody's recorded seal with a statement."""
    home.submitter.submit(
        CASE_LEDGER, "decideStep", statement.to_abi(), event.seal.to_abi(), purpose="attack"
    )


@pytest.fixture
def unchanged(attacked: tuple[Ledger, bytes]) -> Iterator[tuple[Ledger, bytes]]:
    """The case; afterwards its record must be what it was."""
    ledger, case_id = attacked
    with ledger.open() as home:
        before, size = fetch_case(home.gateway, case_id), home.gateway.log_size()
    yield ledger, case_id
    with ledger.open() as home:
        assert (fetch_case(home.gateway, case_id), home.gateway.log_size()) == (before, size)


def test_approval_replayed_in_another_case_is_refused(ledger: Ledger) -> None:
    first = bring_to_review(ledger)
    second = submit(ledger, applicant=HOLDER)
    send(ledger, second)
    at(ledger, SICHUAN, lambda home: accept_case(home, second))
    assign(ledger, second)
    decide(ledger, CHONGQING, first)
    with ledger.open() as home:
        event = recorded_decision(home, first)
        materials = fetch_case(home.gateway, second).materials_digest
        moved = replace(event.statement, case_id=second, materials_digest=materials)
        with pytest.raises(SealInvalidError):
            replay(home, moved, event)
        with pytest.raises(DecidedBeforeError):
            replay(home, event.statement, event)


def test_approval_of_an_earlier_round_is_refused(ledger: Ledger) -> None:
    case_id = submit(ledger)
    send(ledger, case_id)
    at(ledger, SICHUAN, lambda home: request_supplement(home, case_id, "请补正", ["劳动合同"]))
    at(ledger, CHONGQING, lambda home: supplement_case(home, case_id, [CONTRACT]))
    share_back(ledger, case_id)
    at(ledger, SICHUAN, lambda home: accept_case(home, case_id))
    assign(ledger, case_id)
    with ledger.open() as home, pytest.raises(RoundUnexpectedError):
        send_sealed(home, "decideStep", replace(make_decision(home, case_id), round=1))


def share_back(ledger: Ledger, case_id: bytes) -> None:
    package = at(ledger, CHONGQING, lambda home: share_case(home, case_id, SICHUAN_HOUSING))
    at(ledger, SICHUAN, lambda home: import_package(home, package))


def test_approval_over_changed_materials_is_refused(unchanged: tuple[Ledger, bytes]) -> None:
    ledger, case_id = unchanged
    with ledger.open() as home:
        statement = make_decision(home, case_id)
        for change in ({"materials_digest": b"m" * 32}, {"matter_version": 2}):
            with pytest.raises(DecidedOnOtherGroundsError):
                send_sealed(home, "decideStep", replace(statement, **change))  # type: ignore[arg-type] # by name


def test_approval_of_another_step_is_refused(unchanged: tuple[Ledger, bytes]) -> None:
    ledger, case_id = unchanged
    with ledger.open() as home, pytest.raises(StepUnexpectedError):
        send_sealed(home, "decideStep", replace(make_decision(home, case_id), step=1))


def test_decision_by_a_department_without_competence_is_refused(
    unchanged: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = unchanged
    with ledger.open() as home, pytest.raises(DepartmentNotCompetentError):
        send_sealed(home, "decideStep", make_decision(home, case_id, TRANSPORT), TRANSPORT)


def test_decision_under_another_departments_name_is_refused(
    unchanged: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = unchanged
    with ledger.open() as home:
        statement = make_decision(home, case_id)
        with pytest.raises(SealInvalidError):
            send_sealed(home, "decideStep", statement, TRANSPORT)
        own_key = find_seal_key(home, TRANSPORT).key_id
        with pytest.raises(SealKeyUnknownError):
            send_sealed(home, "decideStep", replace(statement, key_id=own_key), TRANSPORT)


def test_ordered_decision_over_another_preceding_one_is_refused(
    attacked: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = attacked
    with ledger.open() as home:
        statement = replace(make_decision(home, case_id), preceding_digest=b"p" * 32)
        with pytest.raises(PrecedingDecisionUnexpectedError):
            send_sealed(home, "decideStep", statement)
    decide(ledger, CHONGQING, case_id)
    with ledger.open(SICHUAN) as home:
        for preceding in (NOTHING, b"p" * 32):
            statement = make_decision(home, case_id, SICHUAN_HOUSING)
            with pytest.raises(PrecedingDecisionUnexpectedError):
                send_sealed(
                    home,
                    "decideStep",
                    replace(statement, preceding_digest=preceding),
                    SICHUAN_HOUSING,
                )


def test_approval_kept_back_until_its_own_validity_has_ended_is_refused(
    attacked: tuple[Ledger, bytes],
) -> None:
    ledger, case_id = attacked
    with ledger.open() as home:
        statement = make_decision(home, case_id)
    ledger.ahead_s = 2 * 3600
    with ledger.open() as home, pytest.raises(StatementExpiredError):
        send_sealed(home, "decideStep", statement)


def use_veto(ledger: Ledger) -> bytes:
    """A case of which Sichuan's approval is enough, and Chongqing has a veto."""
    step = {
        "name": "联审",
        "rule": "threshold",
        "threshold": 1,
        "vetoes": [0],
        "deciders": [str(WINDOW), str(SICHUAN_HOUSING)],
        "limitDays": 2,
    }
    definition = define(version=2, steps=[step])
    file = at(ledger, SICHUAN, lambda home: define_matter(home, definition)).file
    at(ledger, CHONGQING, lambda home: import_file(home, file))
    return bring_to_review(ledger)


def reject(ledger: Ledger, member: MemberId, case_id: bytes) -> None:
    at(ledger, member, lambda home: decide_step(home, case_id, Decision.REJECT, "不同意"))


@pytest.mark.parametrize("is_veto_first", [True, False])
def test_last_approval_racing_a_veto_never_wins(ledger: Ledger, is_veto_first: bool) -> None:
    case_id = use_veto(ledger)
    if is_veto_first:
        reject(ledger, CHONGQING, case_id)
        with ledger.open(SICHUAN) as home:
            statement = make_decision(home, case_id, SICHUAN_HOUSING)
            with pytest.raises(CaseStateUnexpectedError):
                send_sealed(home, "decideStep", statement, SICHUAN_HOUSING)
    else:
        decide(ledger, SICHUAN, case_id)
        reject(ledger, CHONGQING, case_id)
    with ledger.open() as home:
        assert fetch_case(home.gateway, case_id).outcome is StepOutcome.REJECTED


def test_veto_after_its_time_is_refused_and_the_approval_stands(ledger: Ledger) -> None:
    case_id = use_veto(ledger)
    decide(ledger, SICHUAN, case_id)
    ledger.ahead_s = 26 * DAY_S
    with pytest.raises(DecisionTooLateError):
        reject(ledger, CHONGQING, case_id)
    with ledger.open() as home:
        end_step_time(home, case_id)
        assert fetch_case(home.gateway, case_id).outcome is StepOutcome.APPROVED


def test_hand_over_signed_by_the_giver_alone_changes_no_hands(ledger: Ledger) -> None:
    case_id = submit(ledger)
    at(ledger, CHONGQING, lambda home: hand_over(home, case_id))
    ledger.ahead_s = 30 * DAY_S
    with ledger.open(SICHUAN) as home:
        with pytest.raises(NotFoundError) as refusal:
            accept_case(home, case_id)
        assert refusal.value.code == "case_missing"
        with pytest.raises(NotCustodianError):
            home.submitter.submit(CASE_LEDGER, "deemAccepted", case_id, purpose="attack")
        assert fetch_case(home.gateway, case_id).custodian == WINDOW


def test_hand_over_signed_by_the_taker_alone_is_refused(ledger: Ledger) -> None:
    case_id = submit(ledger)
    with ledger.open(SICHUAN) as home, pytest.raises(HandOverUnexpectedError):
        send_sealed(home, "takeOver", make_take_over(home, case_id), SICHUAN_HOUSING)


def test_giver_cannot_sign_for_the_taker(ledger: Ledger) -> None:
    case_id = submit(ledger)
    at(ledger, CHONGQING, lambda home: hand_over(home, case_id))
    with ledger.open(SICHUAN) as home:
        honest = make_take_over(home, case_id)
    with ledger.open() as home:
        with pytest.raises(SealInvalidError):
            send_sealed(home, "takeOver", honest)
        own_key = find_seal_key(home, WINDOW).key_id
        with pytest.raises(SealKeyUnknownError):
            send_sealed(home, "takeOver", replace(honest, key_id=own_key))
        with pytest.raises(DepartmentNotCompetentError):
            send_sealed(home, "takeOver", replace(honest, taker=WINDOW, key_id=own_key))


def make_take_over(home: Workspace, case_id: bytes) -> TakeOverStatement:
    record = fetch_case(home.gateway, case_id)
    return TakeOverStatement(
        SICHUAN_HOUSING,
        find_seal_key(home, SICHUAN_HOUSING).key_id,
        case_id,
        record.sequence + 1,
        record.pending_hand_over if any(record.pending_hand_over) else b"h" * 32,
        b"r" * 32,
        home.latest_unix() + 7 * DAY_S,
        NOTHING,
    )


def test_window_cannot_accept_what_it_received_for_another(ledger: Ledger) -> None:
    case_id = submit(ledger)
    with ledger.open() as home:
        statement = CaseStatement(
            WINDOW,
            find_seal_key(home, WINDOW).key_id,
            case_id,
            2,
            CaseAct.ACCEPT,
            SpecialProcedure.NONE,
            home.latest_unix() + 20 * DAY_S,
            b"d" * 32,
            NOTHING,
            "",
            "",
            (),
        )
        with pytest.raises(DepartmentNotCompetentError):
            send_sealed(home, "advanceCase", statement)
