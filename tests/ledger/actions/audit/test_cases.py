"""The timeline of a case: every step with its time, who is accountable, and its proof."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.audit import Trail, audit_case, audit_since
from ledger.actions.cases.accepting import accept_case, request_supplement, supplement_case
from ledger.actions.cases.clocks import pause_case, resume_case
from ledger.actions.cases.packages import import_package, share_case
from ledger.errors import NotFoundError
from ledger.formats.merkle import verify_inclusion
from ledger.identifiers import MemberId
from ledger.records import SpecialProcedure
from ledger.workspace import Workspace
from tests.ledger.actions.cases.cases import (
    CONTRACT,
    OFFICER,
    SICHUAN_HOUSING,
    WINDOW,
    assign,
    at,
    decide,
    prepare,
    present_certificate,
    send,
    submit,
)
from tests.ledger.actions.homes import CHONGQING, GUIZHOU, SICHUAN, Ledger


@pytest.fixture(scope="module")
def travelled(issued: Ledger, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, bytes]:
    """A case that was supplemented, accepted, paused and resumed, and is being decided."""
    ledger = prepare(issued.copy(tmp_path_factory.mktemp("travelled")))
    case_id = submit(ledger, CONTRACT)
    send(ledger, case_id)
    certificate = present_certificate(ledger)
    with ledger.open(SICHUAN) as home:
        request_supplement(home, case_id, "请补正", ["考核合格证书"], OFFICER)
        supplement_case(home, case_id, [certificate], OFFICER)
        accept_case(home, case_id, OFFICER, is_despite=True)
        pause_case(home, case_id, SpecialProcedure.EXPERT_REVIEW, "专家评审", OFFICER)
        resume_case(home, case_id, "评审通过", OFFICER)
    assign(ledger, case_id)
    return ledger, case_id


def follow(case: tuple[Ledger, bytes], member: MemberId = SICHUAN) -> Trail:
    with case[0].open(member) as home:
        return audit_case(home, case[1])


def test_every_step_is_told_in_the_order_of_the_log(travelled: tuple[Ledger, bytes]) -> None:
    trail = follow(travelled)
    assert [step.act for step in trail.steps] == [
        "matter_defined",
        "case_opened",
        "case_handed_over",
        "case_taken_over",
        "supplement_requested",
        "case_supplemented",
        "case_accepted",
        "case_paused",
        "case_resumed",
        "step_assigned",
    ]
    for step in trail.steps:
        assert verify_inclusion(
            step.leaf_hash, step.log_index, trail.head.size, step.path, trail.head.root
        )


def test_receiving_and_handling_department_are_kept_apart(
    travelled: tuple[Ledger, bytes],
) -> None:
    steps = follow(travelled).steps[1:]
    places = [(step.actor, step.region, step.detail["place"]) for step in steps]
    window = (str(WINDOW), str(CHONGQING), "receiver")
    handler = (str(SICHUAN_HOUSING), str(SICHUAN), "handler")
    assert places == [window, window] + [handler] * 7
    assert {step.detail["matter_version"] for step in steps} == {1}


def test_a_supplement_begins_a_round_and_a_pause_is_seen(
    travelled: tuple[Ledger, bytes],
) -> None:
    steps = {step.act: step.detail for step in follow(travelled).steps}
    assert steps["supplement_requested"]["round"] == 1
    assert steps["case_supplemented"]["round"] == steps["step_assigned"]["round"] == 2
    assert steps["case_paused"]["procedure"] == "expert_review"
    assert steps["case_paused"]["paused_since_unix"] > 0
    assert "paused_since_unix" not in steps["case_resumed"]
    assert steps["case_resumed"]["due_at_unix"] >= steps["case_accepted"]["due_at_unix"]
    assert len(steps["case_accepted"]["reliances"]) == 1


def test_only_the_home_of_an_officer_is_told_the_name(travelled: tuple[Ledger, bytes]) -> None:
    trails = {member: follow(travelled, member) for member in (CHONGQING, SICHUAN, GUIZHOU)}
    for member, trail in trails.items():
        named = {step.region for step in trail.steps if step.officer == OFFICER}
        assert named == ({str(member)} if member is not GUIZHOU else set())
        others = [step.officer for step in trail.steps if step.officer not in {"", OFFICER}]
        assert all(officer.startswith("commitment ") for officer in others)


def test_a_case_is_followed_without_any_passphrase(travelled: tuple[Ledger, bytes]) -> None:
    def ask() -> str:
        raise AssertionError("the passphrase was asked for")

    ledger, case_id = travelled
    with Workspace.open(ledger.home(GUIZHOU), ask, clock=ledger.clock) as home:
        assert len(audit_case(home, case_id, show_officers=False).steps) == 10


def test_a_case_that_nobody_opened_has_no_trail(travelled: tuple[Ledger, bytes]) -> None:
    ledger, _ = travelled
    with ledger.open() as home, pytest.raises(NotFoundError) as refusal:
        audit_case(home, bytes(32))
    assert (refusal.value.code, refusal.value.field) == ("case_unknown", "case")


def test_acts_on_cases_are_told_among_everything_else(travelled: tuple[Ledger, bytes]) -> None:
    ledger, case_id = travelled
    with ledger.open(GUIZHOU) as home:
        told = [
            step
            for step in audit_since(home, 0, show_officers=False)
            if step.detail.get("case") == case_id.hex()
        ]
    assert [step.act for step in told] == [step.act for step in follow(travelled).steps[1:]]


def test_a_decision_is_told_with_its_step_and_round(
    travelled: tuple[Ledger, bytes], tmp_path: Path
) -> None:
    ledger, case_id = travelled
    own = ledger.copy(tmp_path / "own")
    package = at(own, SICHUAN, lambda home: share_case(home, case_id, WINDOW))
    at(own, CHONGQING, lambda home: import_package(home, package))
    decide(own, CHONGQING, case_id)
    step = follow((own, case_id), GUIZHOU).steps[-1]
    assert (step.act, step.actor, step.region) == ("step_approved", str(WINDOW), str(CHONGQING))
    assert (step.detail["step"], step.detail["round"]) == (1, 2)
    assert step.detail["step_outcome"] == "open"
