"""One certificate is shown, suspended, restored and revoked; Sichuan judges it at each turn."""

from __future__ import annotations

import time
from pathlib import Path

from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import present, read_document, verify_document
from ledger.identifiers import RegionCode
from ledger.verification.finding import Outcome
from ledger.verification.report import Report
from zhenglian.demo.stage import CHONGQING, SICHUAN, Stage, clock_text
from zhenglian.demo.summary import Verdict
from zhenglian.times import today_in_china

BASIS = "《…安全生产管理规定》（示例条款）"  # synthetic: names no article that was read
_SHOWN = ("holder_name", "certificate_number", "postCategory")
_SHOWN_OF_ANY_TYPE = ("holder_name", "holder_code", "certificate_number")


def show_certificate(stage: Stage) -> None:
    """The holder's file is made, and verified while its province is out of reach."""
    stage.act("3. A holder shows a certificate; Sichuan verifies it 四川核验")
    path = stage.holder_file
    with stage.open(CHONGQING) as workspace:
        evidence = present(
            workspace,
            stage.source.chosen[0],
            _fields_to_show(stage),
            relying_regions=[RegionCode.parse("510000")],
        )
        path.write_bytes(evidence.to_json())
    stage.say(
        f"the holder's file shows {len(evidence.certificate.disclosures)} fields and hides "
        f"{evidence.certificate.hidden_fields}; {path.stat().st_size} bytes"
    )
    away = stage.work / "away"
    stage.home(CHONGQING).rename(away)  # Chongqing's home is out of reach
    _judge(stage, "presented to Sichuan, Chongqing out of reach", path, "PASSED")
    away.rename(stage.home(CHONGQING))


def change_certificate(stage: Stage) -> None:
    """Chongqing suspends, restores and revokes it."""
    stage.act("5. Chongqing suspends, restores, revokes it 暂扣、发还、撤销")
    path, times = stage.holder_file, []
    for act, code, case, expected in (
        (LifecycleAct.SUSPEND, 2, "suspended by Chongqing", "certificate_suspended"),
        (LifecycleAct.RESTORE, 1, "restored by Chongqing", "PASSED"),
        (LifecycleAct.REVOKE, 3, "revoked by Chongqing", "certificate_revoked"),
    ):
        with stage.open(CHONGQING) as workspace:
            decision = Decision(code, BASIS, today_in_china(), "经办人（虚构）甲")
            result = change_status(workspace, act, [stage.source.chosen[0]], decision)[0]
        times.append(result.recorded_at_unix)
        _judge(stage, case, path, expected)
        wait_past(result.recorded_at_unix)
    _judge(stage, "as of the suspension", path, "certificate_suspended", as_of=times[0])
    _judge(stage, "as of the restoration", path, "PASSED", as_of=times[1])
    _judge_offline(stage, path)


def keep_report(stage: Stage, case: str, report: Report, expected: str) -> None:
    """Keeps a report's verdict with its decisive reason."""
    decisive = next(
        (c for c in report.checks if c.is_required and c.outcome is report.outcome and c.reason),
        None,
    )
    reason = str(decisive.reason) if decisive and report.outcome is not Outcome.PASSED else ""
    told = ""
    if decisive and "recorded_at_unix" in decisive.detail:
        told = (
            f", recorded {clock_text(int(str(decisive.detail['recorded_at_unix'])))}, "
            f"code {decisive.detail['reason_code']}, {decisive.detail['legal_basis']}"
        )
    stage.keep_verdict(Verdict(case, str(report.outcome), reason, expected), told)


def wait_past(unix: int) -> None:
    """Until the clock shows a later second, so that each change has a time of its own."""
    while time.time() < unix + 1:
        time.sleep(0.05)


def _fields_to_show(stage: Stage) -> tuple[str, ...]:
    """Three fields: name, number and kind of post, or name, code and number for other types."""
    with stage.open(CHONGQING) as workspace:
        schema = workspace.schema(stage.source.certificate_type)
    own = {each.property_name for each in schema.own_fields()}
    return _SHOWN if "postCategory" in own else _SHOWN_OF_ANY_TYPE


def _judge(stage: Stage, case: str, path: Path, expected: str, *, as_of: int | None = None) -> None:
    with stage.open(SICHUAN) as workspace:
        report = verify_document(workspace, read_document(path), as_of_unix=as_of)
    keep_report(stage, case, report, expected)


def _judge_offline(stage: Stage, path: Path) -> None:
    """Without a chain there is no verdict: an outage is never "invalid"."""
    with stage.chain_out_of_reach(), stage.open(SICHUAN) as workspace:
        report = verify_document(workspace, read_document(path))
    keep_report(stage, "the chain out of reach", report, "no_trusted_log")
