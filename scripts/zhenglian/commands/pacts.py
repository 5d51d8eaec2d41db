"""`zhenglian recognise pact`: terms that one side drafts and every side signs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.failures import EXIT_FAILED
from zhenglian.files import require_free, write_whole
from zhenglian.options import ForceOption
from zhenglian.recognition_options import (
    ConditionsOption,
    EndOption,
    SealLevelOption,
    make_terms,
    pick_type,
)
from zhenglian.recognition_view import print_pacts, print_terms
from zhenglian.session import Session
from zhenglian.times import parse_end_of_day

if TYPE_CHECKING:
    from ledger.actions.policies import Pact

PactFileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The pact's terms, as `pact draft` wrote them.")
]


def add_commands(recognise: typer.Typer) -> None:
    """Adds the commands of this module."""
    pact = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(pact, "draft", Needs.HOME)(draft)
    command(pact, "sign")(sign)
    command(pact, "show", Needs.HOME)(show)
    recognise.add_typer(pact, name="pact", help="Recognise each other, once every side has signed.")


def draft(
    session: Session,
    party_a: Annotated[
        str, typer.Argument(metavar="PARTY", help="A side; alone: a group, of which all sign.")
    ],
    party_b: Annotated[
        str, typer.Argument(metavar="PARTY", help="The other side.", show_default=False)
    ] = "",
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Repeatable; by default every type."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="By default <parties>.pact.json."),
    ] = None,
    force: ForceOption = False,
    seal_level: SealLevelOption = 1,
    begins: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day; by default from now on.")
    ] = "",
    ends: EndOption = "",
    conditions: ConditionsOption = None,
    sign_until: Annotated[
        str,
        typer.Option("--sign-until", metavar="DATE", help="Last day to sign; by default 30 days."),
    ] = "",
) -> None:
    """Writes the terms of a pact to a file, which every side then signs.

    \b
    Example:
      zhenglian recognise pact draft 500000 510000 --type W011 --until 2030-12-31
      zhenglian recognise pact draft @CHENGYU9 --out alliance.pact.json
    """
    from ledger.actions.pact_file import PACT_SUFFIX, parse_pact
    from ledger.actions.pacts import draft_pact_document
    from ledger.identifiers import PartyId

    sides = PartyId.parse(party_a), PartyId.parse(party_b or party_a)
    if not party_b and not sides[0].is_group:
        raise typer.BadParameter("one party alone must be a group; else name both sides")
    names = dict.fromkeys(str(side).removeprefix("@") for side in sides)
    path = out or Path("-".join(names) + PACT_SUFFIX)
    require_free(path, force=force)
    terms = make_terms(seal_level, begins, ends, conditions)
    until = parse_end_of_day(sign_until, "sign-until") if sign_until else None
    chosen = [pick_type(session, each) for each in types or []]
    with session.door(needs_keys=False) as door:
        document = door.call(draft_pact_document, *sides, chosen, terms, until)
    drafted = parse_pact(document)
    write_whole(path, lambda beside: beside.write_bytes(document))
    if session.output.is_json:
        session.output.document({"file": path, "pact_id": drafted.pact_id, "terms": drafted.terms})
        return
    pick = session.language.pick
    session.output.line(pick(f"已写出 {path}。", f"Wrote {path}."), "bold green")
    print_terms(session, drafted.pact_id, drafted.terms)
    nexts = pick("下一步，由各方执行：", "Next, by every side: ")
    session.output.line(f"{nexts}zhenglian recognise pact sign {path}")


def sign(
    session: Session,
    file: PactFileArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Signs a pact for this member. The last signature puts it in force.

    \b
    Example:
      zhenglian recognise pact sign 500000-510000.pact.json
    """
    from ledger.actions.pact_file import read_pact
    from ledger.actions.pacts import sign_pact_document

    if session.output.is_json and not yes:
        raise typer.BadParameter("--json asks nobody: add --yes")
    drafted = read_pact(file)
    pick = session.language.pick
    if not session.output.is_json:
        print_terms(session, drafted.pact_id, drafted.terms)
    if not yes and not typer.confirm(pick("确认签署？", "Sign it?"), err=True):
        session.output.note(pick("未签署。", "Not signed."))
        raise typer.Exit(EXIT_FAILED)
    with session.door() as door:
        _tell(session, door.call(sign_pact_document, drafted.to_json()))


def show(
    session: Session,
    pact: Annotated[
        str, typer.Argument(metavar="ID", help="The pact's id, or the beginning of it.")
    ],
) -> None:
    """Shows who has signed a pact and who has not.

    \b
    Example:
      zhenglian recognise pact show 8f3a
    """
    from ledger.actions.pacts import show_pact

    with session.door(needs_keys=False) as door:
        _tell(session, door.call(show_pact, pact))


def _tell(session: Session, pact: Pact) -> None:
    if session.output.is_json:
        session.output.document(pact)
        return
    print_pacts(session, [pact])
    print_terms(session, pact.pact_id, pact.terms)
