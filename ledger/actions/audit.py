"""What happened, by the log: one certificate from first to last step, or everything since a time.

Each step says who, when it was recorded, from when it has effect, and where in the log it stands
with the proof. The words come from the log alone; only the officer's name, where this home keeps
it, comes from the vault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ledger.actions.facts import current_head, gather_facts, to_fact
from ledger.actions.holdings import find_stored, read_certificate
from ledger.errors import NotFoundError
from ledger.formats.certificate import Certificate, Placement
from ledger.formats.evidence import Evidence, Fact, LogHead
from ledger.formats.status_list import get_status, word_index
from ledger.identifiers import CertificateId
from ledger.records import (
    BatchAnchored,
    CompromiseStatement,
    DepartmentStatement,
    MandateStatement,
    SealKeyEndStatement,
    StatusAttested,
    StatusChanged,
    StatusStatement,
)
from ledger.workspace import Workspace

NO_COMMITMENT = bytes(32)


@dataclass(frozen=True, slots=True)
class AuditStep:
    """One entry of the log, told.

    Attributes:
        act: what happened, in snake_case ("batch_anchored", "suspended").
        actor: code of the department or member whose seal it bears; empty for an attestation.
        effective: civil date or time from which it has legal effect, empty if the same.
        detail: further values in words and numbers.
        officer: who decided, where this home keeps it; else the beginning of the commitment.
        path: inclusion path under the trail's log head.
    """

    log_index: int
    recorded_at_unix: int
    act: str
    region: str
    actor: str
    effective: str
    reason_code: int | None
    legal_basis: str
    officer: str
    detail: dict[str, Any]
    leaf_hash: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Trail:
    """Steps in the order of the log, and the head of the log their paths lead to."""

    subject: str
    head: LogHead
    steps: tuple[AuditStep, ...]


def audit_certificate(workspace: Workspace, certificate_id: CertificateId) -> Trail:
    """The trail of a certificate of this home. Raises NotFoundError."""
    certificate = read_certificate(workspace, find_stored(workspace, certificate_id))
    return audit_presented(workspace, certificate)


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
    workspace.sync_index()
    head = current_head(workspace.index)
    facts = gather_facts(workspace.index, certificate, head)
    if not any(isinstance(fact.record, BatchAnchored) for fact in facts):
        raise NotFoundError(
            f"the log has no batch {certificate.placement.batch_key.hex()}", code="not_anchored"
        )
    steps = [
        _to_step(workspace, fact, certificate.placement, show_officers=show_officers)
        for fact in facts
        if _concerns(fact, certificate.placement)
    ]
    return Trail(str(certificate.certificate_id), head, tuple(steps))


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
        if fact is not None:
            yield _to_step(workspace, fact, None, show_officers=show_officers)


def _concerns(fact: Fact, placement: Placement) -> bool:
    """Whether a status entry changed this certificate, rather than others in its word."""
    if isinstance(fact.record, StatusChanged):
        index = word_index(placement.position)
        return any(
            get_status(change.word_before, placement.position)
            is not get_status(change.word_after, placement.position)
            for change in fact.record.statement.changes
            if change.index == index
        )
    return True


def _to_step(
    workspace: Workspace, fact: Fact, placement: Placement | None, *, show_officers: bool
) -> AuditStep:
    record, entry = fact.record, fact.entry
    act, effective, reason, basis, officer = _snake(type(record).__name__), "", None, "", ""
    detail: dict[str, Any] = {}
    if isinstance(record, StatusChanged):
        statement = record.statement
        act = _status_act(statement, placement) if placement else "status_changed"
        date = str(statement.effective_date)
        effective = f"{date[:4]}-{date[4:6]}-{date[6:]}"
        reason, basis = statement.reason_code, statement.legal_basis
        is_own = show_officers and entry.region == workspace.member
        officer = _officer(workspace if is_own else None, statement.officer_commitment)
        detail = {"batch_key": statement.batch_key.hex(), "sequence": statement.sequence}
    elif isinstance(record, BatchAnchored):
        told = record.statement
        detail = {
            "batch_key": record.batch_key.hex(),
            "certificate_type": str(told.certificate_type),
            "certificates": told.count,
            "root": told.root.hex(),
        }
    elif isinstance(record, StatusAttested):
        detail = {"batch_key": record.batch_key.hex(), "word_index": record.word_index}
    else:
        detail = _describe(getattr(record, "statement", None))
    return AuditStep(
        fact.index,
        fact.time_unix,
        act,
        str(entry.region),
        entry.actor.rstrip(b"\0").decode("ascii"),
        effective,
        reason,
        basis,
        officer,
        detail,
        fact.leaf_hash,
        fact.path or (),
    )


def _status_act(statement: StatusStatement, placement: Placement) -> str:
    index = word_index(placement.position)
    change = next(change for change in statement.changes if change.index == index)
    after = get_status(change.word_after, placement.position)
    return "restored" if after.name == "VALID" else after.name.lower()


def _describe(statement: object) -> dict[str, Any]:
    match statement:
        case DepartmentStatement():
            return {"issuer": str(statement.issuer), "name": statement.name}
        case MandateStatement():
            return {
                "issuer": str(statement.issuer),
                "certificate_type": str(statement.certificate_type),
                "valid_from_unix": statement.valid_from,
                "valid_until_unix": statement.valid_until,
            }
        case SealKeyEndStatement():
            return {"key_id": statement.key_id.hex(), "valid_until_unix": statement.valid_until}
        case CompromiseStatement():
            return {
                "key_id": statement.key_id.hex(),
                "compromised_since_unix": statement.compromised_since,
            }
    return {}


def _officer(workspace: Workspace | None, commitment: bytes) -> str:
    """The officer behind a commitment, if this home knows; else that there is one."""
    if commitment == NO_COMMITMENT:
        return ""
    if workspace is not None:
        try:
            return workspace.vault.acts.open_officer(commitment).officer
        except NotFoundError:
            pass
    return f"commitment {commitment.hex()[:16]}…"


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
