"""`zhenglian notices`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import command
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import describe_act, describe_topic

if TYPE_CHECKING:
    from ledger.actions.notices import Notice, NoticePage
    from zhenglian.door import Door

_SHORT_ID = 16


class TopicName(StrEnum):
    """Topics by the names that a person types."""

    RECALL = "recall"
    SUPPLEMENT = "supplement"
    CASE = "case"
    DELIVERY = "delivery"
    STATUS = "status"
    GOVERNANCE = "governance"
    ISSUERS = "issuers"
    CATALOGUE = "catalogue"
    RECOGNITION = "recognition"
    UNREADABLE = "unreadable"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "notices")(show_notices)


def show_notices(
    session: Session,
    after: Annotated[
        int, typer.Option("--after", metavar="INDEX", min=-1, help="Behind this entry of the log.")
    ] = -1,
    topic: Annotated[
        list[TopicName] | None, typer.Option("--topic", help="Only these; more than once.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1000, help="At most so many.")
    ] = 50,
) -> None:
    """Tells what concerns this home: cases, recalls, status changes, deliveries, votes.

    Reading on behind the index that is told last misses nothing and tells nothing twice.

    \b
    Example:
      zhenglian notices --topic recall --topic supplement
      zhenglian notices --after 1234 --json
    """
    from ledger.actions.maintenance import sync_index
    from ledger.errors import LedgerError
    from ledger.index.reading import is_away

    with session.door() as door:
        try:
            door.call(sync_index)
        except LedgerError as error:
            if not is_away(error):  # else it is told what was known, and how old that is
                raise
        found, page = _read(door, after, topic or [], limit)
    if session.output.is_json:
        told = {"items": found, "next": page.next, "is_complete": page.is_complete}
        session.output.document(told)
        return
    output, pick = session.output, session.language.pick
    for each in found:
        _print(session, each)
    if not found:
        output.line(pick("没有新消息。", "There is no news."))
    if not page.is_complete:
        more = f"zhenglian notices --after {page.next}"
        output.line(pick(f"还有更多：{more}", f"There are more: {more}"), "bold")


def _read(
    door: Door, after: int, topics: list[TopicName], limit: int
) -> tuple[list[Notice], NoticePage]:
    """So many notices, and the last page read; pages of what is no news are passed over."""
    from ledger.actions.notices import Topic, page_notices

    wanted = tuple(Topic(each.value) for each in topics)
    found: list[Notice] = []
    while True:
        page = door.call(page_notices, after, limit - len(found), wanted)
        found += page.items
        after = page.next
        if page.is_complete or len(found) == limit:
            return found, page


def _print(session: Session, notice: Notice) -> None:
    language = session.language
    parts = (
        describe_topic(notice.topic.value, language),
        describe_act(notice.act, language),
        *(each.hex()[:_SHORT_ID] for each in notice.cases),
        *notice.certificates,
        " ".join(dict.fromkeys(part for part in (notice.region, notice.actor) if part)),
    )
    when = format_time(notice.recorded_at_unix)
    session.output.line(f"{notice.log_index}  {when}  {' · '.join(filter(None, parts))}")
