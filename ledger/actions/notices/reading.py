"""Reading the feed: what a viewer may know of the entries behind an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.actions.audit.describing import describe
from ledger.actions.departments import list_departments
from ledger.actions.facts import to_fact
from ledger.actions.notices.concerns import FOR_CASE_READERS, Concern, ConcernFinder, Topic
from ledger.actions.pages import DEFAULT_LIMIT, require_limit
from ledger.actions.viewers import EVERYTHING, Viewer
from ledger.errors import MalformedInputError
from ledger.identifiers import RegionCode, Uscc
from ledger.index.projector import EntryRow
from ledger.workspace import Workspace

BEGINNING = -1
EXAMINED_AT_ONCE = 1_000
_URGENCY = {topic: number for number, topic in enumerate(Topic)}


@dataclass(frozen=True, slots=True)
class Notice:
    """One entry of the log, told to somebody whom it concerns.

    Attributes:
        topic: the most urgent of what it is to the viewer.
        act: what happened, as an audit names it.
        region, actor: who did it.
        departments: of this member, whom it concerns; none where it concerns every member.
        cases: of this home, that it concerns.
        certificates: that these cases relied on.
        detail: further values in words and numbers.
    """

    log_index: int
    recorded_at_unix: int
    topic: Topic
    act: str
    region: str
    actor: str
    departments: tuple[Uscc, ...]
    cases: tuple[bytes, ...]
    certificates: tuple[str, ...]
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Notices in the order of the log.

    Attributes:
        next: give it as `after` to read on, now or later: everything up to it was told.
        is_complete: whether that is the end of the log as this home knows it.
    """

    items: tuple[Notice, ...]
    next: int
    is_complete: bool


def page_notices(
    workspace: Workspace,
    after: int = BEGINNING,
    limit: int = DEFAULT_LIMIT,
    topics: Sequence[Topic] = (),
    *,
    viewer: Viewer = EVERYTHING,
) -> NoticePage:
    """What concerns this home, behind an index of the log.

    The index is the cursor: reading on from `next` misses nothing and tells nothing twice. A page
    may be empty before the end of the log.

    Args:
        after: index of the last entry that was told; -1 for none.
        limit: at most so many, up to 1000.
        topics: only these; by default all.
        viewer: who is told.

    Raises:
        MalformedInputError: limit_out_of_range; cursor_malformed, `after` is below -1.
    """
    require_limit(limit)
    if after < BEGINNING:
        raise MalformedInputError(
            f"after: expected an index of the log, or -1, got {after}",
            code="cursor_malformed",
            field="after",
        )
    index = workspace.index
    size = index.cursor().size
    end = min(size, after + 1 + EXAMINED_AT_ONCE)
    reader = _Reader(workspace, viewer, frozenset(topics))
    found: list[Notice] = []
    last = after
    for row in index.entries_between(after + 1, end):
        notice = reader.tell(row)
        last = row.entry_index
        if notice is not None:
            found.append(notice)
            if len(found) == limit:
                break
    return NoticePage(tuple(found), last, last + 1 >= size)


class _Reader:
    """Tells entries to one viewer."""

    def __init__(self, workspace: Workspace, viewer: Viewer, topics: frozenset[Topic]) -> None:
        self._viewer = viewer
        self._topics = topics
        self._finder = ConcernFinder(workspace, knows_reliances=viewer.reads_cases)
        member = str(workspace.member)
        self._own: dict[Uscc, RegionCode] = {
            each.issuer: each.region
            for each in list_departments(workspace.index)
            if each.member == member
        }

    def tell(self, row: EntryRow) -> Notice | None:
        """The notice of an entry; None where it is none of the viewer's business."""
        fact = to_fact(row)
        if fact is None:
            return self._tell_unreadable(row)
        seen = [
            (concern, departments)
            for concern in self._finder.find(row, fact.record)
            if (departments := self._admit(concern)) is not None
        ]
        if not seen:
            return None
        act, detail = describe(fact.record)
        topic = min((concern.topic for concern, _ in seen), key=_URGENCY.__getitem__)
        for concern, _ in seen:
            detail = detail | concern.detail
        return Notice(
            row.entry_index,
            row.time_unix,
            topic,
            act,
            row.region,
            row.actor,
            tuple(sorted({each for _, departments in seen for each in departments})),
            tuple(dict.fromkeys(c.case_id for c, _ in seen if c.case_id is not None)),
            tuple(dict.fromkeys(c.certificate_id for c, _ in seen if c.certificate_id)),
            detail,
        )

    def _admit(self, concern: Concern) -> frozenset[Uscc] | None:
        """The departments for which the viewer is told; None if for none."""
        if self._topics and concern.topic not in self._topics:
            return None
        if concern.topic in FOR_CASE_READERS and not self._viewer.reads_cases:
            return None
        if not concern.departments:
            return frozenset()
        own = concern.departments & self._own.keys()
        admitted = frozenset(each for each in own if self._viewer.includes(each, self._own[each]))
        return admitted or None

    def _tell_unreadable(self, row: EntryRow) -> Notice | None:
        if self._topics and Topic.UNREADABLE not in self._topics:
            return None
        return Notice(
            row.entry_index,
            row.time_unix,
            Topic.UNREADABLE,
            "unreadable_entry",
            row.region,
            row.actor,
            (),
            (),
            (),
            {"kind": row.kind.hex()},
        )
