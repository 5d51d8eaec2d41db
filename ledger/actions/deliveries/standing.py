"""Whom the ledger knows, as far as deliveries go: departments, their members, their seal keys."""

from __future__ import annotations

from ledger.chain.gateway import Gateway
from ledger.errors import NotAuthorizedError, NotFoundError
from ledger.formats.case_package import Recipient
from ledger.identifiers import MemberId, Uscc
from ledger.records import SealKeyRecord
from ledger.workspace import Workspace

DELIVERY_LEDGER = "DeliveryLedger"
NO_RECEIPT = bytes(32)


def find_member(gateway: Gateway, department: Uscc) -> MemberId:
    """The active member whose department it is.

    Raises:
        NotFoundError: department_unknown.
        NotAuthorizedError: member_inactive.
    """
    record = gateway.department(department)
    if record.member is None:
        raise NotFoundError(
            f"no department {department} is registered", code="department_unknown", field="receiver"
        )
    if record.member not in gateway.active_members():
        raise NotAuthorizedError(
            f"{record.member}, whose department {department} is, is no member any more",
            code="member_inactive",
        )
    return record.member


def find_recipient(gateway: Gateway, department: Uscc) -> Recipient:
    """For whom an envelope to a department is encrypted. Raises as `find_member`."""
    member = find_member(gateway, department)
    keys = gateway.member(member).keys
    return Recipient(member, keys.encryption_x, keys.encryption_y)


def require_key_in_force(
    workspace: Workspace, department: Uscc, key_id: bytes, at_unix: int
) -> SealKeyRecord:
    """A seal key of a department that counted at a time, and is not known to be compromised since.

    Raises:
        NotAuthorizedError: seal_key_not_in_force.
    """
    record = workspace.gateway.seal_key(department, key_id)
    is_compromised = 0 < record.compromised_since <= at_unix
    if not record.valid_from <= at_unix < record.valid_until or is_compromised:
        raise NotAuthorizedError(
            f"key {key_id.hex()[:16]} is no seal key of {department} that is in force",
            code="seal_key_not_in_force",
        )
    return record


def fetch_receipt_digest(gateway: Gateway, receiver: Uscc, delivery_id: bytes) -> bytes | None:
    """What the chain has of a receipt, 32 bytes; None if nothing."""
    module = gateway.module(DELIVERY_LEDGER)
    digest = gateway.read(module, "receiptDigest", receiver.to_chain(), delivery_id)
    return None if digest == NO_RECEIPT else digest
