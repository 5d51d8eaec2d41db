"""What came in and what goes out, for the people it concerns: send, list, show, take, discard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ledger.actions.deliveries.limits import DEFAULT_LIMITS
from ledger.actions.deliveries.presented import name_presented
from ledger.actions.deliveries.queueing import queue_delivery
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.envelope import DeliveryKind, open_envelope
from ledger.identifiers import MemberId, Uscc
from ledger.vault.delivery_rows import StoredDelivery
from ledger.vault.delivery_tables import DeliveryState, Direction
from ledger.workspace import Workspace

HERE = (DeliveryState.RECEIVED, DeliveryState.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it is shown.

    Attributes:
        member: the other side's.
        arrived: bytes of `size` that the receiver has.
        name, subject: what it is about; empty until it is whole, and once it was discarded.
        reason: code of what keeps it from getting on.
        receipt: digest of its receipt.
    """

    delivery_id: bytes
    direction: Direction
    kind: DeliveryKind
    state: DeliveryState
    sender: Uscc
    receiver: Uscc
    member: MemberId
    size: int
    arrived: int
    reason: str | None
    attempts: int
    due_at_unix: int
    created_at_unix: int
    changed_at_unix: int
    taken_at_unix: int | None
    discarded_at_unix: int | None
    name: str = field(repr=False)
    subject: str = field(repr=False)


def send_content(
    workspace: Workspace,
    kind: DeliveryKind,
    receiver: Uscc,
    content: bytes,
    sender: Uscc | None = None,
    name: str = "",
    subject: str = "",
) -> Delivery:
    """Puts a content on its way to another department; the same again is the same delivery.

    Raises:
        As `queue_delivery`.
    """
    about = name_presented(workspace, kind, content, subject)
    queued = queue_delivery(
        workspace, kind, receiver, content, sender=sender, name=name, subject=about
    )
    return _describe(workspace, queued.delivery)


def send_file(
    workspace: Workspace,
    kind: DeliveryKind,
    receiver: Uscc,
    path: Path,
    sender: Uscc | None = None,
    subject: str = "",
) -> Delivery:
    """The same of a file on this machine, however large: it is read in pieces.

    Raises:
        NotFoundError: file_missing.
        As `queue_delivery`.
    """
    if not path.is_file():
        raise NotFoundError(f"{path}: expected a file to send", code="file_missing", field="path")
    about = name_presented(workspace, kind, path, subject)
    queued = queue_delivery(workspace, kind, receiver, path, sender=sender, subject=about)
    return _describe(workspace, queued.delivery)


def list_inbox(
    workspace: Workspace, department: Uscc | None = None, kind: DeliveryKind | None = None
) -> list[Delivery]:
    """What came in, oldest first, of all departments of this home or of one."""
    found = workspace.vault.deliveries.search(Direction.IN)
    return [
        _describe(workspace, each)
        for each in found
        if department in (None, each.receiver) and kind in (None, each.kind)
    ]


def list_outgoing(
    workspace: Workspace, department: Uscc | None = None, state: DeliveryState | None = None
) -> list[Delivery]:
    """What went out, oldest first, of all departments of this home or of one."""
    found = workspace.vault.deliveries.search(Direction.OUT, () if state is None else (state,))
    return [_describe(workspace, each) for each in found if department in (None, each.sender)]


def show_delivery(workspace: Workspace, delivery_id: bytes) -> Delivery:
    """One delivery, in or out. Raises NotFoundError, code delivery_unknown."""
    return _describe(workspace, workspace.vault.deliveries.get(delivery_id))


def resolve_delivery(workspace: Workspace, text: str) -> bytes:
    """The one delivery of this home whose id begins so (hex).

    Raises:
        NotFoundError: delivery_unknown. ConflictError: delivery_ambiguous.
    """
    prefix = text.lower()
    ids = [each.delivery_id for each in workspace.vault.deliveries.search()]
    found = [each for each in ids if prefix and each.hex().startswith(prefix)]
    if not found:
        raise NotFoundError(f"this node has no delivery {text!r}", code="delivery_unknown")
    if len(found) > 1:
        raise ConflictError(
            f"{len(found)} deliveries begin with {text!r}; give more of it",
            code="delivery_ambiguous",
        )
    return found[0]


def take_delivery(workspace: Workspace, delivery_id: bytes) -> bytes:
    """The content of what came in, decrypted; notes that it was taken.

    Raises:
        As `open_delivery`.
    """
    content = b"".join(open_delivery(workspace, delivery_id))
    workspace.vault.deliveries.mark_taken(delivery_id)
    return content


def open_delivery(workspace: Workspace, delivery_id: bytes) -> Iterator[bytes]:
    """The content of what came in, decrypted piece by piece.

    Raises:
        NotFoundError: delivery_unknown, content_erased.
        ConflictError: delivery_not_here, it went out or is not whole.
    """
    stored = workspace.vault.deliveries.get(delivery_id)
    if stored.direction is not Direction.IN or stored.state not in HERE:
        raise ConflictError(
            f"delivery {delivery_id.hex()} is {stored.state}: there is nothing to take",
            code="delivery_not_here",
        )
    announced = workspace.vault.deliveries.read_announcement(delivery_id)
    body = workspace.vault.deliveries.iterate_body(delivery_id)
    _, content = open_envelope(announced.head, workspace.keys.encryption(), body)
    return content


def read_receipt(workspace: Workspace, delivery_id: bytes) -> bytes:
    """The receipt for a delivery, JSON. Raises NotFoundError: delivery_unknown, receipt_missing."""
    stored = workspace.vault.deliveries.get(delivery_id)
    if stored.receipt is None:
        raise NotFoundError(
            f"delivery {delivery_id.hex()} has no receipt yet", code="receipt_missing"
        )
    return stored.receipt


def retry_delivery(workspace: Workspace, delivery_id: bytes) -> Delivery:
    """Has one sent at once that waits, failed or expired.

    Raises:
        NotFoundError: delivery_unknown. ConflictError: delivery_not_to_send.
    """
    expires_at_unix = workspace.now_unix() + DEFAULT_LIMITS.give_up_s
    return _describe(workspace, workspace.vault.deliveries.retry(delivery_id, expires_at_unix))


def discard_delivery(workspace: Workspace, delivery_id: bytes) -> Delivery:
    """Destroys what a delivery held; that there was one, and its receipt, stay.

    Raises:
        NotFoundError: delivery_unknown. ConflictError: delivery_unfinished.
        StorageError: log_in_use, discard it again.
    """
    return _describe(workspace, workspace.vault.deliveries.discard(delivery_id))


def _describe(workspace: Workspace, stored: StoredDelivery) -> Delivery:
    manifest = workspace.vault.deliveries.read_manifest(stored.delivery_id)
    return Delivery(
        stored.delivery_id,
        stored.direction,
        stored.kind,
        stored.state,
        stored.sender,
        stored.receiver,
        stored.member,
        stored.size,
        stored.arrived,
        stored.reason,
        stored.attempts,
        stored.due_at_unix,
        stored.created_at_unix,
        stored.changed_at_unix,
        stored.taken_at_unix,
        stored.discarded_at_unix,
        "" if manifest is None else manifest.name,
        "" if manifest is None else manifest.subject,
    )
