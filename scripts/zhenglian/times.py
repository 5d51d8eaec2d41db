"""Times as people write and read them: civil time in China, whose offset is always shown.

China has had one offset, +08:00, and no summer time since 1991, so no time zone database is needed.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from ledger.errors import MalformedInputError
from ledger.formats.civil_time import CHINA

_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhd])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_NO_END_UNIX = (1 << 40) - 1


def parse_time(text: str, field: str) -> int:
    """Unix seconds of a time; without a zone it is China's, without a time of day its first moment.

    >>> parse_time("2026-01-05", "since") == parse_time("2026-01-04T16:00Z", "since")
    True

    Raises:
        MalformedInputError: it is no time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MalformedInputError(
            f"{field}: expected a time such as 2026-01-05, 2026-01-05T10:00 or "
            f"2026-01-05T10:00+08:00, got {text!r}",
            field=field,
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CHINA)
    return _require_modern(int(moment.timestamp()), text, field)


def parse_day(text: str, field: str) -> date:
    """A civil date. Raises MalformedInputError.

    >>> parse_day("2026-01-05", "effective_date")
    datetime.date(2026, 1, 5)
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise MalformedInputError(
            f"{field}: expected a date such as 2026-01-05, got {text!r}", field=field
        ) from None


def parse_first_moment(text: str, field: str) -> int:
    """The first second of a civil day in China."""
    return _require_modern(_midnight(parse_day(text, field)), text, field)


def parse_end_of_day(text: str, field: str) -> int:
    """The first second after a civil day in China, so that the day itself is included."""
    return parse_first_moment(text, field) + 86_400


def parse_expiry(text: str, field: str, now_unix: int) -> int:
    """A duration from now such as 30m, 12h or 7d, or a time.

    Raises:
        MalformedInputError: it is neither, or it lies in the past.
    """
    found = _DURATION.fullmatch(text.strip())
    if found:
        return now_unix + int(timedelta(**{_UNITS[found[2]]: int(found[1])}).total_seconds())
    try:
        expires = parse_time(text, field)
    except MalformedInputError:
        expires = now_unix
    if expires <= now_unix:
        raise MalformedInputError(
            f"{field}: expected a duration such as 30m, 12h or 7d, or a time to come such as "
            f"2026-12-31T18:00, got {text!r}",
            field=field,
        )
    return expires


def today_in_china() -> date:
    """The civil date in China now."""
    return datetime.now(CHINA).date()


def format_time(unix: int | None) -> str:
    """A recorded time for a person.

    >>> format_time(1767578400)
    '2026-01-05 10:00:00 +08:00'
    """
    return _format(unix, "%Y-%m-%d %H:%M:%S +08:00")


def format_day(unix: int | None) -> str:
    """The civil day in China in which a moment lies.

    >>> format_day(1767578400)
    '2026-01-05'
    """
    return _format(unix, "%Y-%m-%d")


def _format(unix: int | None, form: str) -> str:
    if unix is None or unix >= _NO_END_UNIX:
        return "–"
    try:
        return datetime.fromtimestamp(unix, CHINA).strftime(form)
    except (ValueError, OverflowError, OSError):
        return f"{unix} s"  # beyond the calendar, such as in a forged certificate


def _require_modern(unix: int, text: str, field: str) -> int:
    if unix < 0:
        raise MalformedInputError(f"{field}: expected a time after 1970, got {text!r}", field=field)
    return unix


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp())
