"""`zhenglian case list` and `show`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.case_view import print_case, tell_due
from zhenglian.case_words import describe
from zhenglian.command import Needs, command
from zhenglian.commands.cases.options import SHORT_ID, CaseArgument
from zhenglian.door import Door
from zhenglian.session import Session
from zhenglian.times import format_time

if TYPE_CHECKING:
    from ledger.actions.cases.listing import CaseFilter, ListedCase


class State(StrEnum):
    """States of a case by the names that a person types."""

    RECEIVED = "received"
    SUPPLEMENTING = "supplementing"
    NOT_ACCEPTED = "not-accepted"
    ACCEPTED = "accepted"
    REVIEWING = "reviewing"
    DECIDED = "decided"
    APPROVED = "approved"
    REJECTED = "rejected"
    ISSUED = "issued"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "list", Needs.HOME)(list_all)
    command(app, "show")(show)


def list_all(
    session: Session,
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Only in this state; several times.")
    ] = None,
    ours: Annotated[
        bool, typer.Option("--ours", help="Only those in which this home has part.")
    ] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is overdue.")] = False,
) -> None:
    """Lists the cases of the log: overdue ones first, then by what is due soonest.

    \b
    Example:
      zhenglian case list --ours
      zhenglian case list --state accepted --state reviewing --overdue
    """
    from ledger.actions.cases.listing import CaseFilter
    from ledger.records import CaseState

    states = tuple(CaseState[each.name] for each in state or ())
    with session.door(needs_keys=False) as door:
        cases = _list_all(door, CaseFilter(states, ours, overdue))
    if session.output.is_json:
        session.output.document({"cases": cases})
    elif cases:
        _print(session, cases)
    else:
        told = session.language.pick("没有符合条件的案件。", "No case is like that.")
        session.output.line(told)


def show(session: Session, case: CaseArgument) -> None:
    """Shows where a case stands: parties, times, materials, steps and who decided what.

    What only this home has, officers and the verdicts on the materials, is shown if the passphrase
    is given by file or environment. `zhenglian audit CASE` tells every step with its proof.

    \b
    Example:
      zhenglian case show 6e340b9c
    """
    from ledger.actions.cases.papers import resolve_case
    from ledger.actions.cases.showing import show_case_contents, show_case_record

    show_it = show_case_contents if session.passphrase.is_given else show_case_record
    with session.door(needs_keys=False) as door:
        shown = door.call(show_it, door.call(resolve_case, case.strip()))
    if session.output.is_json:
        session.output.document(shown)
    else:
        print_case(session, shown)


def _list_all(door: Door, wanted: CaseFilter) -> list[ListedCase]:
    """Page by page, all of them."""
    from ledger.actions.cases.listing import page_cases

    begin: int | None = 0
    cases: list[ListedCase] = []
    while begin is not None:
        page = door.call(page_cases, wanted, begin, 1_000)
        cases += page.items
        begin = page.next
    return cases


def _print(session: Session, cases: list[ListedCase]) -> None:
    pick, language = session.language.pick, session.language
    session.output.table(
        (
            pick("案件", "case"),
            pick("状态", "state"),
            pick("期限", "due"),
            pick("收件地 → 办理地", "received → handled"),
            pick("收件时间", "received"),
            pick("事项", "matter"),
        ),
        (
            (
                each.case_id.hex()[:SHORT_ID],
                describe("state", each.state.name.lower(), language)
                + (pick("（停止计时）", " (clock stands)") if each.is_paused else ""),
                tell_due(session, each.next_due) if each.next_due else "",
                f"{each.receiver_region} → {each.handler_region}",
                format_time(each.opened_at_unix).removesuffix(" +08:00"),
                each.matter_name,
            )
            for each in cases
        ),
        fixed=(0,),
    )
