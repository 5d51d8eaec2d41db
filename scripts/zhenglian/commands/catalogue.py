"""`zhenglian catalogue`: certificate types and service matters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.catalogue_view import (
    print_comparison,
    print_matter,
    print_type,
    tell_definition,
)
from zhenglian.command import Needs, command
from zhenglian.commands.governance import tell_proposal
from zhenglian.options import TypeArgument
from zhenglian.session import Session

if TYPE_CHECKING:
    from ledger.actions.catalogue_listing import CataloguedMatter, CataloguedType

SideArgument = Annotated[
    str,
    typer.Argument(metavar="FILE|ITEM[@VERSION]", help="A definition's file, or a recorded one."),
]
_CODE_OF_A_MATTER = 31


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    catalogue = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(catalogue, "define-type")(define_type)
    command(catalogue, "define-matter")(define_matter)
    command(catalogue, "national")(national)
    command(catalogue, "list", Needs.HOME)(list_catalogue)
    command(catalogue, "show", Needs.HOME)(show)
    command(catalogue, "diff", Needs.HOME)(diff)
    command(catalogue, "import", Needs.HOME)(import_file)
    app.add_typer(catalogue, name="catalogue", help="Certificate types and service matters.")


def define_type(
    session: Session,
    which: Annotated[
        str,
        typer.Argument(metavar="FILE|TYPE", help="A schema's file, or a type that comes along."),
    ],
) -> None:
    """Puts a version of a certificate type into the catalogue; its authority alone may.

    \b
    Example:
      zhenglian catalogue define-type W011
      zhenglian catalogue define-type 11100000000013338W011.json
    """
    from ledger.actions import catalogue
    from ledger.actions.catalogue_files import read_bytes
    from ledger.schemas import find_type, parse_schema

    with session.unlock() as workspace:
        if (path := Path(which)).is_file() or path.suffix == ".json":
            schema = parse_schema(read_bytes(path))
        else:
            schema = workspace.schema(find_type(which, workspace.home / "schemas"))
        tell_definition(session, catalogue.define_type(workspace, schema))


def define_matter(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The definition (JSON).")],
) -> None:
    """Puts a version of a service matter into the catalogue, sealed by its department.

    \b
    Example:
      zhenglian catalogue define-matter examples/matters/chongqing-safety-licence.json
    """
    from ledger.actions import catalogue
    from ledger.actions.catalogue_files import read_bytes
    from ledger.formats.matter import parse_matter

    definition = parse_matter(read_bytes(file))
    with session.unlock() as workspace:
        tell_definition(session, catalogue.define_matter(workspace, definition))


def national(
    session: Session,
    certificate_type: TypeArgument,
    legal_basis: Annotated[
        str, typer.Option("--legal-basis", metavar="TEXT", help="The rule it rests on.")
    ],
    end: Annotated[bool, typer.Option("--end", help="That it is so no longer.")] = False,
) -> None:
    """Proposes that every member recognises a type; the members vote.

    \b
    Example:
      zhenglian catalogue national W011 --legal-basis 《国务院关于在线政务服务的若干规定》第十条
    """
    from ledger.actions.catalogue import propose_national
    from ledger.schemas import find_type

    with session.unlock() as workspace:
        wanted = find_type(certificate_type, workspace.home / "schemas")
        proposal = propose_national(workspace, wanted, legal_basis, is_national=not end)
        tell_proposal(session, proposal)


def list_catalogue(session: Session) -> None:
    """Lists every type and every matter.

    \b
    Example:
      zhenglian catalogue list
    """
    from ledger.actions.catalogue_listing import read_catalogue

    with session.open() as workspace:
        workspace.sync_index()
        catalogue = read_catalogue(workspace.index)
    if session.output.is_json:
        session.output.document(catalogue)
        return
    if not catalogue.types and not catalogue.matters:
        session.output.line(session.language.pick("目录尚为空。", "The catalogue is empty."))
    if catalogue.types:
        _print_types(session, catalogue.types)
    if catalogue.matters:
        _print_matters(session, catalogue.matters)


def show(
    session: Session,
    code: Annotated[
        str,
        typer.Argument(metavar="TYPE|ITEM", help="A type, or the 31 characters of a matter."),
    ],
) -> None:
    """Shows a type or a matter with its versions.

    \b
    Example:
      zhenglian catalogue show W011
    """
    from ledger.actions import catalogue_listing
    from ledger.actions.catalogue import find_kept
    from ledger.identifiers import ItemCode
    from ledger.schemas import find_type

    with session.open() as workspace:
        workspace.sync_index()
        if len(code) == _CODE_OF_A_MATTER:
            matter = catalogue_listing.find_matter(workspace.index, ItemCode.parse(code))
            print_matter(session, matter, find_kept(workspace, matter))
        else:
            wanted = find_type(code, workspace.home / "schemas")
            found = catalogue_listing.find_catalogued_type(workspace.index, wanted)
            print_type(session, found, set(workspace.schema_versions(wanted)))


def diff(session: Session, left: SideArgument, right: SideArgument) -> None:
    """Shows where two definitions of a matter differ.

    \b
    Example:
      zhenglian catalogue diff 11500000000000001G0117001001000 11510000000000001L0117001001000
    """
    from ledger.actions.catalogue import compare, read_side

    with session.open() as workspace:
        if not (Path(left).is_file() and Path(right).is_file()):
            workspace.sync_index()
        compared = compare(read_side(workspace, left), read_side(workspace, right))
    print_comparison(session, compared)


def import_file(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A schema or a definition.")],
) -> None:
    """Adds another's schema or definition to this home, to read the catalogue by.

    \b
    Example:
      zhenglian catalogue import sichuan-safety-licence.json
    """
    from ledger.actions import catalogue

    with session.open() as workspace:
        result = catalogue.import_file(workspace, file)
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(result)
        return
    output.line(f"{pick('已导入', 'Imported')}: {result.code} {result.name}", "bold")
    output.pairs(
        [
            (pick("版本", "version"), str(result.version)),
            (pick("散列", "hash"), result.hash.hex()),
            (pick("文件", "file"), str(result.file)),
        ]
    )
    if not result.is_recorded:
        output.line(
            pick(
                "目录中没有此散列的版本：该文件尚不作数。",
                "The catalogue has no version with this hash: the file says nothing yet.",
            ),
            "yellow",
        )


def _print_types(session: Session, types: tuple[CataloguedType, ...]) -> None:
    pick = session.language.pick
    session.output.table(
        (
            pick("证照类型", "type"),
            pick("名称", "name"),
            pick("版本", "version"),
            pick("定义者", "defined by"),
            pick("全国互认", "national"),
        ),
        (
            (
                str(each.certificate_type),
                each.versions[-1].name,
                str(each.versions[-1].version),
                str(each.versions[-1].member),
                pick("是", "yes") if each.is_national else "",
            )
            for each in types
        ),
        fixed=(0,),
    )


def _print_matters(session: Session, matters: tuple[CataloguedMatter, ...]) -> None:
    pick = session.language.pick
    session.output.table(
        (
            pick("事项", "matter"),
            pick("名称", "name"),
            pick("版本", "version"),
            pick("法定/承诺时限", "statutory/promised days"),
        ),
        (
            (
                str(each.item_code),
                newest.name,
                pick(f"{newest.version}（已终止）", f"{newest.version} (ended)")
                if newest.is_ended
                else str(newest.version),
                f"{newest.statutory_days}/{newest.promised_days}",
            )
            for each in matters
            for newest in each.versions[-1:]
        ),
        fixed=(0,),
    )
