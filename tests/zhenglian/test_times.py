from __future__ import annotations

from datetime import date, datetime

import pytest

from ledger.errors import MalformedInputError
from zhenglian.times import (
    CHINA,
    format_day,
    format_time,
    parse_day,
    parse_end_of_day,
    parse_expiry,
    parse_first_moment,
    parse_time,
)

NOW = int(datetime(2026, 1, 5, 10, tzinfo=CHINA).timestamp())


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T10:00",
        "2026-01-05 10:00",
        "2026-01-05T10:00:00+08:00",
        "2026-01-05T02:00Z",
        " 2026-01-05T11:00+09:00 ",
    ],
)
def test_time_without_zone_is_chinas(text: str) -> None:
    assert parse_time(text, "since") == NOW


def test_date_alone_is_its_first_moment() -> None:
    assert parse_time("2026-01-05", "since") == NOW - 10 * 3600
    assert parse_first_moment("2026-01-05", "from") == NOW - 10 * 3600


def test_last_day_is_included() -> None:
    assert parse_end_of_day("2026-01-05", "until") == NOW + 14 * 3600


@pytest.mark.parametrize("text", ["", "now", "2026-1-5", "2026-02-30", "1969-12-31", "长期", "１"])
def test_text_that_is_no_time_is_rejected_by_field(text: str) -> None:
    with pytest.raises(MalformedInputError) as caught:
        parse_time(text, "since")
    assert caught.value.field == "since"


@pytest.mark.parametrize("text", ["2026-01-05T10:00", "2026/1/5", ""])
def test_text_that_is_no_date_is_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError):
        parse_day(text, "effective-date")


def test_day_is_a_date() -> None:
    assert parse_day(" 2026-01-05", "effective-date") == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("12h", 43200), ("7d", 604800), ("2026-01-05T11:00", 3600)]
)
def test_expiry_is_a_duration_or_a_time(text: str, seconds: int) -> None:
    assert parse_expiry(text, "expires", NOW) == NOW + seconds


@pytest.mark.parametrize("text", ["0d", "7", "d", "-1d", "1w", "2026-01-05T09:00", "9999999d"])
def test_expiry_in_the_past_or_of_another_form_is_rejected(text: str) -> None:
    with pytest.raises(MalformedInputError, match="12h or 7d"):
        parse_expiry(text, "expires", NOW)


def test_times_show_their_offset() -> None:
    assert format_time(NOW) == "2026-01-05 10:00:00 +08:00"
    assert format_day(NOW) == "2026-01-05"


@pytest.mark.parametrize("unix", [None, (1 << 40) - 1])
def test_no_end_is_shown_as_a_dash(unix: int | None) -> None:
    assert format_time(unix) == "–"


@pytest.mark.parametrize("unix", [253_402_300_800, 1 << 39, -(1 << 60)])
def test_time_beyond_the_calendar_is_shown_in_seconds(unix: int) -> None:
    assert format_time(unix) == f"{unix} s"
