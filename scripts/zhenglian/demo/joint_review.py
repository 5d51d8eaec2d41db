"""Three provinces decide together: two approvals are enough, unless the third uses its veto."""

from __future__ import annotations

from ledger.actions.cases.accepting import accept_case
from ledger.actions.cases.concluding import conclude_case
from ledger.actions.cases.deciding import assign_step, decide_step
from ledger.actions.cases.opening import Submission, submit_case
from ledger.actions.cases.packages import import_package, share_case
from ledger.identifiers import MemberId, Uscc
from ledger.records import Decision
from zhenglian.demo.case_attacks import grant_before_the_veto
from zhenglian.demo.cast import (
    CHONGQING_HOUSING,
    FIRM,
    GUIZHOU_HOUSING,
    OFFICERS,
    REVIEW,
    SICHUAN_HOUSING,
)
from zhenglian.demo.clerks import paper
from zhenglian.demo.stage import CHONGQING, GUIZHOU, SICHUAN, Stage
from zhenglian.demo.telling import case_text, keep_standing

_DESK = OFFICERS[SICHUAN_HOUSING]


def review_jointly(stage: Stage) -> None:
    """Two approve; the third has not decided yet, and refuses."""
    stage.act("10. Three provinces decide together; one has a veto 多地联办")
    with stage.open(SICHUAN) as workspace:
        submission = Submission(REVIEW, FIRM, [paper("联合审查申请表")])
        case_id = submit_case(workspace, SICHUAN_HOUSING, submission, _DESK).case_id
        accept_case(workspace, case_id, _DESK)
        assign_step(workspace, case_id, officer=_DESK)
        packages = {
            department: share_case(workspace, case_id, department)
            for department in (CHONGQING_HOUSING, GUIZHOU_HOUSING)
        }
        decide_step(workspace, case_id, Decision.APPROVE, "同意", officer=_DESK)
    _decide(stage, CHONGQING, CHONGQING_HOUSING, packages, case_id, Decision.APPROVE)
    stage.say(f"case {case_text(case_id)}: 四川省 and 重庆市 approve, 2 of 2 that it takes")
    grant_before_the_veto(stage, case_id)
    _decide(stage, GUIZHOU, GUIZHOU_HOUSING, packages, case_id, Decision.REJECT)
    with stage.open(SICHUAN) as workspace:
        conclude_case(
            workspace,
            case_id,
            "贵州省否决，不予通过",
            legal_basis="《…条例》（示例条款）",
            remedies="六十日内申请行政复议，或六个月内提起行政诉讼（示例）",
            officer=_DESK,
        )
        keep_standing(
            stage,
            workspace,
            "joint review, vetoed by 贵州省",
            case_id,
            "rejected in round 1: 2 approved, 1 refused",
        )


def _decide(
    stage: Stage,
    member: MemberId,
    department: Uscc,
    packages: dict[Uscc, bytes],
    case_id: bytes,
    decision: Decision,
) -> None:
    with stage.open(member) as workspace:
        import_package(workspace, packages[department])
        text = "同意" if decision is Decision.APPROVE else "影响下游水源，否决（虚构）"
        decide_step(
            workspace,
            case_id,
            decision,
            text,
            department=department,
            officer=OFFICERS[department],
        )
