"""P-256 signature verification as a precompiled contract at address 0x100 (EIP-7951)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from eth.abc import ComputationAPI

P256_VERIFY_ADDRESS = (0x100).to_bytes(20, "big")
P256_VERIFY_GAS = 6900
INPUT_LENGTH_BYTES = 160

_FIELD_PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_GROUP_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CURVE = ec.SECP256R1()
_SCHEME = ec.ECDSA(utils.Prehashed(SHA256()))
_TRUE = (1).to_bytes(32, "big")


def verify_p256(call_data: bytes) -> bytes:
    """Check one signature.

    Args:
        call_data: message hash ‖ r ‖ s ‖ x ‖ y, five words of 32 bytes, big-endian. High s is
            accepted: malleability is the caller's business (EIP-7951, security considerations).

    Returns:
        The word 1 if the signature holds, empty bytes in every other case.
    """
    if len(call_data) != INPUT_LENGTH_BYTES:
        return b""
    digest = call_data[:32]
    r, s, x, y = (int.from_bytes(call_data[at : at + 32], "big") for at in range(32, 160, 32))
    if not (0 < r < _GROUP_ORDER and 0 < s < _GROUP_ORDER):
        return b""
    if x >= _FIELD_PRIME or y >= _FIELD_PRIME:
        return b""
    try:
        public_key = ec.EllipticCurvePublicNumbers(x, y, _CURVE).public_key()
        public_key.verify(utils.encode_dss_signature(r, s), digest, _SCHEME)
    except (InvalidSignature, ValueError):  # ValueError: not a point of the curve
        return b""
    return _TRUE


def run_p256_verify(computation: ComputationAPI) -> ComputationAPI:
    """The precompiled contract itself, as py-evm calls it."""
    computation.consume_gas(P256_VERIFY_GAS, reason="P-256 verification")
    computation.output = verify_p256(bytes(computation.msg.data))
    return computation
