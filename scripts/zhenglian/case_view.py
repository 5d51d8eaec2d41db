"""A case on a screen: where it stands, what is due, the materials, and the steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zhenglian.case_words import describe, describe_material_reason
from zhenglian.session import Session
from zhenglian.times import format_day, format_time

if TYPE_CHECKING:
    from ledger.actions.cases.overdue import Deadline
    from ledger.actions.cases.showing import CaseParty, KeptCase, ShownCase
    from ledger.actions.cases.shown_steps import ShownDecider, ShownStep


def print_case(session: Session, shown: ShownCase) -> None:
    """Prints a case in the session's language."""
    output, pick, language = session.output, session.language.pick, session.language
    state = describe("state", shown.state.name.lower(), language)
    output.line(pick(f"案件 {shown.case_id.hex()}", f"Case {shown.case_id.hex()}"), "bold")
    version = shown.matter_version
    matter = f"{shown.matter_name} ({shown.item_code})"
    output.pairs(
        [
            (pick("状态", "state"), state),
            (pick("事项", "matter"), matter + pick(f" 第 {version} 版", f", version {version}")),
            (pick("收件地", "receiver"), _party(shown.receiver)),
            (pick("办理地", "handler"), _party(shown.handler)),
            (pick("材料现在", "material with"), _party(shown.custodian)),
            (pick("移交途中，接收方", "on its way to"), _party(shown.taker)),
            (pick("材料轮次", "round"), str(shown.round)),
            (pick("停止计时", "clock stands"), _pause(session, shown)),
            *((_kind(session, each), _deadline(session, each)) for each in shown.deadlines),
            (pick("所依证照", "certificates relied on"), str(shown.reliances or "")),
            (pick("结果承诺", "result commitment"), (shown.result_commitment or b"").hex()),
        ]
    )
    if shown.kept is not None:
        _print_kept(session, shown.kept)
    _print_steps(session, shown)


def tell_due(session: Session, deadline: Deadline) -> str:
    """What is due, when, and how many working days are left."""
    pick = session.language.pick
    told = f"{_kind(session, deadline)} {format_day(deadline.due_at_unix)}"
    if deadline.is_overdue:
        return told + pick("，已逾期", ", overdue")
    if deadline.days_left is None:
        return told
    days = deadline.days_left
    return told + pick(f"，剩 {days} 个工作日", f", working days left: {days}")


def _kind(session: Session, deadline: Deadline) -> str:
    return describe("deadline", deadline.kind.value, session.language)


def _deadline(session: Session, deadline: Deadline) -> str:
    pick = session.language.pick
    parts = [format_time(deadline.due_at_unix)]
    if deadline.is_overdue:
        parts.append(pick("已逾期", "overdue"))
    elif deadline.is_pending and deadline.days_left is not None:
        days = deadline.days_left
        parts.append(pick(f"剩 {days} 个工作日", f"working days left: {days}"))
    if deadline.remark:
        told = describe("other", deadline.remark.value, session.language)
        computed = deadline.computed_until_unix
        parts.append(f"{told} ({format_day(computed)})" if computed else told)
    return " · ".join(parts)


def _party(party: CaseParty | None) -> str:
    if party is None:
        return ""
    return " ".join(part for part in (party.region, party.name, f"({party.department})") if part)


def _pause(session: Session, shown: ShownCase) -> str:
    if not shown.paused_at_unix:
        return ""
    procedure = describe("procedure", shown.procedure.name.lower(), session.language)
    since = format_time(shown.paused_at_unix)
    return session.language.pick(f"{procedure}，自 {since}", f"{procedure}, since {since}")


def _print_kept(session: Session, kept: KeptCase) -> None:
    output, pick, language = session.output, session.language.pick, session.language
    output.line()
    if kept.is_erased:
        output.line(pick("案卷内容已删除", "The papers were erased"), "bold yellow")
        return
    outcome = describe("other", kept.outcome, language) if kept.outcome else ""
    output.line(pick(f"材料 {outcome}", f"Materials {outcome}"), "bold")
    output.table(
        (pick("材料", "material"), pick("结论", "verdict"), pick("理由", "reasons")),
        (
            (
                each.name,
                describe("other", each.outcome, language) if each.outcome else "",
                "; ".join(describe_material_reason(r, language) for r in each.reasons),
            )
            for each in kept.materials
        ),
    )
    if kept.result is not None:
        batch_key, position = kept.result
        told = f"{batch_key.hex()} / {position}"
        output.pairs([(pick("结果证照（批次/位置）", "result (batch/position)"), told)])


def _print_steps(session: Session, shown: ShownCase) -> None:
    output, pick = session.output, session.language.pick
    if not shown.steps:
        return
    output.line()
    output.table(
        (pick("环节", "step"), pick("规则", "rule"), pick("由谁决定", "who decides")),
        (
            (_step(session, step), _rule(session, step), _deciders(session, step))
            for step in shown.steps
        ),
    )


def _step(session: Session, step: ShownStep) -> str:
    outcome = "" if step.is_open else describe("other", step.outcome.name.lower(), session.language)
    state = session.language.pick("审批中", "open") if step.is_open else outcome
    return f"{step.number} {step.name} · {state}"


def _rule(session: Session, step: ShownStep) -> str:
    told = describe("rule", step.rule.name.lower(), session.language)
    return f"{told} {step.threshold}/{len(step.deciders) + step.unnamed}"


def _deciders(session: Session, step: ShownStep) -> str:
    return "; ".join(_tell_deciders(session, step))


def _tell_deciders(session: Session, step: ShownStep) -> Iterator[str]:
    for decider in step.deciders:
        yield _decider(session, decider)
    if step.unnamed:
        yield session.language.pick(
            f"另 {step.unnamed} 个部门待指定", f"{step.unnamed} to be named"
        )


def _decider(session: Session, decider: ShownDecider) -> str:
    pick, language = session.language.pick, session.language
    veto = pick("（可否决）", " (veto)") if decider.has_veto else ""
    if decider.decision is None:
        return f"{decider.department}{veto}"
    told = describe("other", decider.decision.name.lower(), language)
    return f"{decider.department}{veto} {told} {format_time(decider.decided_at_unix)}"
