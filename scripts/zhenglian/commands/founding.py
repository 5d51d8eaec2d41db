"""`zhenglian init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.session import Session

if TYPE_CHECKING:
    from ledger.actions.founding import HomeSummary
    from ledger.identifiers import MemberId


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "init", Needs.KEYS)(make_home)


def make_home(
    session: Session,
    name: Annotated[str, typer.Option("--name", help="The member's name, such as 重庆市.")],
    chain: Annotated[
        str,
        typer.Option(
            "--chain", metavar="DIR|URL", help="Directory of an embedded chain, or a node's URL."
        ),
    ],
    region: Annotated[
        str, typer.Option("--region", metavar="CODE", help="A province by GB/T 2260: 500000.")
    ] = "",
    member: Annotated[
        str, typer.Option("--member", metavar="USCC", help="Instead: a national department.")
    ] = "",
    consortium: Annotated[
        str,
        typer.Option("--consortium", metavar="ADDR", help="If it is not the first on its chain."),
    ] = "",
    provinces: Annotated[
        str,
        typer.Option(
            "--provinces",
            metavar="CODES",
            help='Province codes that GB/T 2260 has not: "66 新疆生产建设兵团; …".',
        ),
    ] = "",
    vault_url: Annotated[
        str,
        typer.Option(
            "--vault-url",
            metavar="URL",
            help="The vault's PostgreSQL database, without a password: "
            "postgresql://zhenglian@/zhenglian?host=/run/postgresql.",
        ),
    ] = "",
    found: Annotated[
        bool, typer.Option("--found", help="Found a new ledger with this member as its first.")
    ] = False,
) -> None:
    """Makes a home: keys, vault and settings.

    Writes an application to join a ledger, or founds one; a founding that was interrupted is
    finished by the same command.

    The password of the vault's database, if it asks for one, is read from ZHENGLIAN_VAULT_PASSWORD
    or from the file that ZHENGLIAN_VAULT_PASSWORD_FILE names.

    \b
    Example:
      zhenglian init --region 500000 --name 重庆市 --chain ./chain --found
      zhenglian init --region 510000 --name 四川省 --chain ./chain --home ./sichuan
    """
    from ledger.actions.founding import create_home
    from ledger.chain.engines import ChainLocation
    from ledger.identifiers import MemberId, register_provinces

    if bool(region) == bool(member):
        raise typer.BadParameter("give either --region (a province) or --member (a department)")
    register_provinces(provinces)
    who = MemberId.parse(region or member)
    location = ChainLocation.parse(chain)
    is_begun = found and _is_home_of(session.home, who)
    passphrase = session.passphrase.read(is_new=not is_begun)
    if not is_begun:
        summary = create_home(
            session.home,
            who,
            name,
            location,
            passphrase,
            consortium=consortium,
            provinces=provinces,
            vault_url=vault_url,
        )
    if found:
        summary = _found(session, passphrase, is_new=not is_begun)
    output = session.output
    if output.is_json:
        output.document(summary)
        return
    _tell(session, summary, is_founded=found)


def _found(session: Session, passphrase: str, *, is_new: bool) -> HomeSummary:
    from ledger.actions.application import APPLICATION_NAME
    from ledger.actions.founding import found_ledger
    from ledger.errors import ConflictError
    from ledger.workspace import Workspace

    try:
        with Workspace.open(session.home, passphrase) as workspace:
            return found_ledger(workspace)
    except ConflictError as error:
        if not is_new:
            raise
        raise ConflictError(
            f"{error.message}. The home was made: give {session.home / APPLICATION_NAME} to a "
            "member, who proposes your admission",
            code=error.code,
        ) from error


def _tell(session: Session, summary: HomeSummary, *, is_founded: bool) -> None:
    output, pick = session.output, session.language.pick
    name, member, application = summary.name, summary.member, summary.application
    output.line(
        pick(f"已建立{name}（{member}）的节点目录。", f"Made the home of {name} ({member})."),
        "bold",
    )
    output.pairs(
        [
            (pick("节点目录", "home"), str(summary.home.resolve())),
            (pick("链", "chain"), summary.chain),
            (pick("运维账户", "operator account"), summary.operator),
            (pick("加入申请", "application to join"), str(application)),
            (pick("成员密钥", "authority key"), summary.authority_key),
            (pick("账本", "ledger"), summary.ledger_id),
            (pick("联盟合约", "consortium"), summary.consortium),
        ]
    )
    output.line()
    if is_founded:
        output.line(
            pick(
                "下一步：用 `zhenglian issuer register` 登记部门。",
                "Next: register a department with `zhenglian issuer register`.",
            )
        )
    else:
        output.line(
            pick(
                f"下一步：把 {application} 交给任一成员，由其提议接纳：",
                f"Next: give {application} to a member, who proposes your admission:",
            )
        )
        output.line(f"  zhenglian govern propose admit {pick('文件', 'FILE')}")
        output.line(
            pick(
                "表决前请各成员当面或电话核对上述成员密钥，与提案所示一致。",
                "Before they vote, let the members compare the authority key above with the one "
                "that the proposal shows, face to face or by telephone.",
            )
        )
    output.line(
        pick(
            "口令无法找回。请妥善保管，并备份节点目录。",
            "The passphrase cannot be recovered. Keep it, and a backup of the home.",
        )
    )


def _is_home_of(home: Path, who: MemberId) -> bool:
    """Whether this is a member's home already, whose founding may have been interrupted."""
    from ledger.config import CONFIG_NAME, Config

    path = home / CONFIG_NAME
    return path.exists() and Config.load(path).member == who
