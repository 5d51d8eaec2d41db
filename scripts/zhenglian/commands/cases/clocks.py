"""`zhenglian case pause`, `resume` and `extend`: the clock of a case."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from zhenglian.command import command
from zhenglian.commands.cases.options import (
    INTERRUPTED,
    BasisOption,
    CaseArgument,
    OfficerOption,
    TextOption,
    open_case,
    tell_result,
)
from zhenglian.session import Session


class Procedure(StrEnum):
    """What may stop the clock (行政许可法 art. 45)."""

    HEARING = "hearing"
    INSPECTION = "inspection"
    TESTING = "testing"
    APPRAISAL = "appraisal"
    EXPERT_REVIEW = "expert-review"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "pause", on_interrupt=INTERRUPTED)(pause)
    command(app, "resume", on_interrupt=INTERRUPTED)(resume)
    command(app, "extend", on_interrupt=INTERRUPTED)(extend)


def pause(
    session: Session,
    case: CaseArgument,
    procedure: Annotated[
        Procedure, typer.Option("--for", help="听证, 检验, 检测, 鉴定 or 专家评审.")
    ],
    text: TextOption,
    officer: OfficerOption = "",
) -> None:
    """Stops the clock of a case for a special procedure.

    \b
    Example:
      zhenglian case pause 6e340b9c --for expert-review --text 组织专家评审，不计入办理时限
    """
    from ledger.actions.cases.clocks import pause_case
    from ledger.records import SpecialProcedure

    with open_case(session, case) as (door, case_id):
        special = SpecialProcedure[procedure.name]
        result = door.call(pause_case, case_id, special, text, officer or None)
    tell_result(session, result)


def resume(
    session: Session, case: CaseArgument, text: TextOption, officer: OfficerOption = ""
) -> None:
    """Lets the clock run again, with as many working days left as when it was stopped.

    \b
    Example:
      zhenglian case resume 6e340b9c --text 专家评审通过
    """
    from ledger.actions.cases.clocks import resume_case

    with open_case(session, case) as (door, case_id):
        result = door.call(resume_case, case_id, text, officer or None)
    tell_result(session, result)


def extend(
    session: Session,
    case: CaseArgument,
    days: Annotated[int, typer.Option("--days", metavar="N", help="Working days, 1 to 10.")],
    text: TextOption,
    legal_basis: BasisOption,
    officer: OfficerOption = "",
) -> None:
    """Gives the decision more time, once, with the approval that the law asks for (延期).

    \b
    Example:
      BASIS=《行政许可法》第四十二条
      zhenglian case extend 6e340b9c --days 10 --text 经负责人批准延长 --legal-basis $BASIS
    """
    from ledger.actions.cases.clocks import extend_case

    with open_case(session, case) as (door, case_id):
        result = door.call(extend_case, case_id, days, text, legal_basis, officer or None)
    tell_result(session, result)
