"""`zhenglian recall`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.case_words import describe
from zhenglian.command import command
from zhenglian.session import Session
from zhenglian.times import format_time, parse_time
from zhenglian.words import describe_status

if TYPE_CHECKING:
    from ledger.actions.cases.recall import Reliance, StatusStep
    from ledger.formats.certificate import Placement
    from ledger.identifiers import CertificateId

IDENTIFIER_BEGINS = "1.2.156."
_SHORT_ID = 16


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "recall")(recall)


def recall(
    session: Session,
    certificate: Annotated[
        str,
        typer.Argument(
            metavar="[IDENTIFIER|FILE]",
            help="One certificate, of any province; tells all that relied on it.",
        ),
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Only by changes recorded since then.")
    ] = "",
) -> None:
    """Tells which cases of this home relied on certificates that lost their validity since.

    Because they were revoked, suspended or superseded after the case was accepted. What a case
    relied on is known to this home alone; the commitment on the chain shows that it is the truth.

    \b
    Example:
      zhenglian recall
      zhenglian recall --since 2026-01-01
      zhenglian recall 1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
    """
    from ledger.actions.cases.recalling import recall as find_recalls

    since_unix = parse_time(since, "since") if since else 0
    placement, certificate_id = _find(certificate)
    batch_key, position = (placement.batch_key, placement.position) if placement else (None, None)
    with session.door() as door:
        found = door.call(find_recalls, certificate_id, batch_key, position, since_unix).reliances
    if session.output.is_json:
        session.output.document({"reliances": found})
        return
    pick = session.language.pick
    if not found:
        session.output.line(
            pick("没有案件需要复核。", "No case of this home is concerned."), "bold green"
        )
        return
    count = len({each.case_id for each in found})
    session.output.line(pick(f"涉及 {count} 个案件：", f"Cases concerned: {count}"), "bold yellow")
    for each in found:
        _print(session, each)


def _find(text: str) -> tuple[Placement | None, CertificateId | None]:
    """How the certificate is to be looked for: by its place in the ledger, or by its name."""
    from ledger.actions.presentation import read_document
    from ledger.formats.evidence import parse_evidence
    from ledger.identifiers import CertificateId

    if not text:
        return None, None
    if not text.strip().startswith(IDENTIFIER_BEGINS) or Path(text).exists():
        return parse_evidence(read_document(Path(text))).certificate.placement, None
    return None, CertificateId.parse(text.strip())


def _print(session: Session, each: Reliance) -> None:
    output, pick, language = session.output, session.language.pick, session.language
    state = describe("state", each.state.name.lower(), language)
    output.line()
    output.line(
        pick(
            f"案件 {each.case_id.hex()[:_SHORT_ID]}：{state}",
            f"Case {each.case_id.hex()[:_SHORT_ID]}: {state}",
        ),
        "bold",
    )
    held = pick("与链上承诺相符", "as committed to on the chain")
    not_held = pick("与链上承诺不符", "NOT as committed to on the chain")
    output.pairs(
        [
            (pick("事项", "matter"), str(each.item_code)),
            (pick("受理部门", "accepted by"), str(each.handler)),
            (pick("受理时间", "accepted"), format_time(each.relied_at_unix)),
            (pick("所依证照", "relied on"), str(each.certificate_id or "")),
            (pick("批次", "batch"), f"{each.batch_key.hex()} / {each.position}"),
            (pick("依据", "reliance"), held if each.is_committed else not_held),
            (pick("证照现状", "status now"), describe_status(each.status.name.lower(), language)),
            *(
                (format_time(step.recorded_at_unix), _change(session, each, step))
                for step in each.changes
            ),
        ]
    )


def _change(session: Session, each: Reliance, step: StatusStep) -> str:
    from zhenglian.reasons import describe_reason

    kind = each.certificate_id.type if each.certificate_id else None
    return " · ".join(
        (
            describe_status(step.status.name.lower(), session.language),
            describe_reason(kind, step.reason_code, session.language, session.schemas),
            step.legal_basis,
            session.language.pick(f"{step.effective_date} 起", f"from {step.effective_date}"),
            str(step.issuer),
        )
    )
