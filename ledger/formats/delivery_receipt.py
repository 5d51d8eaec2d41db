"""The receipt for a delivery: the receiving department's seal over what it got.

Says that the envelope came whole, was for this department, opened, and is kept. Its digest is put
on the chain (`DeliveryLedger`); a receipt that is not there is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.formats.delivery import Announcement
from ledger.formats.json_object import JsonObject
from ledger.formats.sealed_document import (
    NOT_SIGNED,
    SealedDocument,
    compute_own_key_id,
    read_signature,
)
from ledger.identifiers import Uscc


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReceipt(SealedDocument):
    """One receipt. Needs no salt: the delivery's id and its content's digest cannot be guessed.

    Attributes:
        content_digest: of the envelope, 32 bytes.
        size: of its body in bytes.
    """

    FORMAT: ClassVar[str] = "zhenglian-delivery-receipt/1"

    ledger_id: bytes
    delivery_id: bytes
    content_digest: bytes
    size: int
    sender: Uscc
    receiver: Uscc
    received_at_unix: int

    @classmethod
    def sign(
        cls, announced: Announcement, key: ec.EllipticCurvePrivateKey, received_at_unix: int
    ) -> Self:
        """Make and seal a receipt for what was announced and came."""
        head = announced.head
        unsigned = cls(
            ledger_id=head.ledger_id,
            delivery_id=head.delivery_id,
            content_digest=announced.digest,
            size=head.size,
            sender=head.sender,
            receiver=head.receiver,
            key_id=compute_own_key_id(key),
            received_at_unix=received_at_unix,
            signature=NOT_SIGNED,
        )
        return unsigned.sealed_with(key)

    def is_for(self, announced: Announcement) -> bool:
        """Whether it is about just this delivery."""
        head = announced.head
        mine = (self.ledger_id, self.delivery_id, self.sender, self.receiver, self.size)
        theirs = (head.ledger_id, head.delivery_id, head.sender, head.receiver, head.size)
        return mine == theirs and self.content_digest == announced.digest

    def _unsigned(self) -> dict[str, str | int]:
        return {
            "ledger_id": self.ledger_id.hex(),
            "delivery_id": self.delivery_id.hex(),
            "content_digest": self.content_digest.hex(),
            "size": self.size,
            "sender": str(self.sender),
            "receiver": str(self.receiver),
            "key_id": self.key_id.hex(),
            "received_at_unix": self.received_at_unix,
        }

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        return cls(
            ledger_id=members.bytes_of_hex("ledger_id", 32),
            delivery_id=members.bytes_of_hex("delivery_id", 32),
            content_digest=members.bytes_of_hex("content_digest", 32),
            size=members.integer("size"),
            sender=Uscc.parse(members.text("sender", 18)),
            receiver=Uscc.parse(members.text("receiver", 18)),
            key_id=members.bytes_of_hex("key_id", 32),
            received_at_unix=members.integer("received_at_unix"),
            signature=read_signature(members),
        )
