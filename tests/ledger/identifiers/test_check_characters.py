from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from ledger.identifiers import check_characters as checks

TEXTS = st.text(alphabet=checks.ALPHABET, max_size=80)


def iso_check(text: str) -> str:
    return checks.iso_character(checks.advance_iso(checks.START_STATE, text))


def compute_deviant_check(text: str) -> str:
    """The rule of the field's implementation, restated with plain arithmetic as a reference."""
    carried = 36
    for character in text:
        value = checks.ALPHABET.index(character)
        raised = carried + value + (1 if character.isalpha() else 0)
        reduced = raised % 37 if character.isalpha() and raised > 37 else raised
        carried = (reduced % 36 or 36) * 2 % 37
    return checks.ALPHABET[36 - carried]


@given(TEXTS)
def test_iso_check_agrees_with_an_independent_implementation(text: str) -> None:
    assert iso_check(text) == mod_37_36.calc_check_digit(text)


@given(TEXTS)
def test_deviant_check_agrees_with_the_rule_of_the_field(text: str) -> None:
    state = checks.advance_deviant(checks.START_STATE, text)
    assert checks.deviant_character(state) == compute_deviant_check(text)


@given(TEXTS, TEXTS)
def test_walk_may_be_interrupted_anywhere(first: str, second: str) -> None:
    halfway = checks.advance_iso(checks.START_STATE, first)
    assert checks.advance_iso(halfway, second) == checks.advance_iso(
        checks.START_STATE, first + second
    )


@pytest.mark.parametrize(
    ("text", "check"),
    [("A12425GABC1234002", "M"), ("B159D8FA01240000", "K"), ("188166C734200000", "3")],
)
def test_iso_check_of_published_samples(text: str, check: str) -> None:
    assert iso_check(text) == check
