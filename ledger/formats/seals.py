"""P-256 signatures over statement digests: what a seal or an authority key makes.

Suite 1 is ECDSA on P-256 over the 32-byte digest as it is, with s in the lower half of the group's
order; the other s of a signature is refused, so that a statement has no second seal made by
arithmetic. Where a key is kept, whose it is and when it was good is left to others.

Source: FIPS 186-5 section 6; SEC 1 v2 section 4.1; RFC 5480 for DER; DESIGN section 3 for key ids.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.errors import MalformedInputError
from ledger.formats.p256 import HIGHEST_S, der_to_raw, raw_to_der
from ledger.records import Signature

SUITE_P256: Final = 1
_SIZE = 32
_ALGORITHM = ec.ECDSA(Prehashed(SHA256()))


def sign_digest(private_key: ec.EllipticCurvePrivateKey, digest: bytes) -> Signature:
    """Sign a statement's digest.

    Args:
        private_key: on P-256.
        digest: 32 bytes, from `ledger.formats.statements.compute_digest`.

    Raises:
        MalformedInputError: a key on another curve, or a digest of another length.
    """
    _require_p256(private_key.curve)
    _require_size(digest, "digest")
    raw = der_to_raw(private_key.sign(digest, _ALGORITHM))
    return Signature(SUITE_P256, raw[:_SIZE], raw[_SIZE:])


def verify_digest(x: bytes, y: bytes, digest: bytes, signature: Signature) -> bool:
    """Whether the signature was made over the digest by the key at (x, y).

    False also for an unknown suite, a point off the curve, an s in the upper half and sizes other
    than 32 bytes: nothing that a contract could hold makes this raise.
    """
    is_low = 0 < int.from_bytes(signature.s, "big") <= HIGHEST_S
    sizes = {len(x), len(y), len(digest), len(signature.r), len(signature.s)}
    if signature.suite != SUITE_P256 or not is_low or sizes != {_SIZE}:
        return False
    try:
        der = raw_to_der(signature.r + signature.s)
        load_public_key(x, y).verify(der, digest, _ALGORITHM)
    except (InvalidSignature, MalformedInputError):
        return False
    return True


def compute_key_id(suite: int, x: bytes, y: bytes) -> bytes:
    """SHA-256(suite as 2 bytes, big-endian || x || y): how the ledger names a key.

    Raises:
        MalformedInputError: the suite does not fit 2 bytes, or a coordinate is not 32 bytes.
    """
    if not 0 <= suite < 1 << 16:
        raise MalformedInputError(f"expected a suite of 2 bytes, got {suite}", field="suite")
    _require_size(x, "x")
    _require_size(y, "y")
    return hashlib.sha256(suite.to_bytes(2, "big") + x + y).digest()


def public_coordinates(public_key: ec.EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    """The point of a P-256 key as two times 32 bytes.

    Raises:
        MalformedInputError: a key on another curve.
    """
    _require_p256(public_key.curve)
    point = public_key.public_numbers()
    return point.x.to_bytes(_SIZE, "big"), point.y.to_bytes(_SIZE, "big")


@lru_cache(maxsize=1024)
def load_public_key(x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    """The P-256 key at a point.

    Raises:
        MalformedInputError: a coordinate is not 32 bytes, or the point is not on the curve.
    """
    _require_size(x, "x")
    _require_size(y, "y")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
    except ValueError as error:
        raise MalformedInputError(
            f"expected a point on P-256, got ({x.hex()}, {y.hex()})", field="x"
        ) from error


def _require_p256(curve: ec.EllipticCurve) -> None:
    if not isinstance(curve, ec.SECP256R1):
        raise MalformedInputError(f"expected a key on P-256, got one on {curve.name}")


def _require_size(value: bytes, field: str) -> None:
    if len(value) != _SIZE:
        raise MalformedInputError(f"{field}: expected 32 bytes, got {len(value)}", field=field)
