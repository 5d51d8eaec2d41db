"""No code stands alone: every check, outcome and reason has words in both languages."""

from __future__ import annotations

import re

import pytest

from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason
from ledger.verification.report import CheckName
from ledger.verification.wording import CHECK_WORDING, OUTCOME_WORDING, REASON_WORDING

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_and_a_next_step_in_both_languages(reason: Reason) -> None:
    words = REASON_WORDING[reason]
    for text in (words.zh, words.next_zh):
        assert CHINESE.search(text)
    for text in (words.en, words.next_en):
        assert text
        assert not CHINESE.search(text)


def test_every_check_and_outcome_has_a_name_in_both_languages() -> None:
    assert set(CHECK_WORDING) == set(CheckName)
    assert set(OUTCOME_WORDING) == set(Outcome)
    assert set(REASON_WORDING) == set(Reason)
    for words in (*CHECK_WORDING.values(), *OUTCOME_WORDING.values()):
        assert CHINESE.search(words.zh)
        assert not CHINESE.search(words.en)


def test_doubt_is_never_worded_as_invalidity() -> None:
    for reason in Reason:
        if reason.startswith("missing_") or reason in {Reason.STALE, Reason.NO_TRUSTED_LOG}:
            assert "不予采信" not in REASON_WORDING[reason].next_zh
            assert "Do not rely" not in REASON_WORDING[reason].next_en
