"""`zhenglian node key create`, `list` and `revoke`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import command
from zhenglian.session import Session
from zhenglian.times import format_time

if TYPE_CHECKING:
    from ledger.roles import Role
    from ledger.vault.api_keys import ApiKey


def add_key_commands(group: typer.Typer) -> None:
    """Adds the group `key` to the commands of a node."""
    keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(keys, "create")(create_key)
    command(keys, "list")(list_keys)
    command(keys, "revoke")(revoke_key)
    group.add_typer(keys, name="key", help="API keys, by which programs reach the node.")


def create_key(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for; no person's name.")],
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="clerk, officer, auditor, supervisor, operator or kiosk.",
        ),
    ],
    departments: Annotated[
        list[str] | None,
        typer.Option("--department", metavar="USCC", help="For which it counts; more than once."),
    ] = None,
    all_departments: Annotated[
        bool, typer.Option("--all-departments", help="For every department of this member.")
    ] = False,
    regions: Annotated[
        list[str] | None,
        typer.Option("--region", metavar="CODE", help="Within which it counts; more than once."),
    ] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="read, write or an operation's id; more than once. [default: read, write]",
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", help="Until it expires.")] = 90,
    owner: Annotated[
        str,
        typer.Option(
            "--owner",
            metavar="SUBJECT",
            help="Who is answerable for it, as the node names them: oidc:<sub>.",
        ),
    ] = "",
) -> None:
    """Makes an API key and shows it, this once.

    The node keeps only a hash of it. Send it as: Authorization: Bearer KEY.

    \b
    Example:
      zhenglian node key create "window system" --role clerk --department 11500000MB1234567X
    """
    from ledger.actions.api_keys import create_api_key
    from ledger.identifiers import RegionCode, Uscc

    parsed_role = _parse_role(role)
    parsed_departments = [Uscc.parse(each) for each in departments or ()]
    parsed_regions = [RegionCode.parse(each) for each in regions or ()]
    with session.door() as door:
        created = door.call(
            create_api_key,
            name,
            parsed_role,
            departments=parsed_departments,
            all_departments=all_departments,
            regions=parsed_regions,
            scopes=scopes or ["read", "write"],
            days=days,
            owner=owner,
        )
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document({"key": created.key, "secret": created.secret})
        return
    output.line(pick("密钥如下，只显示这一次：", "The key, shown this once:"), "bold green")
    output.line(created.secret)
    _tell(session, created.key)


def list_keys(session: Session) -> None:
    """Lists API keys: what for, whose, how limited, until when, and when last used.

    \b
    Example:
      zhenglian node key list
    """
    from ledger.actions.api_keys import list_api_keys

    with session.door() as door:
        found = door.call(list_api_keys)
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document({"keys": found})
        return
    if not found:
        output.line(pick("还没有密钥。", "There are no keys."))
        return
    now_unix = time.time()
    columns = [("编号", "id"), ("用途", "name"), ("角色", "role"), ("状态", "state")]
    columns += [("到期", "expires"), ("最近使用", "last used")]
    output.table(
        [pick(*each) for each in columns],
        [
            (
                key.key_id,
                key.name,
                key.role.value,
                pick(*_tell_state(key, now_unix)),
                format_time(key.expires_at_unix),
                "" if key.last_used_at_unix is None else format_time(key.last_used_at_unix),
            )
            for key in found
        ],
        fixed=(0,),
    )


def revoke_key(
    session: Session,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, the part after zl_.")],
) -> None:
    """Ends an API key at once.

    \b
    Example:
      zhenglian node key revoke 0123456789abcdef
    """
    from ledger.actions.api_keys import revoke_api_key

    with session.door() as door:
        key = door.call(revoke_api_key, key_id)
    if session.output.is_json:
        session.output.document(key)
        return
    pick = session.language.pick
    session.output.line(pick(f"已吊销密钥 {key.key_id}。", f"Revoked key {key.key_id}."))


def _tell_state(key: ApiKey, now_unix: float) -> tuple[str, str]:
    if key.revoked_at_unix is not None:
        return ("已吊销", "revoked")
    return ("已过期", "expired") if key.expires_at_unix <= now_unix else ("有效", "in force")


def _parse_role(text: str) -> Role:
    from ledger.errors import MalformedInputError
    from ledger.roles import Role

    known = [each.value for each in Role if each is not Role.HOLDER]
    if text not in known:
        raise MalformedInputError(
            f"role: expected one of {', '.join(known)}, got {text!r}", code="key_role", field="role"
        )
    return Role(text)


def _tell(session: Session, key: ApiKey) -> None:
    pick, limits = session.language.pick, key.limits
    departments = (
        pick("本成员全部部门", "all")
        if limits.has_all_departments
        else " ".join(limits.departments)
    )
    session.output.pairs(
        [
            (pick("编号", "id"), key.key_id),
            (pick("用途", "for"), key.name),
            (pick("角色", "role"), key.role.value),
            (pick("部门", "departments"), departments),
            (pick("区划", "regions"), " ".join(limits.regions)),
            (pick("权限", "scopes"), " ".join(limits.scopes)),
            (pick("责任人", "answerable"), key.owner),
            (pick("到期", "expires"), format_time(key.expires_at_unix)),
        ]
    )
