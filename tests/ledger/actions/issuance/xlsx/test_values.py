from __future__ import annotations

from datetime import date, datetime

import pytest
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuance.xlsx.values import Value, read_value

REFUSED = RowErrorCode.FORMATTED_NUMBER


def read(
    kind: str, value: object, shown: str = "General", epoch: datetime = WINDOWS_EPOCH
) -> Value:
    return read_value({"data_type": kind, "value": value, "style_id": 0}, (shown,), epoch)


@pytest.mark.parametrize(
    "shown",
    [
        "yyyy-mm-dd",
        "[$-804]yyyy/m/d;@",
        "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy",
        'yyyy"年"m"月"d"日";@',
        '[DBNum1][$-804]yyyy"年"m"月"d"日"',
        "m/d/yy h:mm",
        "YYYY\\-MM\\-DD",
    ],
)
def test_formats_of_days(shown: str) -> None:
    assert read("n", 45296, shown) == Value("2024-01-05", is_date=True)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("General", "7"),
        ("@", "7"),
        ("0", "7"),
        ("0_ ", "7"),
        ("0_);[Red]\\(0\\)", "7"),
        ("0;[Red]0", "7"),
        ("[$-804]0", "7"),
        ('0;"负"0', "7"),
        ("000000", "000007"),
    ],
)
def test_formats_of_digits(shown: str, text: str) -> None:
    assert read("n", 7, shown) == read("n", 7.0, shown) == Value(text)


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "0.00",
        "#,##0",
        "0%",
        "0.00E+00",
        '"第"0',
        '0"号"',
        "[h]:mm",
        "h:mm:ss",
        "mm:ss",
        ";;;",
        "# ?/?",
        "¥0",
        "#",
        "[$￥-804]0",
        "[DBNum1]0",
    ],
)
def test_number_shown_as_something_else_is_refused(shown: str) -> None:
    assert read("n", 45296, shown).problem is REFUSED


@pytest.mark.parametrize(
    ("serial", "text"),
    [(61, "1900-03-01"), (45296.5, "2024-01-05 12:00:00"), (2958465, "9999-12-31")],
)
def test_days_are_counted_from_1900(serial: float, text: str) -> None:
    assert read("n", serial, "yyyy-mm-dd") == Value(text, is_date=True)


@pytest.mark.parametrize(("serial", "text"), [(60, "1904-03-01"), (43834, "2024-01-05")])
def test_days_may_be_counted_from_1904(serial: int, text: str) -> None:
    assert read("n", serial, "yyyy-mm-dd", MAC_EPOCH) == Value(text, is_date=True)


@pytest.mark.parametrize("serial", [-1, 0, 0.5, 60, 2958466, 1e15])
def test_number_beyond_the_calendar_is_no_date(serial: float) -> None:
    assert read("n", serial, "yyyy-mm-dd").problem is REFUSED


@pytest.mark.parametrize("number", [1e-9, 0.00001])
def test_number_that_would_be_shown_by_a_power_of_ten_is_refused(number: float) -> None:
    assert read("n", number).problem is REFUSED


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("b", True, "TRUE"),
        ("b", False, "FALSE"),
        ("e", "#N/A", "#N/A"),
        ("e", "Err:502", "#VALUE!"),
        ("d", datetime.fromisoformat("2024-01-05"), "2024-01-05"),
        ("d", date(2024, 1, 5), "2024-01-05"),
        ("d", datetime.fromisoformat("2024-01-05T08:00"), "2024-01-05 08:00:00"),
        ("s", "王", "王"),
        ("f", "=A1", "=A1"),
        ("s", None, ""),
        ("n", None, ""),
        ("inlineStr", None, ""),
    ],
)
def test_values_that_are_written_out(kind: str, value: object, text: str) -> None:
    assert read(kind, value).text == text


@pytest.mark.parametrize(("kind", "value"), [("z", "1"), ("n", float("nan")), ("n", float("inf"))])
def test_what_no_program_writes_is_refused(kind: str, value: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        read(kind, value)
