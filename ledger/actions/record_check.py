"""Checks what the vault keeps about people's doing: officers, holds, erasures, successions, runs.

Reasons and this node's own times stand nowhere else, and cannot be compared with anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions.batch_check import Problem
from ledger.actions.cases.case_check import list_officers
from ledger.actions.holdings import read_certificate
from ledger.actions.status_targets import fetch_status
from ledger.errors import LedgerError, NotFoundError, StorageError
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId
from ledger.vault.certificates import StoredCertificate
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace

_ADVICE = "restore a backup"


def check_officers(workspace: Workspace) -> Iterator[Problem]:
    """That every officer can be read, and is the one that a record names."""
    vault = workspace.vault
    named = {act.officer: f"act {act.pk}" for act in vault.acts.all()}
    named |= {
        erasure.officer: f"erasure of {erasure.identifier}" for erasure in vault.erasures.all()
    }
    for hold in vault.holds.all():
        told = f"hold {hold.number} on {hold.identifier}"
        named |= {hold.officer: told, hold.release_officer: told}
    named |= dict(list_officers(workspace))
    kept = set(vault.acts.commitments())
    for commitment, where in named.items():
        if commitment is not None and commitment not in kept:
            told = f"the officer of {where} is not in the vault; {_ADVICE}"
            yield Problem("officer_missing", commitment.hex(), told)
    for commitment in kept:
        if commitment not in named:
            told = f"nothing names this officer; a record was altered: {_ADVICE}"
            yield Problem("officer_unnamed", commitment.hex(), told)
        try:
            vault.acts.open_officer(commitment)
        except StorageError as error:
            told = f"who decided: {error.message}; {_ADVICE}"
            yield Problem("officer_unreadable", commitment.hex(), told)


def check_holds(workspace: Workspace) -> Iterator[Problem]:
    """That holds are on certificates of this vault, and ended as a whole or not at all."""
    for hold in workspace.vault.holds.all():
        if workspace.vault.certificates.find(hold.identifier) is None:
            told = f"hold {hold.number} is on a certificate that the vault has not; {_ADVICE}"
            yield Problem("hold_damaged", hold.identifier, told)
        if (hold.released_at_unix is None) is not (hold.release_reason is None):
            told = f"hold {hold.number} has an end without a reason, or the reverse; {_ADVICE}"
            yield Problem("hold_damaged", hold.identifier, told)


def check_successions(workspace: Workspace) -> Iterator[Problem]:
    """That who was chosen to replace a certificate can have been, and did if it is superseded."""
    for replaced, successor in workspace.vault.successions.all():
        told = _explain_succession(workspace, replaced, successor)
        if told:
            yield Problem("succession_damaged", replaced, f"{told}; {_ADVICE}")


def _explain_succession(workspace: Workspace, replaced: str, successor: str) -> str:
    """What is wrong with a choice, empty if nothing is."""
    find = workspace.vault.certificates.find
    old, new = find(replaced), find(successor)
    if old is None or old.batch.state is not BatchState.ANCHORED:
        return f"{successor} was chosen to replace it, but the vault has no such certificate"
    if new is not None:
        return "" if _cites(workspace, new, replaced) else f"{successor} does not cite it"
    try:
        CertificateId.parse(successor)
    except LedgerError as error:
        return f"{successor} was chosen to replace it: {error.message}"
    if fetch_status(workspace, old) is Status.SUPERSEDED:
        return f"it was replaced, but its successor {successor} is not in the vault"
    return ""


def _cites(workspace: Workspace, stored: StoredCertificate, replaced: str) -> bool:
    """Whether a certificate names the other as the one it replaces, where it can be read."""
    try:
        return str(read_certificate(workspace, stored).related_certificate_id) == replaced
    except (NotFoundError, StorageError):
        return True  # erased, or told by itself


def check_erasures(workspace: Workspace) -> Iterator[Problem]:
    """That nothing erased is back, and that no certificate is without its key and its erasure.

    An erasure names a certificate by its identifier alone. Where that was altered on one side, the
    two are told together.
    """
    for erasure in workspace.vault.erasures.undone():
        yield Problem(
            "erased_content_returned",
            erasure.identifier,
            f"it was erased ({erasure.reason}), and its data key is here again; `zhenglian fsck "
            "--repair` erases it again",
        )


def check_runs(workspace: Workspace) -> Iterator[Problem]:
    """That runs have an end exactly if they have ended."""
    for run in workspace.vault.runs.all():
        if (run.ended_at_unix is None) is run.state.has_ended:
            told = f"run {run.id} is {run.state}, ended at {run.ended_at_unix}; {_ADVICE}"
            yield Problem("run_damaged", f"runs {run.id}", told)
