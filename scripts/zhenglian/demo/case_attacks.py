"""Attacks on cases: approvals that say something else, come from elsewhere, late or too early.

Everything that is on the chain is public, and every department has a seal key of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from ledger.abi import Statement
from ledger.actions.cases.accepting import accept_case, judge_case
from ledger.actions.cases.deciding import decide_step
from ledger.actions.issuers import find_seal_key
from ledger.chain.case_reading import CASE_LEDGER, fetch_case
from ledger.chain.submitter import Receipt
from ledger.errors import ConflictError, LedgerError
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.identifiers import Uscc
from ledger.records import (
    CaseAct,
    CaseRecord,
    CaseStatement,
    Decision,
    DecisionStatement,
    Signature,
    SpecialProcedure,
    StepDecided,
)
from ledger.workspace import Workspace
from zhenglian.demo.cast import (
    CHONGQING_HOUSING,
    QUALIFICATION,
    SAFETY_STAFF,
    SICHUAN_HOUSING,
)
from zhenglian.demo.sending import VALID_FOR_S, expect_refusal
from zhenglian.demo.stage import CHONGQING, SICHUAN, Stage
from zhenglian.demo.summary import NOTHING, Attack

_NOTHING = bytes(32)
_DUE_S = 8 * 86_400


def accept_without_taking(stage: Stage, case_id: bytes) -> None:
    """Sichuan accepts what Chongqing has handed over and it has not taken."""
    _try_advance(
        stage, "hand-over signed by one side only", "HandOverPendingError", case_id, CaseAct.ACCEPT
    )


def grant_before_the_veto(stage: Stage, case_id: bytes) -> None:
    """The k-th approval is in; the handler grants before the veto holder has decided."""
    _try_advance(
        stage,
        "the k-th approval races the veto",
        "CaseStateUnexpectedError",
        case_id,
        CaseAct.GRANT,
    )


def accept_foreign_materials(stage: Stage, workspace: Workspace, case_id: bytes) -> None:
    """Genuine certificates that are not the applicant's, or that nobody here recognises."""
    reasons = {
        verdict.material.certificate_type: verdict.reasons
        for verdict in judge_case(workspace, case_id).judged.verdicts
    }
    try:
        accept_case(workspace, case_id)
    except ConflictError as refusal:
        stopped = str(refusal.code)
    else:
        stopped = NOTHING
    for name, kind, expected in (
        ("somebody else's genuine certificate", SAFETY_STAFF, "holder_is_not_applicant"),
        ("an unrecognised certificate", QUALIFICATION, "not_recognised"),
    ):
        told = f"{stopped}: {', '.join(reasons[kind])}"
        stage.keep_attack(Attack(name, told, f"materials_not_passed: {expected}"))


def try_decisions(stage: Stage, case_id: bytes, other_case: bytes) -> None:
    """Approvals of the open step that must not count.

    Args:
        other_case: one in which Sichuan's approval is on the chain.
    """
    with stage.open(SICHUAN) as workspace:
        workspace.sync_index()
        record = fetch_case(workspace.gateway, case_id)
        right = _make_approval(workspace, case_id, record, SICHUAN_HOUSING)
        genuine = _read_approval(workspace, other_case)
        expect_refusal(
            stage,
            "approval replayed in another case",
            "SealInvalidError",
            lambda: _send(
                workspace,
                replace(
                    genuine.statement,
                    case_id=case_id,
                    materials_digest=right.materials_digest,
                    preceding_digest=right.preceding_digest,
                ),
                genuine.seal,
            ),
        )
        for name, expected, wrong in (
            (
                "approval replayed in another round",
                "RoundUnexpectedError",
                replace(right, round=record.round - 1),
            ),
            (
                "approval over changed materials",
                "DecidedOnOtherGroundsError",
                replace(right, materials_digest=secrets.token_bytes(32)),
            ),
            (
                "approval after its time",
                "StatementExpiredError",
                replace(right, valid_until=workspace.gateway.head().time_unix - 1),
            ),
        ):
            expect_refusal(stage, name, expected, _sealing(workspace, wrong))
    with stage.open(CHONGQING) as workspace:
        foreign = _make_approval(workspace, case_id, record, CHONGQING_HOUSING)
        expect_refusal(
            stage,
            "approval by a department without competence",
            "DepartmentNotCompetentError",
            _sealing(workspace, foreign),
        )


def decide_while_paused(stage: Stage, workspace: Workspace, case_id: bytes) -> None:
    """The clock stands: nobody is heard before the experts are."""
    expect_refusal(
        stage,
        "approval while the experts still review",
        "CasePausedError",
        lambda: decide_step(workspace, case_id, Decision.APPROVE, "抢先批准"),
    )


def _try_advance(stage: Stage, name: str, expected: str, case_id: bytes, act: CaseAct) -> None:
    """An act by the department in charge, sealed as it must be, out of its place."""
    with stage.open(SICHUAN) as workspace:
        record = fetch_case(workspace.gateway, case_id)
        due = workspace.gateway.head().time_unix + _DUE_S if act is CaseAct.ACCEPT else 0
        statement = CaseStatement(
            department=SICHUAN_HOUSING,
            key_id=find_seal_key(workspace, SICHUAN_HOUSING).key_id,
            case_id=case_id,
            sequence=record.sequence + 1,
            act=act,
            procedure=SpecialProcedure.NONE,
            due_at=due,
            digest=secrets.token_bytes(32),
            officer_commitment=_NOTHING,
            legal_basis="",
            remedies="",
            reliances=(),
        )
        expect_refusal(stage, name, expected, _sealing(workspace, statement, "advanceCase"))


def _make_approval(
    workspace: Workspace, case_id: bytes, record: CaseRecord, department: Uscc
) -> DecisionStatement:
    """As it would be right, were it the department's to decide."""
    return DecisionStatement(
        department=department,
        key_id=find_seal_key(workspace, department).key_id,
        case_id=case_id,
        step=record.step,
        round=record.round,
        decision=Decision.APPROVE,
        matter_version=record.matter_version,
        materials_digest=record.materials_digest,
        opinion_digest=secrets.token_bytes(32),
        preceding_digest=_NOTHING,
        officer_commitment=_NOTHING,
        valid_until=workspace.gateway.head().time_unix + VALID_FOR_S,
    )


def _read_approval(workspace: Workspace, case_id: bytes) -> StepDecided:
    """Sichuan's approval in a case, as anyone reads it from the log."""
    for row in workspace.index.entries_of(case_id):
        if row.kind == StepDecided.TOPIC and row.payload is not None:
            event = StepDecided.decode_payload(row.payload)
            if event.statement.department == SICHUAN_HOUSING:
                return event
    raise LedgerError("Sichuan's approval is in the log")


def _sealing(
    workspace: Workspace, statement: DecisionStatement | CaseStatement, function: str = "decideStep"
) -> Callable[[], Receipt]:
    """Sends a statement under the genuine seal of its department."""
    key = find_seal_key(workspace, statement.department)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    seal = sign_digest(key.private_key, digest)
    return lambda: _send(workspace, statement, seal, function)


def _send(
    workspace: Workspace, statement: Statement, seal: Signature, function: str = "decideStep"
) -> Receipt:
    return workspace.submitter.submit(
        CASE_LEDGER, function, statement.to_abi(), seal.to_abi(), purpose="attack"
    )
