"""Status words are the bytes of an IETF Token Status List, and final means final."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import ConflictError, MalformedInputError
from ledger.formats.status_list import (
    EMPTY_WORD,
    Status,
    changed_positions,
    get_status,
    has_only_positions_below,
    is_allowed_change,
    set_status,
    word_count,
    word_index,
)

positions = st.integers(0, 65_535)


def test_layout_is_that_of_the_two_bit_example_of_token_status_list() -> None:
    # draft-ietf-oauth-status-list §4.1: statuses of 12 tokens with bits 2 give C9 44 F9.
    statuses = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    word = EMPTY_WORD
    for position, status in enumerate(statuses):
        word = set_status(word, position, Status(status))
    assert word[:3].hex() == "c944f9"
    assert word[3:] == bytes(29)


@given(st.dictionaries(positions, st.sampled_from(Status), max_size=40))
def test_status_is_read_back_where_it_was_written(wanted: dict[int, Status]) -> None:
    words: dict[int, bytes] = {}
    for position, status in wanted.items():
        index = word_index(position)
        words[index] = set_status(words.get(index, EMPTY_WORD), position, status)
    for index, word in words.items():
        for position in range(index * 128, index * 128 + 128):
            assert get_status(word, position) is wanted.get(position, Status.VALID)


@given(positions, st.binary(min_size=32, max_size=32), st.sampled_from(Status))
def test_setting_one_position_leaves_the_others(position: int, word: bytes, to: Status) -> None:
    before = get_status(word, position)
    if before.is_final and before is not to:
        with pytest.raises(ConflictError) as refusal:
            set_status(word, position, to)
        assert refusal.value.code == "status_final"
        return
    changes = list(changed_positions(word_index(position), word, set_status(word, position, to)))
    assert changes == ([] if before is to else [(position, before, to)])


@pytest.mark.parametrize("status", Status)
def test_revoked_and_superseded_are_final_and_no_others(status: Status) -> None:
    assert status.is_final == (status in {Status.REVOKED, Status.SUPERSEDED})
    word = set_status(EMPTY_WORD, 7, status)
    assert is_allowed_change(word, EMPTY_WORD) == (not status.is_final or word == EMPTY_WORD)


def test_word_that_speaks_of_positions_beyond_the_batch_is_seen() -> None:
    word = set_status(EMPTY_WORD, 130, Status.REVOKED)
    assert has_only_positions_below(1, word, 131)
    assert not has_only_positions_below(1, word, 130)


@pytest.mark.parametrize(("certificates", "words"), [(0, 0), (1, 1), (128, 1), (129, 2)])
def test_words_of_a_batch(certificates: int, words: int) -> None:
    assert word_count(certificates) == words


@pytest.mark.parametrize("size", [0, 31, 33])
def test_word_of_another_length_is_malformed(size: int) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        get_status(bytes(size), 0)
    assert refusal.value.code == "status_word_malformed"
    with pytest.raises(MalformedInputError):
        list(changed_positions(0, EMPTY_WORD, bytes(size)))
