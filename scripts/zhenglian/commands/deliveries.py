"""`zhenglian send`, `inbox` and `outgoing`: what travels between this node and others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import command
from zhenglian.commands.cases.options import OfficerOption, tell_result
from zhenglian.delivery_words import (
    describe_delivery_reason,
    describe_delivery_state,
    describe_kind,
)
from zhenglian.door import Door
from zhenglian.files import require_free, write_whole
from zhenglian.options import ForceOption
from zhenglian.session import Session
from zhenglian.times import format_time

if TYPE_CHECKING:
    from ledger.actions.deliveries.inbox import Delivery

SMALL = 2 * 1024 * 1024
DeliveryArgument = Annotated[
    str, typer.Argument(metavar="DELIVERY", help="The delivery's id, or its beginning.")
]
DepartmentOption = Annotated[
    str, typer.Option("--department", metavar="USCC", help="Only those of this department.")
]


class Kind(StrEnum):
    """What may be sent by hand."""

    PRESENTATION = "presentation"
    MATERIALS = "materials"
    RESULT = "result"
    STATUS_NOTICE = "status-notice"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "send")(send)
    inbox = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(inbox, "list")(list_arrived)
    command(inbox, "show")(show)
    command(inbox, "take")(take)
    command(inbox, "discard")(discard)
    app.add_typer(inbox, name="inbox", help="What other nodes have sent to this one.")
    outgoing = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(outgoing, "list")(list_sent)
    command(outgoing, "show")(show_sent)
    command(outgoing, "retry")(retry)
    app.add_typer(
        outgoing, name="outgoing", help="What this node sends to others, and how far it is."
    )


def send(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to send.")],
    to: Annotated[str, typer.Option("--to", metavar="USCC", help="The department that it is for.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What it is.")] = Kind.PRESENTATION,
    sender: Annotated[
        str, typer.Option("--from", metavar="USCC", help="Which department of this home sends it.")
    ] = "",
    about: Annotated[
        str,
        typer.Option("--about", metavar="TEXT", help="What it is about; the receiver reads it."),
    ] = "",
) -> None:
    """Sends a file to a department of another member, encrypted to that member.

    It is stored first; the node sends it, now or when the other node is up, and tells its state in
    `zhenglian outgoing`. The receiver's receipt ends up on the chain. Sent again, it is sent once.

    \b
    Example:
      zhenglian send 证照.zhenglian.json --to 11510000000000001L
      zhenglian send result.pdf --kind result --to 11510000000000001L --about 6e340b9c
    """
    from ledger.actions.deliveries.inbox import send_content, send_file
    from ledger.formats.envelope import DeliveryKind
    from ledger.identifiers import Uscc

    chosen = DeliveryKind(kind.value.replace("-", "_"))
    content = file.read_bytes() if file.stat().st_size <= SMALL else None
    receiver, own = Uscc.parse(to), Uscc.parse(sender) if sender else None
    with session.door() as door:
        if content is None:  # a node on this machine reads it by itself
            queued = door.call(send_file, chosen, receiver, file.resolve(), own, about)
        else:
            queued = door.call(send_content, chosen, receiver, content, own, file.name, about)
    _tell(session, queued)


def list_arrived(session: Session, department: DepartmentOption = "") -> None:
    """Lists what came in, oldest first.

    \b
    Example:
      zhenglian inbox list
    """
    from ledger.actions.deliveries.inbox import list_inbox
    from ledger.identifiers import Uscc

    with session.door() as door:
        found = door.call(list_inbox, Uscc.parse(department) if department else None)
    _tell_all(session, found, ("收件箱为空。", "The inbox is empty."))


def list_sent(session: Session, department: DepartmentOption = "") -> None:
    """Lists what is to be sent or was, oldest first, with how far it is and why not further.

    \b
    Example:
      zhenglian outgoing list
    """
    from ledger.actions.deliveries.inbox import list_outgoing
    from ledger.identifiers import Uscc

    with session.door() as door:
        found = door.call(list_outgoing, Uscc.parse(department) if department else None)
    _tell_all(session, found, ("没有发出任何内容。", "Nothing was sent."))


def show(session: Session, delivery: DeliveryArgument) -> None:
    """Shows one delivery.

    \b
    Example:
      zhenglian inbox show 6e340b9c
    """
    from ledger.actions.deliveries.inbox import show_delivery

    with _open(session, delivery) as (door, delivery_id):
        found = door.call(show_delivery, delivery_id)
    _tell(session, found)


def show_sent(session: Session, delivery: DeliveryArgument) -> None:
    """Shows one delivery, and why it does not get on where it does not.

    \b
    Example:
      zhenglian outgoing show 6e340b9c
    """
    show(session, delivery)


def take(
    session: Session,
    delivery: DeliveryArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where to write it; papers of a case need none."
        ),
    ] = None,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="Of a case: what was found on taking it.")
    ] = "",
    officer: OfficerOption = "",
    force: ForceOption = False,
) -> None:
    """Takes what came in: papers of a case into the vault, anything else into a file.

    What was handed over is taken over under the department's seal, and its receipt goes back by
    itself.

    \b
    Example:
      zhenglian inbox take 6e340b9c --out 证照.zhenglian.json
      zhenglian inbox take 6e340b9c --note 齐全 --officer 赵某
    """
    from ledger.actions.deliveries.cases import receive_case
    from ledger.actions.deliveries.inbox import take_delivery

    with _open(session, delivery) as (door, delivery_id):
        if out is None:
            taken = door.call(receive_case, delivery_id, note, officer or None)
        else:
            require_free(out, force=force)
            content = door.call(take_delivery, delivery_id)
            write_whole(out, lambda beside: beside.write_bytes(content))
    pick = session.language.pick
    if out is not None:
        if session.output.is_json:
            session.output.document({"delivery_id": delivery_id, "file": out})
        else:
            session.output.line(pick(f"已写出 {out}", f"Wrote {out}"), "bold green")
    elif taken.result is not None:
        tell_result(session, taken.result, receipt_delivery=taken.receipt_delivery)
    elif session.output.is_json:
        session.output.document({"case_id": taken.case_id, "act": "import"})
    else:
        told = pick("已收下案卷，供共同审批：", "Kept the papers of case ")
        session.output.line(told + taken.case_id.hex(), "bold green")


def discard(session: Session, delivery: DeliveryArgument) -> None:
    """Destroys what a delivery held; that it came, and its receipt, stay.

    \b
    Example:
      zhenglian inbox discard 6e340b9c
    """
    from ledger.actions.deliveries.inbox import discard_delivery

    with _open(session, delivery) as (door, delivery_id):
        found = door.call(discard_delivery, delivery_id)
    _tell(session, found)


def retry(session: Session, delivery: DeliveryArgument) -> None:
    """Has a delivery sent at once that waits, was refused or has expired.

    \b
    Example:
      zhenglian outgoing retry 6e340b9c
    """
    from ledger.actions.deliveries.inbox import retry_delivery

    with _open(session, delivery) as (door, delivery_id):
        found = door.call(retry_delivery, delivery_id)
    _tell(session, found)


@contextmanager
def _open(session: Session, text: str) -> Iterator[tuple[Door, bytes]]:
    from ledger.actions.deliveries.inbox import resolve_delivery

    with session.door() as door:
        yield door, door.call(resolve_delivery, text.strip())


def _tell(session: Session, found: Delivery) -> None:
    if session.output.is_json:
        session.output.document(found)
        return
    pick, language = session.language.pick, session.language
    state = describe_delivery_state(found.state.value, language)
    session.output.line(
        pick(f"{found.delivery_id.hex()}：{state}", f"{found.delivery_id.hex()}: {state}"), "bold"
    )
    session.output.pairs(
        [
            (pick("内容", "holds"), describe_kind(found.kind.value, language)),
            (pick("名称", "name"), found.name),
            (pick("事由", "about"), found.subject),
            (pick("发件部门", "from"), str(found.sender)),
            (pick("收件部门", "to"), str(found.receiver)),
            (pick("已到", "arrived"), f"{found.arrived:,} / {found.size:,}"),
            (pick("未能继续的原因", "not further because"), _reason(session, found)),
            (pick("下次发送", "next attempt"), _next_attempt(found)),
            (pick("建立", "made"), format_time(found.created_at_unix)),
            (pick("取出", "taken"), format_time(found.taken_at_unix)),
            (pick("销毁", "discarded"), format_time(found.discarded_at_unix)),
        ]
    )


def _tell_all(session: Session, found: Sequence[Delivery], none: tuple[str, str]) -> None:
    if session.output.is_json:
        session.output.document({"deliveries": list(found)})
        return
    if not found:
        session.output.line(session.language.pick(*none))
        return
    for each in found:
        _tell(session, each)


def _reason(session: Session, found: Delivery) -> str:
    return describe_delivery_reason(found.reason, session.language)


def _next_attempt(found: Delivery) -> str:
    return format_time(found.due_at_unix) if found.state.value == "queued" else ""
