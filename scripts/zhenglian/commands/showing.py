"""`zhenglian show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from zhenglian.command import command
from zhenglian.options import IdentifierArgument
from zhenglian.session import Session
from zhenglian.times import format_day, format_time
from zhenglian.words import describe_status

if TYPE_CHECKING:
    from ledger.actions.showing import ErasedCertificate, ShownCertificate


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "show")(show)


def show(session: Session, identifier: IdentifierArgument) -> None:
    """Shows a certificate of this home with its status.

    \b
    Example:
      zhenglian show 1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
    """
    from ledger.actions.showing import ErasedCertificate, show_certificate
    from ledger.identifiers import CertificateId

    certificate_id = CertificateId.parse(identifier.strip())
    with session.door() as door:
        shown = door.call(show_certificate, certificate_id)
    if session.output.is_json:
        session.output.document(shown)
    elif isinstance(shown, ErasedCertificate):
        _print_erased(session, shown)
    else:
        _print(session, shown)


def _print_erased(session: Session, shown: ErasedCertificate) -> None:
    output, pick = session.output, session.language.pick
    output.line(pick("内容已删除", "The content was erased"), "bold yellow")
    output.pairs(
        [
            (pick("证照标识", "identifier"), str(shown.certificate_id)),
            (
                pick("状态", "status"),
                describe_status(shown.status.name.lower(), session.language),
            ),
            (pick("颁发机构", "issuer"), str(shown.issuer)),
            (pick("删除时间", "erased"), format_time(shown.erased_at_unix)),
            (pick("删除原因", "reason"), shown.erasure_reason),
            (pick("上链时间", "anchored"), format_time(shown.anchored_at_unix)),
            (pick("日志序号", "log index"), str(shown.log_index)),
            (pick("批次", "batch"), shown.batch_key.hex()),
            (pick("批次内位置", "position"), str(shown.position)),
        ]
    )


def _print(session: Session, shown: ShownCertificate) -> None:
    output, pick = session.output, session.language.pick
    status = shown.status.name.lower()
    output.line(shown.certificate_name, "bold")
    until = "长期" if shown.valid_until_unix is None else format_day(shown.valid_until_unix - 1)
    output.pairs(
        [
            (pick("证照标识", "identifier"), str(shown.certificate_id)),
            (pick("状态", "status"), describe_status(status, session.language)),
            (pick("颁发机构", "issuer"), f"{shown.issuer_name} ({shown.issuer})"),
            (pick("发证日期", "issued on"), shown.issued_on.isoformat()),
            (pick("有效期", "valid"), f"{format_day(shown.valid_from_unix)} – {until}"),
            (pick("替换", "replaces"), str(shown.related_certificate_id or "")),
            (pick("所依案件", "result of case"), (shown.case_id or b"").hex()),
            (pick("上链时间", "anchored"), format_time(shown.anchored_at_unix)),
            (pick("日志序号", "log index"), str(shown.log_index)),
            (pick("批次", "batch"), shown.batch_key.hex()),
            (pick("批次内位置", "position"), str(shown.position)),
            (
                pick("本人出示", "holder's key"),
                pick("支持", "named: presentations can be bound") if shown.is_bindable else "",
            ),
        ]
    )
    output.line()
    output.line(
        pick("字段（出示时可逐项选择）", "Fields, each of which may be shown or not"), "bold"
    )
    output.pairs([(f"{field.title} ({field.name})", field.value) for field in shown.fields])
