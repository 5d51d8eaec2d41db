from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.identifiers import Uscc, WrongCheckCharacterError

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODES = st.builds(
    lambda kind, region, body: Uscc.build(kind + region + body),
    st.text(alphabet=ALPHABET, min_size=2, max_size=2),
    st.text(alphabet="0123456789", min_size=6, max_size=6),
    st.text(alphabet=ALPHABET, min_size=9, max_size=9),
)


def is_accepted(text: str) -> bool:
    try:
        Uscc.parse(text)
    except MalformedInputError:
        return False
    return True


@pytest.mark.parametrize(
    "text", ["11100000000013338W", "11370800MB28559184", "113700000045046442", "91110000600037341L"]
)
def test_public_code_is_read(text: str) -> None:
    assert str(Uscc.parse(text)) == text


@given(CODES)
def test_built_code_is_read_back_from_text_and_chain(code: Uscc) -> None:
    assert Uscc.parse(str(code)) == code
    assert Uscc.from_chain(code.to_chain()) == code


@given(CODES, st.sampled_from(ALPHABET))
def test_single_wrong_character_is_detected(code: Uscc, character: str) -> None:
    text = str(code)
    for position in range(18):
        if text[position] != character:
            assert not is_accepted(text[:position] + character + text[position + 1 :])


@given(CODES)
def test_adjacent_transposition_is_detected(code: Uscc) -> None:
    text = str(code)
    for position in range(17):
        first, second = text[position], text[position + 1]
        if first != second:
            assert not is_accepted(text[:position] + second + first + text[position + 2 :])


def test_wrong_check_character_names_the_right_one() -> None:
    with pytest.raises(WrongCheckCharacterError) as caught:
        Uscc.parse("111000000000133380")
    assert caught.value.expected == "W"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11100000000013338w",
        " 11100000000013338W",
        "11100000000013338W\n",
        "１1100000000013338W",
        "1110000000001333IW",
        "111ABC00000013338W",
        "9.15E+17",
    ],
)
def test_other_shapes_are_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError, match="uscc: expected"):
        Uscc.parse(text)


@pytest.mark.parametrize("value", [b"", b"1" * 17, b"\xff" * 18, b"1110000000001\x003338W"])
def test_malformed_chain_bytes_are_rejected(value: bytes) -> None:
    with pytest.raises(MalformedInputError):
        Uscc.from_chain(value)


def test_build_refuses_letters_the_alphabet_lacks() -> None:
    with pytest.raises(MalformedInputError):
        Uscc.build("1110000000001333I")
