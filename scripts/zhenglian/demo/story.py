"""The story, act by act: founded, issued, shown, verified, suspended, restored, revoked, audited.

Each province works in its own home; only the chain and the holder's file are shared. Whatever does
not come out as it must makes the demonstration fail.
"""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ledger.actions.application import read_application
from ledger.actions.audit import audit_evidence
from ledger.actions.catalogue import define_type
from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.founding import create_home, found_ledger
from ledger.actions.fsck import fsck
from ledger.actions.governance import propose_admission, vote
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuers import change_mandate, register_department
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import present, read_document, verify_document
from ledger.actions.proposals import list_members
from ledger.actions.recognition import Terms, set_policy
from ledger.chain.engines import ChainLocation
from ledger.errors import LedgerError
from ledger.formats.evidence import parse_evidence
from ledger.formats.merkle import verify_consistency
from ledger.identifiers import MemberId, PartyId, RegionCode
from ledger.vault.directory_lock import lock_directory
from ledger.vault.tables import RunState
from ledger.verification.finding import Outcome
from ledger.verification.recognition_book import PolicyKey
from ledger.verification.report import Report
from zhenglian.demo.attacks import try_attacks
from zhenglian.demo.source import EXAMPLE, Source
from zhenglian.demo.stage import (
    CHONGQING,
    GUIZHOU,
    MINISTRY,
    MINISTRY_NAME,
    PASSPHRASE,
    PROVINCES,
    SICHUAN,
    SUMMARY_NAME,
    YUNNAN,
    Stage,
    clock_text,
)
from zhenglian.demo.summary import Summary, Verdict
from zhenglian.times import today_in_china

SHOWN = ("holder_name", "certificate_number", "postCategory")
SHOWN_OF_ANY_TYPE = ("holder_name", "holder_code", "certificate_number")
BASIS = "《…安全生产管理规定》（示例条款）"  # synthetic: names no article that was read


def run_demo(work: Path, source: Source, console: Console) -> Summary:
    """Plays the story below `work` and writes there what it came to.

    Raises:
        ConflictError: `work` has what no demonstration made.
        StorageError: another demonstration is played there.
        LedgerError: an act of the story was refused.
    """
    started = time.monotonic()
    stage = Stage(work, source, console)
    work.mkdir(parents=True, exist_ok=True)
    with lock_directory(work):
        stage.clear()
        console.print(Text("证链 Zhenglian: from a spreadsheet to a verdict", style="bold"))
        if source.path == EXAMPLE:
            stage.say("All names, firms and numbers in the example file are synthetic.")
        log_before = _found(stage)
        _issue(stage)
        _live(stage)
        _audit(stage, log_before)
        try_attacks(stage)
        return _conclude(stage, started)


def _found(stage: Stage) -> tuple[int, bytes]:
    """Returns size and root of the log after the founding, for the auditor."""
    stage.act("1. Four provinces found a consortium 四省市组链")
    location = ChainLocation.parse(str(stage.chain))
    for member, name in PROVINCES.items():
        create_home(stage.home(member), member, name, location, PASSPHRASE)
    with stage.open(CHONGQING) as workspace:
        founded = found_ledger(workspace)
        stage.say(
            f"重庆市 founds ledger {founded.ledger_id[:16]}… and installs its modules by vote"
        )
    voters = [CHONGQING]
    for candidate in (SICHUAN, GUIZHOU, YUNNAN):
        _admit(stage, candidate, PROVINCES[candidate], voters)
        voters.append(candidate)
    _define_type(stage, location, voters)
    with stage.open(CHONGQING) as workspace:
        result = workspace.sync_index()
        names = "、".join(member.name for member in list_members(workspace.index))
        stage.say(f"members: {names}")
        return result.size, result.root


def _define_type(stage: Stage, location: ChainLocation, voters: list[MemberId]) -> None:
    """The authority that defines the type joins, and puts it into the catalogue."""
    kind = stage.source.certificate_type
    authority = MemberId.parse(str(kind.authority))
    name = MINISTRY_NAME if authority == MINISTRY else str(authority)
    create_home(stage.home(authority), authority, name, location, PASSPHRASE)
    _admit(stage, authority, name, voters)
    with stage.open(authority) as workspace:
        defined = define_type(workspace, workspace.schema(kind))
    stage.say(f"{name} defines type {kind}, version {defined.version}: {defined.name}")


def _admit(stage: Stage, candidate: MemberId, name: str, voters: list[MemberId]) -> None:
    application = read_application(stage.home(candidate) / "application.json")
    with stage.open(voters[0]) as workspace:
        proposal = propose_admission(workspace, application)
        result = vote(workspace, proposal.proposal_id, approve=True)
    for voter in voters[1:]:
        if result.executed:
            break
        with stage.open(voter) as workspace:
            result = vote(workspace, proposal.proposal_id, approve=True)
    approvals = len(result.proposal.approvals)
    if not result.executed:
        raise LedgerError(f"{candidate} was not admitted: {result.missing}")
    stage.say(f"{name} is admitted by {approvals} of {len(voters)} votes")


def _issue(stage: Stage) -> None:
    source = stage.source
    stage.act("2. A department of Chongqing issues a clerk's file 重庆签发")
    with stage.open(CHONGQING) as workspace:
        register_department(
            workspace, source.issuer, "重庆市住房和城乡建设委员会", RegionCode.parse("500000")
        )
        change_mandate(workspace, source.issuer, source.certificate_type)
        began = time.monotonic()
        report = issue_file(workspace, source.path, source.issuer, source.certificate_type)
        if report.state is not RunState.COMPLETED:
            raise LedgerError(f"{source.path} was changed while the demonstration was played")
        seconds = time.monotonic() - began
        stage.certificates, stage.batches = report.issued, len(report.batches)
        stage.say(
            f"{report.issued} certificates of type {str(source.certificate_type)[-4:]} sealed, "
            f"encrypted and anchored in {len(report.batches)} batch(es), {seconds:.1f} s"
        )
        again = issue_file(workspace, source.path, source.issuer, source.certificate_type)
        stage.say(
            f"the same file again: {again.issued} issued, {again.already_issued} known already"
        )


def _live(stage: Stage) -> None:
    stage.act("3. A holder shows a certificate; Sichuan verifies it 四川核验")
    path = stage.holder_file
    chosen = stage.source.chosen[0]
    with stage.open(CHONGQING) as workspace:
        evidence = present(workspace, chosen, _fields_to_show(stage))
        path.write_bytes(evidence.to_json())
    stage.say(
        f"the holder's file shows {len(evidence.certificate.disclosures)} fields and hides "
        f"{evidence.certificate.hidden_fields}; {path.stat().st_size} bytes"
    )
    away = stage.work / "away"
    stage.home(CHONGQING).rename(away)  # Chongqing's home is out of reach
    _judge(stage, "presented to Sichuan, Chongqing out of reach", path, "PASSED")
    _judge(
        stage,
        "relied on by Sichuan, which has no policy about it",
        path,
        "not_recognised",
        relying=RegionCode.parse("510000"),
    )
    with stage.open(SICHUAN) as workspace:
        key = PolicyKey(PartyId(SICHUAN.value), PartyId(CHONGQING.value), None)
        policy = set_policy(workspace, key, Terms())
    stage.say(f"Sichuan sets a policy: entry {policy.log_index}, version {policy.version}")
    _judge(
        stage,
        "relied on by Sichuan, which now has one",
        path,
        "PASSED",
        relying=RegionCode.parse("510000"),
    )
    away.rename(stage.home(CHONGQING))
    times = []
    for act, code, case, expected in (
        (LifecycleAct.SUSPEND, 2, "suspended by Chongqing", "certificate_suspended"),
        (LifecycleAct.RESTORE, 1, "restored by Chongqing", "PASSED"),
        (LifecycleAct.REVOKE, 3, "revoked by Chongqing", "certificate_revoked"),
    ):
        with stage.open(CHONGQING) as workspace:
            decision = Decision(code, BASIS, today_in_china(), "经办人（虚构）甲")
            result = change_status(workspace, act, [chosen], decision)[0]
        times.append(result.recorded_at_unix)
        _judge(stage, case, path, expected)
        _wait_past(result.recorded_at_unix)
    _judge(stage, "as of the suspension", path, "certificate_suspended", as_of=times[0])
    _judge(stage, "as of the restoration", path, "PASSED", as_of=times[1])
    _judge_offline(stage, path)


def _fields_to_show(stage: Stage) -> tuple[str, ...]:
    """Three fields: name, number and kind of post, or name, code and number for other types."""
    with stage.open(CHONGQING) as workspace:
        schema = workspace.schema(stage.source.certificate_type)
    own = {each.property_name for each in schema.own_fields()}
    return SHOWN if "postCategory" in own else SHOWN_OF_ANY_TYPE


def _judge(
    stage: Stage,
    case: str,
    path: Path,
    expected: str,
    *,
    relying: RegionCode | None = None,
    as_of: int | None = None,
) -> Report:
    with stage.open(SICHUAN) as workspace:
        report = verify_document(
            workspace, read_document(path), relying_region=relying, as_of_unix=as_of
        )
    _keep(stage, case, report, expected)
    return report


def _judge_offline(stage: Stage, path: Path) -> None:
    """Without a chain there is no verdict: an outage is never "invalid"."""
    away = stage.work / "away"
    stage.chain.rename(away)
    stage.chain.write_bytes(b"")
    try:
        with stage.open(SICHUAN) as workspace:
            report = verify_document(workspace, read_document(path))
    finally:
        stage.chain.unlink()
        away.rename(stage.chain)
    _keep(stage, "the chain out of reach", report, "no_trusted_log")


def _keep(stage: Stage, case: str, report: Report, expected: str) -> None:
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


def _audit(stage: Stage, founding_log: tuple[int, bytes]) -> None:
    stage.act("4. An auditor in Yunnan follows it from first to last step 云南审计")
    with stage.open(YUNNAN) as workspace:
        trail = audit_evidence(workspace, parse_evidence(read_document(stage.holder_file)))
        table = Table("log", "recorded (UTC+8)", "act", "by", "effective", box=None)
        for step in trail.steps:
            code = "" if step.reason_code is None else f" {step.reason_code:02}"
            recorded = clock_text(step.recorded_at_unix)[5:]
            table.add_row(
                str(step.log_index), recorded, step.act + code, step.actor, step.effective
            )
        stage.console.print(table)
        old_size, old_root = founding_log
        proof = workspace.index.consistency_proof(old_size, trail.head.size)
        grew = verify_consistency(old_size, old_root, trail.head.size, trail.head.root, proof)
        if not grew:
            raise LedgerError("the log is not a continuation of the one at the founding")
        stage.say(
            f"the log of {trail.head.size} entries continues that of {old_size} entries at the "
            "founding (RFC 9162 consistency proof), and its root is the chain's"
        )


def _wait_past(unix: int) -> None:
    """Until the clock shows a later second, so that each change has a time of its own."""
    while time.time() < unix + 1:
        time.sleep(0.05)


def _conclude(stage: Stage, started: float) -> Summary:
    stage.act("6. The books balance")
    with stage.open(CHONGQING) as workspace:
        check = fsck(workspace)
    seconds = time.monotonic() - started
    summary = Summary(
        input=stage.source.path.name,
        rows=stage.source.rows,
        certificates=stage.certificates,
        batches=stage.batches,
        log_size=check.log_size,
        chain_log_root=check.chain_log_root.hex(),
        index_log_root=check.index_log_root.hex(),
        verdicts=tuple(stage.verdicts),
        attacks=tuple(stage.attacks),
        problems=tuple(f"{each.code} {each.subject}: {each.message}" for each in check.problems),
        seconds=round(seconds, 1),
    )
    path = stage.work / SUMMARY_NAME
    path.write_bytes(summary.to_json())
    same = (
        "the same log root" if check.chain_log_root == check.index_log_root else "DIFFERENT roots"
    )
    stage.say(
        f"{check.certificates} certificates and {check.log_size} log entries recomputed; "
        f"chain and index have {same} {summary.chain_log_root[:16]}…"
    )
    wrong_verdicts = sum(not verdict.is_right for verdict in stage.verdicts)
    wrong_attacks = sum(not attack.is_right for attack in stage.attacks)
    stage.say(
        f"{len(stage.verdicts)} verdicts, {wrong_verdicts} wrong; {len(stage.attacks)} attacks, "
        f"{wrong_attacks} not stopped as they must be; {seconds:.1f} s; {escape(str(path))}"
    )
    return summary
