"""`zhenglian case judge`, `accept`, `refuse` and `deem`: 受理."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.case_words import describe, describe_material_reason
from zhenglian.command import command
from zhenglian.commands.cases.options import (
    INTERRUPTED,
    BasisOption,
    CaseArgument,
    OfficerOption,
    RemediesOption,
    TextOption,
    ask,
    open_case,
    tell_result,
)
from zhenglian.decisions import YesOption
from zhenglian.session import Session

if TYPE_CHECKING:
    from ledger.actions.cases.judging import JudgedCase


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "judge")(judge)
    command(app, "accept", on_interrupt=INTERRUPTED)(accept)
    command(app, "refuse", on_interrupt=INTERRUPTED)(refuse)
    command(app, "deem")(deem)


def judge(session: Session, case: CaseArgument) -> None:
    """Verifies the materials of a case, each with its reasons (材料智能核验). Changes nothing.

    \b
    Example:
      zhenglian case judge 6e340b9c
    """
    from ledger.actions.cases.judging import tell_judgement

    with open_case(session, case) as (door, case_id):
        judged = door.call(tell_judgement, case_id)
    if session.output.is_json:
        session.output.document(judged)
        return
    _print(session, judged)


def accept(
    session: Session,
    case: CaseArgument,
    despite: Annotated[
        bool, typer.Option("--despite", help="Although the materials did not pass.")
    ] = False,
    officer: OfficerOption = "",
) -> None:
    """Accepts a case on its materials, which are verified once more (受理).

    The promised time runs from now, in working days. The certificates that it relies on are kept,
    and committed to on the chain.

    \b
    Example:
      zhenglian case accept 6e340b9c --officer 经办人（虚构）乙一
    """
    from ledger.actions.cases.accepting import accept_case

    with open_case(session, case) as (door, case_id):
        result = door.call(accept_case, case_id, officer or None, is_despite=despite)
    tell_result(session, result)


def refuse(
    session: Session,
    case: CaseArgument,
    text: TextOption,
    legal_basis: BasisOption,
    remedies: RemediesOption,
    officer: OfficerOption = "",
    yes: YesOption = False,
) -> None:
    """Refuses to accept a case, which ends it (不予受理).

    \b
    Example:
      BASIS=《行政许可法》第三十二条
      REMEDIES=六十日内可申请行政复议
      zhenglian case refuse 6e340b9c --text 非本机关职权 --legal-basis $BASIS --remedies $REMEDIES
    """
    from ledger.actions.cases.accepting import refuse_case

    ask(session, ("不予受理该案件", "refuse to accept the case"), yes=yes)
    with open_case(session, case) as (door, case_id):
        result = door.call(refuse_case, case_id, text, legal_basis, remedies, officer or None)
    tell_result(session, result)


def deem(session: Session, case: CaseArgument) -> None:
    """Has the chain record that the time for acceptance passed in silence. Any province may.

    \b
    Example:
      zhenglian case deem 6e340b9c
    """
    from ledger.actions.cases.accepting import deem_accepted

    with open_case(session, case) as (door, case_id):
        result = door.call(deem_accepted, case_id)
    tell_result(session, result)


def _print(session: Session, judged: JudgedCase) -> None:
    output, pick = session.output, session.language.pick
    told = describe("other", judged.outcome, session.language)
    output.line(pick(f"材料核验：{told}", f"Materials: {told}"), "bold")
    for reason in judged.reasons:
        output.line(f"  {describe_material_reason(reason, session.language)}")
    output.table(
        (pick("材料", "material"), pick("结论", "verdict"), pick("理由", "reasons")),
        (
            (
                each.name,
                describe("other", each.outcome, session.language),
                "; ".join(describe_material_reason(r, session.language) for r in each.reasons),
            )
            for each in judged.materials
        ),
    )
