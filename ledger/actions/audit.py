"""What happened, by the log: one certificate from first to last step, or everything since a time.

Each step says who, when it was recorded, from when it has effect, and where in the log it stands
with the proof. The words come from the log alone; only the officer's name, where this home keeps
it, comes from the vault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from ledger.actions.facts import (
    LogSubject,
    changes_status,
    current_head,
    gather_facts,
    to_fact,
)
from ledger.actions.holdings import find_stored
from ledger.errors import NotFoundError, StorageError
from ledger.formats.certificate import Certificate, Placement
from ledger.formats.evidence import Evidence, Fact, LogHead
from ledger.formats.status_list import get_status, word_index
from ledger.identifiers import CertificateId
from ledger.index.projector import EntryRow
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
UNREADABLE = "unreadable_entry"


@dataclass(frozen=True, slots=True)
class AuditStep:
    """One entry of the log, told.

    Attributes:
        act: what happened, in snake_case ("batch_anchored", "suspended"); "unreadable_entry" where
            this version does not know the kind of the entry or cannot read its values.
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
            yield _to_unreadable_step(row, path)
        else:
            yield _to_step(workspace, fact, None, show_officers=show_officers)


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
        _to_step(workspace, fact, placement, show_officers=show_officers)
        for fact in gathered.facts
        if not isinstance(fact.record, StatusChanged) or changes_status(fact, placement)
    ]
    steps += [
        _to_unreadable_step(row, index.inclusion_path(row.entry_index, head.size))
        for row in gathered.unreadable
    ]
    return Trail(name, head, tuple(sorted(steps, key=attrgetter("log_index"))))


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


def _to_unreadable_step(row: EntryRow, path: tuple[bytes, ...]) -> AuditStep:
    """A step that this version cannot tell, and does not hide."""
    return AuditStep(
        row.entry_index,
        row.time_unix,
        UNREADABLE,
        row.region,
        row.actor,
        "",
        None,
        "",
        "",
        {
            "kind": row.kind.hex(),
            "subject": row.subject.hex(),
            "payload_hash": row.payload_hash.hex(),
        },
        row.leaf_hash,
        path,
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
    told = f"commitment {commitment.hex()[:16]}…"
    if workspace is not None:
        try:
            return workspace.vault.acts.open_officer(commitment).officer
        except NotFoundError:
            pass
        except StorageError:  # named by `fsck`; the rest of the trail is as good as before
            return f"unreadable, {told}"
    return told


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
