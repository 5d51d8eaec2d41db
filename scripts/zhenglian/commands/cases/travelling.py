"""`zhenglian case hand-over`, `receive` and `share`: material on its way between departments."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import command
from zhenglian.commands.cases.options import (
    INTERRUPTED,
    SHORT_ID,
    CaseArgument,
    OfficerOption,
    OutOption,
    open_case,
    tell_result,
)
from zhenglian.door import Door
from zhenglian.files import require_free, write_whole
from zhenglian.options import ForceOption
from zhenglian.session import Session

if TYPE_CHECKING:
    from ledger.identifiers import Uscc


SendOption = Annotated[
    bool, typer.Option("--send", help="Have the node send it, instead of writing a file.")
]


class Mode(StrEnum):
    """How material travels."""

    NETWORK = "network"
    POSTAL = "postal"
    IN_PERSON = "in-person"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "hand-over", on_interrupt=INTERRUPTED)(give)
    command(app, "receive", on_interrupt=INTERRUPTED)(receive)
    command(app, "share")(share)


def give(
    session: Session,
    case: CaseArgument,
    mode: Annotated[Mode, typer.Option("--mode", help="How it travels.")] = Mode.NETWORK,
    text: Annotated[
        str,
        typer.Option("--text", metavar="TEXT", help="Of paper: what travels, and how (运单号)."),
    ] = "",
    out: OutOption = None,
    force: ForceOption = False,
    officer: OfficerOption = "",
    send: SendOption = False,
) -> None:
    """Hands a case's material over to the other side: from 收件地 to 办理地, or back.

    Over the network it is a package encrypted to the taking province, to be sent to it. The taker's
    receipt completes the hand-over.

    \b
    Example:
      zhenglian case hand-over 6e340b9c --out to-sichuan.case
      zhenglian case hand-over 6e340b9c --send
      zhenglian case hand-over 6e340b9c --mode postal --text 纸质材料一袋，运单号1234567890
    """
    from ledger.actions.cases.travelling import hand_over
    from ledger.records import HandOverMode

    is_package = mode is Mode.NETWORK
    if send:
        _send_hand_over(session, case, officer, is_package=is_package)
        return
    with open_case(session, case) as (door, case_id):
        path = out or Path(f"{case_id.hex()[:SHORT_ID]}.case")
        if is_package:
            require_free(path, force=force)
        way = HandOverMode[mode.name]
        given = door.call(hand_over, case_id, way, text, officer or None)
    package = given.package
    if package is not None:
        write_whole(path, lambda beside: beside.write_bytes(package))
    tell_result(session, given.result, taker=given.taker, package=path if package else None)


def receive(
    session: Session,
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|CASE", help="A package or a receipt; of paper, the case it belongs to."
        ),
    ],
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="What was found on taking it.")
    ] = "",
    out: OutOption = None,
    force: ForceOption = False,
    officer: OfficerOption = "",
) -> None:
    """Takes what another department handed over or shared, or keeps its receipt.

    What was handed over is compared with what its giver sealed, kept, and acknowledged by a sealed
    receipt, to be sent back.

    \b
    Example:
      zhenglian case receive to-sichuan.case --out receipt.json
      zhenglian case receive receipt.json
      zhenglian case receive 6e340b9c --note 纸质材料一袋，完好
    """
    from ledger.actions.cases.packages import was_handed_over
    from ledger.formats.case_package import PACKAGE_FORMAT, parse_package

    path = Path(what)
    content = path.read_bytes() if path.is_file() else None
    if content is not None and not content.startswith(PACKAGE_FORMAT.encode()):
        _keep_receipt(session, content)
        return
    if content is None:
        with open_case(session, what) as (door, case_id):
            _take(session, door, None, case_id, note, out, officer, force=force)
        return
    package = parse_package(content)
    case_id = package.context.case_id
    with session.door() as door:
        if door.call(was_handed_over, case_id, package.digest):
            _take(session, door, content, case_id, note, out, officer, force=force)
        else:
            _import(session, door, content, case_id)


def share(
    session: Session,
    case: CaseArgument,
    to: Annotated[
        str, typer.Option("--to", metavar="USCC", help="A department that decides jointly.")
    ],
    out: OutOption = None,
    force: ForceOption = False,
    send: SendOption = False,
) -> None:
    """Writes a package of a case for a department that decides jointly.

    Who has the material stays who it was; nothing is recorded.

    \b
    Example:
      zhenglian case share 6e340b9c --to 11500000000000001G --out to-chongqing.case
      zhenglian case share 6e340b9c --to 11500000000000001G --send
    """
    from ledger.actions.cases.packages import share_case
    from ledger.identifiers import Uscc

    department = Uscc.parse(to)
    if send:
        _send_share(session, case, department)
        return
    with open_case(session, case) as (door, case_id):
        path = out or Path(f"{case_id.hex()[:SHORT_ID]}-{department}.case")
        require_free(path, force=force)
        package = door.call(share_case, case_id, department)
    write_whole(path, lambda beside: beside.write_bytes(package))
    if session.output.is_json:
        session.output.document({"case_id": case_id, "department": department, "package": path})
        return
    pick = session.language.pick
    session.output.line(pick(f"已写出 {path}", f"Wrote {path}"), "bold green")


def _send_hand_over(session: Session, case: str, officer: str, *, is_package: bool) -> None:
    from ledger.actions.deliveries.cases import send_hand_over
    from ledger.errors import MalformedInputError

    if not is_package:
        raise MalformedInputError("send: only what goes over the network is sent", field="send")
    with open_case(session, case) as (door, case_id):
        sent = door.call(send_hand_over, case_id, officer or None)
    if sent.result is not None:
        tell_result(session, sent.result, taker=sent.receiver, delivery_id=sent.delivery_id)
    _tell_sent(session, sent.delivery_id)


def _send_share(session: Session, case: str, department: Uscc) -> None:
    from ledger.actions.deliveries.cases import send_share

    with open_case(session, case) as (door, case_id):
        sent = door.call(send_share, case_id, department)
    if session.output.is_json:
        session.output.document(sent)
    _tell_sent(session, sent.delivery_id)


def _tell_sent(session: Session, delivery_id: bytes) -> None:
    if session.output.is_json:
        return
    pick = session.language.pick
    told = pick(
        "由节点发送，进度见 zhenglian outgoing：", "The node sends it; see zhenglian outgoing: "
    )
    session.output.line(told + delivery_id.hex()[:SHORT_ID])


def _take(
    session: Session,
    door: Door,
    package: bytes | None,
    case_id: bytes,
    note: str,
    out: Path | None,
    officer: str,
    *,
    force: bool,
) -> None:
    from ledger.actions.cases.travelling import take_over

    path = out or Path(f"{case_id.hex()[:SHORT_ID]}-receipt.json")
    require_free(path, force=force)
    result = door.call(take_over, package, case_id=case_id, note=note, officer=officer or None)
    write_whole(path, lambda beside: beside.write_bytes(result.receipt))
    tell_result(session, result.result, receipt=path)


def _import(session: Session, door: Door, package: bytes, case_id: bytes) -> None:
    from ledger.actions.cases.packages import import_package

    door.call(import_package, package, case_id)
    if session.output.is_json:
        session.output.document({"case_id": case_id, "act": "import"})
        return
    told = session.language.pick("已收下案卷，供共同审批：", "Kept the papers of case ")
    session.output.line(told + case_id.hex(), "bold green")


def _keep_receipt(session: Session, content: bytes) -> None:
    from ledger.actions.cases.packages import keep_receipt
    from ledger.formats.case_receipt import HandOverReceipt

    case_id = HandOverReceipt.parse(content).case_id
    with session.door() as door:
        receipt = door.call(keep_receipt, content, case_id)
    if session.output.is_json:
        told = {"act": "keep_receipt", "case_id": receipt.case_id, "taker": receipt.taker}
        session.output.document({**told, "taken_at_unix": receipt.taken_at_unix})
        return
    pick = session.language.pick
    session.output.line(
        pick(
            f"回执有效，已收存：{receipt.taker} 已接收案件 {receipt.case_id.hex()}。",
            f"The receipt holds and is kept: {receipt.taker} took case {receipt.case_id.hex()}.",
        ),
        "bold green",
    )
