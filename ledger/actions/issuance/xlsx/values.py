"""From what openpyxl found in a cell to the text that a clerk sees there.

Cells are read as strictly as those of a CSV file, by the same rules, and so become the text that a
CSV file would have. What was lost before (digits of a long number) or cannot be told from the
stored number (how a format shows it) is not guessed.

Source: ECMA-376 part 1, §18.8.31 (codes of number formats), §22.9.2.19 (escapes of ST_Xstring).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from functools import lru_cache
from typing import NamedTuple, cast

from openpyxl.styles.numbers import STRIP_RE, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import WINDOWS_EPOCH, from_excel
from openpyxl.utils.escape import unescape

from ledger.actions.issuance.cells import ERROR_VALUES, MAX_CELL_CHARACTERS
from ledger.actions.issuance.row_errors import RowErrorCode

_MOST_DIGITS = 15
_DIGITS = re.compile(
    r"(?:\[(?:\$-[0-9A-Fa-f]+|[A-Za-z]+)\])?(?:General|@|(0+))(?:_.|\\ )*(?:;.*)?", re.IGNORECASE
)
_AS_IT_IS = frozenset({"general", "@"})
_DAY_LETTERS = re.compile("[yd]", re.IGNORECASE)
_FIRST_SURE_DAY = 61
"""1900-03-01. Before it Lotus 1-2-3, and so Excel, counted a day that no calendar has."""


class Value(NamedTuple):
    """The text of a cell. Attributes: problem: why it cannot be taken as text, or None."""

    text: str
    problem: RowErrorCode | None = None
    is_date: bool = False


def read_value(cell: Mapping[str, object], formats: Sequence[str], epoch: datetime) -> Value:
    """Read a cell as `WorkSheetParser.parse_cell` describes it, its numbers not yet made dates.

    Args:
        formats, epoch: of the workbook.

    Raises:
        Exception: one of `package.FAULTS` for what no program writes.
    """
    value, style = cell["value"], cast("int", cell["style_id"])
    match cell["data_type"]:
        case "s" | "f" if value is not None:
            return Value(_read_text(cast("str", value)))
        case "n" if value is not None:
            shown = formats[style] if style or formats else "General"
            return _read_number(cast("float", value), shown, epoch)
        case "d" if value is not None:
            return Value(_write_moment(value), is_date=True)
        case "b" if value is not None:
            return Value("TRUE" if value else "FALSE")
        case "e" if value is not None:
            return Value(str(value) if value in ERROR_VALUES else "#VALUE!")
        case "n" | "d" | "b" | "e" | "s" | "f" | "inlineStr" if value is None:
            return Value("")
    raise ValueError(f"expected a kind of cell, got {cell['data_type']}")


def _read_text(text: str) -> str:
    """Undo escapes; half a character becomes U+FFFD, which the cells refuse."""
    text = text[: MAX_CELL_CHARACTERS + 1]
    if "_x" not in text:
        return text
    return unescape(text).encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _read_number(value: float, shown: str, epoch: datetime) -> Value:
    if not math.isfinite(value):
        raise ValueError(f"expected a number, got {value}")
    if _shows_day(shown):
        return _read_date(value, epoch)
    if abs(value) >= 10**_MOST_DIGITS:
        return Value(f"{value:.5E}")
    digits = _DIGITS.fullmatch(shown)
    if digits and value == int(value):
        return Value(f"{int(value):0{len(digits[1] or '')}}")
    text = f"{value:.15g}"
    is_plain = shown.lower() in _AS_IT_IS and "e" not in text
    return Value(text, None if is_plain else RowErrorCode.FORMATTED_NUMBER)


@lru_cache(maxsize=256)
def _shows_day(shown: str) -> bool:
    positive = STRIP_RE.sub("", shown.partition(";")[0])
    is_day = is_date_format(shown) and _DAY_LETTERS.search(positive) is not None
    return is_day and not is_timedelta_format(shown)


def _read_date(serial: float, epoch: datetime) -> Value:
    refused = Value(f"{serial:.15g}", RowErrorCode.FORMATTED_NUMBER)
    if serial < (_FIRST_SURE_DAY if epoch == WINDOWS_EPOCH else 1):
        return refused
    try:
        return Value(_write_moment(from_excel(serial, epoch)), is_date=True)
    except (OverflowError, ValueError):
        return refused


def _write_moment(moment: object) -> str:
    if not isinstance(moment, datetime):
        return str(moment)
    is_midnight = moment.time() == time()
    return str(moment.date()) if is_midnight else moment.isoformat(" ", "seconds")
