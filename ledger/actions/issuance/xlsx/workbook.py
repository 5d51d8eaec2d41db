"""Opening a workbook with openpyxl: its sheets, its calendar, and what its formats show.

openpyxl reads everything but the sheets' rows, which `sheet` does row by row, and keeps the shared
strings where we want them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, cast

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS, XLSM, XLSX, XLTM, XLTX

from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuance.xlsx.package import Package, WorkbookProblem, walk_elements
from ledger.actions.issuance.xlsx.strings import SharedStrings

_STRING_TAG = f"{{{SHEET_MAIN_NS}}}si"
_MOST_SHEETS = 1_000
_DATES_OF_CHINA = frozenset({*range(27, 32), 36, *range(50, 59)})
"""Formats of days in a Chinese Excel (ECMA-376 part 1, §18.8.30), which openpyxl does not know."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet. Attributes: part: its name in the package."""

    name: str
    part: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """What must be known before a sheet can be read.

    Attributes:
        sheets: worksheets in the order of their tabs.
        epoch: the day 0.
        formats: codes of number formats, by the number of a cell's style; "" if unknown.
    """

    package: Package
    strings: SharedStrings
    sheets: tuple[Sheet, ...]
    epoch: datetime
    formats: tuple[str, ...]


@contextmanager
def open_workbook(stream: BinaryIO) -> Iterator[Workbook]:
    """Open a workbook, whose rows are not read yet, and leave the stream open.

    Raises:
        WorkbookProblem: it is damaged, too large, or in another format.
        Exception: one of `package.FAULTS`, for damage that openpyxl found.
    """
    with Package(stream) as package, SharedStrings() as strings:
        reader = _Reader(stream, package, strings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read()
        formats = tuple(_find_formats(reader.wb))
        yield Workbook(package, strings, tuple(reader.find_sheets()), reader.wb.epoch, formats)


class _Reader(ExcelReader):
    """openpyxl's reader, from a package that was judged, and without what no row needs."""

    def __init__(self, stream: BinaryIO, package: Package, strings: SharedStrings) -> None:
        super().__init__(stream, read_only=True, keep_links=False)
        self.archive = package
        self._strings = strings

    def read(self) -> None:
        self.read_manifest()
        self._require_workbook()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)

    def read_strings(self) -> None:
        package: Any = self.package
        if part := package.find(SHARED_STRINGS):
            with self.archive.open(part.PartName[1:]) as source:
                for item in walk_elements(source, {_STRING_TAG}):
                    text: Any = Text.from_tree(cast("Any", item))
                    self._strings.append(text.content)
            self._strings.close_for_writing()

    def find_sheets(self) -> Iterator[Sheet]:
        if len(self.parser.sheets) > _MOST_SHEETS:
            raise WorkbookProblem(RowErrorCode.DAMAGED_WORKBOOK)
        for sheet in self.parser.sheets:
            related = cast("dict[str, Any]", self.parser.rels).get(sheet.id)
            if related is not None and related.Type.endswith("/worksheet"):
                yield Sheet(sheet.name, related.target, sheet.state != "visible")

    def _require_workbook(self) -> None:
        kinds = {each.ContentType for each in (*self.package.Override, *self.package.Default)}
        if kinds.isdisjoint({XLSX, XLSM, XLTX, XLTM}):
            is_binary = any(".sheet.binary." in kind for kind in kinds)
            kind = ".xlsb" if is_binary else "ZIP"
            raise WorkbookProblem(RowErrorCode.OTHER_FORMAT, kind=kind)


def _find_formats(workbook: Any) -> Iterator[str]:
    own: Sequence[str] = workbook._number_formats  # noqa: SLF001 -- not told otherwise
    for style in workbook._cell_styles:  # noqa: SLF001
        number: int = style.numFmtId
        if number in _DATES_OF_CHINA:
            yield "yyyy-mm-dd"
        elif number < BUILTIN_FORMATS_MAX_SIZE:
            yield BUILTIN_FORMATS.get(number, "")
        else:
            at = number - BUILTIN_FORMATS_MAX_SIZE
            yield own[at] if at < len(own) else ""
