"""A certificate is revoked; the province that relied on it learns which of its cases rest on it."""

from __future__ import annotations

from ledger.actions.cases.recall import find_recalls
from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.lifecycle import change_status
from ledger.formats.status_list import Status
from zhenglian.demo.cast import CHONGQING_HOUSING, OFFICERS
from zhenglian.demo.life import BASIS
from zhenglian.demo.stage import CHONGQING, SICHUAN, Stage
from zhenglian.demo.summary import NOTHING, CaseOutcome
from zhenglian.demo.telling import case_text, short_id
from zhenglian.demo.transfer import Finished
from zhenglian.times import today_in_china

_ANNULLED = 3  # 撤销, of the type's status codes


def revoke_and_recall(stage: Stage, moved: Finished, licensed: Finished) -> None:
    """Chongqing revokes what the licence rests on; nobody tells Sichuan but the log."""
    stage.act("11. Chongqing revokes a certificate; Sichuan learns what rested on it 追溯")
    with stage.open(CHONGQING) as workspace:
        decision = Decision(_ANNULLED, BASIS, today_in_china(), OFFICERS[CHONGQING_HOUSING])
        change_status(workspace, LifecycleAct.REVOKE, [licensed.relied_on], decision)
    with stage.open(SICHUAN) as workspace:
        found = find_recalls(workspace)
    names = {moved.case_id: "transfer of an engineer", licensed.case_id: "safety licence of a firm"}
    for status, case, expected in (
        (Status.REVOKED, "rests on a revoked certificate", licensed),
        (Status.SUPERSEDED, "rests on a superseded certificate", moved),
    ):
        recalled = [each for each in found if each.status is status and each.is_committed]
        told = [names.get(each.case_id, case_text(each.case_id)) for each in recalled]
        certificates = "、".join(short_id(each.certificate_id) for each in recalled)
        stage.keep_case(
            CaseOutcome(
                case,
                expected.case_id.hex(),
                "; ".join(told) or NOTHING,
                f"certificate {certificates}",
                len(recalled),
                names[expected.case_id],
            )
        )
