"""From a clerk's file to raw rows, whatever kind of file it is, in flat memory.

The kind is told by the first bytes, never by the name: a workbook is a ZIP archive, an old or a
locked one an OLE container, and anything else is taken for CSV.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from ledger.actions.issuance.csv_reading import BUFFER_BYTES, read_csv_rows
from ledger.actions.issuance.raw_rows import ByteSource, RawRow
from ledger.actions.issuance.row_errors import RowError, RowErrorCode

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_OLE_START = b"\xd0\xcf\x11\xe0"


def read_raw_rows(
    source: Path | ByteSource, date_columns: Collection[str] = ()
) -> Iterator[RawRow]:
    """Yield the rows of a CSV file or of an XLSX workbook, blank ones of a workbook left out.

    Args:
        source: a path, or a binary stream, which is read to its end and left open. How far it has
            been read shows in its position, of a workbook as well.
        date_columns: names of the columns in which a workbook may have cells that are dates.
    """
    with _open(source) as binary:
        head = binary.peek(BUFFER_BYTES)
        if head.startswith(_OLE_START):
            error = RowError.of(RowErrorCode.OLD_OR_LOCKED_WORKBOOK, 1)
            yield RawRow.refused(error, is_last=True)
        elif head.startswith(_ZIP_STARTS):
            # openpyxl is loaded by those who need it.
            from ledger.actions.issuance.xlsx.rows import read_workbook_rows

            with _seekable(source, binary) as workbook:
                yield from read_workbook_rows(workbook, date_columns)
        else:
            yield from read_csv_rows(binary)


def _open(source: Path | ByteSource) -> io.BufferedReader:
    if isinstance(source, Path):
        return io.BufferedReader(io.FileIO(source), BUFFER_BYTES)
    return io.BufferedReader(_Borrowed(source), BUFFER_BYTES)


@contextmanager
def _seekable(source: Path | ByteSource, binary: io.BufferedReader) -> Iterator[BinaryIO]:
    """The same bytes, to be read in any order: an archive begins with its end."""
    if isinstance(source, Path):
        yield cast("BinaryIO", binary)
    elif hasattr(source, "seekable") and source.seekable():
        yield cast("BinaryIO", source)
    else:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(binary, copy)
            yield cast("BinaryIO", copy)


class _Borrowed(io.RawIOBase):
    """A caller's stream, read but never closed."""

    def __init__(self, stream: ByteSource) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the whole buffer unless the stream ends: the encoding is judged by the first one."""
        view, filled = memoryview(buffer), 0
        while content := self._stream.read(len(view) - filled):
            view[filled : filled + len(content)] = content
            filled += len(content)
        return filled
