"""The receipt for a delivery: the receiving department's seal over what it got.

Says that the envelope came whole, was for this department, opened, and is kept. Its digest is put
on the chain (`DeliveryLedger`); a receipt that is not there is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import ClassVar, Self

import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.formats.case_documents import CaseDocument
from ledger.formats.delivery import Announcement
from ledger.formats.json_object import JsonObject
from ledger.formats.seals import (
    SUITE_P256,
    compute_key_id,
    public_coordinates,
    sign_digest,
    verify_digest,
)
from ledger.identifiers import Uscc
from ledger.records import Signature


@dataclass(frozen=True, slots=True)
class DeliveryReceipt(CaseDocument):
    """One receipt. Needs no salt: the delivery's id and its content's digest cannot be guessed.

    Attributes:
        content_digest: of the envelope, 32 bytes.
        size: of its body in bytes.
        key_id: the receiver's seal key, which signs.
    """

    FORMAT: ClassVar[str] = "zhenglian-delivery-receipt/1"

    ledger_id: bytes
    delivery_id: bytes
    content_digest: bytes
    size: int
    sender: Uscc
    receiver: Uscc
    key_id: bytes
    received_at_unix: int
    signature: Signature

    @classmethod
    def sign(
        cls, announced: Announcement, key: ec.EllipticCurvePrivateKey, received_at_unix: int
    ) -> Self:
        """Make and seal a receipt for what was announced and came."""
        head = announced.head
        unsigned = cls(
            head.ledger_id,
            head.delivery_id,
            announced.digest,
            head.size,
            head.sender,
            head.receiver,
            compute_key_id(SUITE_P256, *public_coordinates(key.public_key())),
            received_at_unix,
            Signature(0, bytes(32), bytes(32)),
        )
        return replace(unsigned, signature=sign_digest(key, unsigned.signing_digest))

    @property
    def signing_digest(self) -> bytes:
        """SHA-256 of the canonical JSON without the signature, 32 bytes."""
        return sha256(rfc8785.dumps({"format": self.FORMAT, **self._unsigned()})).digest()

    def is_sealed_by(self, x: bytes, y: bytes) -> bool:
        """Whether the key at (x, y) is the one it names and has sealed it."""
        is_named = compute_key_id(SUITE_P256, x, y) == self.key_id
        return is_named and verify_digest(x, y, self.signing_digest, self.signature)

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

    def _members(self) -> dict[str, object]:
        signature = self.signature
        return {
            **self._unsigned(),
            "suite": signature.suite,
            "signature": (signature.r + signature.s).hex(),
        }

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        raw = members.bytes_of_hex("signature", 64)
        return cls(
            members.bytes_of_hex("ledger_id", 32),
            members.bytes_of_hex("delivery_id", 32),
            members.bytes_of_hex("content_digest", 32),
            members.integer("size"),
            Uscc.parse(members.text("sender", 18)),
            Uscc.parse(members.text("receiver", 18)),
            members.bytes_of_hex("key_id", 32),
            members.integer("received_at_unix"),
            Signature(members.integer("suite", 0xFFFF), raw[:32], raw[32:]),
        )
