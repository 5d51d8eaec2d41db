"""The holds on a certificate, told; `erasure` places and releases them."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.erasure import release_hold
from ledger.actions.holdings import find_stored
from ledger.identifiers import CertificateId
from ledger.vault.holds import Hold
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ReleasedHold:
    """A hold that ended. Attributes: still_in_force: how many others are on the certificate."""

    hold: Hold
    still_in_force: int


@dataclass(frozen=True, slots=True)
class CertificateHolds:
    """Every hold there ever was on a certificate, oldest first."""

    certificate_id: CertificateId
    holds: tuple[Hold, ...]


def end_hold(
    workspace: Workspace,
    certificate_id: CertificateId,
    reason: str,
    *,
    number: int | None = None,
    officer: str | None = None,
) -> ReleasedHold:
    """Ends a hold on a certificate.

    Args:
        reason: why it ends; kept in this home.
        number: which one; needed only where several are in force.
        officer: who decides; kept in this home, encrypted.

    Raises:
        NotFoundError: hold_missing, no such hold is in force on it.
        ConflictError: hold_ambiguous, the message lists them.
        MalformedInputError: the reason is empty or too long.
    """
    ended = release_hold(workspace, certificate_id, reason, number=number, officer=officer)
    return ReleasedHold(ended, len(workspace.vault.holds.in_force(str(certificate_id))))


def list_holds(workspace: Workspace, certificate_id: CertificateId) -> CertificateHolds:
    """Every hold there ever was on a certificate.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
    """
    stored = find_stored(workspace, certificate_id)
    return CertificateHolds(certificate_id, tuple(workspace.vault.holds.of(stored.identifier)))
