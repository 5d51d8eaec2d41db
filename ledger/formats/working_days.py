"""Working days of mainland China: the days in which the law counts what an authority has time for.

Which days are off, and on which weekends work is made up (调休), the State Council's General Office
publishes for one year at a time; the library `chinesecalendar` has it. A year that nobody has
published is an error, never a guess; a notice newer than the library is read from a file.

The day on which a period begins does not count, and its last day counts to its end. Sources:
行政许可法 art. 82 (working days); 民法典 art. 201 and 203 (first and last day).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

import chinese_calendar

from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.certificate import compute_midnight_unix
from ledger.formats.civil_time import compute_civil_date
from ledger.formats.json_object import JsonObject
from ledger.formats.jws import parse_json_object

MAX_DAYS: Final = 10_000
_SATURDAY: Final = 5
_NAMES: Final = frozenset({"source", "days_off", "working_days"})


@dataclass(frozen=True, slots=True)
class PublishedYear:
    """What a year's notice says.

    Args:
        source: the notice's name and number.
        days_off: days without work; weekends among them may be left out.
        working_days: Saturdays and Sundays on which work is made up.
    """

    source: str
    days_off: frozenset[date]
    working_days: frozenset[date]


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The calendar.

    Args:
        published: years by notices that the library does not have; they go before it.

    >>> WorkingDays().add(date(2026, 9, 30), 1)  # over National Day
    datetime.date(2026, 10, 8)
    """

    published: Mapping[int, PublishedYear]

    def __init__(self, published: Mapping[int, PublishedYear] | None = None) -> None:
        object.__setattr__(self, "published", dict(published or {}))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read notices: {"2027": {"source": "...", "days_off": [...], "working_days": [...]}}.

        Raises:
            MalformedInputError: calendar_malformed and the codes of `JsonObject`; a day is of
                another year, or a made-up working day is no weekend.
        """
        document = JsonObject(parse_json_object(data, "calendar"))
        years = {_parse_year(name): document.member(name) for name in document.value}
        return cls({year: _read_year(year, member) for year, member in years.items()})

    def is_working_day(self, day: date) -> bool:
        """Raises NotFoundError, code calendar_not_published."""
        if (year := self.published.get(day.year)) is not None:
            is_weekend = day.weekday() >= _SATURDAY
            return day in year.working_days if is_weekend else day not in year.days_off
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError as error:
            raise NotFoundError(
                f"no working days are known for {day.year}: expected the State Council's notice "
                "for that year; put it in calendar.json of the home, or name the date due",
                code="calendar_not_published",
                field="calendar",
            ) from error

    def add(self, day: date, count: int) -> date:
        """The day that is so many working days after another.

        Args:
            count: 0 gives the day itself, whether work is done on it or not.

        Raises:
            NotFoundError: calendar_not_published.
            MalformedInputError: less than 0 or more than `MAX_DAYS`.
        """
        if not 0 <= count <= MAX_DAYS:
            raise MalformedInputError(
                f"expected 0 to {MAX_DAYS} working days, got {count}", field="days"
            )
        while count:
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        return day

    def count_between(self, first: date, last: date) -> int:
        """How many working days there are after `first` up to and including `last`.

        Raises:
            NotFoundError: calendar_not_published.
        """
        span = range(1, (last - first).days + 1)
        return sum(self.is_working_day(first + timedelta(days=each)) for each in span)

    def compute_deadline(self, begin_unix: int, count: int) -> int:
        """The last second of the last of so many working days after a moment, in unix seconds.

        Raises:
            As `add`.
        """
        return compute_end_of_day(self.add(compute_civil_date(begin_unix), count))


def compute_end_of_day(day: date) -> int:
    """The last second of a civil day in China, in unix seconds.

    >>> compute_end_of_day(date(1970, 1, 1))
    57599
    """
    return compute_midnight_unix(day) + 86_400 - 1


def _parse_year(text: str) -> int:
    if len(text) != 4 or not (text.isascii() and text.isdecimal()):
        raise _malformed(f"expected years of four digits, got {text[:64]!r}", text[:64])
    return int(text)


def _read_year(year: int, member: JsonObject) -> PublishedYear:
    member.require_only(_NAMES)
    off = frozenset(_read_days(year, member, "days_off"))
    working = frozenset(_read_days(year, member, "working_days"))
    for day in working:
        if day.weekday() < _SATURDAY or day in off:
            raise _malformed(f"{day} is no weekend on which work is made up", member.path)
    return PublishedYear(member.text("source", 256), off, working)


def _read_days(year: int, member: JsonObject, name: str) -> Iterable[date]:
    for text in member.text_array(name, 366, 10):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            member.refuse(name, "days as YYYY-MM-DD")
        if day.year != year or day.isoformat() != text:
            member.refuse(name, f"days of {year} as YYYY-MM-DD")
        yield day


def _malformed(message: str, field: str) -> MalformedInputError:
    return MalformedInputError(
        f"calendar: {message}", code="calendar_malformed", field=f"calendar.{field}"
    )
