"""`zhenglian node`: this province's node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.commands.node_keys import add_key_commands
from zhenglian.options import ForceOption
from zhenglian.session import Session

if TYPE_CHECKING:
    from node_api.settings import NodeSettings


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    node = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(node, "init", Needs.HOME)(init_node)
    command(node, "serve")(serve_node)
    command(node, "settings", Needs.HOME)(show_settings)
    add_key_commands(node)
    app.add_typer(node, name="node", help="This province's node: its HTTP interface.")


def init_node(
    session: Session,
    listen: Annotated[
        str, typer.Option("--listen", metavar="ADDRESS:PORT", help="Of the HTTP interface.")
    ] = "127.0.0.1:8480",
    force: ForceOption = False,
) -> None:
    """Writes node.toml into a home: every setting, explained, with its default.

    \b
    Example:
      zhenglian node init --listen 0.0.0.0:8480
    """
    from ledger.config import CONFIG_NAME, Config
    from node_api.settings import SETTINGS_NAME, NodeSettings, write_template
    from zhenglian.files import require_free

    Config.load(session.home / CONFIG_NAME)
    path = session.home / SETTINGS_NAME
    require_free(path, force=force)
    write_template(path, listen)
    settings = NodeSettings.load(session.home)
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document({"file": path, "listen": settings.listen, "workers": settings.workers})
        return
    output.line(pick(f"已写出 {path}。", f"Wrote {path}."), "bold green")
    output.line(
        pick("启动：zhenglian node serve", "Start the node with: zhenglian node serve"),
    )


def serve_node(session: Session) -> int:
    """Serves the home over HTTP until it is stopped.

    The core holds the home; front processes verify and pass everything else on to it. A process
    that dies is started again. Logs are JSON lines on standard error. The passphrase comes from
    --passphrase-file, else from the file that node.toml names, else from the service manager's
    credential "passphrase", else as with every command. Ends with 0 when it was told to stop.

    \b
    Example:
      zhenglian node serve
      zhenglian node serve --home /var/lib/zhenglian/home --passphrase-file /etc/passphrase
    """
    from node_api.logs import configure_logging
    from node_api.presence import announce_node
    from node_api.serving.preflight import check_settings
    from node_api.serving.supervisor import Supervisor
    from node_api.settings import NodeSettings, read_secret
    from node_api.sockets import listen_tcp

    settings = NodeSettings.load(session.home)
    check_settings(session.home, settings)
    named = None if session.passphrase.file else _find_passphrase_file(settings)
    passphrase = read_secret(named) if named else session.read_passphrase()
    _require_passphrase(session, passphrase)
    configure_logging("supervisor", settings.log.level)
    with announce_node(session.home):
        listener = listen_tcp(*settings.address)
        _tell_address(session, listener.getsockname(), has_tls=settings.tls is not None)
        home = session.home.resolve()
        return Supervisor(home, listener, settings.workers, passphrase).run()


def show_settings(session: Session) -> None:
    """Shows the settings in force, environment included.

    \b
    Example:
      zhenglian node settings --json
    """
    from node_api.settings import NodeSettings, to_document

    document = to_document(NodeSettings.load(session.home))
    session.output.document(document)


def _tell_address(session: Session, address: tuple[str, int], *, has_tls: bool) -> None:
    host, port = address[:2]
    scheme, shown = "https" if has_tls else "http", f"[{host}]" if ":" in host else host
    where = f"{scheme}://{shown}:{port}"
    session.output.line(session.language.pick(f"节点地址：{where}", f"Serving {where}"))


def _find_passphrase_file(settings: NodeSettings) -> Path | None:
    from node_api.settings import find_credential

    return settings.passphrase_file or find_credential("passphrase")


def _require_passphrase(session: Session, passphrase: str) -> None:
    """A wrong passphrase is told here, to the person, instead of in the core's log."""
    from ledger.vault.key_files import KeyFiles

    KeyFiles(session.home / "keys", passphrase).operator_secret()
