"""What an entry about a case says."""

from __future__ import annotations

from typing import Any, Final

from ledger.abi import Event
from ledger.records import (
    AcceptanceDeemed,
    CaseAct,
    CaseAdvanced,
    CaseAttested,
    CaseHandedOver,
    CaseOpened,
    CaseStatement,
    CaseTakenOver,
    Decision,
    SpecialProcedure,
    StepAssigned,
    StepDecided,
    StepTimeEnded,
)

_ACTS: Final = {
    CaseAct.REQUEST_SUPPLEMENT: "supplement_requested",
    CaseAct.SUPPLEMENT: "case_supplemented",
    CaseAct.REFUSE_ACCEPTANCE: "acceptance_refused",
    CaseAct.ACCEPT: "case_accepted",
    CaseAct.PAUSE: "case_paused",
    CaseAct.RESUME: "case_resumed",
    CaseAct.EXTEND: "case_extended",
    CaseAct.GRANT: "case_granted",
    CaseAct.REJECT: "case_rejected",
    CaseAct.ISSUE_RESULT: "result_issued",
    CaseAct.DELIVER: "case_delivered",
    CaseAct.WITHDRAW: "case_withdrawn",
}


def describe_case_event(event: Event) -> tuple[str, dict[str, Any]] | None:
    """Act and values of an event of `CaseLedger`; None if it is another module's.

    Steps and rounds are told as people count them, from 1.
    """
    match event:
        case CaseOpened():
            return "case_opened", _describe_opening(event)
        case CaseAdvanced(statement=told):
            return _ACTS[told.act], _describe_advance(event, told)
        case CaseHandedOver() | CaseTakenOver():
            return _describe_hand_over(event)
        case AcceptanceDeemed():
            return "acceptance_deemed", {"case": event.case_id.hex(), "due_at_unix": event.due_at}
        case StepAssigned() | StepDecided() | StepTimeEnded():
            return _describe_step(event)
        case CaseAttested():
            state = event.record.state.name.lower()
            return "case_attested", {"case": event.case_id.hex(), "state": state}
    return None


def _describe_opening(event: CaseOpened) -> dict[str, Any]:
    told = event.statement
    return {
        "case": event.case_id.hex(),
        "item_code": str(told.item_code),
        "matter_version": told.matter_version,
        "receiver": str(told.department),
        "handler": str(told.item_code.department),
        "channel": told.channel.name.lower(),
        **_due("accept_by_unix", told.accept_by),
    }


def _describe_advance(event: CaseAdvanced, told: CaseStatement) -> dict[str, Any]:
    due_name = "accept_by_unix" if told.act is CaseAct.SUPPLEMENT else "due_at_unix"
    detail: dict[str, Any] = {
        "case": event.case_id.hex(),
        "state": event.state_after.name.lower(),
        **_due(due_name, told.due_at),
        "digest": told.digest.hex(),
    }
    if told.procedure is not SpecialProcedure.NONE:
        detail["procedure"] = told.procedure.name.lower()
    if told.remedies:
        detail["remedies"] = told.remedies
    if told.reliances:
        detail["reliances"] = [each.hex() for each in told.reliances]
    return detail


def _describe_hand_over(event: CaseHandedOver | CaseTakenOver) -> tuple[str, dict[str, Any]]:
    case = event.case_id.hex()
    if isinstance(event, CaseHandedOver):
        given = event.statement
        return "case_handed_over", {
            "case": case,
            "taker": str(given.taker),
            "mode": given.mode.name.lower(),
            "digest": given.digest.hex(),
            "hand_over_digest": event.hand_over_digest.hex(),
        }
    taken = event.statement
    return "case_taken_over", {
        "case": case,
        "digest": taken.digest.hex(),
        "hand_over_digest": taken.hand_over_digest.hex(),
        **_due("accept_by_unix", taken.accept_by),
    }


def _describe_step(
    event: StepAssigned | StepDecided | StepTimeEnded,
) -> tuple[str, dict[str, Any]]:
    case = event.case_id.hex()
    match event:
        case StepAssigned(statement=assigned):
            named = [str(each) for each in assigned.named]
            step: dict[str, Any] = {"case": case, "step": assigned.step + 1, "named": named}
            return "step_assigned", {**step, **_due("step_due_at_unix", assigned.due_at)}
        case StepDecided(statement=decided):
            is_approval = decided.decision is Decision.APPROVE
            return "step_approved" if is_approval else "step_rejected", {
                "case": case,
                "step": decided.step + 1,
                "round": decided.round,
                "step_outcome": event.outcome.name.lower(),
                "state": event.state_after.name.lower(),
                "matter_version": decided.matter_version,
                "materials_digest": decided.materials_digest.hex(),
                "opinion_digest": decided.opinion_digest.hex(),
                "decision_digest": event.decision_digest.hex(),
            }
    return "step_time_ended", {
        "case": case,
        "step": event.step + 1,
        "step_outcome": event.outcome.name.lower(),
        "state": event.state_after.name.lower(),
    }


def _due(name: str, at_unix: int) -> dict[str, int]:
    return {name: at_unix} if at_unix else {}
