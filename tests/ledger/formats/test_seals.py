"""P-256 seals: published signatures, and everything a forger may try with one."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.formats import seals
from ledger.formats.p256 import P256_ORDER
from ledger.formats.seals import SUITE_P256
from ledger.records import Signature

digests = st.binary(min_size=32, max_size=32)
private_keys = st.integers(1, P256_ORDER - 1).map(
    lambda number: ec.derive_private_key(number, ec.SECP256R1())
)

# RFC 6979 appendix A.2.5 (P-256, SHA-256): key, message, r, s.
RFC6979_X = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
RFC6979_Y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
RFC6979 = [
    (
        b"sample",
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    (
        b"test",
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ),
]

# NIST CAVP, FIPS 186-4 ECDSA SigGen, P-256 with SHA-256, first vector: message, Qx, Qy, R, S.
NIST_MESSAGE = bytes.fromhex(
    "5905238877c77421f73e43ee3da6f2d9e2ccad5fc942dcec0cbd25482935faaf416983fe165b1a045ee2bcd2e6dca3bd"
    "f46c4310a7461f9a37960ca672d3feb5473e253605fb1ddfd28065b53cb5858a8ad28175bf9bd386a5e471ea7a65c17c"
    "c934a9d791e91491eb3754d03799790fe2d308d16146d5c9b0d0debd97d79ce8"
)
NIST = (
    "1ccbe91c075fc7f4f033bfa248db8fccd3565de94bbfb12f3c59ff46c271bf83",
    "ce4014c68811f9a21a1fdb2c0e6113e06db7ca93b7404e78dc7ccd5ca89a4ca9",
    "f3ac8061b514795b8843e3d6629527ed2afd6b1f6a555a7acabb5e6f79c8c2ac",
    "8bf77819ca05a6b2786c76262bf7371cef97b218e96f175a3ccdda2acc058903",
)


def low(s: int) -> bytes:
    return min(s, P256_ORDER - s).to_bytes(32, "big")


@pytest.mark.parametrize(("message", "r", "s"), RFC6979)
def test_signatures_of_rfc_6979_hold_in_their_low_form(message: bytes, r: str, s: str) -> None:
    x, y, digest = bytes.fromhex(RFC6979_X), bytes.fromhex(RFC6979_Y), hashlib.sha256(message)
    signature = Signature(SUITE_P256, bytes.fromhex(r), low(int(s, 16)))

    assert seals.verify_digest(x, y, digest.digest(), signature)


def test_the_signature_of_nist_holds_in_its_low_form() -> None:
    x, y, r, s = (bytes.fromhex(part) for part in NIST)
    signature = Signature(SUITE_P256, r, low(int.from_bytes(s, "big")))

    assert seals.verify_digest(x, y, hashlib.sha256(NIST_MESSAGE).digest(), signature)


def test_the_high_form_of_a_published_signature_is_rejected() -> None:
    message, r, s = RFC6979[0]
    assert int(s, 16) > P256_ORDER // 2
    high = Signature(SUITE_P256, bytes.fromhex(r), bytes.fromhex(s))
    x, y = bytes.fromhex(RFC6979_X), bytes.fromhex(RFC6979_Y)

    assert not seals.verify_digest(x, y, hashlib.sha256(message).digest(), high)


@settings(max_examples=25)
@given(private_keys, digests)
def test_what_a_key_signs_verifies_and_is_low(
    key: ec.EllipticCurvePrivateKey, digest: bytes
) -> None:
    x, y = seals.public_coordinates(key.public_key())
    signature = seals.sign_digest(key, digest)

    assert signature.suite == SUITE_P256
    assert int.from_bytes(signature.s, "big") <= P256_ORDER // 2
    assert seals.verify_digest(x, y, digest, signature)


@settings(max_examples=25)
@given(private_keys, digests, st.integers(0, 255), st.sampled_from(["digest", "r", "s", "x", "y"]))
def test_one_changed_bit_anywhere_is_rejected(
    key: ec.EllipticCurvePrivateKey, digest: bytes, bit: int, where: str
) -> None:
    x, y = seals.public_coordinates(key.public_key())
    signature = seals.sign_digest(key, digest)
    parts = {"x": x, "y": y, "digest": digest, "r": signature.r, "s": signature.s}
    changed = int.from_bytes(parts[where], "big") ^ (1 << bit)
    parts[where] = changed.to_bytes(32, "big")
    forged = Signature(SUITE_P256, parts["r"], parts["s"])

    assert not seals.verify_digest(parts["x"], parts["y"], parts["digest"], forged)


KEY = ec.derive_private_key(7, ec.SECP256R1())
X, Y = seals.public_coordinates(KEY.public_key())
DIGEST = hashlib.sha256("证".encode()).digest()
SIGNATURE = seals.sign_digest(KEY, DIGEST)


@pytest.mark.parametrize("number", [0, P256_ORDER, P256_ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("member", ["r", "s"])
def test_r_and_s_outside_the_group_are_rejected(number: int, member: str) -> None:
    """The cases that Project Wycheproof lists as range checks."""
    forged = dataclasses.replace(SIGNATURE, **{member: number.to_bytes(32, "big")})

    assert not seals.verify_digest(X, Y, DIGEST, forged)


def test_a_signature_under_another_suite_is_rejected() -> None:
    assert not seals.verify_digest(X, Y, DIGEST, dataclasses.replace(SIGNATURE, suite=2))


def test_a_point_off_the_curve_is_rejected() -> None:
    assert not seals.verify_digest(X, X, DIGEST, SIGNATURE)
    assert not seals.verify_digest(bytes(32), bytes(32), DIGEST, SIGNATURE)
    with pytest.raises(MalformedInputError, match="point on P-256"):
        seals.load_public_key(X, X)


def test_the_opposite_point_is_rejected() -> None:
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    opposite = (prime - int.from_bytes(Y, "big")).to_bytes(32, "big")

    assert not seals.verify_digest(X, opposite, DIGEST, SIGNATURE)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_parts_of_another_size_are_rejected(size: int) -> None:
    part = bytes(size)

    assert not seals.verify_digest(part, Y, DIGEST, SIGNATURE)
    assert not seals.verify_digest(X, Y, part, SIGNATURE)
    assert not seals.verify_digest(X, Y, DIGEST, dataclasses.replace(SIGNATURE, r=part))
    with pytest.raises(MalformedInputError, match=r"digest: expected 32 bytes"):
        seals.sign_digest(KEY, part)


def test_a_key_on_another_curve_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP384R1())

    with pytest.raises(MalformedInputError, match="secp384r1"):
        seals.sign_digest(key, DIGEST)
    with pytest.raises(MalformedInputError, match="secp384r1"):
        seals.public_coordinates(key.public_key())


def test_key_id_binds_suite_and_point() -> None:
    assert seals.compute_key_id(1, X, Y) == hashlib.sha256(b"\x00\x01" + X + Y).digest()
    ids = {seals.compute_key_id(suite, x, y) for suite in (1, 256) for x, y in ((X, Y), (Y, X))}
    assert len(ids) == 4

    for suite in (-1, 65536):
        with pytest.raises(MalformedInputError, match="suite"):
            seals.compute_key_id(suite, X, Y)
    with pytest.raises(MalformedInputError, match="x: expected 32"):
        seals.compute_key_id(1, X[1:], Y)
