"""`zhenglian case submit`, `supplement` and `withdraw`: what an applicant asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenglian.command import command
from zhenglian.commands.cases.options import (
    INTERRUPTED,
    CaseArgument,
    MaterialOption,
    OfficerOption,
    TextOption,
    ask,
    open_case,
    tell_result,
)
from zhenglian.decisions import YesOption
from zhenglian.session import Session


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "submit", on_interrupt=INTERRUPTED)(submit)
    command(app, "supplement", on_interrupt=INTERRUPTED)(supplement)
    command(app, "withdraw", on_interrupt=INTERRUPTED)(withdraw)


def submit(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The application (JSON).")],
    department: Annotated[
        str,
        typer.Option(
            "--department", metavar="USCC", help="Whose window it is, if the home has several."
        ),
    ] = "",
    officer: OfficerOption = "",
) -> None:
    """Receives an application at a window of this home, and opens the case (收件).

    The file names the matter, the applicant, how the window made sure who applies, and the files of
    the materials, which are looked for beside it. The same application again is the same case.

    \b
    Example:
      zhenglian case submit examples/cases/sichuan-safety-licence.json --officer 窗口（虚构）甲一
    """
    from ledger.actions.cases.opening import receive_application
    from ledger.identifiers import Uscc
    from zhenglian.case_files import read_application

    submission = read_application(file)
    window = Uscc.parse(department) if department else None
    with session.door() as door:
        result = door.call(receive_application, submission, window, officer or None)
    tell_result(session, result)


def supplement(
    session: Session,
    case: CaseArgument,
    material: MaterialOption = None,
    missing: Annotated[
        list[str] | None,
        typer.Option("--missing", metavar="NAME", help="Instead: ask for it; several times."),
    ] = None,
    text: TextOption = "",
    officer: OfficerOption = "",
) -> None:
    """Asks the applicant for what is missing, or adds what was supplied (补正).

    It is asked for once, for everything, before acceptance. What is supplied is added, or takes the
    place of what has its name, and begins a new round.

    \b
    Example:
      zhenglian case supplement 6e340b9c --missing 劳动合同 --text 请于五日内补交劳动合同
      zhenglian case supplement 6e340b9c --material 劳动合同=examples/cases/contract.txt
    """
    from ledger.actions.cases.accepting import request_supplement, supplement_case
    from zhenglian.case_files import read_materials

    if bool(material) == bool(missing):
        raise typer.BadParameter("give either --missing NAME or --material NAME=FILE")
    if missing and not text.strip():
        raise typer.BadParameter("--missing needs --text, which the applicant is told")
    supplied = read_materials(material or ())
    with open_case(session, case) as (door, case_id):
        if missing:
            result = door.call(request_supplement, case_id, text, missing, officer or None)
        else:
            result = door.call(supplement_case, case_id, supplied, officer or None)
    tell_result(session, result)


def withdraw(
    session: Session,
    case: CaseArgument,
    text: TextOption,
    officer: OfficerOption = "",
    yes: YesOption = False,
) -> None:
    """Ends a case on the applicant's request, before it is concluded (撤回).

    \b
    Example:
      zhenglian case withdraw 6e340b9c --text 申请人书面撤回 --yes
    """
    from ledger.actions.cases.concluding import withdraw_case

    ask(session, ("撤回案件", "withdraw the case"), yes=yes)
    with open_case(session, case) as (door, case_id):
        result = door.call(withdraw_case, case_id, text, officer or None)
    tell_result(session, result)
