"""Reading a clerk's file of certificates into drafts, row by row, in flat memory.

A row becomes a draft only if every cell can be read and the row as a whole makes sense; otherwise
all that is wrong with it is told at once. Nothing is issued here, and nothing is raised for what a
file contains: every problem is a `RowError` of the row it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ledger.actions.issuance.cells import strip_cell
from ledger.actions.issuance.duplicates import SeenIdentifiers
from ledger.actions.issuance.header import map_header
from ledger.actions.issuance.raw_rows import ByteSource, RawRow
from ledger.actions.issuance.reading import read_raw_rows
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.actions.issuance.row_reader import RowReader, RowResult
from ledger.identifiers import Uscc
from ledger.schemas import CertificateSchema, FieldKind

_DATE_KINDS = frozenset({FieldKind.DATE, FieldKind.DATE_OR_LONG_TERM})


def read_rows(
    source: Path | ByteSource, schema: CertificateSchema, *, issuer: Uscc, today: date
) -> Iterator[RowResult]:
    """Yield a result for every row of a CSV file or a workbook that is not blank.

    Problems of the file as a whole (encoding, header, no rows) come as the result of the line they
    are on, and end the reading where nothing after them can be understood. A workbook's lines are
    its sheet's rows.

    Args:
        source: path, or binary stream that is read to its end and not closed.
        schema: the type that all rows must be of.
        issuer: the department that issues; identifiers must name it, or an area of its province.
        today: the latest date of issue admitted.
    """
    dates = {each.column for each in schema.fields if each.kind in _DATE_KINDS}
    raw_rows = read_raw_rows(source, dates)
    first = next(raw_rows, None)
    if first is None:
        yield _refusal(RowError.of(RowErrorCode.EMPTY_FILE, 1))
        return
    if first.errors:
        yield RowResult(first.line, None, first.errors)
        return
    header, errors = map_header(first.cells, schema, first.line)
    if errors:
        yield RowResult(first.line, None, errors)
        return
    is_empty = True
    with SeenIdentifiers() as seen:
        reader = RowReader(schema, header, issuer=issuer, today=today, seen=seen)
        for raw in raw_rows:
            if raw.errors or raw.warnings:
                is_empty = False
                yield _combine(raw, reader)
            elif not _is_blank(raw):
                is_empty = False
                yield reader.read(raw.line, raw.cells)
    if is_empty:
        yield _refusal(RowError.of(RowErrorCode.NO_ROWS, first.line))


def _combine(raw: RawRow, reader: RowReader) -> RowResult:
    """What was told of a row before its cells were read, and what they tell beyond that."""
    if not raw.cells:
        return RowResult(raw.line, None, raw.errors, raw.warnings)
    read = reader.read(raw.line, raw.cells)
    told = {error.column for error in raw.errors}
    errors = raw.errors + tuple(error for error in read.errors if error.column not in told)
    draft = None if errors else read.draft
    return RowResult(raw.line, draft, errors, raw.warnings + read.warnings)


def _refusal(error: RowError) -> RowResult:
    return RowResult(error.line, None, (error,))


def _is_blank(raw: RawRow) -> bool:
    """A row of empty cells, such as a spreadsheet leaves below its data."""
    return not raw.cells[0].strip() and not any(map(strip_cell, raw.cells))
