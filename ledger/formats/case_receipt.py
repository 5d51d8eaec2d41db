"""The receipt for a hand-over: the taker's seal over what it took. Its digest is on the chain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import ClassVar, Self

import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.formats.case_documents import CaseDocument
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
class HandOverReceipt(CaseDocument):
    """The taker's seal over what it took. Needs no salt: the package's digest cannot be guessed.

    Args:
        hand_over_digest: EIP-712 digest of the giver's statement, 32 bytes.
        content_digest: of what was taken, as the giver's statement has it.
        note: what was found on taking, such as the state of a parcel.
        signature: of the taker's seal key over `signing_digest`.
    """

    FORMAT: ClassVar[str] = "zhenglian-hand-over-receipt/1"

    ledger_id: bytes
    case_id: bytes
    hand_over_digest: bytes
    content_digest: bytes
    taker: Uscc
    key_id: bytes
    taken_at_unix: int
    note: str
    signature: Signature

    @classmethod
    def sign(
        cls,
        ledger_id: bytes,
        case_id: bytes,
        hand_over_digest: bytes,
        content_digest: bytes,
        taker: Uscc,
        key: ec.EllipticCurvePrivateKey,
        taken_at_unix: int,
        note: str = "",
    ) -> Self:
        """Make and seal a receipt."""
        key_id = compute_key_id(SUITE_P256, *public_coordinates(key.public_key()))
        unsigned = cls(
            ledger_id,
            case_id,
            hand_over_digest,
            content_digest,
            taker,
            key_id,
            taken_at_unix,
            note,
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

    def _unsigned(self) -> dict[str, str | int]:
        return {
            "ledger_id": self.ledger_id.hex(),
            "case_id": self.case_id.hex(),
            "hand_over_digest": self.hand_over_digest.hex(),
            "content_digest": self.content_digest.hex(),
            "taker": str(self.taker),
            "key_id": self.key_id.hex(),
            "taken_at_unix": self.taken_at_unix,
            "note": self.note,
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
            members.bytes_of_hex("case_id", 32),
            members.bytes_of_hex("hand_over_digest", 32),
            members.bytes_of_hex("content_digest", 32),
            Uscc.parse(members.text("taker", 18)),
            members.bytes_of_hex("key_id", 32),
            members.integer("taken_at_unix"),
            members.text("note") if members.value.get("note") != "" else "",
            Signature(members.integer("suite", 0xFFFF), raw[:32], raw[32:]),
        )
