"""Rows of a source that the vault knows already: issued before, or in the way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.actions.issuance.sealing import PlacedDraft
from ledger.errors import ConflictError
from ledger.formats.civil_time import compute_civil_date
from ledger.vault.certificates import Known
from ledger.vault.store import Vault
from ledger.vault.tables import BatchState

_SETTLED_WITHIN_S = 60.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class SortedDrafts:
    """Drafts by what the vault knows of them.

    Attributes:
        fresh: never issued.
        already_issued: how many were, with the same content.
        errors: of those that were with another content, or whose content was erased since.
    """

    fresh: tuple[PlacedDraft, ...]
    already_issued: int
    errors: tuple[RowError, ...]


def sort_known(
    vault: Vault, drafts: Sequence[tuple[int, PlacedDraft]], run_id: int
) -> SortedDrafts:
    """Sorts drafts, each with its line. Waits for what this process is about to anchor.

    Args:
        run_id: whose open batches count as its own.

    Raises:
        ConflictError: code `batch_unsettled`, one is in a batch whose anchoring is refused for now,
            or in one that another run is filling.
    """
    identifiers = [str(placed.draft.certificate_id) for _, placed in drafts]
    known = _find_settled(vault, identifiers)
    fresh, errors, already_issued = [], [], 0
    for identifier, (line, placed) in zip(identifiers, drafts, strict=True):
        found = known.get(identifier)
        if found is None:
            fresh.append(placed)
        elif found.batch_state is BatchState.OPEN and found.run_id != run_id:
            raise ConflictError(
                f"{identifier} is being issued by another run; nothing was issued",
                code="batch_unsettled",
            )
        elif found.batch_state is BatchState.CLOSED:
            raise ConflictError(
                f"{identifier} is in a batch that was closed but not anchored, and its anchoring "
                "is refused for now; nothing was issued",
                code="batch_unsettled",
            )
        elif found.content_mac == placed.content_mac:
            already_issued += found.batch_state is BatchState.ANCHORED
        else:
            errors.append(_refuse(vault, found, identifier, line))
    return SortedDrafts(tuple(fresh), already_issued, tuple(errors))


def _find_settled(vault: Vault, identifiers: Sequence[str]) -> dict[str, Known]:
    """What the vault knows, once no other run of this process is anchoring any of it."""
    deadline = time.monotonic() + _SETTLED_WITHIN_S
    while True:
        known = vault.certificates.find_many(identifiers)
        is_under_way = any(
            found.batch_state is BatchState.CLOSED and vault.runs.is_live(found.run_id)
            for found in known.values()
        )
        if not is_under_way or time.monotonic() >= deadline:
            return known
        time.sleep(_POLL_S)


def _refuse(vault: Vault, found: Known, identifier: str, line: int) -> RowError:
    """Why a row is not issued whose identifier was, with another content or one since erased."""
    erasure = None
    if found.content_mac is None:
        erasure = vault.certificates.find_erasure(identifier)
    if erasure is None:
        return RowError.of(RowErrorCode.CONFLICTING_CERTIFICATE, line, "证照标识", identifier)
    erased_on = compute_civil_date(erasure.erased_at_unix).isoformat()
    code = RowErrorCode.ERASED_CERTIFICATE
    return RowError.of(code, line, "证照标识", identifier, erased_on=erased_on)
