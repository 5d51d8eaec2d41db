"""Whether deliveries are as they were announced and receipted, and the log has the receipts."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions.batch_check import Problem
from ledger.actions.deliveries.acknowledging import find_recorded_receipt
from ledger.errors import LedgerError, NotFoundError, StorageError
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import EnvelopeDigest
from ledger.vault.delivery_rows import StoredDelivery
from ledger.vault.delivery_store import TO_SEND
from ledger.vault.delivery_tables import DeliveryState, Direction
from ledger.workspace import Workspace

_RECEIPTED = (DeliveryState.DELIVERED, DeliveryState.RECEIVED, DeliveryState.ACKNOWLEDGED)


def check_deliveries(workspace: Workspace) -> Iterator[Problem]:
    """What is wrong with them. Reads every body, one part at a time."""
    for each in workspace.vault.deliveries.search():
        if each.discarded_at_unix is None:
            yield from _check_content(workspace, each)
        if each.state in _RECEIPTED:
            yield from _check_receipt(workspace, each)


def _check_content(workspace: Workspace, stored: StoredDelivery) -> Iterator[Problem]:
    deliveries = workspace.vault.deliveries
    try:
        announced = deliveries.read_announcement(stored.delivery_id)
        deliveries.read_manifest(stored.delivery_id)
    except NotFoundError:
        yield _problem(stored, "delivery_unreadable", "its announcement is missing")
        return
    except (LedgerError, StorageError) as error:
        yield _problem(stored, "delivery_unreadable", error.message)
        return
    head = announced.head
    told = (head.delivery_id, head.kind, head.sender, head.receiver, head.size, announced.digest)
    row = (
        stored.delivery_id,
        stored.kind,
        stored.sender,
        stored.receiver,
        stored.size,
        stored.digest,
    )
    if told != row:
        yield _problem(stored, "delivery_altered", "it is not as it was announced")
        return
    is_kept = stored.state in (*TO_SEND, DeliveryState.FAILED, DeliveryState.EXPIRED)
    if stored.direction is Direction.IN:
        is_kept = stored.state in _RECEIPTED
    if not is_kept:
        return
    digested = EnvelopeDigest(head)
    for part in deliveries.iterate_body(stored.delivery_id):
        digested.update(part)
    if digested.finish() != stored.digest:
        yield _problem(stored, "delivery_altered", "its body is not the one that was announced")


def _check_receipt(workspace: Workspace, stored: StoredDelivery) -> Iterator[Problem]:
    try:
        receipt = DeliveryReceipt.parse(stored.receipt or b"")
    except LedgerError as error:
        yield _problem(stored, "receipt_unreadable", error.message)
        return
    told = (receipt.delivery_id, receipt.content_digest, receipt.sender, receipt.receiver)
    if told != (stored.delivery_id, stored.digest, stored.sender, stored.receiver):
        yield _problem(stored, "receipt_unreadable", "its receipt is for something else")
        return
    is_claimed = stored.state is DeliveryState.ACKNOWLEDGED
    if is_claimed and find_recorded_receipt(workspace.index, stored) != receipt.digest:
        yield _problem(stored, "receipt_not_in_log", "the log has no such receipt")


def _problem(stored: StoredDelivery, code: str, message: str) -> Problem:
    return Problem(code, f"delivery {stored.delivery_id.hex()}", message)
