"""Papers under a department's seal: what the receipts for hand-overs and deliveries have alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Self

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
from ledger.records import Signature

NOT_SIGNED: Final = Signature(0, bytes(32), bytes(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedDocument(CaseDocument):
    """Signed over SHA-256 of the canonical document without suite and signature.

    Attributes:
        key_id: the seal key that signs.
        signature: over `signing_digest`; NOT_SIGNED until then.
    """

    key_id: bytes
    signature: Signature

    @property
    def signing_digest(self) -> bytes:
        """SHA-256 of the canonical JSON without the signature, 32 bytes."""
        return sha256(rfc8785.dumps({"format": self.FORMAT, **self._unsigned()})).digest()

    def is_sealed_by(self, x: bytes, y: bytes) -> bool:
        """Whether the key at (x, y) is the one it names and has sealed it."""
        is_named = compute_key_id(SUITE_P256, x, y) == self.key_id
        return is_named and verify_digest(x, y, self.signing_digest, self.signature)

    def sealed_with(self, key: ec.EllipticCurvePrivateKey) -> Self:
        """The same under the seal of its key."""
        return replace(self, signature=sign_digest(key, self.signing_digest))

    def _unsigned(self) -> dict[str, str | int]:
        """The members besides format, suite and signature."""
        raise NotImplementedError

    def _members(self) -> dict[str, object]:
        signature = self.signature
        return {
            **self._unsigned(),
            "suite": signature.suite,
            "signature": (signature.r + signature.s).hex(),
        }


def compute_own_key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    """By which documents name the key that seals them, 32 bytes."""
    return compute_key_id(SUITE_P256, *public_coordinates(key.public_key()))


def read_signature(members: JsonObject) -> Signature:
    """The signature of a document. Raises as `JsonObject`."""
    raw = members.bytes_of_hex("signature", 64)
    return Signature(members.integer("suite", 0xFFFF), raw[:32], raw[32:])
