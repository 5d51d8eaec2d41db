"""The files a clerk gets from us: an empty template, and a report of what is wrong.

Both open in a spreadsheet as they are: UTF-8 with a byte order mark, CRLF, or a workbook. Nothing
in a report can act as a formula, whatever the refused file contained.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.errors import MalformedInputError
from ledger.schemas import CertificateSchema

REPORT_COLUMNS = ("行号", "列名", "填写内容", "错误代码", "应为", "expected")
REPORT_ENCODING = "utf-8-sig"

_FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n'")
_MOST_DIGITS_OF_A_SPREADSHEET = 15


def write_template(path: Path, schema: CertificateSchema, *, is_workbook: bool = False) -> None:
    """Write the header of a type's file and no rows, as CSV or as a workbook of text columns."""
    if is_workbook:
        # openpyxl is loaded by those who need it.
        from ledger.actions.issuance.xlsx.template import write_workbook

        write_workbook(path, schema.columns())
        return
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerow(schema.columns())


def write_error_report(path: Path, errors: Iterable[RowError]) -> int:
    """Write one line for every problem, warnings included, and return how many there were."""
    with path.open("w", encoding=REPORT_ENCODING, newline="") as stream:
        return write_error_rows(stream, errors)


def write_error_rows(stream: TextIO, errors: Iterable[RowError]) -> int:
    """As `write_error_report`, to a stream in `REPORT_ENCODING` that translates no line ends."""
    count = 0
    writer = csv.writer(stream)
    writer.writerow(REPORT_COLUMNS)
    for error in errors:
        found = (error.column, error.value, error.code, error.expected_zh, error.expected_en)
        writer.writerow((error.line, *map(disarm, found)))
        count += 1
    return count


def read_error_rows(stream: TextIO) -> list[RowError]:
    """What `write_error_rows` wrote, from a stream in `REPORT_ENCODING`.

    Raises:
        MalformedInputError: it is no such report.
    """
    rows = csv.reader(stream)
    if next(rows, None) != list(REPORT_COLUMNS):
        raise MalformedInputError("expected a report of the errors of rows")
    try:
        return [_parse_error(*row) for row in rows]
    except (TypeError, ValueError) as error:
        raise MalformedInputError(f"expected a report of the errors of rows: {error}") from error


def _parse_error(line: str, *texts: str) -> RowError:
    column, value, code, expected_zh, expected_en = (text.removeprefix("'") for text in texts)
    return RowError(int(line), column, value, RowErrorCode(code), expected_zh, expected_en)


def disarm(text: str) -> str:
    """Prefix an apostrophe to what a spreadsheet would run as a formula or round as a number.

    >>> disarm("=1+1"), disarm("160101199003071233"), disarm("王小明")
    ("'=1+1", "'160101199003071233", '王小明')
    """
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    is_long_number = text.isdecimal() and len(text) > _MOST_DIGITS_OF_A_SPREADSHEET
    if is_long_number or text.lstrip(" \N{IDEOGRAPHIC SPACE}").startswith(_FORMULA_STARTS):
        return f"'{text}"
    return text
