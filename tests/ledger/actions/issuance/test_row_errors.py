from __future__ import annotations

import string

import pytest

from ledger.actions.issuance import row_errors
from ledger.actions.issuance.row_errors import RowError, RowErrorCode


@pytest.mark.parametrize("code", RowErrorCode)
def test_every_code_is_worded_in_both_languages(code: RowErrorCode) -> None:
    chinese, english = row_errors._TEXTS[code]
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
    assert english.isprintable()
    assert not english.endswith(".")
    assert not chinese.endswith("。")


@pytest.mark.parametrize("code", RowErrorCode)
def test_both_languages_tell_the_same_details(code: RowErrorCode) -> None:
    def names(template: str) -> set[str]:
        found = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        return {name.removesuffix("_zh").removesuffix("_en") for name in found}

    chinese, english = row_errors._TEXTS[code]
    assert names(chinese) == names(english)


def test_value_is_cut_and_braces_in_it_mean_nothing() -> None:
    error = RowError.of(RowErrorCode.MISSING_VALUE, 3, "姓名", "{expected}" * 100)
    assert len(error.value) == 201
    assert error.value.startswith("{expected}")


def test_warnings_are_told_from_errors() -> None:
    assert RowError.of(RowErrorCode.POSSIBLY_TRUNCATED, 1).is_warning
    assert not RowError.of(RowErrorCode.EMPTY_FILE, 1).is_warning
