"""追溯: which cases of this home relied on certificates that have since lost their validity.

What a case relied on stands in this vault alone; the log tells what became of it. A certificate is
known by batch and position, so that whoever hears of a revocation finds what rested on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.actions.cases.history import CaseStanding, read_standing
from ledger.formats.status_list import Status, get_status, word_index
from ledger.identifiers import CertificateId
from ledger.index.store import IndexStore
from ledger.records import CaseState, StatusChanged
from ledger.vault.case_rows import StoredReference
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Recall:
    """A case that relied on a certificate which is valid no more.

    Attributes:
        status: of the certificate now.
        changed_at_unix: when the ledger recorded that.
        is_after_reliance: whether it was after the case was accepted on it. Before that the
            verifier would have told.
        reason_code, legal_basis, effective_date: of the change.
    """

    standing: CaseStanding
    batch_key: bytes
    position: int
    status: Status
    changed_at_unix: int
    is_after_reliance: bool
    reason_code: int
    legal_basis: str
    effective_date: int
    log_index: int


def find_recalls(
    workspace: Workspace,
    *,
    batch_key: bytes | None = None,
    position: int | None = None,
    since_unix: int = 0,
) -> list[Recall]:
    """The cases of this home that relied on certificates which are not valid now.

    Args:
        batch_key, position: only this batch, or this certificate of it.
        since_unix: only changes recorded then or later.
    """
    workspace.sync_index()
    cases = workspace.vault.cases
    keys = cases.referenced_batches() if batch_key is None else [batch_key]
    accepting = {act.pk for act in cases.all_acts() if act.kind == "accept"}
    found = []
    for key in keys:
        for reference in cases.references_to(key, position):
            if reference.act in accepting:
                found += list(_recall(workspace.index, reference, since_unix))
    return sorted(found, key=lambda each: (each.changed_at_unix, each.standing.case_id))


def find_cases_relying_on(
    workspace: Workspace, batch_key: bytes, position: int
) -> list[CaseStanding]:
    """Every case of this home that relied on a certificate, whatever became of it."""
    workspace.sync_index()
    cases = workspace.vault.cases
    accepting = {act.pk for act in cases.all_acts() if act.kind == "accept"}
    ids = dict.fromkeys(
        each.case_id for each in cases.references_to(batch_key, position) if each.act in accepting
    )
    return [read_standing(workspace.index, case_id) for case_id in ids]


def find_place(workspace: Workspace, certificate_id: CertificateId) -> tuple[bytes, int] | None:
    """Batch key and position of a certificate that this home issued."""
    stored = workspace.vault.certificates.find(str(certificate_id))
    return None if stored is None else (stored.batch.batch_key, stored.position)


def _recall(index: IndexStore, stored: StoredReference, since_unix: int) -> Iterator[Recall]:
    reference = stored.reference
    place = word_index(reference.position)
    newest: Recall | None = None
    for row in index.status_entries(reference.batch_key, place):
        if row.kind != StatusChanged.TOPIC or row.payload is None:
            continue
        statement = StatusChanged.decode_payload(row.payload).statement
        for change in statement.changes:
            before = get_status(change.word_before, reference.position)
            after = get_status(change.word_after, reference.position)
            if change.index != place or before is after:
                continue
            standing = read_standing(index, stored.case_id)
            newest = Recall(
                standing,
                reference.batch_key,
                reference.position,
                after,
                row.time_unix,
                row.time_unix >= standing.accepted_at_unix,
                statement.reason_code,
                statement.legal_basis,
                statement.effective_date,
                row.entry_index,
            )
    if newest is None or newest.status is Status.VALID or newest.changed_at_unix < since_unix:
        return
    if newest.standing.state is not CaseState.WITHDRAWN:
        yield newest
