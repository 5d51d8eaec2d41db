"""`zhenglian suspend`, `restore` and `revoke`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import command
from zhenglian.decisions import (
    BasisOption,
    DryRunOption,
    EffectiveOption,
    OfficerOption,
    Order,
    ReasonListingCommand,
    ReasonOption,
    YesOption,
    confirm,
    parse_effective,
    require_answer,
)
from zhenglian.door import is_remote
from zhenglian.files import read_lines
from zhenglian.masking import describe_holder
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import (
    count_certificates,
    describe_done,
    describe_heading,
    describe_plan,
    describe_status,
)

if TYPE_CHECKING:
    from ledger.actions.decisions import LifecycleAct
    from ledger.actions.named_certificates import NamedCertificates
    from ledger.actions.status_orders import StatusChangeResult, StatusPlan
    from zhenglian.door import Door

SHOWN = 20
PART = 10_000
"""Certificates that one request names; a node takes bodies of about a megabyte."""
INTERRUPTED = (
    "已中断。没有丢失任何内容：以相同的生效日期重新运行本命令，即可办完其余部分。",
    (
        "Interrupted. Nothing is lost: run the same command again, with the same effective date; "
        "it changes what is left."
    ),
)

_HELP = {
    "suspend": """Suspends certificates until they are restored.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian suspend $ID --reason 02 --legal-basis 《安全生产许可证条例》第十四条
    """,
    "restore": """Restores suspended certificates.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian restore $ID --reason 01 --legal-basis 暂扣期满
    """,
    "revoke": """Revokes certificates for ever. The remedy for a mistake is a new certificate.

    \b
    Example:
      zhenglian revoke --file list.txt --reason 07 --legal-basis 《…条例》第二十条 --dry-run
    """,
}


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for act in _HELP:
        command(app, act, cls=ReasonListingCommand, on_interrupt=INTERRUPTED)(_make_command(act))


def _make_command(act: str) -> Callable[..., None]:
    def change(
        session: Session,
        reason: ReasonOption,
        legal_basis: BasisOption,
        identifiers: Annotated[
            list[str] | None, typer.Argument(metavar="IDENTIFIER", help="证照标识, one or more.")
        ] = None,
        file: Annotated[
            Path | None,
            typer.Option("--file", metavar="FILE", help="A file with one identifier a line."),
        ] = None,
        effective_date: EffectiveOption = "",
        officer: OfficerOption = "",
        dry_run: DryRunOption = False,
        yes: YesOption = False,
    ) -> None:
        from ledger.actions.decisions import LifecycleAct

        require_answer(session, dry_run=dry_run, yes=yes)
        named = _read_identifiers(identifiers or [], file)
        order = Order(reason, legal_basis, parse_effective(effective_date), officer or None)
        what = LifecycleAct(act)
        passphrase = session.read_passphrase()
        with session.door(passphrase=passphrase) as door:
            shown = None if session.output.is_json and dry_run else SHOWN
            told = _plan(door, what, named, order, shown)
        _tell_plan(session, told, dry_run=dry_run)
        if dry_run:
            return
        if told.left and not yes:
            plan = describe_plan(act, told.left, session.language)
            confirm(session, plan, is_final=act == "revoke")
        order = replace(order, effective_date=told.decision.effective_date)
        with session.door(passphrase=passphrase) as door:
            done = _change(door, what, named, order)
        _tell_results(session, done)

    change.__doc__ = _HELP[act]
    return change


def _plan(
    door: Door, act: LifecycleAct, named: NamedCertificates, order: Order, shown: int | None
) -> StatusPlan:
    """What the order would do, asked for in as many parts as a request can carry."""
    from ledger.actions.status_orders import plan_status_change

    whole: StatusPlan | None = None
    for part in _parts(door, named):
        found = door.call(
            plan_status_change,
            act,
            part,
            order.reason,
            order.legal_basis,
            effective_date=order.effective_date,
            officer=order.officer,
            described=shown if shown is None or whole is None else 0,
        )
        whole = found if whole is None else whole.joined(found)
    assert whole is not None  # noqa: S101 - at least one certificate is named
    return whole


def _change(
    door: Door, act: LifecycleAct, named: NamedCertificates, order: Order
) -> StatusChangeResult:
    from ledger.actions.status_orders import StatusChangeResult, change_statuses

    whole = StatusChangeResult(act, 0, 0, ())
    for part in _parts(door, named):
        whole = whole.joined(
            door.call(
                change_statuses,
                act,
                part,
                order.reason,
                order.legal_basis,
                effective_date=order.effective_date,
                officer=order.officer,
            )
        )
    return whole


def _parts(door: Door, named: NamedCertificates) -> Iterable[NamedCertificates]:
    return named.parts(PART) if is_remote(door) else [named]


def _read_identifiers(arguments: Sequence[str], file: Path | None) -> NamedCertificates:
    """The certificates that are named. Raises MalformedInputError with the line."""
    from ledger.actions.named_certificates import NamedCertificates
    from ledger.errors import MalformedInputError
    from ledger.identifiers import CertificateId

    named = NamedCertificates.of(CertificateId.parse(text.strip()) for text in arguments)
    lines = read_lines(file) if file else iter(())
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            named.add(CertificateId.parse(line.strip()))
        except MalformedInputError as error:
            raise MalformedInputError(
                f"{file}, line {number}: {error.message}", code=error.code, field="file"
            ) from error
    if not len(named):
        raise typer.BadParameter("name at least one IDENTIFIER, or a --file with some")
    return named


def _tell_plan(session: Session, told: StatusPlan, *, dry_run: bool) -> None:
    output, pick, affected = session.output, session.language.pick, told.certificates
    act, decision = told.act, told.decision
    names = [
        describe_holder(
            each.holder_name, each.holder_code_type, session.language, is_erased=each.is_erased
        )
        for each in affected
    ]
    if output.is_json:
        if dry_run:
            certificates = [
                {
                    "certificate_id": each.certificate_id,
                    "holder_name": name,
                    "status": each.status,
                    "is_done": each.is_done,
                }
                for each, name in zip(affected, names, strict=True)
            ]
            plain = {"act": act, "dry_run": True, "decision": decision}
            output.document({**plain, "certificates": certificates})
        return
    from zhenglian.reasons import describe_reason

    output.line(describe_heading(act.value, told.left, session.language, dry_run=dry_run), "bold")
    kind = affected[0].certificate_id.type
    reason = describe_reason(kind, decision.reason_code, session.language, session.schemas)
    output.pairs(
        [
            (pick("原因", "reason"), reason),
            (pick("依据", "legal basis"), decision.legal_basis),
            (pick("生效日期", "effective"), decision.effective_date.isoformat()),
            (pick("经办人", "officer"), decision.officer or ""),
        ]
    )
    output.table(
        (pick("证照标识", "identifier"), pick("持证人", "holder"), pick("当前状态", "status now")),
        (
            (
                str(each.certificate_id),
                name,
                describe_status(each.status.name.lower(), session.language)
                + (pick("（此前已办）", " (done before)") if each.is_done else ""),
            )
            for each, name in zip(affected, names, strict=True)
        ),
    )
    if more := told.count - len(affected):
        output.line(pick(f"……还有 {more} 张", f"… and {more} more"))
    if dry_run:
        output.line(pick("试运行，未作任何变更。", "Dry run: nothing was changed."))


def _tell_results(session: Session, done: StatusChangeResult) -> None:
    output, pick, already_done = session.output, session.language.pick, done.already_done
    if output.is_json:
        output.document(done)
        return
    if done.statements or not already_done:
        told = describe_done(done.act.value, done.certificates, session.language)
        output.line(told, "bold green")
    if already_done:
        output.line(
            pick(
                f"{already_done} 张此前已按同一决定办理，未作改动。",
                f"For {count_certificates(already_done)} this decision had been carried out "
                "before; nothing was changed for them.",
            )
        )
    for result in done.statements:
        output.pairs(
            [
                (pick("记录时间", "recorded"), format_time(result.recorded_at_unix)),
                (pick("日志序号", "log index"), str(result.log_index)),
            ]
        )
