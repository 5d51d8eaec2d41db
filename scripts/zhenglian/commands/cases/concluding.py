"""`zhenglian case conclude`, `issue` and `deliver`: 办结, 出证 and 送达."""

from __future__ import annotations

import typer

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
from zhenglian.options import IdentifierArgument
from zhenglian.session import Session


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "conclude", on_interrupt=INTERRUPTED)(conclude)
    command(app, "issue", on_interrupt=INTERRUPTED)(issue)
    command(app, "deliver", on_interrupt=INTERRUPTED)(deliver)


def conclude(
    session: Session,
    case: CaseArgument,
    text: TextOption,
    legal_basis: BasisOption = "",
    remedies: RemediesOption = "",
    officer: OfficerOption = "",
    yes: YesOption = False,
) -> None:
    """Grants or rejects what was applied for, as the steps came out (办结).

    What is not granted needs its legal basis and the remedies.

    \b
    Example:
      zhenglian case conclude 6e340b9c --text 准予颁发安全生产许可证 --yes
    """
    from ledger.actions.cases.concluding import conclude_case

    ask(session, ("办结该案件", "conclude the case"), yes=yes)
    with open_case(session, case) as (door, case_id):
        result = door.call(
            conclude_case,
            case_id,
            text,
            legal_basis=legal_basis,
            remedies=remedies,
            officer=officer or None,
        )
    tell_result(session, result)


def issue(
    session: Session,
    case: CaseArgument,
    identifier: IdentifierArgument,
    officer: OfficerOption = "",
) -> None:
    """Names the certificate that a granted case ends in (出证).

    It is issued before, citing the case: `zhenglian issue FILE --case CASE`. On the chain stands a
    salted commitment to it.

    \b
    Example:
      ID=1.2.156.3005.2.11100000000013338W011.11500000000000001G.20250000495.001.X
      zhenglian case issue 6e340b9c $ID
    """
    from ledger.actions.cases.concluding import issue_result
    from ledger.identifiers import CertificateId

    certificate_id = CertificateId.parse(identifier.strip())
    with open_case(session, case) as (door, case_id):
        result = door.call(issue_result, case_id, certificate_id, officer or None)
    tell_result(session, result)


def deliver(
    session: Session, case: CaseArgument, text: TextOption, officer: OfficerOption = ""
) -> None:
    """Records the applicant's receipt, which ends a case (送达).

    \b
    Example:
      zhenglian case deliver 6e340b9c --text 申请人于窗口签收
    """
    from ledger.actions.cases.concluding import deliver_case

    with open_case(session, case) as (door, case_id):
        result = door.call(deliver_case, case_id, text, officer or None)
    tell_result(session, result)
