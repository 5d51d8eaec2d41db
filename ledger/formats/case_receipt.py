"""The receipt for a hand-over: the taker's seal over what it took. Its digest is on the chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.formats.json_object import JsonObject
from ledger.formats.sealed_document import (
    NOT_SIGNED,
    SealedDocument,
    compute_own_key_id,
    read_signature,
)
from ledger.identifiers import Uscc


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverReceipt(SealedDocument):
    """The taker's seal over what it took. Needs no salt: the package's digest cannot be guessed.

    Args:
        hand_over_digest: EIP-712 digest of the giver's statement, 32 bytes.
        content_digest: of what was taken, as the giver's statement has it.
        note: what was found on taking, such as the state of a parcel.
    """

    FORMAT: ClassVar[str] = "zhenglian-hand-over-receipt/1"

    ledger_id: bytes
    case_id: bytes
    hand_over_digest: bytes
    content_digest: bytes
    taker: Uscc
    taken_at_unix: int
    note: str

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
        unsigned = cls(
            ledger_id=ledger_id,
            case_id=case_id,
            hand_over_digest=hand_over_digest,
            content_digest=content_digest,
            taker=taker,
            key_id=compute_own_key_id(key),
            taken_at_unix=taken_at_unix,
            note=note,
            signature=NOT_SIGNED,
        )
        return unsigned.sealed_with(key)

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

    @classmethod
    def _read(cls, members: JsonObject) -> Self:
        return cls(
            ledger_id=members.bytes_of_hex("ledger_id", 32),
            case_id=members.bytes_of_hex("case_id", 32),
            hand_over_digest=members.bytes_of_hex("hand_over_digest", 32),
            content_digest=members.bytes_of_hex("content_digest", 32),
            taker=Uscc.parse(members.text("taker", 18)),
            key_id=members.bytes_of_hex("key_id", 32),
            taken_at_unix=members.integer("taken_at_unix"),
            note=members.text("note") if members.value.get("note") != "" else "",
            signature=read_signature(members),
        )
