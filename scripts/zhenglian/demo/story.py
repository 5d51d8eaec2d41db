"""The story, act by act: founded, issued, shown, recognised, suspended, revoked, audited, attacked.

Cases between the provinces are the second act, which `second_act` plays. Each province works in its
own home; only the chain and what a holder carries are shared. Whatever does not come out as it must
makes the demonstration fail.
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
from ledger.actions.founding import create_home, found_ledger
from ledger.actions.fsck import fsck
from ledger.actions.governance import propose_admission, vote
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuers import change_mandate, register_department
from ledger.actions.presentation import read_document
from ledger.actions.proposals import list_members
from ledger.chain.engines import ChainLocation
from ledger.errors import LedgerError
from ledger.formats.evidence import parse_evidence
from ledger.formats.merkle import verify_consistency
from ledger.identifiers import MemberId, RegionCode
from ledger.vault.directory_lock import lock_directory
from ledger.vault.tables import RunState
from zhenglian.demo.attacks import try_attacks
from zhenglian.demo.cast import TYPES
from zhenglian.demo.life import change_certificate, show_certificate
from zhenglian.demo.recognition_story import agree
from zhenglian.demo.second_act import play_second_act
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
from zhenglian.demo.summary import Summary


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
        show_certificate(stage)
        agree(stage)
        change_certificate(stage)
        _audit(stage, log_before)
        try_attacks(stage)
        play_second_act(stage)
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
    _define_types(stage, location, voters)
    with stage.open(CHONGQING) as workspace:
        result = workspace.sync_index()
        names = "、".join(member.name for member in list_members(workspace.index))
        stage.say(f"members: {names}")
        return result.size, result.root


def _define_types(stage: Stage, location: ChainLocation, voters: list[MemberId]) -> None:
    """The authorities that define the types join, and put them into the catalogue."""
    types = dict.fromkeys((stage.source.certificate_type, *TYPES))
    for authority in dict.fromkeys(MemberId.parse(str(kind.authority)) for kind in types):
        name = MINISTRY_NAME if authority == MINISTRY else str(authority)
        create_home(stage.home(authority), authority, name, location, PASSPHRASE)
        _admit(stage, authority, name, voters)
        voters.append(authority)
        with stage.open(authority) as workspace:
            own = [kind for kind in types if MemberId.parse(str(kind.authority)) == authority]
            defined = [define_type(workspace, workspace.schema(kind)) for kind in own]
        listed = "、".join(each.code[-4:] for each in defined)
        stage.say(f"{name} defines types of certificates: {listed}")


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


def _audit(stage: Stage, founding_log: tuple[int, bytes]) -> None:
    stage.act("6. An auditor in Yunnan follows it from first to last step 云南审计")
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


def _conclude(stage: Stage, started: float) -> Summary:
    stage.act("12. The books balance")
    with stage.open(SICHUAN) as workspace:
        problems = fsck(workspace).problems
    with stage.open(CHONGQING) as workspace:
        check = fsck(workspace)
    problems += check.problems
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
        recognitions=tuple(stage.recognitions),
        cases=tuple(stage.cases),
        problems=tuple(f"{each.code} {each.subject}: {each.message}" for each in problems),
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
    wrong_recognitions = sum(not recognition.is_right for recognition in stage.recognitions)
    wrong_cases = sum(not case.is_right for case in stage.cases)
    stage.say(
        f"{len(stage.verdicts)} verdicts, {wrong_verdicts} wrong; {len(stage.attacks)} attacks, "
        f"{wrong_attacks} not stopped as they must be"
    )
    stage.say(
        f"{len(stage.recognitions)} recognitions, {len(stage.cases)} outcomes of cases, "
        f"{wrong_recognitions + wrong_cases} wrong; {seconds:.1f} s; {escape(str(path))}"
    )
    return summary
