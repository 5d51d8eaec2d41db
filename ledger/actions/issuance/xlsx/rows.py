"""From a workbook to raw rows: which of its sheets is meant, and what of it a clerk should know.

What a clerk sees in the sheet is what is issued. Where that may not be so (a formula that computes
anew, a number whose format shows something else, cells merged over rows) it is refused, and where a
clerk may not see it (hidden rows, columns, sheets) there is a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import SEEK_END
from typing import BinaryIO

from openpyxl.utils import get_column_letter

from ledger.actions.issuance.cells import normalise_cell
from ledger.actions.issuance.raw_rows import RawRow
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.actions.issuance.xlsx.package import FAULTS, WorkbookProblem
from ledger.actions.issuance.xlsx.sheet import SheetReader, SheetRow, find_merges
from ledger.actions.issuance.xlsx.workbook import Sheet, Workbook, open_workbook

_MOST_TOLD = 20


def read_workbook_rows(stream: BinaryIO, date_columns: Collection[str]) -> Iterator[RawRow]:
    """Yield the rows of the one sheet with anything in it, blank rows left out.

    Args:
        stream: seekable; left open, its position showing how much of the sheet has been read.
        date_columns: names of the columns in which cells may be dates.
    """
    try:
        with open_workbook(stream) as workbook:
            yield from _read_sheet(workbook, date_columns)
    except WorkbookProblem as problem:
        error = RowError.of(problem.code, 1, "", "", **problem.details)
        yield RawRow.refused(error, is_last=True)
    except FAULTS:
        yield RawRow.refused(RowError.of(RowErrorCode.DAMAGED_WORKBOOK, 1), is_last=True)
    stream.seek(0, SEEK_END)


def _choose_sheet(workbook: Workbook) -> tuple[Sheet, tuple[str, ...]]:
    """The visible sheet that is not empty, and the names of hidden ones that are not.

    Raises:
        WorkbookProblem: there is none, or there are several.
    """
    filled = [sheet for sheet in workbook.sheets if _has_rows(workbook, sheet)]
    visible = [sheet for sheet in filled if not sheet.is_hidden]
    if not visible:
        raise WorkbookProblem(RowErrorCode.EMPTY_FILE)
    if len(visible) > 1:
        names = "、".join(f"“{sheet.name}”" for sheet in visible[:_MOST_TOLD])
        raise WorkbookProblem(RowErrorCode.SEVERAL_SHEETS, names=names)
    return visible[0], tuple(sheet.name for sheet in filled if sheet.is_hidden)


def _has_rows(workbook: Workbook, sheet: Sheet) -> bool:
    with closing(SheetReader(workbook, sheet).read()) as rows:
        return next(rows, None) is not None


@dataclass(frozen=True, slots=True)
class _Table:
    """What the header says of the rows below it."""

    names: tuple[str, ...]
    date_columns: frozenset[int]

    def make_row(self, row: SheetRow, warnings: tuple[RowError, ...]) -> RawRow:
        """The cells below the header, and why some may not be taken as they are."""
        width = len(self.names)
        cells = row.cells[:width] + [""] * (width - len(row.cells))
        errors = [self._refuse(row, at, code) for at, code in row.problems.items() if at < width]
        errors += [
            self._refuse(row, at, RowErrorCode.FORMATTED_NUMBER)
            for at in row.dates
            if at < width and at not in self.date_columns
        ]
        errors += self._refuse_outside(row)
        return RawRow(row.number, cells, tuple(errors), warnings)

    def _refuse(self, row: SheetRow, at: int, code: RowErrorCode) -> RowError:
        return RowError.of(code, row.number, self.names[at], row.cells[at])

    def _refuse_outside(self, row: SheetRow) -> list[RowError]:
        code = RowErrorCode.CELL_OUTSIDE_TABLE
        for at in range(len(self.names), len(row.cells)):
            if row.cells[at].strip():
                return [RowError.of(code, row.number, get_column_letter(at + 1), row.cells[at])]
        return [RowError.of(code, row.number, row.outside)] if row.outside else []


def _read_sheet(workbook: Workbook, date_columns: Collection[str]) -> Iterator[RawRow]:
    sheet, hidden_sheets = _choose_sheet(workbook)
    merges = find_merges(workbook, sheet)
    reader = SheetReader(workbook, sheet)
    rows = reader.read()
    header = next(rows)
    yield RawRow(header.number, header.cells)
    names = tuple(map(normalise_cell, header.cells))
    refusals = [
        RowError.of(RowErrorCode.MERGED_CELLS, merge.first_row, value=merge.reference)
        for merge in merges
        if merge.last_row > header.number
    ]
    if header.outside:
        code = RowErrorCode.CELL_OUTSIDE_TABLE
        refusals.append(RowError.of(code, header.number, header.outside))
    if refusals:
        shown = tuple(refusals[:_MOST_TOLD])
        yield RawRow(shown[0].line, [], shown, is_last=True)
        return
    table = _Table(names, frozenset(at for at, name in enumerate(names) if name in date_columns))
    warnings = _warn_of_hidden(header.number, names, reader.hidden_columns, hidden_sheets)
    has_hidden_rows = False
    for row in rows:
        if row.is_hidden and not has_hidden_rows:
            has_hidden_rows = True
            warnings += (RowError.of(RowErrorCode.HIDDEN_ROW, row.number),)
        yield table.make_row(row, warnings)
        warnings = ()


def _warn_of_hidden(
    line: int, names: Sequence[str], columns: Collection[int], sheets: Sequence[str]
) -> tuple[RowError, ...]:
    """What is hidden of the workbook, told with its header."""
    hidden = [name for at, name in enumerate(names) if at in columns]
    return (
        *(RowError.of(RowErrorCode.HIDDEN_SHEET, line, value=name) for name in sheets[:_MOST_TOLD]),
        *(RowError.of(RowErrorCode.HIDDEN_COLUMN, line, name) for name in hidden),
    )
