"""The rows of one worksheet, as texts, read as a stream by openpyxl's parser of rows.

openpyxl's own read-only sheet keeps something of every row, does not tell hidden rows and columns,
and learns of merged cells after the rows that they cover. So the stream is walked here.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from xml.etree.ElementTree import Element

from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._reader import COL_TAG, DATA_TAG, FORMULA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.constants import MAX_COLUMN, MAX_ROW, SHEET_MAIN_NS

from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuance.xlsx.package import walk_elements
from ledger.actions.issuance.xlsx.values import read_value
from ledger.actions.issuance.xlsx.workbook import Sheet, Workbook

MOST_COLUMNS = 256
"""Columns that are read; what stands further right is only noticed."""

_MERGE_TAG = f"{{{SHEET_MAIN_NS}}}mergeCell"
_MERGE = b"mergeCell"
_CHUNK_BYTES = 1 << 16
_TRUE = frozenset({"1", "true"})


class SheetRow(NamedTuple):
    """One row with anything in it.

    Attributes:
        number: as the sheet's margin shows it, the first being 1.
        cells: texts from column A on; no blank ones at the end.
        problems: the cells, by index, that cannot be taken as their text.
        dates: indexes of the cells that are dates by their format.
        outside: the first column beyond `MOST_COLUMNS` with something in it, or "".
    """

    number: int
    is_hidden: bool
    cells: list[str]
    problems: dict[int, RowErrorCode]
    dates: list[int]
    outside: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Merged cells. Attributes: reference: as the workbook writes it, such as A3:B5."""

    reference: str
    first_row: int
    last_row: int


def find_merges(workbook: Workbook, sheet: Sheet) -> list[Merge]:
    """All merged cells of a sheet, in the order in which it names them.

    Looking for them unpacks the whole part once, whose checksum `zipfile` compares: rows are only
    handed out of a sheet that is whole.
    """
    merges = []
    if _mentions_merges(workbook, sheet):
        with workbook.package.open(sheet.part) as source:
            for element in walk_elements(source, {ROW_TAG, _MERGE_TAG}):
                if element.tag == _MERGE_TAG:
                    reference = element.get("ref", "")
                    _, first, _, last = cast("tuple[int, ...]", range_boundaries(reference))
                    merges.append(Merge(reference, first, last))
    return merges


def _mentions_merges(workbook: Workbook, sheet: Sheet) -> bool:
    is_mentioned, end = False, b""
    with workbook.package.open(sheet.part) as source:
        while chunk := source.read(_CHUNK_BYTES):
            seen = (end + chunk).replace(b"\0", b"")  # of UTF-16
            is_mentioned = is_mentioned or _MERGE in seen
            end = seen[-len(_MERGE) :]
    return is_mentioned


class SheetReader:
    """Reads one sheet, once.

    Attributes:
        hidden_columns: indexes, known before the first row.
    """

    def __init__(self, workbook: Workbook, sheet: Sheet) -> None:
        self.hidden_columns: set[int] = set()
        self._workbook, self._part = workbook, sheet.part

    def read(self) -> Generator[SheetRow, None, None]:
        """Yield the rows that are not blank.

        Raises:
            Exception: one of `package.FAULTS`, if this is no sheet that a program writes.
        """
        number = 0
        with self._workbook.package.open(self._part) as source:
            parser = _RowParser(source, self._workbook.strings)
            for element in walk_elements(source, {COL_TAG, ROW_TAG, DATA_TAG}):
                if element.tag == ROW_TAG:
                    before, (number, cells) = number, parser.parse_row(cast("Any", element))
                    parser.row_dimensions.clear()
                    if not before < number <= MAX_ROW:
                        raise ValueError(f"expected a row after {before}, got {number}")
                    row = self._read_row(number, element.get("hidden") in _TRUE, cells)
                    if row.cells or row.outside:
                        yield row
                elif element.tag == DATA_TAG:
                    return
                elif element.get("hidden") in _TRUE:
                    first, last = int(element.attrib["min"]), int(element.attrib["max"])
                    self.hidden_columns.update(range(max(first, 1) - 1, min(last, MOST_COLUMNS)))
        raise ValueError("expected rows")

    def _read_row(self, number: int, is_hidden: bool, found: list[dict[str, Any]]) -> SheetRow:
        row = SheetRow(number, is_hidden, [], {}, [], "")
        cells, problems, dates = row.cells, row.problems, row.dates
        last = 0
        for cell in found:
            column: int = cell["column"]
            if not last < column <= MAX_COLUMN:
                raise ValueError(f"expected a column after {last}, got {column}")
            last = column
            text, problem, is_date = read_value(cell, self._workbook.formats, self._workbook.epoch)
            if not text.strip():
                continue
            if column > MOST_COLUMNS:
                return row._replace(outside=get_column_letter(column))
            if column > len(cells) + 1:
                cells.extend([""] * (column - 1 - len(cells)))
            cells.append(text)
            if problem is not None:
                problems[column - 1] = problem
            if is_date:
                dates.append(column - 1)
        return row


class _RowParser(WorkSheetParser):
    """openpyxl's parser of rows, which does not work out what a shared formula is in each cell."""

    def parse_formula(self, element: Element) -> str:
        return "=" + element.findtext(FORMULA_TAG, "")
