"""From the bytes of a file to rows of cells with the lines they begin on, in flat memory.

The encoding is decided by the first bytes: UTF-8 (with or without a byte order mark) if they are
strictly that, else GB18030 if they are strictly that. Bytes further down that do not fit become
U+FFFD, which the cells refuse, so that one damaged cell does not hide the rows after it.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ledger.actions.issuance.cells import MAX_CELL_CHARACTERS
from ledger.actions.issuance.row_errors import RowError, RowErrorCode

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 1 << 18
_MAX_LINE_CHARACTERS = 1 << 20
_SPREADSHEET_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class ByteSource(Protocol):
    """Anything bytes can be read from in order: an open file, a pipe, an upload."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""


class RawRow(NamedTuple):
    """One row as written: its cells, or the reason why it could not be cut into cells.

    After an error with `is_last` nothing more can be read.
    """

    line: int
    cells: list[str]
    error: RowError | None = None
    is_last: bool = False


def read_raw_rows(source: Path | ByteSource) -> Iterator[RawRow]:
    """Yield the rows of a CSV file (RFC 4180), blank lines left out.

    Args:
        source: a path, or a binary stream, which is read to its end and left open.
    """
    with _open(source) as binary:
        head = binary.peek(_BUFFER_BYTES)
        encoding, problem = detect_encoding(head)
        if problem is not None:
            yield RawRow(1, [], RowError.of(problem, 1), is_last=True)
            return
        with io.TextIOWrapper(binary, encoding, errors="replace", newline="") as text:
            yield from _cut_rows(text)


def detect_encoding(head: bytes) -> tuple[str, RowErrorCode | None]:
    """The codec of a file that begins with `head`, or what is wrong with it."""
    if not head.strip(b"\r\n\xef\xbb\xbf"):
        return "", RowErrorCode.EMPTY_FILE
    if head.startswith(_SPREADSHEET_STARTS):
        return "", RowErrorCode.NOT_A_CSV
    first_line = head.lstrip(b"\r\n").partition(b"\n")[0]
    if b"\0" not in first_line:
        for encoding in ("utf-8-sig", "gb18030"):
            decoder = codecs.getincrementaldecoder(encoding)("strict")
            try:
                decoder.decode(first_line)
            except UnicodeDecodeError:
                continue
            return encoding, None
    return "", RowErrorCode.UNSUPPORTED_ENCODING


def _open(source: Path | ByteSource) -> io.BufferedReader:
    if isinstance(source, Path):
        return io.BufferedReader(io.FileIO(source), _BUFFER_BYTES)
    return io.BufferedReader(_Borrowed(source), _BUFFER_BYTES)


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


def _bounded_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines with their ends; the rest of an endless one is dropped, its cells being refused."""
    while line := text.readline(_MAX_LINE_CHARACTERS):
        yield line
        while len(line) == _MAX_LINE_CHARACTERS and line[-1] not in "\r\n":
            line = text.readline(_MAX_LINE_CHARACTERS)


def _cut_rows(text: io.TextIOWrapper) -> Iterator[RawRow]:
    reader = csv.reader(_bounded_lines(text), strict=True)
    lines_before = 0
    while True:
        try:
            for cells in reader:
                if cells:
                    yield RawRow(lines_before + 1, cells)
                lines_before = reader.line_num
        except csv.Error as error:
            first, last = lines_before + 1, reader.line_num
            lines_before = last
            if last > first or "end of data" in str(error):
                found = RowError.of(RowErrorCode.UNCLOSED_QUOTE, first)
                yield RawRow(first, [], found, is_last=True)
                return
            if "field limit" in str(error):
                found = RowError.of(RowErrorCode.CELL_TOO_LONG, first, limit=MAX_CELL_CHARACTERS)
            else:
                found = RowError.of(RowErrorCode.MALFORMED_QUOTES, first)
            yield RawRow(first, [], found)
        else:
            return
