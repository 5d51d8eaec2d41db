from __future__ import annotations

import codecs

import pytest

from ledger.verification.finding import Outcome
from zhenglian.report_view import MARKS
from zhenglian.terminals import stand_in

codecs.register_error("test-stand-in", stand_in)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030", "big5", "latin-1", "ascii"])
def test_marks_of_outcomes_stay_apart_on_every_terminal(encoding: str) -> None:
    shown = {MARKS[each].encode(encoding, "test-stand-in") for each in Outcome}
    assert len(shown) == len(Outcome)


def test_text_that_cannot_be_shown_is_never_an_error() -> None:
    assert "通过 ✓".encode("ascii", "test-stand-in") == b"__ +"


def test_damage_in_reading_is_not_hidden() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "test-stand-in")
