"""An audit trail as a table, as JSON and as CSV. The last two are written as they are read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import orjson

from ledger.actions.audit import AuditStep
from ledger.actions.issuance.clerk_files import disarm
from ledger.formats.evidence import LogHead
from ledger.formats.merkle import verify_inclusion
from zhenglian.case_detail import tell_detail
from zhenglian.plain import to_plain
from zhenglian.reasons import describe_reason
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import describe_act

if TYPE_CHECKING:
    from ledger.identifiers import CertificateType

COLUMNS = (
    "log_index",
    "recorded_at",
    "act",
    "region",
    "actor",
    "effective",
    "reason",
    "legal_basis",
    "officer",
    "detail",
    "leaf_hash",
    "path",
    "log_size",
    "log_root",
)


@dataclass(frozen=True, slots=True)
class Account:
    """What is to be told.

    Attributes:
        subject: a certificate's identifier, or empty for everything since a time.
        certificate_type: whose status codes the reasons are, None if steps are of several.
        head: to which the steps' paths lead.
    """

    subject: str
    certificate_type: CertificateType | None
    head: LogHead
    steps: Iterable[AuditStep]


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


def write_json(stream: TextIO, account: Account) -> int:
    """One JSON document {subject, head, steps}, and how many steps it has."""
    begin = orjson.dumps({"subject": account.subject, "head": to_plain(account.head)}).decode()
    stream.write(begin[:-1] + ',"steps":[')
    count = 0
    for step in account.steps:
        stream.write(("," if count else "") + "\n" + orjson.dumps(to_plain(step)).decode())
        count += 1
    stream.write("\n]}\n")
    return count


def write_csv(stream: TextIO, account: Account, session: Session) -> int:
    """One line a step, none of which a spreadsheet takes for a formula."""
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    count = 0
    for step in account.steps:
        texts = (
            step.act,
            step.region,
            step.actor,
            step.effective,
            _reason(session, account, step),
            step.legal_basis,
            step.officer,
            orjson.dumps(to_plain(step.detail)).decode(),
            step.leaf_hash.hex(),
            " ".join(node.hex() for node in step.path),
        )
        writer.writerow(
            (
                step.log_index,
                format_time(step.recorded_at_unix),
                *map(disarm, texts),
                account.head.size,
                account.head.root.hex(),
            )
        )
        count += 1
    return count


def _reason(session: Session, account: Account, step: AuditStep) -> str:
    if step.reason_code is None:
        return ""
    kind = account.certificate_type
    return describe_reason(kind, step.reason_code, session.language, session.schemas)


def _is_proven(head: LogHead, step: AuditStep) -> bool:
    return verify_inclusion(step.leaf_hash, step.log_index, head.size, step.path, head.root)
