"""The trails of certificates, and everything since a time."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from ledger.actions.audit.steps import AuditStep, Trail, to_step, to_unreadable_step
from ledger.actions.facts import (
    LogSubject,
    changes_status,
    current_head,
    gather_facts,
    to_fact,
)
from ledger.actions.holdings import find_stored
from ledger.errors import NotFoundError
from ledger.formats.certificate import Certificate
from ledger.formats.evidence import Evidence, LogHead
from ledger.identifiers import CertificateId
from ledger.records import BatchAnchored, StatusChanged
from ledger.workspace import Workspace


def audit_certificate(workspace: Workspace, certificate_id: CertificateId) -> Trail:
    """The trail of a certificate of this home. Raises NotFoundError."""
    subject = LogSubject.of_stored(find_stored(workspace, certificate_id))
    return _follow(workspace, subject, str(certificate_id), show_officers=True)


def audit_evidence(
    workspace: Workspace, evidence: Evidence, *, show_officers: bool = True
) -> Trail:
    """The trail of a certificate of any province, from a presented file and the own log."""
    return audit_presented(workspace, evidence.certificate, show_officers=show_officers)


def audit_presented(
    workspace: Workspace, certificate: Certificate, *, show_officers: bool = True
) -> Trail:
    """The trail of a certificate; only what touches its own status word and position counts.

    Args:
        show_officers: open the vault for the officers of this home's own acts.

    Raises:
        NotFoundError: the log knows no batch of that key.
    """
    subject = LogSubject.of_certificate(certificate)
    return _follow(workspace, subject, str(certificate.certificate_id), show_officers=show_officers)


def audit_since(
    workspace: Workspace,
    since_unix: int,
    *,
    region: str | None = None,
    head: LogHead | None = None,
    show_officers: bool = True,
) -> Iterator[AuditStep]:
    """Everything recorded at or after a time, oldest first.

    Args:
        region: only what this member did.
        head: to which the steps' paths lead; by default the log as it is now.
        show_officers: open the vault for the officers of this home's own acts.
    """
    if head is None:
        workspace.sync_index()
        head = current_head(workspace.index)
    for row in workspace.index.entries_since(since_unix, region=region):
        if row.entry_index >= head.size:
            return
        path = workspace.index.inclusion_path(row.entry_index, head.size)
        fact = to_fact(row, path)
        if fact is None:
            yield to_unreadable_step(row, path)
        else:
            yield to_step(workspace, fact, None, show_officers=show_officers)


def _follow(workspace: Workspace, subject: LogSubject, name: str, *, show_officers: bool) -> Trail:
    workspace.sync_index()
    index, placement = workspace.index, subject.placement
    head = current_head(index)
    gathered = gather_facts(index, subject, head)
    if not any(isinstance(fact.record, BatchAnchored) for fact in gathered.facts):
        raise NotFoundError(
            f"the log has no batch {placement.batch_key.hex()}", code="not_anchored"
        )
    steps = [
        to_step(workspace, fact, placement, show_officers=show_officers)
        for fact in gathered.facts
        if not isinstance(fact.record, StatusChanged) or changes_status(fact, placement)
    ]
    steps += [
        to_unreadable_step(row, index.inclusion_path(row.entry_index, head.size))
        for row in gathered.unreadable
    ]
    return Trail(name, head, tuple(sorted(steps, key=attrgetter("log_index"))))
