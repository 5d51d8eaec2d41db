"""Erasing one certificate's content, and the holds that keep it from being erased.

Erasing destroys the data key (PIPL art. 47: whoever holds personal data deletes it once its
purpose is served, its period is over or its subject withdraws). Leaf hash, identifier and place
stay, so that the proofs of all others stay whole and the status can still change. While the law
has it kept, it stays: the type's period of retention runs from the end of validity, which is that
of the certificate or, if that came earlier, of its revocation or replacement.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ledger.actions.holdings import find_erasure, find_stored, read_certificate
from ledger.actions.masking import mask_name
from ledger.actions.status_targets import fetch_status
from ledger.errors import ConflictError, MalformedInputError, NotFoundError, StorageError
from ledger.formats.civil_time import CHINA
from ledger.formats.status_list import Status, get_status, word_index
from ledger.identifiers import CertificateId
from ledger.records import StatusChanged
from ledger.vault.acts import OfficerCommitment
from ledger.vault.certificates import StoredCertificate
from ledger.vault.erasures import Erasure
from ledger.vault.holds import Hold
from ledger.workspace import Workspace

MAX_REASON_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What erasing a certificate would do.

    Attributes:
        holder_name: None where the content cannot be read, erased or not.
        retained_until_unix: when its retention ended, None if its type sets no period.
        erasure: what was done before, None if it is not erased.
    """

    certificate_id: CertificateId
    holder_name: str | None
    holder_code_type: str
    status: Status
    retained_until_unix: int | None
    erasure: Erasure | None


@dataclass(frozen=True, slots=True)
class ErasureResult:
    """An erasure. Attributes: was_erased: whether that was so before, and nothing was changed."""

    erasure: Erasure
    was_erased: bool


def plan_erasure(workspace: Workspace, certificate_id: CertificateId) -> ErasurePlan:
    """What erasing a certificate's content would do, without doing it.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: certificate_retained, certificate_held.
        StorageError: its type sets a period and its content cannot be read.
    """
    stored = find_stored(workspace, certificate_id)
    status = fetch_status(workspace, stored)
    erasure = find_erasure(workspace, stored)
    if erasure is not None:
        return ErasurePlan(certificate_id, None, "", status, None, erasure)
    retained_until_unix = _require_past_retention(workspace, stored)
    workspace.vault.holds.require_none(stored.identifier)
    try:
        fields = read_certificate(workspace, stored).fields
    except StorageError:  # damaged: what cannot be read can be erased all the same
        return ErasurePlan(certificate_id, None, "", status, retained_until_unix, None)
    name, code_type = (str(fields.get(f, "")) for f in ("holder_name", "holder_code_type"))
    return ErasurePlan(certificate_id, name, code_type, status, retained_until_unix, None)


def preview_erasure(workspace: Workspace, certificate_id: CertificateId) -> ErasurePlan:
    """What erasing a certificate's content would do, without doing it; a person's name is masked.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: certificate_retained, certificate_held.
    """
    plan = plan_erasure(workspace, certificate_id)
    if plan.holder_name is None:
        return plan
    return replace(plan, holder_name=mask_name(plan.holder_name, plan.holder_code_type))


def erase_certificate(
    workspace: Workspace,
    certificate_id: CertificateId,
    reason: str,
    *,
    officer: str | None = None,
) -> ErasureResult:
    """Destroys a certificate's content for ever. Done before, it only makes sure of it.

    Args:
        reason: kept with the erasure in this vault.
        officer: who decided; kept in this vault, encrypted.

    Raises:
        As `plan_erasure`.
        MalformedInputError: the reason is empty or too long.
        StorageError: erasure_incomplete, see `ledger.vault.certificates`; call it again.
    """
    told = _require_reason(reason)
    stored = find_stored(workspace, certificate_id)
    was_erased = find_erasure(workspace, stored) is not None
    if not was_erased:
        _require_past_retention(workspace, stored)
    erasure = workspace.vault.certificates.erase_key(stored.identifier, told, _commit(officer))
    return ErasureResult(erasure, was_erased)


def place_hold(
    workspace: Workspace, certificate_id: CertificateId, reason: str, *, officer: str | None = None
) -> Hold:
    """Keeps a certificate's content from being erased until the hold is released.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
        ConflictError: content_erased; there is nothing left to hold.
        MalformedInputError: the reason is empty or too long.
    """
    told = _require_reason(reason)
    stored = find_stored(workspace, certificate_id)
    if (erasure := find_erasure(workspace, stored)) is not None:
        raise ConflictError(
            f"the content of {certificate_id} was erased before ({erasure.reason})",
            code="content_erased",
            field="identifier",
        )
    return workspace.vault.holds.place(stored.identifier, told, _commit(officer))


def release_hold(
    workspace: Workspace,
    certificate_id: CertificateId,
    reason: str,
    *,
    number: int | None = None,
    officer: str | None = None,
) -> Hold:
    """Ends a hold on a certificate.

    Args:
        number: which one; needed only where several are in force.

    Raises:
        NotFoundError: hold_missing, no such hold is in force on it.
        ConflictError: hold_ambiguous, the message lists them.
        MalformedInputError: the reason is empty or too long.
    """
    told = _require_reason(reason)
    in_force = workspace.vault.holds.in_force(str(certificate_id))
    chosen = [hold for hold in in_force if number in (None, hold.number)]
    if not chosen:
        which = "" if number is None else f" number {number}"
        raise NotFoundError(
            f"no hold{which} is in force on {certificate_id}", code="hold_missing", field="hold"
        )
    if len(chosen) > 1:
        listed = "; ".join(f"number {hold.number}: {hold.reason}" for hold in chosen)
        raise ConflictError(
            f"several holds are in force, say which one with --hold: {listed}",
            code="hold_ambiguous",
            field="hold",
        )
    return workspace.vault.holds.release(chosen[0].number, told, _commit(officer))


def compute_retention_end(ended_at_unix: int, years: int) -> int:
    """The same civil day and time in China, `years` later; for 29 February the day after.

    >>> compute_retention_end(1709136000, 1)  # 29 February 2024, 00:00
    1740758400
    """
    ended = datetime.fromtimestamp(ended_at_unix, CHINA)
    try:
        until = ended.replace(year=ended.year + years)
    except ValueError:
        until = ended.replace(year=ended.year + years, month=3, day=1)
    return int(until.timestamp())


def _require_past_retention(workspace: Workspace, stored: StoredCertificate) -> int | None:
    """When the retention ended, by the chain's time. Raises ConflictError before that."""
    years = workspace.schema(stored.batch.certificate_type).retention_years
    if years is None:
        return None
    ended_at_unix = _find_end_of_validity(workspace, stored)
    now_unix = workspace.ask_chain(
        lambda gateway: gateway.head().time_unix, lambda cursor: cursor.synced_to_unix
    )
    if ended_at_unix is None:
        until_unix, told = None, f"{years} years after its validity, which has no end yet"
    else:
        until_unix = compute_retention_end(ended_at_unix, years)
        told = f"until {datetime.fromtimestamp(until_unix, CHINA):%Y-%m-%d} (China)"
    if until_unix is None or now_unix < until_unix:
        raise ConflictError(
            f"{stored.identifier} must be kept {told}: its type has its content retained for "
            f"{years} years",
            code="certificate_retained",
            field="identifier",
        )
    return until_unix


def _find_end_of_validity(workspace: Workspace, stored: StoredCertificate) -> int | None:
    """When it ceased to be valid, or will: by itself, or by revocation or replacement."""
    own = read_certificate(workspace, stored).valid_until_unix
    ends = [end for end in (own, _find_final_status(workspace, stored)) if end is not None]
    return min(ends, default=None)


def _find_final_status(workspace: Workspace, stored: StoredCertificate) -> int | None:
    """When the log has it revoked or superseded."""
    workspace.sync_index()
    index = word_index(stored.position)
    for row in workspace.index.status_entries(stored.batch.batch_key, index):
        if row.kind != StatusChanged.TOPIC or row.payload is None:
            continue
        for change in StatusChanged.decode_payload(row.payload).statement.changes:
            if change.index == index and get_status(change.word_after, stored.position).is_final:
                return row.time_unix
    return None


def _require_reason(reason: str) -> str:
    told = reason.strip()
    if not 0 < len(told) <= MAX_REASON_CHARACTERS:
        raise MalformedInputError(
            f"reason: expected 1 to {MAX_REASON_CHARACTERS} characters, got {len(told)}",
            field="reason",
        )
    return told


def _commit(officer: str | None) -> OfficerCommitment | None:
    return OfficerCommitment.make(officer) if officer else None
