"""Every check of every batch of the vault, and what is left out where values are malformed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ledger.actions.batch_check import (
    Problem,
    check_anchoring,
    check_certificates,
    check_on_chain,
    check_root,
    check_seal,
    check_statuses,
    check_strays,
)
from ledger.errors import StorageError
from ledger.vault.batches import BatchRow
from ledger.vault.malformed import MalformedValue
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CheckedBatches:
    """What the checks of batches came to.

    Attributes:
        certificates: whose content was read; erased: whose content was erased on purpose.
        batches: how many are anchored.
    """

    certificates: int
    erased: int
    batches: int
    problems: tuple[Problem, ...]


def check_batches(
    workspace: Workspace, malformed: Collection[MalformedValue], *, is_index_good: bool
) -> CheckedBatches:
    """Checks every batch but those of which a value is malformed."""
    left_out = {value.batch_pk for value in malformed}
    try:
        held = workspace.vault.batches.in_state(BatchState.CLOSED, BatchState.ANCHORED)
    except StorageError as error:
        told = f"the batches cannot be read: {error.message}"
        return CheckedBatches(0, 0, 0, (Problem("batch_unreadable", "batches", told),))
    certificates = erased = 0
    problems: list[Problem] = []
    for batch in held:
        if batch.pk in left_out:
            problems.append(_describe_left_out(batch))
            continue
        problems += check_root(workspace, batch)
        problems += check_seal(workspace, batch)
        if batch.state is BatchState.CLOSED:
            continue
        problems += check_on_chain(workspace, batch)
        found, gone, wrong = check_certificates(workspace, batch)
        certificates, erased, problems = certificates + found, erased + gone, problems + wrong
        if is_index_good:
            problems += check_anchoring(workspace, batch)
            problems += check_statuses(workspace, batch)
    tables = {value.table for value in malformed}
    if "batches" not in tables:
        problems += check_strays(workspace)
    if "erasures" not in tables:
        problems += _explain_missing_keys(workspace, problems)
    anchored = sum(batch.state is BatchState.ANCHORED for batch in held)
    return CheckedBatches(certificates, erased, anchored, tuple(problems))


def describe_malformed(value: MalformedValue) -> Problem:
    """A value of the wrong type, with the table and the number of its row."""
    return Problem(
        "value_malformed",
        f"{value.table} {value.row_number}",
        f"{value.column} is no {value.expected} that may stand there ({value.found}); "
        "`zhenglian fsck --repair` mends it where it is known from elsewhere, else restore a "
        "backup",
    )


def _describe_left_out(batch: BatchRow) -> Problem:
    return Problem(
        "batch_unreadable",
        f"batches {batch.pk}",
        "a value of it is malformed; nothing else of this batch was checked",
    )


def _explain_missing_keys(workspace: Workspace, problems: list[Problem]) -> Iterator[Problem]:
    """Erasures of no certificate of this vault, where a certificate is without one."""
    missing = [problem.subject for problem in problems if problem.code == "data_key_missing"]
    if not missing:
        return
    for erasure in workspace.vault.erasures.unknown():
        yield Problem(
            "erasure_unmatched",
            erasure.identifier,
            f"it was erased ({erasure.reason}), and the vault has no such certificate; is it one "
            f"of those without a data key ({', '.join(missing[:5])}), whose identifier was altered "
            "here or there? Restore a backup",
        )
