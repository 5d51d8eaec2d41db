"""The ABI codec against eth_abi, and against encodings that are not canonical."""

from __future__ import annotations

from typing import Any

import eth_abi
import pytest
from eth_utils.address import to_checksum_address as independent_checksum
from hypothesis import given
from hypothesis import strategies as st

from ledger import abi
from ledger.abi.codec import AbiType, decode_sequence, encode_sequence
from ledger.errors import MalformedInputError
from ledger.records import ProposalAction

CASES: list[tuple[AbiType[Any], st.SearchStrategy[Any]]] = [
    (abi.uint(8), st.integers(0, 2**8 - 1)),
    (abi.uint(64), st.integers(0, 2**64 - 1)),
    (abi.uint(256), st.integers(0, 2**256 - 1)),
    (abi.fixed_bytes(18), st.binary(min_size=18, max_size=18)),
    (abi.fixed_bytes(32), st.binary(min_size=32, max_size=32)),
    (abi.BOOL, st.booleans()),
    (abi.ADDRESS, st.binary(min_size=20, max_size=20).map(abi.to_checksum_address)),
    (abi.BYTES, st.binary(max_size=100)),
    (abi.STRING, st.text(st.characters(exclude_categories=("Cs",)), max_size=50)),
    (abi.Array(abi.uint(16)), st.lists(st.integers(0, 2**16 - 1), max_size=5).map(tuple)),
    (abi.Array(abi.STRING), st.lists(st.sampled_from(["", "证照", "a" * 40])).map(tuple)),
]


@given(st.data())
def test_a_sequence_encodes_as_eth_abi_does_and_reads_back(data: st.DataObject) -> None:
    cases = data.draw(st.lists(st.sampled_from(CASES), min_size=1, max_size=6))
    kinds = [kind for kind, _ in cases]
    values = [data.draw(strategy) for _, strategy in cases]

    encoded = encode_sequence(kinds, values, str)

    assert encoded == eth_abi.encode([kind.name for kind in kinds], values)
    assert decode_sequence(kinds, encoded, 0, str) == (values, len(encoded))


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (abi.uint(64), b"\x01".rjust(24, b"\0") + bytes(8)),
        (abi.BOOL, (2).to_bytes(32, "big")),
        (abi.ADDRESS, b"\x01" + bytes(31)),
        (abi.fixed_bytes(18), bytes(31) + b"\x01"),
        (abi.enumeration(ProposalAction), (len(ProposalAction)).to_bytes(32, "big")),
        (abi.enumeration(ProposalAction), (256).to_bytes(32, "big")),
    ],
)
def test_a_word_with_dirty_padding_or_out_of_range_is_refused(
    kind: AbiType[Any], word: bytes
) -> None:
    with pytest.raises(MalformedInputError):
        kind.decode(word, 0)


@pytest.mark.parametrize("kind", [kind for kind, _ in CASES])
def test_data_that_ends_early_is_refused(kind: AbiType[Any]) -> None:
    for size in range(32):
        with pytest.raises(MalformedInputError, match="bytes at 0"):
            kind.decode(bytes(size), 0)


def test_padding_after_bytes_must_be_zero() -> None:
    encoded = abi.BYTES.encode(b"abc")
    assert abi.BYTES.decode(encoded, 0) == (b"abc", 64)

    with pytest.raises(MalformedInputError, match="zeros"):
        abi.BYTES.decode(encoded[:-1] + b"\x01", 0)


def test_a_string_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(MalformedInputError, match="UTF-8"):
        abi.STRING.decode(abi.BYTES.encode(b"\xff\xfe"), 0)
    with pytest.raises(MalformedInputError, match="Unicode"):
        abi.STRING.encode("\ud800")


@pytest.mark.parametrize("length", [3, 2**40, 2**255])
def test_a_length_beyond_the_data_is_refused_before_it_is_believed(length: int) -> None:
    data = length.to_bytes(32, "big") + bytes(64)

    for kind in (abi.Array(abi.uint(16)), abi.Array(abi.STRING)):
        with pytest.raises(MalformedInputError):
            kind.decode(data, 0)
    with pytest.raises(MalformedInputError):
        abi.BYTES.decode(max(length, 65).to_bytes(32, "big") + bytes(64), 0)


@given(st.binary(min_size=20, max_size=20))
def test_addresses_carry_their_checksum(raw: bytes) -> None:
    text = abi.to_checksum_address(raw)

    assert text == independent_checksum(raw)
    assert abi.parse_address(text) == raw


@pytest.mark.parametrize(
    "text",
    [
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
        "",
    ],
)
def test_an_address_without_its_checksum_is_refused(text: str) -> None:
    with pytest.raises(MalformedInputError, match="EIP-55"):
        abi.parse_address(text)
