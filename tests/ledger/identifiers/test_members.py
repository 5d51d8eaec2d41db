from __future__ import annotations

import pytest

from ledger.errors import MalformedInputError
from ledger.identifiers import MemberId, RegionCode, Uscc


def test_province_is_padded_to_the_width_of_a_uscc() -> None:
    member = MemberId.parse("500000")
    assert member.value == RegionCode.parse("500000")
    assert member.to_chain() == b"500000" + bytes(12)
    assert MemberId.from_chain(b"500000" + bytes(12)) == member
    assert member.is_province


def test_national_department_is_a_uscc() -> None:
    member = MemberId.parse("11100000000013338W")
    assert member.value == Uscc.parse("11100000000013338W")
    assert MemberId.from_chain(member.to_chain()) == member
    assert not member.is_province
    assert str(member) == "11100000000013338W"


def test_chain_is_read_the_same_whatever_provinces_a_node_knows() -> None:
    member = MemberId.from_chain(b"660000" + bytes(12))
    assert (str(member), member.is_province) == ("660000", True)
    with pytest.raises(MalformedInputError):
        MemberId.parse("660000")
    with pytest.raises(MalformedInputError):
        MemberId.from_chain(b"660100" + bytes(12))


@pytest.mark.parametrize(
    "text", ["", "500103", "160000", "5000000", "111000000000133380", "500000\0"]
)
def test_what_is_neither_is_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError):
        MemberId.parse(text)


@pytest.mark.parametrize(
    "value", [bytes(18), b"500000", b"500000" + bytes(13), b"500000\0\0\0\0\0\x001\0\0\0\0\0"]
)
def test_malformed_chain_bytes_are_rejected(value: bytes) -> None:
    with pytest.raises(MalformedInputError):
        MemberId.from_chain(value)
