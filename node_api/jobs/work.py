"""Carries out one job: the same actions as the commands `issue`, `suspend`, `restore`, `revoke`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ledger.actions.identifier_list import read_identifier_list
from ledger.actions.issuance.loop import give_up_file, issue_file
from ledger.actions.issuance.outcome import IssuanceProgress, IssuanceReport
from ledger.actions.issuance.row_errors import RowError
from ledger.actions.issuance.source_file import SourceFile
from ledger.actions.status_orders import change_statuses
from ledger.actions.status_targets import read_targets
from ledger.errors import ConflictError, NotAuthorizedError
from ledger.vault.tables import RunState
from ledger.workspace import Workspace
from node_api.jobs.orders import JobKind, JobOrder

Counts = Mapping[str, int]
WriteReport = Callable[[Sequence[RowError]], None]
_MOST_REPEATED = 1_000


class JobCancelledError(Exception):
    """Raised by whoever is told of progress, to have a job end before anything is anchored."""


class JobStoppedError(Exception):
    """Raised likewise, to leave a job where it is, so that it can be taken up again."""


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What came of a job. Attributes: detail: why it failed; empty if it did not."""

    counts: Counts
    detail: str = ""


def carry_out(
    workspace: Workspace,
    order: JobOrder,
    source: SourceFile,
    report: WriteReport,
    notify: Callable[[IssuanceProgress], None],
) -> JobOutcome:
    """Does it, or what an interruption left of it.

    Args:
        report: keeps the errors of rows, if there are any.
        notify: told of progress; may raise JobCancelledError.

    Raises:
        JobCancelledError: nothing was issued.
        LedgerError: as the actions.
    """
    if order.kind is JobKind.ISSUE:
        return _issue(workspace, order, source, report, notify)
    return _change(workspace, order, source, report)


def _issue(
    workspace: Workspace,
    order: JobOrder,
    source: SourceFile,
    report: WriteReport,
    notify: Callable[[IssuanceProgress], None],
) -> JobOutcome:
    kind = order.certificate_type
    assert kind is not None  # noqa: S101 - for the type checker: an order to issue has one
    issue = partial(
        issue_file,
        workspace,
        source,
        order.issuer,
        kind,
        skip_invalid=order.skip_invalid,
        citation=order.citation,
        notify=notify,
    )
    try:
        done = _repeat(issue)
    except JobCancelledError:
        give_up_file(workspace, source, order.issuer, order.citation)
        raise
    if told := (*done.errors, *done.warnings):
        report(told)
    counts = {
        "rows": done.rows,
        "issued": done.issued,
        "already_issued": done.already_issued,
        "errors": len(done.errors),
        "warnings": len(done.warnings),
    }
    is_done = done.state is RunState.COMPLETED
    return JobOutcome(counts, "" if is_done else "rows_invalid: nothing was issued")


def _repeat(issue: Callable[[], IssuanceReport]) -> IssuanceReport:
    """Issues again when a single request issued one of the rows meanwhile, which counts then.

    Each time goes on where the last one was.
    """
    for _ in range(_MOST_REPEATED):
        try:
            return issue()
        except ConflictError as error:
            if error.code != "certificate_exists":
                raise
    return issue()


def _change(
    workspace: Workspace, order: JobOrder, source: SourceFile, report: WriteReport
) -> JobOutcome:
    listed = read_identifier_list(source)
    if listed.errors:
        report(listed.errors)
        counts = {"rows": len(listed.named), "errors": len(listed.errors)}
        return JobOutcome(counts, "rows_invalid: nothing was changed")
    foreign = {each.issuer for each in read_targets(workspace, listed.named)} - {order.issuer}
    if foreign:
        raise NotAuthorizedError(
            f"the list has certificates of {', '.join(sorted(map(str, foreign)))}, not only of "
            f"{order.issuer}; nothing was changed",
            code="department_not_allowed",
        )
    done = change_statuses(
        workspace,
        order.act,
        listed.named,
        order.reason,
        order.legal_basis,
        effective_date=order.effective_date,
        officer=order.officer,
    )
    counts = {
        "rows": len(listed.named),
        "changed": done.certificates,
        "already_done": done.already_done,
    }
    return JobOutcome(counts)
