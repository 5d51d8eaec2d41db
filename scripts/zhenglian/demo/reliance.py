"""A firm of Sichuan applies for its safety licence; certificates stand in for paper (免提交)."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ledger.actions.cases.accepting import accept_case, request_supplement, supplement_case
from ledger.actions.cases.clocks import pause_case, resume_case
from ledger.actions.cases.concluding import conclude_case, deliver_case, issue_result
from ledger.actions.cases.deciding import assign_step, decide_step
from ledger.actions.cases.opening import HandedIn, Submission, submit_case
from ledger.actions.issuance.outcome import Citation
from ledger.chain.case_reading import fetch_case
from ledger.formats.case_documents import Delegation
from ledger.identifiers import CertificateId
from ledger.records import Decision, SpecialProcedure
from ledger.workspace import Workspace
from zhenglian.demo.case_attacks import (
    accept_foreign_materials,
    decide_while_paused,
    try_decisions,
)
from zhenglian.demo.cast import (
    CHONGQING_HOUSING,
    FIRM,
    GUIZHOU_HOUSING,
    LICENCE,
    OFFICERS,
    QUALIFICATION,
    SAFETY_LICENCE,
    SAFETY_OFFICER,
    SAFETY_STAFF,
    SICHUAN_HOUSING,
    STRANGER,
)
from zhenglian.demo.clerks import issue_to, paper, show
from zhenglian.demo.life import wait_past
from zhenglian.demo.stage import CHONGQING, GUIZHOU, SICHUAN, Stage, clock_text
from zhenglian.demo.summary import NOTHING, CaseOutcome
from zhenglian.demo.telling import case_text, keep_standing, short_id
from zhenglian.demo.transfer import Finished


@dataclass(frozen=True, slots=True)
class _OfStaff:
    """The safety officer's certificate, and how it is shown."""

    certificate_id: CertificateId
    shown: HandedIn


_DESK = OFFICERS[SICHUAN_HOUSING]
_DELEGATED_FOR_S = 400 * 86_400
_PAPERS = ("安全生产许可证申请表", "安全生产管理制度目录", "工伤保险参保证明")
_OF_FIRM = "建筑业企业资质证书复印件"
_OF_STAFF = "安全生产管理人员考核合格证书复印件"


def license_firm(stage: Stage, other_case: bytes) -> Finished:
    """Plays the case from receipt to delivery.

    Args:
        other_case: one that Sichuan approved, whose approval is replayed.
    """
    stage.act("9. A firm of Sichuan relies on a certificate of Chongqing 免提交")
    staff, of_others = _issue_elsewhere(stage)
    with stage.open(SICHUAN) as workspace:
        own = issue_to(workspace, SICHUAN_HOUSING, QUALIFICATION, FIRM)
        right = [show(workspace, own, _OF_FIRM), staff.shown]
        case_id = _submit(workspace, of_others)
        stage.say(f"四川省 receives case {case_text(case_id)}: two certificates instead of copies")
        accept_foreign_materials(stage, workspace, case_id)
        request_supplement(workspace, case_id, "请更换材料", [_OF_FIRM, _OF_STAFF], _DESK)
        supplement_case(workspace, case_id, right, _DESK)
        accepted = accept_case(workspace, case_id, _DESK)
        assign_step(workspace, case_id, officer=_DESK)
    stage.say(
        f"accepted on two certificates and no copies; due {clock_text(accepted.due_at_unix)[:10]}"
    )
    try_decisions(stage, case_id, other_case)
    with stage.open(SICHUAN) as workspace:
        _approve(workspace, case_id, "审查通过")
        assign_step(workspace, case_id, officer=_DESK)
        _review_by_experts(stage, workspace, case_id)
        _approve(workspace, case_id, "采纳专家意见")
        assign_step(workspace, case_id, officer=_DESK)
        _approve(workspace, case_id, "准予许可")
        return _finish(stage, workspace, case_id, staff.certificate_id)


def _issue_elsewhere(stage: Stage) -> tuple[_OfStaff, list[HandedIn]]:
    """The safety officer's certificate, and two that must not do."""
    with stage.open(CHONGQING) as workspace:
        staff = issue_to(workspace, CHONGQING_HOUSING, SAFETY_STAFF, SAFETY_OFFICER)
        strangers = issue_to(workspace, CHONGQING_HOUSING, SAFETY_STAFF, STRANGER)
        of_staff = _OfStaff(staff, show(workspace, staff, _OF_STAFF))
        of_stranger = show(workspace, strangers, _OF_STAFF)
    with stage.open(GUIZHOU) as workspace:
        foreign = issue_to(workspace, GUIZHOU_HOUSING, QUALIFICATION, FIRM)
        unrecognised = show(workspace, foreign, _OF_FIRM)
    return of_staff, [unrecognised, of_stranger]


def _submit(workspace: Workspace, certificates: list[HandedIn]) -> bytes:
    """The firm applies; its safety officer lets it use his certificate."""
    until = int(time.time()) + _DELEGATED_FOR_S
    delegation = Delegation(SAFETY_OFFICER, FIRM, "劳动合同", until)
    materials = [*certificates, *map(paper, _PAPERS)]
    submission = Submission(LICENCE, FIRM, materials, delegations=[delegation])
    return submit_case(workspace, SICHUAN_HOUSING, submission, _DESK).case_id


def _approve(workspace: Workspace, case_id: bytes, text: str) -> None:
    decide_step(workspace, case_id, Decision.APPROVE, text, officer=_DESK)


def _review_by_experts(stage: Stage, workspace: Workspace, case_id: bytes) -> None:
    """专家评审 stops the clock (行政许可法 art. 45): what it takes is added to what is left."""
    paused = pause_case(
        workspace, case_id, SpecialProcedure.EXPERT_REVIEW, "专家评审（虚构）", _DESK
    )
    before = fetch_case(workspace.gateway, case_id)
    decide_while_paused(stage, workspace, case_id)
    wait_past(paused.recorded_at_unix + 1)
    resumed = resume_case(workspace, case_id, "专家组一致通过（虚构）", _DESK)
    after = fetch_case(workspace.gateway, case_id)
    length = resumed.recorded_at_unix - paused.recorded_at_unix
    is_kept = after.due_at >= before.due_at + length and after.paused_at == 0 < before.paused_at
    stage.keep_case(
        CaseOutcome(
            "an expert review stops the clock",
            case_id.hex(),
            "no time is lost" if is_kept and length > 0 else NOTHING,
            f"paused {clock_text(paused.recorded_at_unix)} for {length} s; due "
            f"{clock_text(before.due_at)} before, {clock_text(after.due_at)} after",
            0,
            "no time is lost",
        )
    )


def _finish(stage: Stage, workspace: Workspace, case_id: bytes, staff: CertificateId) -> Finished:
    conclude_case(workspace, case_id, "准予许可", officer=_DESK)
    citation = Citation(case_id=case_id)
    licence = issue_to(workspace, SICHUAN_HOUSING, SAFETY_LICENCE, FIRM, citation=citation)
    issue_result(workspace, case_id, licence, _DESK)
    deliver_case(workspace, case_id, "电子证照送达企业", _DESK)
    keep_standing(
        stage,
        workspace,
        "safety licence of a firm",
        case_id,
        "delivered in round 2: 3 approved, relying on 2",
        f"licence {short_id(licence)}",
    )
    return Finished(case_id, staff, licence)
