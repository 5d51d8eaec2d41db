"""What a sending department signs about a delivery: its announcement, and each request about it.

An announcement is the outside of an envelope with the digest of the whole, under a seal key of the
sending department that the ledger knows: there are no secrets between nodes. Every later request
about the delivery is signed by the same key over what it says, so that nobody else can add to a
delivery or ask after it, and a request that is repeated changes nothing.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Self

import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import MalformedInputError
from ledger.formats.envelope import EnvelopeHead
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json_object
from ledger.formats.seals import (
    SUITE_P256,
    compute_key_id,
    public_coordinates,
    sign_digest,
    verify_digest,
)
from ledger.records import Signature

ANNOUNCEMENT_FORMAT: Final = "zhenglian-delivery-announcement/1"
REQUEST_FORMAT: Final = "zhenglian-delivery-request/1"
MAX_ANNOUNCEMENT_SIZE: Final = 8192
_UNSIGNED: Final = Signature(0, bytes(32), bytes(32))


@dataclass(frozen=True, slots=True)
class Announcement:
    """An envelope that is on its way.

    Attributes:
        digest: of the envelope, by `EnvelopeDigest`.
        key_id: the sender's seal key, which signs.
    """

    head: EnvelopeHead
    digest: bytes
    made_at_unix: int
    key_id: bytes
    signature: Signature

    @classmethod
    def sign(
        cls, head: EnvelopeHead, digest: bytes, made_at_unix: int, key: ec.EllipticCurvePrivateKey
    ) -> Self:
        """Make and seal an announcement."""
        key_id = compute_key_id(SUITE_P256, *public_coordinates(key.public_key()))
        unsigned = cls(head, digest, made_at_unix, key_id, _UNSIGNED)
        return replace(unsigned, signature=sign_digest(key, unsigned.signing_digest))

    @property
    def signing_digest(self) -> bytes:
        """SHA-256 of the canonical JSON without the signature, 32 bytes."""
        return sha256(rfc8785.dumps(self._unsigned())).digest()

    def is_sealed_by(self, x: bytes, y: bytes) -> bool:
        """Whether the key at (x, y) is the one it names and has sealed it."""
        is_named = compute_key_id(SUITE_P256, x, y) == self.key_id
        return is_named and verify_digest(x, y, self.signing_digest, self.signature)

    def to_json(self) -> bytes:
        """Canonical (RFC 8785)."""
        signature = self.signature
        return rfc8785.dumps(
            {
                **self._unsigned(),
                "suite": signature.suite,
                "signature": (signature.r + signature.s).hex(),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads one.

        Raises:
            MalformedInputError: announcement_malformed, and the codes of `JsonObject`.
        """
        if len(data) > MAX_ANNOUNCEMENT_SIZE:
            raise _malformed(f"at most {MAX_ANNOUNCEMENT_SIZE} bytes")
        members = JsonObject(parse_json_object(data, "announcement"))
        raw = members.bytes_of_hex("signature", 64)
        announcement = cls(
            EnvelopeHead.read(members),
            members.bytes_of_hex("digest", 32),
            members.integer("made_at_unix"),
            members.bytes_of_hex("key_id", 32),
            Signature(members.integer("suite", 0xFFFF), raw[:32], raw[32:]),
        )
        if announcement.to_json() != data:
            raise _malformed(f"canonical JSON of {ANNOUNCEMENT_FORMAT} with no other members")
        return announcement

    def _unsigned(self) -> dict[str, str | int]:
        return {
            "format": ANNOUNCEMENT_FORMAT,
            **self.head.to_members(),
            "digest": self.digest.hex(),
            "made_at_unix": self.made_at_unix,
            "key_id": self.key_id.hex(),
        }


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a sender asks about a delivery that it announced.

    Attributes:
        method: "HEAD", "PATCH" or "GET".
        offset: at which the content goes on; 0 unless it is PATCH.
        content: of the request.
    """

    method: str
    delivery_id: bytes
    offset: int = 0
    content: bytes = b""

    @property
    def signing_digest(self) -> bytes:
        """SHA-256(format ‖ 0 ‖ method ‖ 0 ‖ delivery id ‖ offset, 8 bytes ‖ SHA-256(content))."""
        named = REQUEST_FORMAT.encode() + b"\0" + self.method.encode() + b"\0"
        about = self.delivery_id + self.offset.to_bytes(8, "big")
        return sha256(named + about + sha256(self.content).digest()).digest()

    def sign(self, key: ec.EllipticCurvePrivateKey) -> str:
        """The signature as text: base64url of r ‖ s."""
        signature = sign_digest(key, self.signing_digest)
        return base64.urlsafe_b64encode(signature.r + signature.s).decode()

    def is_signed_by(self, x: bytes, y: bytes, signature: str) -> bool:
        """Whether the key at (x, y) has signed it; False for what is no signature."""
        try:
            raw = base64.urlsafe_b64decode(signature.encode("ascii"))
        except ValueError:
            return False
        if len(raw) != 64:
            return False
        return verify_digest(x, y, self.signing_digest, Signature(SUITE_P256, raw[:32], raw[32:]))


def _malformed(expected: str) -> MalformedInputError:
    return MalformedInputError(f"announcement: expected {expected}", code="announcement_malformed")
