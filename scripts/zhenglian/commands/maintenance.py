"""`zhenglian log`, `index`, `fsck` and `version`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.door import require_no_node
from zhenglian.failures import EXIT_FAILED
from zhenglian.plain import to_object
from zhenglian.session import Session
from zhenglian.times import format_time

if TYPE_CHECKING:
    from ledger.actions.repair import Repair


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    log = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(log, "root", Needs.HOME)(show_root)
    command(log, "proof", Needs.HOME)(show_proof)
    command(log, "consistency", Needs.HOME)(show_consistency)
    app.add_typer(log, name="log", help="The append-only log and proofs about it (RFC 9162).")
    index = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(index, "sync", Needs.HOME)(sync_index)
    command(index, "rebuild", Needs.HOME)(rebuild_index)
    app.add_typer(index, name="index", help="This home's own copy of the log.")
    command(app, "fsck")(check_home)
    command(app, "version", Needs.NOTHING)(show_version)


def show_root(session: Session) -> None:
    """Shows the log's size and root, and that the own copy has the same.

    \b
    Example:
      zhenglian log root
    """
    from ledger.actions.proofs import fetch_log_root

    with session.door(needs_keys=False) as door:
        root = door.call(fetch_log_root)
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(root)
        return
    is_same = root.chain_root == root.index_root
    mark = pick(" ✓ 一致", " ✓ the same") if is_same else " ✗"
    output.pairs(
        [
            (pick("账本", "ledger"), root.ledger_id.hex()),
            (pick("条目", "entries"), str(root.size)),
            (pick("链上的根", "root on the chain"), root.chain_root.hex()),
            (pick("本地副本的根", "root of the own copy"), f"{root.index_root.hex()}{mark}"),
            (pick("完整截至", "complete up to"), format_time(root.time_unix)),
        ]
    )


def show_proof(
    session: Session,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="The entry, from 0.")],
    size: Annotated[
        int | None, typer.Option("--size", min=1, help="Of the log; by default as it is now.")
    ] = None,
) -> None:
    """Proves that an entry is in the log.

    \b
    Example:
      zhenglian log proof 17 --json
    """
    from ledger.actions.proofs import prove_inclusion

    with session.door(needs_keys=False) as door:
        proof = door.call(prove_inclusion, index, size)
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(proof)
        return
    at, size = proof.index, proof.size
    output.pairs(
        [
            (pick("条目", "entry"), pick(f"{at}（日志共 {size} 条）", f"{at} of {size}")),
            (pick("叶哈希", "leaf hash"), proof.leaf_hash.hex()),
            (pick("根", "root"), proof.root.hex()),
            *_path(session, proof.path),
        ]
    )


def show_consistency(
    session: Session,
    first: Annotated[int, typer.Argument(metavar="FIRST", min=1, help="The smaller size.")],
    second: Annotated[int, typer.Argument(metavar="SECOND", min=1, help="The larger size.")],
) -> None:
    """Proves that the log grew from one size to another without changing what it had.

    \b
    Example:
      zhenglian log consistency 20 35 --json
    """
    from ledger.actions.proofs import prove_consistency

    with session.door(needs_keys=False) as door:
        proof = door.call(prove_consistency, first, second)
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(proof)
        return
    output.pairs(
        [
            *(
                (pick(f"{size} 条时的根", f"root of {size}"), root.hex())
                for size, root in (
                    (proof.first, proof.first_root),
                    (proof.second, proof.second_root),
                )
            ),
            *_path(session, proof.path),
        ]
    )


def _path(session: Session, path: Sequence[bytes]) -> Iterator[tuple[str, str]]:
    for number, node in enumerate(path):
        yield f"{session.language.pick('路径', 'path')} {number}", node.hex()


def sync_index(session: Session) -> None:
    """Reads what is new on the chain into the own copy of the log.

    \b
    Example:
      zhenglian index sync
    """
    from ledger.actions.maintenance import sync_index as sync

    with session.door(needs_keys=False) as door:
        result = door.call(sync)
    if session.output.is_json:
        session.output.document(result)
    else:
        added, size, root = result.added, result.size, result.root.hex()
        session.output.line(
            session.language.pick(
                f"新增 {added} 条，共 {size} 条；根与链上一致：{root}。",
                f"{added} new entries, {size} in all; the root is the chain's, {root}.",
            )
        )


def rebuild_index(session: Session) -> None:
    """Makes the own copy of the log anew from the chain, and puts it in place of the old.

    \b
    Example:
      zhenglian index rebuild
    """
    from ledger.actions.maintenance import rebuild_index as rebuild

    with session.door(needs_keys=False) as door:
        result = door.call(rebuild)
    if session.output.is_json:
        session.output.document(result)
    else:
        size, root = result.size, result.root.hex()
        session.output.line(
            session.language.pick(
                f"已重建，共 {size} 条；根与链上一致：{root}。",
                f"Rebuilt with {size} entries; the root is the chain's, {root}.",
            )
        )


def check_home(
    session: Session,
    mend: Annotated[
        bool, typer.Option("--repair", help="First mend what can be rebuilt; delete nothing.")
    ] = False,
) -> int | None:
    """Checks this home against the chain.

    Recomputes all that it holds. Without --repair it changes nothing.

    Exit code: 1 if there is a problem.

    \b
    Example:
      zhenglian fsck
      zhenglian fsck --repair
    """
    from ledger.actions.fsck import fsck
    from ledger.actions.repair import repair
    from zhenglian.fsck_view import tell_report

    repairs: list[Repair] = []
    if mend:
        require_no_node(session.home)
        with session.unlock() as workspace:
            repairs, report = repair(workspace), fsck(workspace)
    else:
        with session.door() as door:
            report = door.call(fsck)
    if session.output.is_json:
        session.output.document(to_object(report, repairs=repairs) if mend else report)
    else:
        for done in repairs:
            mended = session.language.pick("已修复", "mended")
            session.output.line(f"  {mended}: {done.subject}: {done.message}", "green")
        tell_report(session, report)
    return EXIT_FAILED if report.problems else None


def show_version(session: Session) -> None:
    """Shows which version this is.

    \b
    Example:
      zhenglian version
    """
    import platform
    from importlib.metadata import version

    found = {"zhenglian": version("zhenglian"), "python": platform.python_version()}
    if session.output.is_json:
        session.output.document(found)
    else:
        session.output.line(f"zhenglian {found['zhenglian']} (Python {found['python']})")
