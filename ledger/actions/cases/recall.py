"""追溯: which cases of this home relied on certificates that have lost their validity since.

What a case relied on stands in this vault alone; the chain has salted commitments to it. The log
tells what became of the certificates. Cases that were erased are not found: what they relied on was
erased with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.actions.cases.history import CaseEvent, fold, iterate_events
from ledger.actions.cases.reliance_names import read_certificate_id
from ledger.formats.case_materials import CertificateReference
from ledger.formats.certificate import Placement
from ledger.formats.status_list import Status, get_status, word_index
from ledger.identifiers import CertificateId, ItemCode, Uscc
from ledger.index.store import IndexStore
from ledger.records import CaseAct, CaseAdvanced, CaseState, StatusChanged
from ledger.vault.case_rows import StoredReference
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StatusStep:
    """A change of a certificate's status after a case relied on it."""

    log_index: int
    recorded_at_unix: int
    status: Status
    issuer: Uscc
    reason_code: int
    legal_basis: str
    effective_date: str


@dataclass(frozen=True, slots=True)
class Reliance:
    """That a case relied on a certificate, and what became of that.

    Attributes:
        certificate_id: None where neither reports nor the vault tell it.
        state: of the case now.
        handler: who accepted the case on it.
        relied_at_unix, relied_log_index: of the acceptance.
        is_committed: whether the commitment on the chain is the one to this certificate.
        status: of the certificate now.
        changes: since the acceptance, oldest first.
    """

    case_id: bytes
    item_code: ItemCode
    state: CaseState
    handler: Uscc
    relied_at_unix: int
    relied_log_index: int
    batch_key: bytes
    position: int
    certificate_id: CertificateId | None
    is_committed: bool
    status: Status
    changes: tuple[StatusStep, ...]


def find_recalls(
    workspace: Workspace,
    *,
    placement: Placement | None = None,
    certificate_id: CertificateId | None = None,
    since_unix: int = 0,
) -> list[Reliance]:
    """The cases of this home that relied on certificates.

    Without an argument: those whose certificates were revoked, suspended or superseded since. Of a
    certificate that is named: all that relied on it, whatever became of it.

    Args:
        placement: of the certificate.
        certificate_id: of the certificate, where its placement is not known.
        since_unix: only those of whose certificates a change was recorded then or later.
    """
    workspace.sync_index()
    is_named = placement is not None or certificate_id is not None
    found = []
    for stored in _references(workspace, placement):
        reliance = follow_reference(workspace, stored)
        if reliance is None or not (is_named or reliance.changes):
            continue
        if certificate_id is not None and str(reliance.certificate_id) != str(certificate_id):
            continue
        if since_unix and not _is_changed_since(reliance, since_unix):
            continue
        found.append(reliance)
    return sorted(found, key=lambda each: (each.relied_log_index, each.batch_key, each.position))


def find_place(workspace: Workspace, certificate_id: CertificateId) -> Placement | None:
    """The placement of a certificate that this home issued."""
    stored = workspace.vault.certificates.find(str(certificate_id))
    return None if stored is None else Placement(stored.batch.batch_key, stored.position)


def _references(workspace: Workspace, placement: Placement | None) -> Iterator[StoredReference]:
    cases = workspace.vault.cases
    if placement is not None:
        yield from cases.references_to(placement.batch_key, placement.position)
        return
    for batch_key in cases.referenced_batches():
        yield from cases.references_to(batch_key)


def follow_reference(workspace: Workspace, stored: StoredReference) -> Reliance | None:
    """What became of a certificate that a case refers to, by the own copy of the log.

    None if it is no reliance: the case was not accepted on it, or ended in it.
    """
    index, reference = workspace.index, stored.reference
    events = list(iterate_events(index, stored.case_id))
    acceptance = _find_acceptance(workspace, stored, events)
    if acceptance is None:
        return None
    event, row = acceptance.event, acceptance.row
    assert isinstance(event, CaseAdvanced)  # noqa: S101 - an acceptance
    standing = fold(events, stored.case_id)
    status, changes = _read_status(index, reference, row.entry_index)
    return Reliance(
        stored.case_id,
        standing.item_code,
        standing.state,
        event.statement.department,
        row.time_unix,
        row.entry_index,
        reference.batch_key,
        reference.position,
        read_certificate_id(workspace, stored.case_id, reference),
        reference.commitment in event.statement.reliances,
        status,
        changes,
    )


def _find_acceptance(
    workspace: Workspace, stored: StoredReference, events: list[CaseEvent]
) -> CaseEvent | None:
    acts = {act.pk: act for act in workspace.vault.cases.acts_of(stored.case_id)}
    act = acts.get(stored.act)
    if act is None or act.kind != CaseAct.ACCEPT.name.lower():
        return None
    for each in events:
        event = each.event
        if isinstance(event, CaseAdvanced) and event.statement.encode() == act.statement:
            return each
    return None  # it has not been recorded, or not yet


def _read_status(
    index: IndexStore, reference: CertificateReference, after_index: int
) -> tuple[Status, tuple[StatusStep, ...]]:
    """The status now, and what changed it behind an entry of the log."""
    word, status, changes = word_index(reference.position), Status.VALID, []
    for row in index.status_entries(reference.batch_key, word):
        if row.kind != StatusChanged.TOPIC or row.payload is None:
            continue
        told = StatusChanged.decode_payload(row.payload).statement
        for change in told.changes:
            after = get_status(change.word_after, reference.position)
            before = get_status(change.word_before, reference.position)
            if change.index != word or after is before:
                continue
            status = after
            if row.entry_index > after_index:
                changes.append(
                    StatusStep(
                        row.entry_index,
                        row.time_unix,
                        after,
                        told.issuer,
                        told.reason_code,
                        told.legal_basis,
                        _to_day(told.effective_date),
                    )
                )
    return status, tuple(changes)


def _is_changed_since(reliance: Reliance, since_unix: int) -> bool:
    return any(each.recorded_at_unix >= since_unix for each in reliance.changes)


def _to_day(number: int) -> str:
    """20260115 as 2026-01-15."""
    text = str(number)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"
