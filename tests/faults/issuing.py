"""What must be true of a ledger whose issuing was interrupted, before and after it was finished."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from ledger.actions.fsck import fsck
from ledger.actions.holdings import find_stored
from ledger.actions.issuance.outcome import IssuanceLimits, IssuanceReport
from ledger.actions.presentation import present, verify_document
from ledger.records import BatchAnchored
from ledger.vault.tables import BatchState, RunState
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace
from tests.ledger.actions.homes import Ledger, identify


def require_passed(workspace: Workspace, numbers: Iterable[int]) -> None:
    """The certificates of these rows verify."""
    for number in numbers:
        document = present(workspace, identify(number), ["holder_name"]).to_json()
        assert verify_document(workspace, document).outcome is Outcome.PASSED


def find_acknowledged(workspace: Workspace, numbers: Iterable[int]) -> list[int]:
    """The rows whose certificates the vault calls anchored."""
    names = {str(identify(number)): number for number in numbers}
    known = workspace.vault.certificates.find_many(list(names))
    anchored = {i for i, found in known.items() if found.batch_state is BatchState.ANCHORED}
    return [number for name, number in names.items() if name in anchored]


def require_each_row_once(workspace: Workspace, numbers: Collection[int]) -> None:
    """One certificate each in the vault, and not one more on the chain."""
    workspace.sync_index()
    batches = {
        row.subject: BatchAnchored.decode_payload(row.payload or b"").statement.count
        for row in workspace.index.entries_of_kind(BatchAnchored.TOPIC)
    }
    assert find_acknowledged(workspace, numbers) == list(numbers)
    assert sum(batches.values()) == len(numbers)
    places = set()
    for number in numbers:
        stored = find_stored(workspace, identify(number))
        places.add((stored.batch.batch_key, stored.position))
        assert stored.batch.batch_key in batches
    assert len(places) == len(numbers)


def require_sound(workspace: Workspace, certificates: int) -> None:
    """Nothing is damaged, nothing is left undone, and so many certificates can be read."""
    checked = fsck(workspace)
    assert checked.problems == (), checked.problems
    assert checked.remarks == (), checked.remarks
    assert checked.certificates == certificates


def finish(
    ledger: Ledger, source: Path, rows: int, edges: Iterable[int], limits: IssuanceLimits
) -> IssuanceReport:
    """Issues the file again to its end, and requires that all is as if nothing had happened.

    Args:
        rows: of the file, with the numbers from 0.
        edges: those whose certificates are verified.
    """
    report = ledger.issue(source, limits=limits)
    assert (report.state, report.rows) == (RunState.COMPLETED, rows)
    assert report.issued + report.already_issued == rows
    with ledger.open() as workspace:
        require_each_row_once(workspace, range(rows))
        require_passed(workspace, edges)
        require_sound(workspace, rows)
    return report
