"""`zhenglian replace`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import command
from zhenglian.commands.issuing import INTERRUPTED
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
from zhenglian.failures import EXIT_FAILED
from zhenglian.masking import describe_holder
from zhenglian.options import IdentifierArgument
from zhenglian.row_errors import find_report_place, tell_row_errors
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import describe_heading, describe_plan

if TYPE_CHECKING:
    from ledger.actions.decisions import Decision
    from ledger.actions.replacement import Replacement, ReplacementPlan


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "replace", cls=ReasonListingCommand, on_interrupt=INTERRUPTED)(replace)


def replace(
    session: Session,
    identifier: IdentifierArgument,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV or .xlsx with the one row of the new certificate."
        ),
    ],
    reason: ReasonOption,
    legal_basis: BasisOption,
    effective_date: EffectiveOption = "",
    officer: OfficerOption = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> int | None:
    """Issues a certificate in place of another.

    The new one cites the old, which is superseded for ever. Interrupted in between, the same
    command does what is left.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian replace $ID new.csv --reason 04 --legal-basis 变更企业名称
    """
    from ledger.actions.replacement_orders import plan_replacement_by_file, replace_by_file
    from ledger.identifiers import CertificateId

    require_answer(session, dry_run=dry_run, yes=yes)
    replaced = CertificateId.parse(identifier.strip())
    content, day = _read_file(file), parse_effective(effective_date)
    report_file = find_report_place(file)
    passphrase = session.read_passphrase()
    with session.door(passphrase=passphrase) as door:
        told = door.call(
            plan_replacement_by_file,
            replaced,
            content,
            reason,
            legal_basis,
            effective_date=day,
            officer=officer or None,
        )
    plan, decision = told.plan, told.decision
    if plan.errors:
        return _tell_errors(session, plan, report_file)
    _tell_plan(session, plan, decision, dry_run=dry_run)
    if dry_run:
        return None
    if not yes:
        confirm(session, describe_plan("replace", 1, session.language), is_final=True)
    with session.door(passphrase=passphrase) as door:
        done = door.call(
            replace_by_file,
            replaced,
            content,
            reason,
            legal_basis,
            effective_date=decision.effective_date,
            officer=officer or None,
        )
    errors = done.plan.errors or (done.issuance.errors if done.issuance else ())
    tell_row_errors(session, errors, (), report_file)
    _tell_done(session, done, is_refused=bool(errors))
    return EXIT_FAILED if errors else None


def _read_file(file: Path) -> bytes:
    """Raises NotFoundError where there is none."""
    from ledger.errors import NotFoundError

    if not file.is_file():
        raise NotFoundError(f"no file {file}", field="file")
    return file.read_bytes()


def _tell_errors(session: Session, plan: ReplacementPlan, report_file: Path) -> int:
    tell_row_errors(session, plan.errors, (), report_file)
    if session.output.is_json:
        session.output.document(plan, errors_file=report_file)
    return EXIT_FAILED


def _tell_plan(
    session: Session, plan: ReplacementPlan, decision: Decision, *, dry_run: bool
) -> None:
    output, pick = session.output, session.language.pick
    if output.is_json:
        if dry_run:
            output.document(
                {
                    "act": "replace",
                    "dry_run": True,
                    "replaced": plan.replaced,
                    "successor": plan.successor,
                    "is_issued": plan.is_issued,
                    "is_superseded": plan.affected is None,
                    "decision": decision,
                }
            )
        return
    from zhenglian.reasons import describe_reason

    who = plan.affected
    reason = describe_reason(
        plan.replaced.type, decision.reason_code, session.language, session.schemas
    )
    output.line(describe_heading("replace", 1, session.language, dry_run=dry_run), "bold")
    output.pairs(
        [
            (
                pick("持证人", "holder"),
                describe_holder(
                    who.holder_name,
                    who.holder_code_type,
                    session.language,
                    is_erased=who.is_erased,
                )
                if who
                else "",
            ),
            (pick("旧证", "old"), str(plan.replaced)),
            (pick("新证", "new"), str(plan.successor)),
            (pick("原因", "reason"), reason),
            (pick("依据", "legal basis"), decision.legal_basis),
            (pick("生效日期", "effective"), decision.effective_date.isoformat()),
            (pick("经办人", "officer"), decision.officer or ""),
        ]
    )
    if plan.is_issued:
        output.line(
            pick("新证此前已签发。", "The new certificate was issued before; what is left is done.")
        )
    if dry_run:
        output.line(pick("试运行，未作任何变更。", "Dry run: nothing was changed."))


def _tell_done(session: Session, done: Replacement, *, is_refused: bool) -> None:
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(done)
        return
    if is_refused:
        output.line(pick("未作任何变更。", "Nothing was changed."), "bold red")
        return
    output.line(pick("替换完成。", "Replaced."), "bold green")
    if done.change is None:
        output.line(pick("此前已全部完成，未作改动。", "All had been done before."))
        return
    output.pairs(
        [
            (pick("记录时间", "recorded"), format_time(done.change.recorded_at_unix)),
            (pick("日志序号", "log index"), str(done.change.log_index)),
        ]
    )
