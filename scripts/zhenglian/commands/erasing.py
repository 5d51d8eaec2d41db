"""`zhenglian erase`, `hold`, `release` and `erasures`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import command
from zhenglian.decisions import DryRunOption, OfficerOption, YesOption, confirm, require_answer
from zhenglian.files import require_free, write_whole
from zhenglian.masking import describe_holder
from zhenglian.options import ForceOption, IdentifierArgument
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import describe_status

if TYPE_CHECKING:
    from ledger.actions.erasure import ErasurePlan, ErasureResult

WhyOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the vault.")]


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "erase")(erase)
    command(app, "hold")(hold)
    command(app, "release")(release)
    command(app, "erasures")(list_erasures)


def erase(
    session: Session,
    identifier: IdentifierArgument,
    reason: WhyOption,
    officer: OfficerOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Erases a certificate's content for ever.

    Refused while its type or a hold has it kept. Identifier, status and proof remain, and so do
    all other certificates. Backups made before still have the content until their file of data
    keys is destroyed.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian erase $ID --reason 持证人申请删除 --dry-run
    """
    from ledger.actions.erasure import erase_certificate, preview_erasure
    from ledger.identifiers import CertificateId

    require_answer(session, dry_run=dry_run, yes=yes)
    certificate_id = CertificateId.parse(identifier.strip())
    passphrase = session.read_passphrase()
    with session.door(passphrase=passphrase) as door:
        plan = door.call(preview_erasure, certificate_id)
    _tell_plan(session, plan, dry_run=dry_run)
    if dry_run:
        return
    if not yes and plan.erasure is None:
        pick = session.language.pick
        what = pick("删除这张证照的内容", "erase the content of this certificate")
        confirm(session, what, is_final=True)
    with session.door(passphrase=passphrase) as door:
        result = door.call(erase_certificate, certificate_id, reason, officer=officer or None)
    _tell_result(session, result)


def hold(
    session: Session,
    identifier: IdentifierArgument,
    reason: WhyOption,
    officer: OfficerOption = "",
) -> None:
    """Keeps a certificate from being erased.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian hold $ID --reason 行政诉讼
    """
    from ledger.actions.erasure import place_hold
    from ledger.identifiers import CertificateId

    certificate_id = CertificateId.parse(identifier.strip())
    with session.door() as door:
        placed = door.call(place_hold, certificate_id, reason, officer=officer or None)
    if session.output.is_json:
        session.output.document(placed)
    else:
        session.output.line(
            session.language.pick(
                f"已设保全 {placed.number}：{placed.reason}",
                f"On hold, number {placed.number}: {placed.reason}",
            )
        )


def release(
    session: Session,
    identifier: IdentifierArgument,
    reason: WhyOption,
    number: Annotated[
        int | None, typer.Option("--hold", metavar="NUMBER", help="Which one, if several are.")
    ] = None,
    officer: OfficerOption = "",
) -> None:
    """Ends a hold.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian release $ID --reason 诉讼终结
    """
    from ledger.actions.holds import end_hold
    from ledger.identifiers import CertificateId

    certificate_id = CertificateId.parse(identifier.strip())
    with session.door() as door:
        told = door.call(end_hold, certificate_id, reason, number=number, officer=officer or None)
    ended, left = told.hold, told.still_in_force
    if session.output.is_json:
        session.output.document(ended, still_in_force=left)
        return
    session.output.line(
        session.language.pick(
            f"已解除保全 {ended.number}；仍有 {left} 项保全",
            f"Released hold {ended.number}; {left} still in force",
        )
    )


def list_erasures(
    session: Session,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the register, to restore with."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Lists the erasures, and exports them.

    Keep the newest register where the vault's disk is not: given to `restore-backup`, what was
    erased after the backup does not come back.

    \b
    Example:
      zhenglian erasures --out /mnt/other/erasures.json --force
    """
    from ledger.actions.erasure_register import encode_register, export_register

    if out is not None:
        require_free(out, force=force)
    with session.door() as door:
        register = door.call(export_register)
    output, pick = session.output, session.language.pick
    if out is not None:
        write_whole(out, lambda path: path.write_bytes(encode_register(register)))
    if output.is_json:
        output.document(register)
        return
    for erasure in register.erasures:
        time = format_time(erasure.erased_at_unix)
        output.line(f"{time}  {erasure.identifier}  {erasure.reason}")
    count = len(register.erasures)
    where = f" → {out}" if out is not None else ""
    output.line(pick(f"共 {count} 项删除{where}", f"{count} erasures{where}"), "bold")


def _tell_plan(session: Session, plan: ErasurePlan, *, dry_run: bool) -> None:
    output, language = session.output, session.language
    pick = language.pick
    holder = describe_holder(
        plan.holder_name, plan.holder_code_type, language, is_erased=plan.erasure is not None
    )
    if output.is_json:
        if dry_run:
            output.document(plan, act="erase", dry_run=True, holder_name=holder)
        return
    retained = plan.retained_until_unix
    output.line(
        pick("将永久删除内容：", "Would erase for ever the content of:")
        if plan.erasure is None
        else pick("此前已删除：", "Erased before:"),
        "bold",
    )
    output.pairs(
        [
            (pick("证照标识", "identifier"), str(plan.certificate_id)),
            (pick("持证人", "holder"), holder),
            (pick("状态", "status"), describe_status(plan.status.name.lower(), language)),
            (
                pick("保存期满", "retained until"),
                "" if retained is None else format_time(retained),
            ),
            (pick("删除原因", "reason"), plan.erasure.reason if plan.erasure else ""),
        ]
    )
    if dry_run:
        output.line(pick("试运行，未作任何变更。", "Dry run: nothing was changed."))


def _tell_result(session: Session, result: ErasureResult) -> None:
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(result)
        return
    when = format_time(result.erasure.erased_at_unix)
    told = (
        pick(f"此前已于 {when} 删除。", f"It was erased before, at {when}.")
        if result.was_erased
        else pick(f"已删除，时间 {when}。", f"Erased at {when}.")
    )
    output.line(told, "bold green")
    output.note(
        pick(
            "更早的备份仍含此内容，直至其数据密钥文件销毁；"
            "请导出最新删除登记：zhenglian erasures --out FILE",
            "Backups made before still have it until their data keys are destroyed; "
            "export the register: zhenglian erasures --out FILE",
        )
    )
