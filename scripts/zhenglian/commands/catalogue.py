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
    from ledger.actions.catalogue_documents import NamedDefinition
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
    from ledger.actions.catalogue_documents import define_type_document
    from ledger.actions.catalogue_files import read_bytes
    from ledger.schemas import find_type, load_schema

    with session.door() as door:
        if (path := Path(which)).is_file() or path.suffix == ".json":
            document = read_bytes(path)
        else:
            wanted = find_type(which, session.schemas)
            document = load_schema(wanted, directory=session.schemas).document
        tell_definition(session, door.call(define_type_document, document))


def define_matter(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The definition (JSON).")],
) -> None:
    """Puts a version of a service matter into the catalogue, sealed by its department.

    \b
    Example:
      zhenglian catalogue define-matter examples/matters/chongqing-safety-licence.json
    """
    from ledger.actions.catalogue_documents import define_matter_document
    from ledger.actions.catalogue_files import read_bytes
    from ledger.formats.matter import parse_matter

    definition = parse_matter(read_bytes(file))  # what is none asks for no passphrase
    with session.door() as door:
        tell_definition(session, door.call(define_matter_document, definition.document))


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

    with session.door() as door:
        wanted = find_type(certificate_type, session.schemas)
        proposal = door.call(propose_national, wanted, legal_basis, is_national=not end)
        tell_proposal(session, proposal)


def list_catalogue(session: Session) -> None:
    """Lists every type and every matter.

    \b
    Example:
      zhenglian catalogue list
    """
    from ledger.actions.catalogue_listing import read_catalogue

    with session.door(needs_keys=False) as door:
        catalogue = door.call(read_catalogue)
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
    from ledger.actions.catalogue_documents import show_matter, show_type
    from ledger.identifiers import ItemCode
    from ledger.schemas import find_type

    with session.door(needs_keys=False) as door:
        if len(code) == _CODE_OF_A_MATTER:
            print_matter(session, door.call(show_matter, ItemCode.parse(code)))
        else:
            print_type(session, door.call(show_type, find_type(code, session.schemas)))


def diff(session: Session, left: SideArgument, right: SideArgument) -> None:
    """Shows where two definitions of a matter differ.

    \b
    Example:
      zhenglian catalogue diff 11500000000000001G0117001001000 11510000000000001L0117001001000
    """
    from ledger.actions.catalogue_documents import compare_named

    sides = _name_side(left), _name_side(right)
    with session.door(needs_keys=False) as door:
        compared = door.call(compare_named, *sides)
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
    from ledger.actions.catalogue import import_document
    from ledger.actions.catalogue_files import read_bytes

    document = read_bytes(file)
    with session.door(needs_keys=False) as door:
        result = door.call(import_document, document)
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


def _name_side(text: str) -> NamedDefinition:
    """A file, or ITEM or ITEM@VERSION of the catalogue."""
    from ledger.actions.catalogue_documents import NamedDefinition

    if Path(text).is_file():
        return NamedDefinition(document=Path(text).read_bytes())
    return NamedDefinition.parse(text)


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
