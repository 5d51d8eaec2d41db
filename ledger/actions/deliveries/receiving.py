"""Taking in what another node sends: announced, appended part by part, checked, receipted.

Who may is said by the ledger alone: a seal key, in force, of a department of an active member. The
whole is checked before it is receipted: digest, every chunk, that it is for a department here. The
receipt is stored before it is answered, so that one delivery has one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.deliveries.limits import CLOCK_SKEW_S, DEFAULT_LIMITS, DeliveryLimits
from ledger.actions.deliveries.standing import (
    fetch_receipt_digest,
    find_member,
    require_key_in_force,
)
from ledger.actions.issuers import find_seal_key
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotAuthorizedError,
    NotFoundError,
)
from ledger.formats.delivery import Announcement, SignedRequest
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import EnvelopeDigest, Manifest, open_envelope
from ledger.formats.seals import SUITE_P256, compute_key_id, public_coordinates
from ledger.vault.delivery_rows import NewDelivery, StoredDelivery
from ledger.vault.delivery_tables import DeliveryState, Direction
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Arrival:
    """How far a delivery has come in. Attributes: receipt: JSON, once it is whole."""

    delivery_id: bytes
    state: DeliveryState
    size: int
    arrived: int
    reason: str | None
    receipt: bytes | None


def announce_delivery(
    workspace: Workspace, data: bytes, limits: DeliveryLimits = DEFAULT_LIMITS
) -> Arrival:
    """Takes an announcement in, or tells how far the delivery is that it announced before.

    Args:
        data: JSON of an `Announcement`.

    Raises:
        MalformedInputError: announcement_malformed and others; delivery_too_large.
        NotAuthorizedError: seal_key_not_in_force, announcement_not_sealed, member_inactive,
            envelope_for_another_key.
        NotFoundError: department_unknown; receiver_not_here.
        ConflictError: delivery_of_another_ledger, delivery_differs, delivery_exists,
            announcement_out_of_time, too_many_deliveries.
    """
    announced = Announcement.parse(data)
    head = announced.head
    if head.ledger_id != workspace.gateway.ledger_id:
        raise ConflictError(
            f"the delivery is of ledger {head.ledger_id.hex()}", code="delivery_of_another_ledger"
        )
    now_unix = workspace.now_unix()
    key = require_key_in_force(
        workspace, head.sender, announced.key_id, workspace.gateway.head().time_unix
    )
    if not announced.is_sealed_by(key.x, key.y):
        raise NotAuthorizedError(
            f"the announcement is not sealed by {head.sender}", code="announcement_not_sealed"
        )
    known = workspace.vault.deliveries.find(head.delivery_id)
    if known is not None:
        return _resume(workspace, known, announced, now_unix + limits.unfinished_s)
    _require_admissible(workspace, announced, limits, now_unix)
    member = find_member(workspace.gateway, head.sender)
    new = NewDelivery.of_head(head, member, now_unix + limits.unfinished_s)
    return _to_arrival(workspace.vault.deliveries.announce(new, announced))


def append_delivery(
    workspace: Workspace, delivery_id: bytes, offset: int, part: bytes, signature: str
) -> Arrival:
    """Stores the next part; with the last one, checks the whole and answers with the receipt.

    Raises:
        NotFoundError: delivery_unknown.
        NotAuthorizedError: request_not_signed.
        OffsetUnexpectedError: another part is the next one.
        ConflictError: delivery_closed, delivery_too_long.
        StorageError: disk_full; then nothing of the part is stored.
    """
    require_signed(workspace, SignedRequest("PATCH", delivery_id, offset, part), signature)
    stored = workspace.vault.deliveries.append(delivery_id, offset, part)
    return _to_arrival(finish_delivery(workspace, stored))


def read_arrival(
    workspace: Workspace, delivery_id: bytes, signature: str, method: str = "HEAD"
) -> Arrival:
    """How far a delivery has come in, for whoever sent it.

    Raises:
        NotFoundError: delivery_unknown.
        NotAuthorizedError: request_not_signed.
    """
    require_signed(workspace, SignedRequest(method, delivery_id), signature)
    return _to_arrival(finish_delivery(workspace, workspace.vault.deliveries.get(delivery_id)))


def require_signed(workspace: Workspace, request: SignedRequest, signature: str) -> None:
    """Raises NotAuthorizedError, code request_not_signed, unless the sender signed it."""
    deliveries = workspace.vault.deliveries
    found = deliveries.find(request.delivery_id)
    if found is None or found.direction is not Direction.IN:
        raise NotFoundError(
            f"nobody announced delivery {request.delivery_id.hex()}", code="delivery_unknown"
        )
    announced = deliveries.read_announcement(request.delivery_id)
    now_unix = workspace.gateway.head().time_unix
    key = require_key_in_force(workspace, found.sender, announced.key_id, now_unix)
    if not request.is_signed_by(key.x, key.y, signature):
        raise NotAuthorizedError(
            f"the request is not signed by {found.sender}, who announced the delivery",
            code="request_not_signed",
        )


def finish_delivery(workspace: Workspace, stored: StoredDelivery) -> StoredDelivery:
    """Checks one that has become whole, and files it with its receipt; else changes nothing.

    Raises:
        NotFoundError: seal_key_missing; nothing is lost, it is done at the next call.
    """
    is_whole = stored.state is DeliveryState.RECEIVING and stored.arrived == stored.size
    if not is_whole:
        return stored
    deliveries = workspace.vault.deliveries
    announced = deliveries.read_announcement(stored.delivery_id)
    key = find_seal_key(workspace, stored.receiver)
    try:
        manifest = _check(workspace, announced)
    except (MalformedInputError, NotAuthorizedError) as error:
        deliveries.refuse(stored.delivery_id, error.code)
        return deliveries.get(stored.delivery_id)
    receipt = DeliveryReceipt.sign(announced, key.private_key, workspace.latest_unix())
    return deliveries.file(stored.delivery_id, receipt, manifest)


def finish_deliveries(workspace: Workspace) -> list[StoredDelivery]:
    """Checks what became whole and was not checked, as where a node was stopped in between."""
    finished = []
    for each in workspace.vault.deliveries.search(Direction.IN, (DeliveryState.RECEIVING,)):
        try:
            after = finish_delivery(workspace, each)
        except LedgerError as error:
            workspace.vault.deliveries.note_reason(each.delivery_id, error.code)
            continue
        if after.state is not each.state:
            finished.append(after)
    return finished


def _check(workspace: Workspace, announced: Announcement) -> Manifest:
    """Reads the whole body once for its digest, once to open it; keeps none of it in memory."""
    deliveries = workspace.vault.deliveries
    delivery_id = announced.head.delivery_id
    digested = EnvelopeDigest(announced.head)
    for part in deliveries.iterate_body(delivery_id):
        digested.update(part)
    if digested.finish() != announced.digest:
        raise MalformedInputError(
            "what came is not what was announced", code="delivery_digest_differs"
        )
    body = deliveries.iterate_body(delivery_id)
    manifest, content = open_envelope(announced.head, workspace.keys.encryption(), body)
    for _ in content:
        pass
    return manifest


def _require_admissible(
    workspace: Workspace, announced: Announcement, limits: DeliveryLimits, now_unix: int
) -> None:
    head = announced.head
    if not workspace.keys.seal_key_ids(head.receiver):
        raise NotFoundError(
            f"{head.receiver} is no department of this node", code="receiver_not_here"
        )
    own = workspace.keys.encryption().public_key()
    if head.encryption_key_id != compute_key_id(SUITE_P256, *public_coordinates(own)):
        raise NotAuthorizedError(
            "the envelope is encrypted to a key that this node has not",
            code="envelope_for_another_key",
        )
    if head.size > limits.max_size:
        raise MalformedInputError(
            f"this node takes at most {limits.max_size} bytes, not {head.size}",
            code="delivery_too_large",
        )
    made_at = announced.made_at_unix
    if not now_unix - limits.oldest_s <= made_at <= now_unix + CLOCK_SKEW_S:
        raise ConflictError(
            f"the announcement was made at {made_at}, by this node's clock it is {now_unix}",
            code="announcement_out_of_time",
        )
    if fetch_receipt_digest(workspace.gateway, head.receiver, head.delivery_id) is not None:
        raise ConflictError(
            f"{head.receiver} acknowledged delivery {head.delivery_id.hex()} before, and this "
            "node has it no more: send it anew",
            code="delivery_exists",
        )
    count, size = workspace.vault.deliveries.sum_unfinished(head.sender)
    if count >= limits.max_open or size + head.size > limits.max_open_bytes:
        raise ConflictError(
            f"{count} deliveries of {head.sender} with {size} bytes are coming in already",
            code="too_many_deliveries",
        )


def _resume(
    workspace: Workspace, known: StoredDelivery, announced: Announcement, expires_at_unix: int
) -> Arrival:
    head = announced.head
    mine = (known.direction, known.sender, known.receiver, known.digest)
    if mine != (Direction.IN, head.sender, head.receiver, announced.digest):
        raise ConflictError(
            f"another delivery {known.delivery_id.hex()} was announced here before",
            code="delivery_differs",
        )
    if known.state is DeliveryState.EXPIRED:
        workspace.vault.deliveries.reopen(known.delivery_id, expires_at_unix)
    workspace.vault.deliveries.announce_again(announced)  # its key may be another by now
    known = workspace.vault.deliveries.get(known.delivery_id)
    return _to_arrival(finish_delivery(workspace, known))


def _to_arrival(stored: StoredDelivery) -> Arrival:
    return Arrival(
        stored.delivery_id,
        stored.state,
        stored.size,
        stored.arrived,
        stored.reason,
        stored.receipt,
    )
