"""An empty workbook to fill in. Its columns are text, so that no program turns codes to numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.styles.numbers import FORMAT_TEXT

_WIDTH_CHARACTERS = 24


def make_workbook(header: Sequence[str]) -> Workbook:
    """A workbook of one sheet with a header and no rows."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "证照"
    sheet.freeze_panes = "A2"
    columns = sheet.column_dimensions["A"]
    columns.min, columns.max = 1, len(header)
    columns.width, columns.number_format = _WIDTH_CHARACTERS, FORMAT_TEXT
    for number, name in enumerate(header, 1):
        cell = sheet.cell(1, number, name)
        cell.font, cell.number_format = Font(bold=True), FORMAT_TEXT
    return workbook


def write_workbook(path: Path, header: Sequence[str]) -> None:
    """Write that workbook."""
    make_workbook(header).save(path)
