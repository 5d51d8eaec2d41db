"""An audit trail as a table for people; as JSON and CSV, see `ledger.actions.audit.exporting`."""

from __future__ import annotations

from ledger.actions.audit import AuditStep
from ledger.actions.audit.exporting import Account
from ledger.formats.evidence import LogHead
from ledger.formats.merkle import verify_inclusion
from zhenglian.case_detail import tell_detail
from zhenglian.reasons import describe_reason
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import describe_act


def print_table(session: Session, account: Account) -> None:
    """A table for people; each step's mark says whether its proof was checked and holds."""
    pick, head = session.language.pick, account.head
    session.output.table(
        (
            pick("序号", "log"),
            pick("记录时间 (+08:00)", "recorded (+08:00)"),
            pick("事项", "what"),
            pick(
                "主体、生效日期、原因、依据、经办人", "who, since when, why, on what basis, by whom"
            ),
        ),
        (
            (
                f"{'✓' if _is_proven(head, step) else '✗'} {step.log_index}",
                format_time(step.recorded_at_unix).removesuffix(" +08:00"),
                describe_act(step.act, session.language),
                _details(session, account, step),
            )
            for step in account.steps
        ),
        fixed=(0, 1),
    )
    session.output.line(
        pick(
            f"✓ = 已核对：记录在日志中，日志共 {head.size} 条，根 {head.root.hex()}",
            f"✓ = checked: it is in the log of {head.size} entries with root {head.root.hex()}",
        )
    )


def _details(session: Session, account: Account, step: AuditStep) -> str:
    pick = session.language.pick
    parts = (
        " ".join(dict.fromkeys(part for part in (step.region, step.actor) if part)),
        pick(f"{step.effective} 起", f"from {step.effective}") if step.effective else "",
        *tell_detail(step, session.language),
        _reason(session, account, step),
        step.legal_basis,
        step.officer,
    )
    return " · ".join(part for part in parts if part)


def _reason(session: Session, account: Account, step: AuditStep) -> str:
    if step.reason_code is None:
        return ""
    kind = account.certificate_type
    return describe_reason(kind, step.reason_code, session.language, session.schemas)


def _is_proven(head: LogHead, step: AuditStep) -> bool:
    return verify_inclusion(step.leaf_hash, step.log_index, head.size, step.path, head.root)
