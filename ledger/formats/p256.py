"""P-256 signatures as bytes: r || s as formats have them, DER as libraries do.

Of a signature's two forms, s and the order less s, only the lower is made here. Imports nothing
that is generated, so that sealing workers stay lean. Source: FIPS 186-5 section 6; RFC 3279
section 2.2.3 for DER.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from ledger.errors import MalformedInputError

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HIGHEST_S: Final = P256_ORDER // 2

_SIZE = 32


def raw_to_der(raw: bytes) -> bytes:
    """r || s, 32 bytes each, as the DER SEQUENCE of two INTEGERs.

    Raises:
        MalformedInputError: another length.
    """
    if len(raw) != 2 * _SIZE:
        raise MalformedInputError(f"expected a signature of 64 bytes, got {len(raw)}")
    r, s = raw[:_SIZE], raw[_SIZE:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def der_to_raw(der: bytes) -> bytes:
    """A DER signature as r || s, 32 bytes each, with s taken to the lower half of the order.

    Raises:
        MalformedInputError: not DER, or r or s outside 1..n-1.
    """
    try:
        r, s = decode_dss_signature(der)
    except ValueError as error:
        raise MalformedInputError(f"expected a DER signature, got {der[:80].hex()}") from error
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise MalformedInputError("expected r and s between 1 and the order of P-256")
    s = min(s, P256_ORDER - s)
    return r.to_bytes(_SIZE, "big") + s.to_bytes(_SIZE, "big")
