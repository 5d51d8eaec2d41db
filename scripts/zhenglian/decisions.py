"""What every change of a status takes: reason, legal basis, effective date, officer, and a yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from zhenglian.failures import EXIT_FAILED
from zhenglian.session import Session
from zhenglian.times import parse_day

ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="CODE", help="A status code of the type, listed below.")
]
BasisOption = Annotated[
    str,
    typer.Option("--legal-basis", metavar="TEXT", help="The rule it rests on. Public: no names."),
]
EffectiveOption = Annotated[
    str,
    typer.Option("--effective-date", metavar="DATE", help="Of legal effect; by default today."),
]
OfficerOption = Annotated[
    str,
    typer.Option("--officer", metavar="NAME", help="Who decided; kept in the vault, not on chain."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would be changed.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


class ReasonListingCommand(TyperCommand):
    """A command whose help lists the reasons it takes."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # the base's
        """Writes the list below the options. Only then are the schema files read."""
        from zhenglian.reasons import list_reasons

        act = "supersede" if self.name == "replace" else str(self.name)
        for kind, codes in list_reasons(act):
            with formatter.section(f"Reasons for type {kind}"):
                formatter.write_dl(codes)


@dataclass(frozen=True, slots=True)
class Order:
    """What is decided, as it was typed; its certificates' types tell what the reason means."""

    reason: str
    legal_basis: str
    effective_date: date | None
    officer: str | None


def parse_effective(text: str) -> date | None:
    """The day of legal effect; None for today. Raises MalformedInputError."""
    return parse_day(text, "effective-date") if text else None


def require_answer(session: Session, *, dry_run: bool, yes: bool) -> None:
    """With --json nobody is asked, so the answer must be there."""
    if session.output.is_json and not (yes or dry_run):
        raise typer.BadParameter("--json asks nobody: add --yes or --dry-run")


def confirm(session: Session, plan: str, *, is_final: bool) -> None:
    """Goes on only after a yes; without one the command ends with exit code 1."""
    pick = session.language.pick
    warning = pick("，不可撤回", ", which cannot be undone") if is_final else ""
    question = pick(f"确认{plan}{warning}？", f"Really {plan}{warning}?")
    try:
        is_yes = typer.confirm(question, err=True)
    except typer.Abort:
        session.output.note("")
        is_yes = False
    if not is_yes:
        session.output.note(pick("未作任何变更。", "Nothing was changed."))
        raise typer.Exit(EXIT_FAILED)
