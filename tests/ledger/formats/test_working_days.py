"""Against the published calendars: notices of the State Council's General Office on the holidays of
2024 (国办发明电〔2023〕7号), 2025 (国办发明电〔2024〕12号) and 2026 (of 4 November 2025)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.working_days import WorkingDays, compute_end_of_day

CALENDAR = WorkingDays()
OFF = {  # whole spans without work, first and last day
    "Spring Festival 2024": (date(2024, 2, 10), date(2024, 2, 17)),
    "National Day 2024": (date(2024, 10, 1), date(2024, 10, 7)),
    "Spring Festival 2025": (date(2025, 1, 28), date(2025, 2, 4)),
    "National Day and Mid-Autumn 2025": (date(2025, 10, 1), date(2025, 10, 8)),
    "New Year 2026": (date(2026, 1, 1), date(2026, 1, 3)),
    "Spring Festival 2026": (date(2026, 2, 15), date(2026, 2, 23)),
    "Tomb-Sweeping Day 2026": (date(2026, 4, 4), date(2026, 4, 6)),
    "Labour Day 2026": (date(2026, 5, 1), date(2026, 5, 5)),
    "Dragon Boat Festival 2026": (date(2026, 6, 19), date(2026, 6, 21)),
    "Mid-Autumn 2026": (date(2026, 9, 25), date(2026, 9, 27)),
    "National Day 2026": (date(2026, 10, 1), date(2026, 10, 7)),
}
MADE_UP = [
    *(date(2024, 2, 4), date(2024, 2, 18), date(2024, 9, 29), date(2024, 10, 12)),
    *(date(2025, 1, 26), date(2025, 2, 8), date(2025, 9, 28), date(2025, 10, 11)),
    *(date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9)),
    *(date(2026, 9, 20), date(2026, 10, 10)),
]
NOTICE = b"""{"2027": {"source": "a made-up notice", "days_off": ["2027-01-01", "2027-02-08"],
"working_days": ["2027-02-14"]}}"""


@pytest.mark.parametrize("name", OFF)
def test_no_day_of_a_published_holiday_is_a_working_day(name: str) -> None:
    first, last = OFF[name]
    span = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    assert not any(CALENDAR.is_working_day(day) for day in span)
    assert CALENDAR.count_between(first - timedelta(days=1), last) == 0


@pytest.mark.parametrize("day", MADE_UP)
def test_weekend_on_which_work_is_made_up_counts(day: date) -> None:
    assert day.weekday() >= 5
    assert CALENDAR.is_working_day(day)


def test_other_weekends_of_2026_are_off_and_other_weekdays_are_not() -> None:
    off = {
        first + timedelta(days=each)
        for first, last in OFF.values()
        for each in range((last - first).days + 1)
    }
    for each in range(365):
        day = date(2026, 1, 1) + timedelta(days=each)
        if day not in off and day not in MADE_UP:
            assert CALENDAR.is_working_day(day) == (day.weekday() < 5), day


@pytest.mark.parametrize(
    ("begin", "count", "end"),
    [
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # a Saturday before Spring Festival
        (date(2026, 2, 13), 2, date(2026, 2, 24)),
        (date(2026, 2, 14), 5, date(2026, 2, 28)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2025, 9, 26), 5, date(2025, 10, 10)),
        (date(2026, 3, 2), 5, date(2026, 3, 9)),
        (date(2026, 3, 1), 0, date(2026, 3, 1)),
    ],
)
def test_working_days_are_counted_from_the_day_after(begin: date, count: int, end: date) -> None:
    assert CALENDAR.add(begin, count) == end


@given(st.dates(date(2024, 1, 1), date(2026, 9, 30)), st.integers(1, 40))
def test_what_was_added_is_counted_and_ends_on_a_working_day(begin: date, count: int) -> None:
    end = CALENDAR.add(begin, count)
    assert CALENDAR.is_working_day(end)
    assert CALENDAR.count_between(begin, end) == count


@given(st.dates(date(2024, 1, 1), date(2026, 9, 30)), st.integers(1, 40))
def test_deadline_is_within_the_bounds_of_the_contract(begin: date, count: int) -> None:
    begin_unix = int(
        datetime(begin.year, begin.month, begin.day, 15, 59, 59, tzinfo=UTC).timestamp()
    )
    spent_s = CALENDAR.compute_deadline(begin_unix, count) - begin_unix
    assert count * 86_400 <= spent_s <= (2 * count + 21) * 86_400


def test_deadline_is_the_last_second_of_the_day_in_china() -> None:
    begin_unix = int(datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC).timestamp())  # 23:59:59 there
    deadline = CALENDAR.compute_deadline(begin_unix, 5)
    assert datetime.fromtimestamp(deadline, UTC) == datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC)
    assert CALENDAR.compute_deadline(begin_unix + 1, 5) == deadline + 86_400
    assert compute_end_of_day(date(2026, 3, 9)) == deadline


@pytest.mark.parametrize("day", [date(2003, 12, 31), date(2099, 1, 1)])
def test_year_that_nobody_published_is_an_error_and_no_guess(day: date) -> None:
    with pytest.raises(NotFoundError) as refusal:
        CALENDAR.is_working_day(day)
    assert refusal.value.code == "calendar_not_published"


@pytest.mark.parametrize("count", [-1, 10_001])
def test_count_of_days_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(MalformedInputError):
        CALENDAR.add(date(2026, 3, 2), count)


def test_notice_from_a_file_is_followed_across_the_turn_of_the_year() -> None:
    calendar = WorkingDays.parse(NOTICE)
    assert calendar.add(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert not calendar.is_working_day(date(2027, 2, 8))
    assert calendar.is_working_day(date(2027, 2, 14))
    assert not calendar.is_working_day(date(2027, 2, 13))
    assert calendar.published[2027].source == "a made-up notice"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"2027"', b'"27"'),
        (b"2027-02-08", b"2026-02-08"),
        (b"2027-02-08", b"8 February"),
        (b"2027-02-08", b"20270208"),
        (b"2027-02-14", b"2027-02-15"),
        (b'"2027-02-08"', b'"2027-02-14"'),
        (b'"source"', b'"origin"'),
        (b'["2027-02-14"]', b"14"),
        (b'["2027-02-14"]', b"[14]"),
    ],
)
def test_malformed_notice_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(MalformedInputError):
        WorkingDays.parse(NOTICE.replace(old, new))
