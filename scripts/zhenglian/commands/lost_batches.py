"""`zhenglian lost-batches`: what is on the chain and, after an old backup, not in the vault."""

from __future__ import annotations

from typing import Annotated

import typer

from zhenglian.command import command
from zhenglian.decisions import (
    BasisOption,
    DryRunOption,
    EffectiveOption,
    OfficerOption,
    ReasonListingCommand,
    ReasonOption,
    YesOption,
    confirm,
    parse_effective,
    require_answer,
)
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import describe_done, describe_heading, describe_plan

_KEY_SIZE = 32


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    lost = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(lost, "list")(list_lost)
    command(lost, "revoke", cls=ReasonListingCommand)(revoke_lost_batch)
    app.add_typer(
        lost, name="lost-batches", help="Batches on the chain that a restored vault lacks."
    )


def list_lost(session: Session) -> None:
    """Lists the batches of this home that the chain has and the vault has not.

    While the certificates of one are in force, nothing is issued: a row could get a second
    certificate. Restore a newer backup if there is one.

    \b
    Example:
      zhenglian lost-batches list
    """
    from ledger.actions.lost_batch_orders import list_lost_batches

    with session.door() as door:
        found = door.call(list_lost_batches)
    output, pick, lost = session.output, session.language.pick, found.batches
    if output.is_json:
        output.document(found)
        return
    if not lost:
        output.line(pick("没有缺失的批次。", "No batch is lost."))
        return
    output.table(
        (
            pick("批次", "batch"),
            pick("数量", "certificates"),
            pick("仍有效", "in force"),
            pick("上链时间", "anchored"),
        ),
        (
            (
                each.batch_key.hex(),
                str(each.certificates),
                pick("无效", "void") if each.is_void else str(each.in_force),
                format_time(each.anchored_at_unix),
            )
            for each in lost
        ),
    )


def revoke_lost_batch(
    session: Session,
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="Key of the batch, as listed.")],
    reason: ReasonOption,
    legal_basis: BasisOption,
    effective_date: EffectiveOption = "",
    officer: OfficerOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Revokes every certificate of a lost batch, so that its rows can be issued anew.

    Its holders' files fail from then on: they need their new ones.

    \b
    Example:
      zhenglian lost-batches revoke 5f3a…91 --reason 99 --legal-basis 数据丢失，依法补发 --dry-run
    """
    from ledger.actions.lost_batch_orders import give_up_lost_batch, plan_lost_batch

    require_answer(session, dry_run=dry_run, yes=yes)
    key, day = _parse_key(batch), parse_effective(effective_date)
    passphrase = session.read_passphrase()
    with session.door(passphrase=passphrase) as door:
        plan = door.call(
            plan_lost_batch, key, reason, legal_basis, effective_date=day, officer=officer or None
        )
    output, count = session.output, plan.batch.in_force
    if dry_run and output.is_json:
        output.document(plan.batch, dry_run=True, decision=plan.decision)
    elif not output.is_json:
        output.line(describe_heading("revoke", count, session.language, dry_run=dry_run), "bold")
    if dry_run:
        return
    if count and not yes:
        confirm(session, describe_plan("revoke", count, session.language), is_final=True)
    with session.door(passphrase=passphrase) as door:
        done = door.call(
            give_up_lost_batch,
            key,
            reason,
            legal_basis,
            effective_date=plan.decision.effective_date,
            officer=officer or None,
        )
    if output.is_json:
        output.document(done)
        return
    output.line(describe_done("revoke", count, session.language), "bold green")


def _parse_key(text: str) -> bytes:
    from ledger.errors import MalformedInputError

    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != _KEY_SIZE:
        raise MalformedInputError(
            f"batch: expected {2 * _KEY_SIZE} hexadecimal digits, got {text!r}", field="batch"
        )
    return key
