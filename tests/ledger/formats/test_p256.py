"""Signatures as bytes: one lower form, and DER that says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.formats.p256 import P256_ORDER, der_to_raw, raw_to_der


@given(st.integers(1, P256_ORDER - 1), st.integers(1, P256_ORDER - 1))
def test_der_and_raw_are_two_forms_of_one_signature(r: int, s: int) -> None:
    low = min(s, P256_ORDER - s)
    raw = r.to_bytes(32, "big") + low.to_bytes(32, "big")
    high = raw[:32] + (P256_ORDER - low).to_bytes(32, "big")

    assert der_to_raw(raw_to_der(raw)) == raw
    assert der_to_raw(raw_to_der(high)) == raw


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x00",
        bytes.fromhex("3006020100020101"),  # r = 0
        bytes.fromhex("3006020101020100"),  # s = 0
        bytes.fromhex("3006020101020101") + b"\x00",  # trailing byte
        bytes.fromhex("300702010102020001"),  # padded integer
    ],
)
def test_der_that_is_no_signature_is_refused(der: bytes) -> None:
    with pytest.raises(MalformedInputError):
        der_to_raw(der)


def test_raw_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedInputError, match="64 bytes, got 63"):
        raw_to_der(bytes(63))
