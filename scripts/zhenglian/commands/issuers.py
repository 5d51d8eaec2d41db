"""`zhenglian issuer`: departments, their seal keys and mandates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.options import TypeArgument, UsccArgument
from zhenglian.session import Session
from zhenglian.times import format_time, parse_end_of_day, parse_first_moment, parse_time

if TYPE_CHECKING:
    from ledger.actions.departments import Department
    from ledger.actions.issuers import ActResult

_SHORT_KEY = 16


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    issuer = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(issuer, "register")(register)
    command(issuer, "mandate")(mandate)
    command(issuer, "rotate")(rotate)
    command(issuer, "compromise")(compromise)
    command(issuer, "list", Needs.HOME)(list_issuers)
    app.add_typer(issuer, name="issuer", help="Departments, their seal keys and mandates.")


def register(
    session: Session,
    uscc: UsccArgument,
    name: Annotated[str, typer.Option("--name", help="The department's name.")],
    region: Annotated[
        str,
        typer.Option(
            "--region", metavar="CODE", help="GB/T 2260; by default this home's province."
        ),
    ] = "",
) -> None:
    """Registers a department of this member and makes its first seal key.

    \b
    Example:
      zhenglian issuer register 11500000000000001G --name 重庆市住房和城乡建设委员会
    """
    from ledger.actions.issuers import register_department
    from ledger.identifiers import RegionCode, Uscc

    issuer = Uscc.parse(uscc)
    with session.door() as door:
        if not region and not session.member.is_province:
            raise typer.BadParameter("a national department's home has no region: give --region")
        where = RegionCode.parse(region or str(session.member))
        result = door.call(register_department, issuer, name, where)
    pick = session.language.pick
    _tell(
        session,
        result,
        pick(
            f"已登记{name}（{issuer}）及其印章密钥。",
            f"Registered {name} ({issuer}) and its seal key.",
        ),
    )
    if not session.output.is_json:
        wanted = pick("证照类型", "TYPE")
        session.output.line(
            f"{pick('下一步：', 'Next: ')}zhenglian issuer mandate {issuer} {wanted}"
        )


def mandate(
    session: Session,
    uscc: UsccArgument,
    certificate_type: TypeArgument,
    begins: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day; by default already.")
    ] = "",
    ends: Annotated[
        str, typer.Option("--until", metavar="DATE", help="Last day; by default without end.")
    ] = "",
) -> None:
    """Lets a department issue a type of certificate; replaces the mandate on record.

    \b
    Example:
      zhenglian issuer mandate 11500000000000001G W011 --until 2030-12-31
    """
    from ledger.actions.authority import NO_END_UNIX
    from ledger.actions.catalogue_listing import read_catalogue
    from ledger.actions.issuers import change_mandate
    from ledger.identifiers import Uscc
    from ledger.schemas import find_type

    issuer = Uscc.parse(uscc)
    from_unix = parse_first_moment(begins, "from") if begins else None
    until_unix = parse_end_of_day(ends, "until") if ends else NO_END_UNIX
    with session.door() as door:
        wanted = find_type(certificate_type, session.schemas)
        result = door.call(
            change_mandate, issuer, wanted, valid_from_unix=from_unix, valid_until_unix=until_unix
        )
        types = door.call(read_catalogue).types
    told = session.language.pick(f"{issuer} 可以颁发 {wanted}。", f"{issuer} may issue {wanted}.")
    _tell(session, result, told)
    if wanted not in [each.certificate_type for each in types]:
        session.output.note(
            session.language.pick(
                "目录中尚无此类型，其证照无从按目录核对；应由其定义机构列入目录。",
                "The catalogue does not have this type yet, so that its certificates cannot be "
                "checked against it; its authority defines it.",
            )
        )


def rotate(session: Session, uscc: UsccArgument) -> None:
    """Makes a new seal key and ends the old; what that sealed stays verifiable.

    \b
    Example:
      zhenglian issuer rotate 11500000000000001G
    """
    from ledger.actions.issuers import rotate_seal_key
    from ledger.identifiers import Uscc

    issuer = Uscc.parse(uscc)
    with session.door() as door:
        result = door.call(rotate_seal_key, issuer)
    told = session.language.pick(f"{issuer} 已启用新的印章密钥。", f"{issuer} has a new seal key.")
    _tell(session, result, told)


def compromise(
    session: Session,
    uscc: UsccArgument,
    key: Annotated[
        str, typer.Argument(metavar="KEYID", help="The key's id, or the beginning of it.")
    ],
    since: Annotated[
        str,
        typer.Option("--since", metavar="TIME", help="What it anchored from then on is refused."),
    ],
) -> None:
    """Declares a seal key compromised since a time.

    \b
    Example:
      zhenglian issuer compromise 11500000000000001G 8f3a --since 2026-01-05T10:00
    """
    from ledger.actions.departments import find_key_id, read_department
    from ledger.actions.issuers import declare_compromise
    from ledger.identifiers import Uscc

    issuer = Uscc.parse(uscc)
    since_unix = parse_time(since, "since")
    with session.door() as door:
        key_id = find_key_id(door.call(read_department, issuer), key)
        result = door.call(declare_compromise, issuer, key_id, since_unix)
    since_then = format_time(since_unix)
    told = session.language.pick(
        f"该密钥自 {since_then} 起视为失密；请用 `zhenglian issuer rotate {issuer}` 换新。",
        f"The key counts as compromised since {since_then}; make a new one with "
        f"`zhenglian issuer rotate {issuer}`.",
    )
    _tell(session, result, told)


def list_issuers(session: Session) -> None:
    """Lists every department of every member, with keys and mandates.

    \b
    Example:
      zhenglian issuer list
    """
    from ledger.actions.departments import list_departments

    with session.door(needs_keys=False) as door:
        departments = door.call(list_departments)
    output = session.output
    if output.is_json:
        output.document(departments)
        return
    for department in departments:
        _print_department(session, department)
    if not departments:
        output.line(session.language.pick("尚未登记部门。", "No department is registered yet."))


def _print_department(session: Session, department: Department) -> None:
    output, pick = session.output, session.language.pick
    output.line(f"{department.issuer}  {department.name}", "bold")
    output.pairs(
        [
            (pick("成员", "member"), department.member),
            (pick("区划", "region"), str(department.region)),
        ]
    )
    for mandate_given in department.mandates:
        begins = mandate_given.valid_from_unix
        span = _span(session, begins or None, mandate_given.valid_until_unix)
        may = pick("可以颁发", "may issue")
        output.line(f"  {may} {mandate_given.certificate_type}  {span}")
    for key in department.seal_keys:
        span = _span(session, key.valid_from_unix, key.valid_until_unix)
        output.line(f"  {pick('印章密钥', 'seal key')} {key.key_id.hex()[:_SHORT_KEY]}  {span}")
        if key.compromised_since_unix is not None:
            since = format_time(key.compromised_since_unix)
            output.line(pick(f"    自 {since} 起失密", f"    compromised since {since}"), "red")


def _span(session: Session, begins: int | None, ends: int) -> str:
    return f"{format_time(begins)} {session.language.pick('至', 'to')} {format_time(ends)}"


def _tell(session: Session, result: ActResult, text: str) -> None:
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(result)
        return
    output.line(text, "bold")
    output.pairs(
        [
            (pick("印章密钥", "seal key"), result.key_id.hex()),
            (pick("日志序号", "log index"), str(result.log_index)),
            (pick("记录时间", "recorded"), format_time(result.recorded_at_unix)),
        ]
    )
