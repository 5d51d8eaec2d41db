"""`zhenglian case erase`."""

from __future__ import annotations

from typing import Annotated

import typer

from zhenglian.command import command
from zhenglian.commands.cases.options import CaseArgument, OfficerOption, ask, open_case
from zhenglian.decisions import YesOption
from zhenglian.session import Session
from zhenglian.times import format_time


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "erase")(erase)


def erase(
    session: Session,
    case: CaseArgument,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the vault.")
    ],
    officer: OfficerOption = "",
    yes: YesOption = False,
) -> None:
    """Erases for ever what this home has of a case that has ended: papers, and what it relied on.

    Who acted when, and the digests on the chain, remain.

    \b
    Example:
      zhenglian case erase 6e340b9c --reason 申请人申请删除
    """
    from ledger.actions.cases.erasing import erase_case

    ask(session, ("删除案卷内容", "erase the papers of the case"), yes=yes)
    with open_case(session, case) as (door, case_id):
        erasure = door.call(erase_case, case_id, reason, officer=officer or None)
    if session.output.is_json:
        session.output.document({"case_id": case_id, "erased_at_unix": erasure.erased_at_unix})
        return
    at = format_time(erasure.erased_at_unix)
    told = session.language.pick(f"案卷内容已删除：{at}", f"The papers were erased: {at}")
    session.output.line(told, "bold green")
