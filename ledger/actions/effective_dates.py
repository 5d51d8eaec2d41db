"""From which day a decision can have legal effect: not before what it is about was issued.

A day before the batch was anchored is compared with each certificate's own date of issue, which
may lie long before that: certificates on paper are put on the ledger later. Contents are read for
that alone.
"""

from __future__ import annotations

from datetime import date, timedelta

from ledger.actions.decisions import Decision
from ledger.actions.holdings import read_certificate
from ledger.actions.status_targets import StatusTarget
from ledger.errors import MalformedInputError, NotFoundError, StorageError
from ledger.formats.civil_time import compute_civil_date
from ledger.workspace import Workspace

MAX_DAYS_AHEAD = 366


def require_possible_date(
    workspace: Workspace, targets: list[StatusTarget], decision: Decision
) -> None:
    """Raises MalformedInputError, field `effective_date`, unless the day can be meant.

    It may lie a year ahead at most. Of a certificate that cannot be read nothing is asked.
    """
    latest = compute_civil_date(workspace.latest_unix()) + timedelta(days=MAX_DAYS_AHEAD)
    if targets and decision.effective_date > latest:
        raise _impossible(decision, "effective_date_too_late", f"a day until {latest}")
    for target in targets:
        anchored_at = workspace.vault.batches.get(target.batch_key).anchored_at_unix or 0
        if decision.effective_date >= compute_civil_date(anchored_at):
            continue
        for place in target.places:
            issued_on = _find_issue(workspace, target.batch_key, place)
            if issued_on is not None and decision.effective_date < issued_on[1]:
                told = f"a day from {issued_on[1]}, when {issued_on[0]} was issued"
                raise _impossible(decision, "effective_date_too_early", told)


def _find_issue(workspace: Workspace, batch_key: bytes, place: int) -> tuple[str, date] | None:
    """A certificate's identifier and its date of issue, where it can be read."""
    stored = workspace.vault.certificates.by_position(batch_key, place)
    if stored is None:
        return None
    try:
        return stored.identifier, read_certificate(workspace, stored).issued_on
    except (NotFoundError, StorageError):
        return None  # its status can be changed even so


def _impossible(decision: Decision, code: str, expected: str) -> MalformedInputError:
    return MalformedInputError(
        f"effective-date: expected {expected}; got {decision.effective_date}; nothing was changed",
        code=code,
        field="effective_date",
    )
