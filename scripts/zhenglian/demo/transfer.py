"""An engineer of Chongqing moves to Sichuan: 转出 and 转入 are decided jointly, in this order.

The window in Chongqing receives (收件地), Sichuan decides (办理地); the case travels in an
encrypted package. The new certificate cites the old one, which is superseded.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.cases.accepting import accept_case, request_supplement, supplement_case
from ledger.actions.cases.concluding import conclude_case, deliver_case, issue_result
from ledger.actions.cases.deciding import assign_step, decide_step
from ledger.actions.cases.opening import Submission, submit_case
from ledger.actions.cases.packages import import_package, keep_receipt, share_case
from ledger.actions.cases.travelling import hand_over, take_over
from ledger.actions.decisions import Decision as StatusDecision
from ledger.actions.decisions import LifecycleAct
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.issuance.outcome import Citation
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import present, verify_document
from ledger.errors import ConflictError, LedgerError
from ledger.identifiers import CertificateId
from ledger.records import Decision
from ledger.workspace import Workspace
from zhenglian.demo.case_attacks import accept_without_taking
from zhenglian.demo.cast import (
    CHONGQING_HOUSING,
    CONSTRUCTOR,
    ENGINEER,
    OFFICERS,
    SICHUAN_HOUSING,
    TRANSFER,
)
from zhenglian.demo.clerks import issue_to, paper, show
from zhenglian.demo.life import keep_report
from zhenglian.demo.stage import CHONGQING, SICHUAN, Stage, clock_text
from zhenglian.demo.telling import case_text, keep_standing, short_id
from zhenglian.times import today_in_china

_TRANSFER_OUT = 6  # 办理转出, of the type's status codes
_BASIS = "《…注册管理规定》（示例条款）"  # synthetic: names no article that was read
_WINDOW = OFFICERS[CHONGQING_HOUSING]
_DESK = OFFICERS[SICHUAN_HOUSING]


@dataclass(frozen=True, slots=True)
class Finished:
    """A case that was delivered, with the certificate that it relied on and the one it ended in."""

    case_id: bytes
    relied_on: CertificateId
    result: CertificateId


def transfer_engineer(stage: Stage) -> Finished:
    """Plays the case from receipt to delivery."""
    stage.act("8. An engineer of Chongqing moves to Sichuan 二级建造师跨省转注")
    with stage.open(CHONGQING) as workspace:
        old = issue_to(workspace, CHONGQING_HOUSING, CONSTRUCTOR, ENGINEER)
        materials = (show(workspace, old, "原注册证书"), paper("变更注册申请表"))
        submission = Submission(TRANSFER, ENGINEER, materials)
        case_id = submit_case(workspace, CHONGQING_HOUSING, submission, _WINDOW).case_id
        given = hand_over(workspace, case_id, officer=_WINDOW)
    stage.say(f"重庆市's window receives case {case_text(case_id)}, seals a package for 四川省")
    accept_without_taking(stage, case_id)
    package = _supplement(stage, case_id, given.package)
    new = _decide(stage, case_id, package, old)
    _supersede(stage, old, new)
    return Finished(case_id, old, new)


def _supplement(stage: Stage, case_id: bytes, package: bytes | None) -> bytes:
    """Before acceptance Sichuan asks once; Chongqing's window answers, with a new package."""
    with stage.open(SICHUAN) as workspace:
        taken = take_over(workspace, package, officer=_DESK)
        stage.say("四川省 opens it with its own key and signs the receipt; 重庆市 keeps that")
        try:
            accept_case(workspace, case_id, _DESK)
        except ConflictError as refusal:
            stage.say(f"四川省 cannot accept: {refusal.message.partition(';')[0]}")
        request_supplement(workspace, case_id, "请补充材料", ["劳动合同"], _DESK)
    with stage.open(CHONGQING) as workspace:
        keep_receipt(workspace, taken.receipt)
        supplement_case(workspace, case_id, [paper("劳动合同")], _WINDOW)
        return share_case(workspace, case_id, SICHUAN_HOUSING)


def _decide(stage: Stage, case_id: bytes, package: bytes, old: CertificateId) -> CertificateId:
    """Returns the new certificate."""
    with stage.open(SICHUAN) as workspace:
        import_package(workspace, package)
        accepted = accept_case(workspace, case_id, _DESK)
        assign_step(workspace, case_id, officer=_DESK)
        package = share_case(workspace, case_id, CHONGQING_HOUSING)
    stage.say(
        "重庆市 supplements before acceptance 补正; 四川省 accepts, due "
        f"{clock_text(accepted.due_at_unix)[:10]}"
    )
    with stage.open(CHONGQING) as workspace:
        import_package(workspace, package)
        leaving = StatusDecision(_TRANSFER_OUT, _BASIS, today_in_china(), _WINDOW)
        change_status(workspace, LifecycleAct.SUSPEND, [old], leaving)
        decide_step(workspace, case_id, Decision.APPROVE, "同意转出", officer=_WINDOW)
    with stage.open(SICHUAN) as workspace:
        decide_step(workspace, case_id, Decision.APPROVE, "同意转入", officer=_DESK)
        stage.say(
            "重庆市 decides 转出, then 四川省 decides 转入: its seal covers the first decision"
        )
        conclude_case(workspace, case_id, "准予变更注册", officer=_DESK)
        new = _issue(workspace, case_id, old)
        issue_result(workspace, case_id, new, _DESK)
        deliver_case(workspace, case_id, "电子证照送达持证人", _DESK)
        keep_standing(
            stage,
            workspace,
            "transfer of an engineer",
            case_id,
            "delivered in round 2: 2 approved, relying on 1",
            f"{short_id(new)} cites {short_id(old)}",
        )
    return new


def _issue(workspace: Workspace, case_id: bytes, old: CertificateId) -> CertificateId:
    citation = Citation(related=old, case_id=case_id)
    new = issue_to(workspace, SICHUAN_HOUSING, CONSTRUCTOR, ENGINEER, citation=citation)
    certificate = read_certificate(workspace, find_stored(workspace, new))
    if (str(certificate.related_certificate_id), certificate.case_id) != (str(old), case_id):
        raise LedgerError("the new certificate cites the old one and its case")
    return new


def _supersede(stage: Stage, old: CertificateId, new: CertificateId) -> None:
    with stage.open(CHONGQING) as workspace:
        moved = StatusDecision(_TRANSFER_OUT, _BASIS, today_in_china(), _WINDOW)
        change_status(workspace, LifecycleAct.SUPERSEDE, [old], moved)
        shown = present(workspace, old, ("holder_name",)).to_json()
    with stage.open(SICHUAN) as workspace:
        anew = present(workspace, new, ("holder_name",)).to_json()
        reports = [verify_document(workspace, each) for each in (shown, anew)]
    keep_report(stage, "the old certificate", reports[0], "certificate_superseded")
    keep_report(stage, "the new one, which cites it", reports[1], "PASSED")
