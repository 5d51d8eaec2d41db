from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.actions.issuance import cells
from ledger.actions.issuance.cells import CellProblem
from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.schemas import FieldKind, SchemaField

PLAIN = SchemaField("plain", "列", "", FieldKind.TEXT, None, True, (), None, 1, 10)


def problem_of(call: object, cell: str) -> CellProblem:
    assert callable(call)
    with pytest.raises(CellProblem) as caught:
        call(cell)
    return caught.value


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-05",
        "2024-1-5",
        "2024/1/5",
        "2024/01/05",
        "2024.1.5",
        "20240105",
        "2024年1月5日",
        "2024年01月05日",
        " 2024-01-05 ",
        "'2024-01-05",
        "２０２４－０１－０５",
        "２０２４／１／５",
    ],
)
def test_date_is_read_in_every_accepted_spelling(cell: str) -> None:
    assert cells.parse_date(cell) == date(2024, 1, 5)
    assert cells.parse_period_end(cell) == date(2024, 1, 5)


@pytest.mark.parametrize(
    "cell",
    [
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-1/5",
        "2024-01-05 00:00:00",
        "24-01-05",
        "5/1/2024",
        "2024年1月",
        "202415",
        "45296",
        "0202-01-05",
        "2999-01-01",
        "٢٠٢٤-٠١-٠٥",
        "今天",
        "长期",
    ],
)
def test_what_is_no_date_is_refused(cell: str) -> None:
    assert problem_of(cells.parse_date, cell).code is RowErrorCode.WRONG_DATE


def test_long_term_is_an_end_of_validity_only() -> None:
    assert cells.parse_period_end("长期") is None
    assert cells.parse_period_end(" '长期") is None


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)))
def test_every_date_is_read_back(day: date) -> None:
    assert cells.parse_date(day.isoformat()) == day
    assert cells.parse_date(f"{day.year}年{day.month}月{day.day}日") == day
    assert cells.parse_date(f"{day:%Y%m%d}") == day


@pytest.mark.parametrize(
    "cell", ["160101199003071232", "'160101199003071232", " 160101199003071232\t"]
)
def test_identity_number_is_tidied(cell: str) -> None:
    assert cells.parse_identity_number(cell) == "160101199003071232"


def test_lower_case_check_character_is_tidied() -> None:
    assert cells.parse_identity_number("16010119900307103x") == "16010119900307103X"


def test_blanks_inside_a_code_are_not_guessed_away() -> None:
    found = problem_of(cells.parse_identity_number, "160101 19900307 1232")
    assert found.code is RowErrorCode.WRONG_IDENTITY_NUMBER


@pytest.mark.parametrize("text", ["重庆示例（集团）有限公司", "Ａ座①㎡", "﨑山", "a-b=c+d@e", "𠮷"])
def test_free_text_keeps_its_width_and_forms(text: str) -> None:
    assert cells.make_text_parser(PLAIN)(text[:10]) == text[:10]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" 王小明　", "王小明"),
        ("'王小明", "王小明"),
        ("甲\r\n乙", "甲\n乙"),
        ("王 小明", "王 小明"),
    ],
)
def test_free_text_is_stripped(cell: str, text: str) -> None:
    assert cells.make_text_parser(PLAIN)(cell) == text


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", RowErrorCode.MISSING_VALUE),
        (" 　", RowErrorCode.MISSING_VALUE),
        ("'", RowErrorCode.MISSING_VALUE),
        ("=1+1", RowErrorCode.FORMULA_CELL),
        ("+1", RowErrorCode.FORMULA_CELL),
        ("-", RowErrorCode.FORMULA_CELL),
        ("@A1", RowErrorCode.FORMULA_CELL),
        (" =1", RowErrorCode.FORMULA_CELL),
        ("'=1", RowErrorCode.FORMULA_CELL),
        ("＝1", RowErrorCode.FORMULA_CELL),
        ("#N/A", RowErrorCode.ERROR_VALUE),
        (" #REF!", RowErrorCode.ERROR_VALUE),
        ("9.15E+17", RowErrorCode.SCIENTIFIC_NOTATION),
        ("1e+18", RowErrorCode.SCIENTIFIC_NOTATION),
        ("a\0b", RowErrorCode.NUL_CHARACTER),
        ("a\x07b", RowErrorCode.CONTROL_CHARACTER),
        ("a\tb", RowErrorCode.CONTROL_CHARACTER),
        ("a\u200bb", RowErrorCode.CONTROL_CHARACTER),
        ("a\u202eb", RowErrorCode.CONTROL_CHARACTER),
        ("a\u2028b", RowErrorCode.CONTROL_CHARACTER),
        ("a\ufffdb", RowErrorCode.DAMAGED_TEXT),
        ("12345678901", RowErrorCode.TEXT_TOO_LONG),
        ("a" * 65_537, RowErrorCode.CELL_TOO_LONG),
    ],
)
def test_text_nobody_should_certify_is_refused(cell: str, code: RowErrorCode) -> None:
    if code is RowErrorCode.CELL_TOO_LONG:
        assert problem_of(cells.parse_date, cell).code is code
    else:
        assert problem_of(cells.make_text_parser(PLAIN), cell).code is code


def test_text_is_held_to_the_constraints_of_its_field() -> None:
    shaped = SchemaField("a", "列", "", FieldKind.TEXT, None, True, (), "^[a-z]+$", 2, None)
    parse = cells.make_text_parser(shaped)
    assert parse("ab") == "ab"
    assert problem_of(parse, "a").code is RowErrorCode.TEXT_TOO_SHORT
    assert problem_of(parse, "a1").code is RowErrorCode.WRONG_PATTERN


def test_listed_value_may_be_written_full_width() -> None:
    listed = SchemaField("a", "列", "", FieldKind.TEXT, None, True, ("A", "C3"), None, 0, None)
    parse = cells.make_text_parser(listed)
    assert parse("Ｃ３") == "C3"
    found = problem_of(parse, "C4")
    assert found.code is RowErrorCode.NOT_ALLOWED_VALUE
    assert found.details == {"allowed": "A、C3"}


@pytest.mark.parametrize("kind", [FieldKind.TEXT, FieldKind.DATE, FieldKind.USCC])
def test_blank_cell_of_an_optional_field_is_absent(kind: FieldKind) -> None:
    optional = SchemaField("a", "列", "", kind, None, False, (), None, 1, None)
    required = SchemaField("a", "列", "", kind, None, True, (), None, 1, None)
    assert cells.make_own_field_parser(optional)(" '") == ""
    assert problem_of(cells.make_own_field_parser(required), " ").code is (
        RowErrorCode.MISSING_VALUE
    )


@given(st.text(max_size=30))
def test_accepted_text_has_nothing_invisible_and_no_formula(cell: str) -> None:
    any_length = SchemaField("a", "列", "", FieldKind.TEXT, None, True, (), None, 0, None)
    try:
        text = cells.make_text_parser(any_length)(cell)
    except CellProblem:
        return
    assert text
    assert text == text.strip()
    assert text[0] not in "=+-@＝＋－＠"
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert cells.make_text_parser(any_length)(text) == text
