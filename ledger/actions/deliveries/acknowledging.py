"""Receipts: the receiver puts their digests on the chain, the sender believes what is there."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from ledger.actions.deliveries.standing import (
    DELIVERY_LEDGER,
    fetch_receipt_digest,
    require_key_in_force,
)
from ledger.actions.issuers import find_seal_key
from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    LedgerError,
    NotFoundError,
    StorageError,
)
from ledger.formats.delivery import Announcement
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.index.store import IndexStore
from ledger.records import DeliveryAcknowledged, DeliveryStatement
from ledger.vault.delivery_rows import StoredDelivery
from ledger.vault.delivery_tables import DeliveryState, Direction
from ledger.workspace import Workspace

ACKNOWLEDGEMENT_VALIDITY_S: Final = 3600


def record_receipts(workspace: Workspace) -> list[bytes]:
    """Puts the digest of each receipt of this home on the chain that is not there yet.

    Returns:
        Ids of the deliveries whose receipts are there now. Why one is not is noted with it.

    Raises:
        ChainUnavailableError: the chain is not to be had; what is left is done the next time.
        StorageError: a disk is full.
    """
    recorded = []
    for each in workspace.vault.deliveries.search(Direction.IN, (DeliveryState.RECEIVED,)):
        try:
            record_receipt(workspace, each)
        except (ChainUnavailableError, StorageError):
            raise
        except LedgerError as error:
            workspace.vault.deliveries.note_reason(each.delivery_id, error.code)
        else:
            recorded.append(each.delivery_id)
    return recorded


def record_receipt(workspace: Workspace, stored: StoredDelivery) -> None:
    """The same for one; does nothing twice.

    Raises:
        ConflictError: receipt_differs, the chain has another receipt of this department.
        LedgerError: the contract's refusal.
    """
    receipt = _receipt_of(stored)
    workspace.submitter.resolve_unfinished()  # one that was sent may be on the chain already
    on_chain = fetch_receipt_digest(workspace.gateway, receipt.receiver, receipt.delivery_id)
    if on_chain is None:
        key = find_seal_key(workspace, receipt.receiver)
        statement = DeliveryStatement(
            receipt.receiver,
            key.key_id,
            receipt.sender,
            receipt.delivery_id,
            receipt.content_digest,
            receipt.digest,
            workspace.latest_unix() + ACKNOWLEDGEMENT_VALIDITY_S,
        )
        digest = compute_digest(statement, workspace.gateway.ledger_id)
        workspace.submitter.submit(
            DELIVERY_LEDGER,
            "acknowledge",
            statement.to_abi(),
            sign_digest(key.private_key, digest).to_abi(),
            purpose="acknowledge",
            reference=receipt.delivery_id.hex(),
        )
    elif on_chain != receipt.digest:
        raise ConflictError(
            f"the chain has another receipt for delivery {receipt.delivery_id.hex()}",
            code="receipt_differs",
        )
    workspace.vault.deliveries.mark_acknowledged(stored.delivery_id)


def settle_receipts(workspace: Workspace) -> list[bytes]:
    """Marks as acknowledged what was sent and whose receipt the log has.

    Args:
        workspace: whose index was brought up to the chain.

    Returns:
        Ids of the deliveries that are acknowledged now.
    """
    settled = []
    for each in workspace.vault.deliveries.search(Direction.OUT, (DeliveryState.DELIVERED,)):
        found = find_recorded_receipt(workspace.index, each)
        if found is None:
            continue
        if each.receipt is None or found != sha256(each.receipt).digest():
            workspace.vault.deliveries.note_reason(each.delivery_id, "receipt_differs")
            continue
        workspace.vault.deliveries.mark_acknowledged(each.delivery_id)
        settled.append(each.delivery_id)
    return settled


def find_recorded_receipt(index: IndexStore, stored: StoredDelivery) -> bytes | None:
    """Digest of the receiver's receipt that the log has, 32 bytes."""
    for row in index.entries_of(stored.delivery_id):
        if row.kind != DeliveryAcknowledged.TOPIC or row.payload is None:
            continue
        statement = DeliveryAcknowledged.decode_payload(row.payload).statement
        is_ours = (statement.receiver, statement.sender, statement.content_digest) == (
            stored.receiver,
            stored.sender,
            stored.digest,
        )
        if is_ours:
            return statement.receipt_digest
    return None


def check_receipt(workspace: Workspace, announced: Announcement, data: bytes) -> DeliveryReceipt:
    """A receipt that came back: whether it is the receiver's, for just this.

    That it is on the chain is another question: see `settle_receipts`.

    Raises:
        MalformedInputError: it is no receipt.
        ConflictError: receipt_differs; receipt_not_sealed.
        NotAuthorizedError: seal_key_not_in_force.
    """
    receipt = DeliveryReceipt.parse(data)
    delivery_id = announced.head.delivery_id.hex()
    if not receipt.is_for(announced):
        raise ConflictError(
            f"the receipt is not for delivery {delivery_id}", code="receipt_differs"
        )
    at_unix = receipt.received_at_unix  # its word; the seal on the chain is made with a key of now
    key = require_key_in_force(workspace, receipt.receiver, receipt.key_id, at_unix)
    if not receipt.is_sealed_by(key.x, key.y):
        raise ConflictError(
            f"the receipt for delivery {delivery_id} is not sealed by {receipt.receiver}",
            code="receipt_not_sealed",
        )
    return receipt


def _receipt_of(stored: StoredDelivery) -> DeliveryReceipt:
    if stored.receipt is None:
        raise NotFoundError(
            f"delivery {stored.delivery_id.hex()} is {stored.state} and has no receipt; run "
            "`zhenglian fsck`",
            code="receipt_missing",
        )
    return DeliveryReceipt.parse(stored.receipt)
