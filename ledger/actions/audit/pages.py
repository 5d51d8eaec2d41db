"""Everything recorded, a page at a time: the log's index is the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.actions.audit.steps import AuditStep, Trail, to_step, to_unreadable_step
from ledger.actions.audit.trails import audit_presented
from ledger.actions.facts import current_head, to_fact
from ledger.actions.pages import DEFAULT_LIMIT, require_limit
from ledger.actions.verifying import wrap_certificate
from ledger.errors import NotFoundError
from ledger.formats.evidence import LogHead, parse_evidence
from ledger.identifiers import MemberId
from ledger.workspace import Workspace

EXAMINED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Steps in the order of the log.

    Attributes:
        head: of the log, to which the steps' paths lead.
        next: give it as `after` to read on; None at the end of that log.
    """

    head: LogHead
    items: tuple[AuditStep, ...]
    next: int | None


def page_audit(
    workspace: Workspace,
    *,
    since_unix: int = 0,
    after: int | None = None,
    region: MemberId | None = None,
    log_size: int | None = None,
    limit: int = DEFAULT_LIMIT,
    show_officers: bool = True,
) -> AuditPage:
    """Everything recorded at or after a time, oldest first, each step with its proof.

    Args:
        since_unix: unix seconds.
        after: go on behind the entry of this index: `next` of the page before.
        region: only what this member did.
        log_size: of the log to which the proofs lead, and which is told; by default as it is now.
            Give that of the first page, so that all pages lead to one root.
        limit: at most so many, up to 1000; a page may have fewer, and none, before the end.
        show_officers: name the officers of this home's own acts.

    Raises:
        NotFoundError: size_not_found, the log has not so many entries.
        MalformedInputError: limit_out_of_range.
    """
    require_limit(limit)
    head = _read_head(workspace, log_size)
    first = workspace.index.first_since(since_unix) if since_unix > 0 else 0
    begin = max(first, 0 if after is None else after + 1)
    end = min(head.size, begin + EXAMINED_AT_ONCE)
    member = None if region is None else str(region)
    rows = workspace.index.entries_between(begin, end, region=member)
    steps: list[AuditStep] = []
    for row in rows:
        if len(steps) == limit:
            return AuditPage(head, tuple(steps), steps[-1].log_index)
        path = workspace.index.inclusion_path(row.entry_index, head.size)
        fact = to_fact(row, path)
        steps.append(
            to_unreadable_step(row, path)
            if fact is None
            else to_step(workspace, fact, None, show_officers=show_officers)
        )
    return AuditPage(head, tuple(steps), end - 1 if end < head.size else None)


def iterate_audit(
    workspace: Workspace,
    *,
    since_unix: int = 0,
    region: MemberId | None = None,
    show_officers: bool = True,
) -> tuple[LogHead, Iterator[AuditStep]]:
    """The head of the log now, and everything up to it, read page by page as it is asked for."""
    head = _read_head(workspace, None)

    def steps() -> Iterator[AuditStep]:
        after: int | None = None
        while True:
            page = page_audit(
                workspace,
                since_unix=since_unix,
                after=after,
                region=region,
                log_size=head.size,
                limit=1_000,
                show_officers=show_officers,
            )
            yield from page.items
            if (after := page.next) is None:
                return

    return head, steps()


def audit_document(workspace: Workspace, document: str, *, show_officers: bool = True) -> Trail:
    """The trail of a certificate of any province, from a presented document and the own log.

    Args:
        document: an evidence document, or a bare SD-JWT.
        show_officers: name the officers of this home's own acts.

    Raises:
        MalformedInputError: the document cannot be read.
        NotFoundError: not_anchored, the log knows no batch of that key.
    """
    evidence = parse_evidence(wrap_certificate(document.encode()))
    return audit_presented(workspace, evidence.certificate, show_officers=show_officers)


def _read_head(workspace: Workspace, size: int | None) -> LogHead:
    if size is None or size > workspace.index.cursor().size:
        workspace.sync_index()
    head = current_head(workspace.index)
    if size is None or size == head.size:
        return head
    if not 0 < size <= head.size:
        raise NotFoundError(
            f"log_size: expected 1 to {head.size}, got {size}",
            code="size_not_found",
            field="log_size",
        )
    time_unix = workspace.index.entry(size - 1).time_unix
    return LogHead(head.ledger_id, size, workspace.index.root(size), time_unix)
