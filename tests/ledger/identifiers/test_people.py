"""All numbers here carry a region prefix that GB/T 2260 has never assigned."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from ledger.errors import MalformedInputError
from ledger.identifiers import IdentityNumber, WrongCheckCharacterError


def complete(first_17: str) -> str:
    return first_17 + ric.calc_check_digit(first_17 + "0")


NUMBERS = st.builds(
    lambda region, born, sequence: complete(f"{region:06}{born:%Y%m%d}{sequence:03}"),
    st.integers(min_value=160000, max_value=169999),
    st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)),
    st.integers(min_value=0, max_value=999),
)


def is_accepted(text: str) -> bool:
    try:
        IdentityNumber.parse(text)
    except MalformedInputError:
        return False
    return True


@given(NUMBERS)
def test_number_of_an_unassigned_region_is_accepted(text: str) -> None:
    number = IdentityNumber.parse(text)
    assert str(number) == text
    assert f"{number.birth_date:%Y%m%d}" == text[6:14]


@given(NUMBERS, st.sampled_from("0123456789X"))
def test_single_wrong_character_is_detected(text: str, character: str) -> None:
    for position in range(18):
        if text[position] != character:
            assert not is_accepted(text[:position] + character + text[position + 1 :])


@given(NUMBERS)
def test_adjacent_transposition_is_detected(text: str) -> None:
    for position in range(17):
        first, second = text[position], text[position + 1]
        if first != second:
            assert not is_accepted(text[:position] + second + first + text[position + 2 :])


def test_repr_hides_the_number() -> None:
    number = complete("16010119900307123")
    assert repr(IdentityNumber.parse(number)) == f"IdentityNumber('1{'*' * 16}{number[-1]}')"


@pytest.mark.parametrize("text", ["160101199003071230", "160101199013071231", "16010119900307123"])
def test_error_does_not_repeat_the_number(text: str) -> None:
    wrong = text if not is_accepted(text) else text[:-1] + "X"
    with pytest.raises(MalformedInputError) as caught:
        IdentityNumber.parse(wrong)
    assert wrong[2:12] not in str(caught.value)


def test_birth_date_must_exist() -> None:
    with pytest.raises(MalformedInputError) as caught:
        IdentityNumber.parse(complete("16010119900230123"))
    assert caught.value.code == "wrong_birth_date"


def test_wrong_check_character_names_the_right_one() -> None:
    right = complete("16010119900307123")
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    with pytest.raises(WrongCheckCharacterError) as caught:
        IdentityNumber.parse(wrong)
    assert caught.value.expected == right[-1]


@pytest.mark.parametrize("text", ["", "16010119900307123x", "160101900307123", "1.60101E+17"])
def test_other_shapes_are_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError, match="expected 17 digits"):
        IdentityNumber.parse(text)


@pytest.mark.parametrize(("sequence", "is_female"), [("122", True), ("123", False)])
def test_sequence_tells_the_sex(sequence: str, is_female: bool) -> None:
    assert IdentityNumber.parse(complete("16010119900307" + sequence)).is_female is is_female
