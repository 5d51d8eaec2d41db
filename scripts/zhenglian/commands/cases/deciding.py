"""`zhenglian case assign`, `decide` and `end-step`: 分配 and 审批."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from zhenglian.command import command
from zhenglian.commands.cases.options import (
    INTERRUPTED,
    CaseArgument,
    OfficerOption,
    TextOption,
    ask,
    open_case,
    tell_result,
)
from zhenglian.decisions import YesOption
from zhenglian.session import Session


class Verdict(StrEnum):
    """What a department decides."""

    APPROVE = "approve"
    REJECT = "reject"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "assign", on_interrupt=INTERRUPTED)(assign)
    command(app, "decide", on_interrupt=INTERRUPTED)(decide)
    command(app, "end-step")(end_step)


def assign(
    session: Session,
    case: CaseArgument,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="USCC", help="A decider that the matter leaves to be named, in order."
        ),
    ] = None,
    officer: OfficerOption = "",
) -> None:
    """Opens the next step of a case (分配).

    \b
    Example:
      zhenglian case assign 6e340b9c
      zhenglian case assign 6e340b9c --to 11500000000000001G
    """
    from ledger.actions.cases.deciding import assign_step
    from ledger.identifiers import Uscc

    named = [Uscc.parse(each) for each in to or ()]
    with open_case(session, case) as (door, case_id):
        result = door.call(assign_step, case_id, named, officer or None)
    tell_result(session, result)


def decide(
    session: Session,
    case: CaseArgument,
    verdict: Annotated[Verdict, typer.Argument(metavar="approve|reject", help="The decision.")],
    text: TextOption,
    department: Annotated[
        str,
        typer.Option("--department", metavar="USCC", help="Who decides, if several of this home."),
    ] = "",
    officer: OfficerOption = "",
    yes: YesOption = False,
) -> None:
    """Seals a department's decision in the open step, with its opinion (审批). It is final.

    It is over exactly these materials, this round and this version of the matter.

    \b
    Example:
      zhenglian case decide 6e340b9c approve --text 材料属实，同意 --officer 乙二（虚构）
    """
    from ledger.actions.cases.deciding import decide_step
    from ledger.identifiers import Uscc
    from ledger.records import Decision

    plan = {
        Verdict.APPROVE: ("同意该环节", "approve the step"),
        Verdict.REJECT: ("不同意该环节", "reject the step"),
    }
    who = Uscc.parse(department) if department else None
    ask(session, plan[verdict], yes=yes)
    with open_case(session, case) as (door, case_id):
        result = door.call(
            decide_step,
            case_id,
            Decision[verdict.name],
            text,
            department=who,
            officer=officer or None,
        )
    tell_result(session, result)


def end_step(session: Session, case: CaseArgument) -> None:
    """Has the chain conclude a step whose veto holders let their time pass. Any province may.

    \b
    Example:
      zhenglian case end-step 6e340b9c
    """
    from ledger.actions.cases.deciding import end_step_time

    with open_case(session, case) as (door, case_id):
        result = door.call(end_step_time, case_id)
    tell_result(session, result)
