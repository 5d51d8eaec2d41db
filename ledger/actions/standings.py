"""How a certificate, or a place in a batch, stands by the own copy of the log, and as of when.

A place is what a presented certificate names, so that whoever has one may ask for its status
without saying whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.batch_history import find_anchoring
from ledger.actions.holdings import find_stored
from ledger.errors import NotFoundError
from ledger.formats.status_list import Status, get_status, word_index
from ledger.identifiers import CertificateId
from ledger.index.store import IndexStore
from ledger.records import StatusChanged
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PlaceStatus:
    """The status of one place of a batch.

    Attributes:
        batch_key: 32 bytes.
        changed_log_index, changed_at_unix: of its last change; None if it never changed.
        as_of_unix: up to when the own copy of the log is complete.
        log_size: entries of it.
    """

    batch_key: bytes
    position: int
    status: Status
    changed_log_index: int | None
    changed_at_unix: int | None
    as_of_unix: int
    log_size: int


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """The status of a certificate of this home."""

    certificate_id: CertificateId
    place: PlaceStatus


def find_place_status(index: IndexStore, batch_key: bytes, position: int) -> PlaceStatus:
    """The status of a place of a batch of any department, by the own copy of the log.

    Args:
        batch_key: 32 bytes, as the `status` of a certificate names it.
        position: in the batch, from 0.

    Raises:
        NotFoundError: batch_unknown; position_unknown, the batch has not so many certificates.
    """
    cursor = index.cursor()
    anchoring = find_anchoring(index, batch_key)
    if anchoring is None:
        raise NotFoundError(
            f"the log has no batch {batch_key.hex()}", code="batch_unknown", field="batch_key"
        )
    count = anchoring[1].count
    if not 0 <= position < count:
        raise NotFoundError(
            f"position: expected 0 to {count - 1} in batch {batch_key.hex()}, got {position}",
            code="position_unknown",
            field="position",
        )
    status, changed = Status.VALID, None
    wanted = word_index(position)
    for row in index.status_entries(batch_key, wanted):
        if row.kind != StatusChanged.TOPIC or row.payload is None:
            continue
        for change in StatusChanged.decode_payload(row.payload).statement.changes:
            after = get_status(change.word_after, position)
            if change.index == wanted and after is not status:
                status, changed = after, row
    return PlaceStatus(
        batch_key,
        position,
        status,
        None if changed is None else changed.entry_index,
        None if changed is None else changed.time_unix,
        cursor.synced_to_unix,
        cursor.size,
    )


def find_certificate_status(
    workspace: Workspace, certificate_id: CertificateId
) -> CertificateStatus:
    """The status of a certificate of this home, by the log as it is now.

    Raises:
        NotFoundError: certificate_unknown, not_anchored.
    """
    stored = find_stored(workspace, certificate_id)
    workspace.sync_index()
    place = find_place_status(workspace.index, stored.batch.batch_key, stored.position)
    return CertificateStatus(certificate_id, place)
