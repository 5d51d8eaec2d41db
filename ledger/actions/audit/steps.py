"""One step of a trail, told from its entry in the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.actions.audit.describing import describe
from ledger.actions.audit.officers import tell_officer
from ledger.formats.certificate import Placement
from ledger.formats.evidence import Fact, LogHead
from ledger.formats.status_list import get_status, word_index
from ledger.index.projector import EntryRow
from ledger.records import StatusChanged, StatusStatement
from ledger.workspace import Workspace

UNREADABLE = "unreadable_entry"
_NO_COMMITMENT = bytes(32)


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


def to_step(
    workspace: Workspace, fact: Fact, placement: Placement | None, *, show_officers: bool
) -> AuditStep:
    """Tells a fact.

    Args:
        placement: of the certificate whose trail it is, None if it is of none alone.
        show_officers: open the vault for the officers of this home's own acts.
    """
    record, entry = fact.record, fact.entry
    statement = getattr(record, "statement", None)
    act, detail = describe(record)
    effective, reason = "", None
    if isinstance(record, StatusChanged):
        if placement:
            act = _name_status_change(record.statement, placement)
        date = str(record.statement.effective_date)
        effective = f"{date[:4]}-{date[4:6]}-{date[6:]}"
        reason = record.statement.reason_code
    is_own = show_officers and entry.region == workspace.member
    commitment: bytes = getattr(statement, "officer_commitment", _NO_COMMITMENT)
    return AuditStep(
        fact.index,
        fact.time_unix,
        act,
        str(entry.region),
        entry.actor.rstrip(b"\0").decode("ascii"),
        effective,
        reason,
        getattr(statement, "legal_basis", ""),
        tell_officer(workspace if is_own else None, commitment),
        detail,
        fact.leaf_hash,
        fact.path or (),
    )


def to_unreadable_step(row: EntryRow, path: tuple[bytes, ...]) -> AuditStep:
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


def _name_status_change(statement: StatusStatement, placement: Placement) -> str:
    index = word_index(placement.position)
    change = next(change for change in statement.changes if change.index == index)
    after = get_status(change.word_after, placement.position)
    return "restored" if after.name == "VALID" else after.name.lower()
