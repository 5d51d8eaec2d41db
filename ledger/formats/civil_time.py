"""The civil time of certificates: UTC+8, for all dates alike (see `certificate`)."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Final

CHINA_OFFSET_S: Final = 8 * 3600
CHINA: Final = timezone(timedelta(seconds=CHINA_OFFSET_S), "Asia/Shanghai")


def compute_civil_date(unix: int) -> date:
    """The day in China on which a moment falls."""
    return datetime.fromtimestamp(unix, CHINA).date()
