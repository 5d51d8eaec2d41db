"""`zhenglian backup`, `restore-backup` and `passphrase change`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.door import require_no_node
from zhenglian.failures import EXIT_FAILED
from zhenglian.passphrases import THIS_HOME, PassphraseSource
from zhenglian.session import Session
from zhenglian.times import format_time

if TYPE_CHECKING:
    from ledger.actions.restoration import RestoreSummary

NEW_VARIABLE = "ZHENGLIAN_NEW_PASSPHRASE"
CHANGE_INTERRUPTED = (
    "已中断。请用同样的新旧两个口令重新运行本命令。",
    "Interrupted. Run the same command again, with the same two passphrases.",
)


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "backup", Needs.HOME)(backup)
    command(app, "restore-backup")(restore_backup)
    passphrase = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(passphrase, "change", on_interrupt=CHANGE_INTERRUPTED)(change_passphrase)
    app.add_typer(passphrase, name="passphrase", help="The passphrase of keys and vault.")


def backup(
    session: Session,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Of this one backup; new.")],
    keep_keys_days: Annotated[
        int, typer.Option("--keep-keys-days", metavar="DAYS", help="When its data keys expire.")
    ] = 30,
) -> None:
    """Backs this home up.

    Copies vault, keys and settings while others work on them; needs no passphrase.

    Destroy DIR/data-keys.db and its copies when it expires: only then is gone everywhere what was
    erased after the backup. The rest of it may be kept.

    \b
    Example:
      zhenglian backup /mnt/backup/2026-01-15
    """
    from ledger.actions.backup import make_backup

    with session.open() as workspace:
        summary = make_backup(workspace, directory, keep_keys_days=keep_keys_days)
    if session.output.is_json:
        session.output.document(summary)
        return
    pick, directory = session.language.pick, summary.directory
    session.output.line(pick(f"已备份到 {directory}。", f"Backed up to {directory}."), "bold green")
    expiry = f"{format_time(summary.data_keys_expire_at_unix)}: {summary.data_keys}"
    session.output.pairs(
        [
            (pick("证照", "certificates"), str(summary.certificates)),
            (pick("删除登记", "erasures"), str(summary.erasures)),
            (pick("大小", "size"), f"{summary.size / 1e6:.1f} MB"),
            (pick("数据密钥销毁期限", "destroy by"), expiry),
        ]
    )


def restore_backup(
    session: Session,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The backup.")],
    erasures: Annotated[
        list[Path] | None,
        typer.Option("--erasures", metavar="FILE", help="A register made since; more than once."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FILE", help="The data keys, if not in the backup."),
    ] = None,
    expired_keys: Annotated[
        bool, typer.Option("--expired-keys", help="Use data keys that have expired.")
    ] = False,
    chain: Annotated[
        str | None,
        typer.Option("--chain", metavar="DIR|URL", help="Where the chain is from here."),
    ] = None,
    vault_url: Annotated[
        str,
        typer.Option(
            "--vault-url", metavar="URL", help="An empty PostgreSQL database, to have the vault."
        ),
    ] = "",
) -> int | None:
    """Makes a home of a backup.

    Writes it to --home, which must be new, and checks it against the chain.

    Never let two homes of one backup work at the same time.

    Exit code: 1 if the check found a problem or could not be made.

    \b
    Example:
      zhenglian restore-backup /mnt/backup/2026-01-15 --home new-home --erasures erasures.json
    """
    from ledger.actions import restoration

    passphrase = session.passphrase.read()
    summary = restoration.restore_backup(
        directory,
        session.home,
        passphrase,
        registers=erasures or (),
        data_keys=keys,
        allow_expired_keys=expired_keys,
        chain=chain,
        vault_url=vault_url,
    )
    if session.output.is_json:
        session.output.document(summary)
    else:
        _tell_restored(session, summary)
    return None if summary.report is not None and not summary.report.problems else EXIT_FAILED


def change_passphrase(
    session: Session,
    new_passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--new-passphrase-file",
            metavar="FILE",
            help=f"File whose first line is the new one; else {NEW_VARIABLE}, else a prompt.",
        ),
    ] = None,
) -> None:
    """Gives this home another passphrase.

    All its keys and the vault get it. Interrupted, run the same command again.

    Backups made before open with the passphrase of their day.

    \b
    Example:
      zhenglian passphrase change
    """
    from ledger.actions import passphrase

    require_no_node(session.home)
    old = session.read_passphrase()
    source = PassphraseSource(
        THIS_HOME,
        NEW_VARIABLE,
        "--new-passphrase-file",
        new_passphrase_file,
        session.language,
    )
    change = passphrase.change_passphrase(session.home, old, source.read(is_new=True))
    if session.output.is_json:
        session.output.document(change)
        return
    pick, count = session.language.pick, change.key_files
    session.output.line(
        pick(
            f"已更换 {count} 个密钥文件和保险库的口令。",
            f"The passphrase of {count} key files and the vault was changed.",
        ),
        "bold green",
    )
    if change.was_unfinished:
        session.output.line(pick("此前中断的更换已完成。", "An interrupted change was finished."))


def _tell_restored(session: Session, summary: RestoreSummary) -> None:
    from zhenglian.fsck_view import tell_report

    output, pick = session.output, session.language.pick
    made_at, home = format_time(summary.made_at_unix), summary.home
    output.line(
        pick(f"已由 {made_at} 的备份恢复到 {home}。", f"Made {home} of the backup of {made_at}."),
        "bold",
    )
    erased = summary.erased_since
    since = pick(f"，其中备份之后 {erased} 项", f", {erased} of them since the backup")
    erasures = f"{summary.erasures}{since if erased else ''}"
    output.pairs(
        [
            (pick("证照", "certificates"), str(summary.certificates)),
            (pick("删除登记", "erasures"), erasures if summary.erasures else ""),
        ]
    )
    if summary.report is None:
        output.line(f"{pick('未核对', 'Not checked')}: {summary.unchecked}", "bold yellow")
        output.line(
            pick(
                "链恢复应答后请运行 `zhenglian fsck`。",
                "Run `zhenglian fsck` when the chain answers.",
            )
        )
    else:
        tell_report(session, summary.report)
