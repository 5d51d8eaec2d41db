"""P-256 verification at 0x100: RFC 6979's published signatures, and every malformed input."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from local_chain.embedded.evm.precompile import P256_VERIFY_GAS, verify_p256
from tests.local_chain.embedded.contracts import P256_ASKER_INITCODE
from tests.local_chain.embedded.p256_vectors import ORDER, PRIME, SAMPLE, TEST, TRUE, X, Y, encode
from tests.local_chain.embedded.session import Session, hex_of


@pytest.mark.parametrize(("digest", "r", "s"), [SAMPLE, TEST])
def test_published_signature_is_accepted(digest: bytes, r: int, s: int) -> None:
    assert verify_p256(encode(digest, r, s)) == TRUE


def test_both_forms_of_s_are_accepted() -> None:
    digest, r, s = SAMPLE
    assert verify_p256(encode(digest, r, ORDER - s)) == TRUE


@pytest.mark.parametrize("seed", range(8))
def test_fresh_signature_is_accepted_and_its_neighbours_are_not(seed: int) -> None:
    key = ec.derive_private_key(seed + 7, ec.SECP256R1())
    point = key.public_key().public_numbers()
    digest = hashlib.sha256(bytes([seed])).digest()
    signature = key.sign(digest, ec.ECDSA(utils.Prehashed(SHA256())))
    r, s = utils.decode_dss_signature(signature)
    assert verify_p256(encode(digest, r, s, point.x, point.y)) == TRUE
    assert verify_p256(encode(digest, r, s + 1, point.x, point.y)) == b""
    assert verify_p256(encode(digest[::-1], r, s, point.x, point.y)) == b""
    assert verify_p256(encode(digest, r, s)) == b""


@pytest.mark.parametrize(
    "change",
    [
        {"r": 0},
        {"s": 0},
        {"r": ORDER},
        {"s": ORDER},
        {"r": 2**256 - 1},
        {"s": 2**256 - 1},
        {"x": PRIME},
        {"y": PRIME},
        {"x": 2**256 - 1},
        {"x": 0, "y": 0},  # the point at infinity
        {"x": X, "y": Y ^ 1},  # not on the curve
        {"x": Y, "y": X},
    ],
)
def test_value_out_of_its_range_gives_nothing(change: dict[str, int]) -> None:
    digest, r, s = SAMPLE
    fields = {"r": r, "s": s, "x": X, "y": Y} | change
    assert verify_p256(encode(digest, **fields)) == b""


@pytest.mark.parametrize("length", [0, 1, 128, 159, 161, 192])
def test_input_of_another_length_gives_nothing(length: int) -> None:
    whole = encode(*SAMPLE) + bytes(32)
    assert verify_p256(whole[:length]) == b""


def test_contract_reaches_the_precompile_at_its_address(session: Session) -> None:
    asker = session.deploy(P256_ASKER_INITCODE)

    def ask(data: bytes) -> str:
        answer: str = session.ask("eth_call", {"to": asker, "data": hex_of(data)}, "latest")
        return answer

    digest, r, s = SAMPLE
    assert ask(encode(digest, r, s)) == hex_of(TRUE)
    assert ask(encode(digest, r, 0)) == "0x"
    assert ask(b"") == "0x"


def test_verification_costs_what_the_standard_says(session: Session) -> None:
    address = "0x" + (0x100).to_bytes(20, "big").hex()
    data = encode(*SAMPLE)
    call = {"to": address, "data": hex_of(data)}
    zeros = data.count(0)
    calldata_gas = 4 * zeros + 16 * (len(data) - zeros)
    least = 21_000 + calldata_gas + P256_VERIFY_GAS
    enough = session.ask("eth_call", call | {"gas": hex(least)}, "latest")
    assert enough == hex_of(TRUE)
    with pytest.raises(Exception, match="out of gas"):
        session.ask("eth_call", call | {"gas": hex(least - 1)}, "latest")
