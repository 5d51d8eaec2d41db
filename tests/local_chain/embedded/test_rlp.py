"""Our RLP against the reference library, and against what a hostile sender may write."""

from __future__ import annotations

import pytest
import rlp as reference
from hypothesis import given
from hypothesis import strategies as st

from local_chain.embedded import rlp

items = st.recursive(
    st.binary(max_size=70), lambda inner: st.lists(inner, max_size=4), max_leaves=12
)


@given(items)
def test_encodes_as_the_reference_does(item: rlp.Item) -> None:
    assert rlp.encode(item) == reference.encode(item)


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_decodes_what_it_encoded(item: list[bytes]) -> None:
    assert rlp.decode_list(rlp.encode(item), len(item)) == item


@given(st.integers(0, 2**256 - 1))
def test_integers_come_back(value: int) -> None:
    assert rlp.decode_integer(rlp.encode_integer(value)) == value


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "83646f67",  # a string where a list is due
        "c0",  # another length
        "c20102",
        "c101ff",  # bytes after the list
        "c5",  # cut off
        "c28101",  # a small byte in the long form
        "f80101",  # a short length in the long form
        "f9000101",  # a length with a leading zero
        "c28201",  # an item that runs out of its list
        "c1" * 100,
    ],
)
def test_anything_but_a_canonical_list_of_the_length_is_rejected(encoded: str) -> None:
    with pytest.raises(ValueError, match=r"expected|truncated|stand for itself|long form|inside"):
        rlp.decode_list(bytes.fromhex(encoded), 1)


def test_nesting_without_end_is_rejected_before_the_stack_is() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        rlp.decode_list(reference.encode([[[[[[[[[[[b"x"]]]]]]]]]]]), 1)


@pytest.mark.parametrize("item", [b"\x00", b"\x00\x01", bytes(33), b"\x01" * 33, [b"\x01"]])
def test_integers_in_other_forms_are_rejected(item: rlp.Item) -> None:
    with pytest.raises(ValueError, match="integer"):
        rlp.decode_integer(item)
