"""From the bytes of a CSV file to rows of cells with the lines they begin on, in flat memory.

The encoding is decided by the first bytes: UTF-8 (with or without a byte order mark) if they are
strictly that, else GB18030 if they are strictly that. Bytes further down that do not fit become
U+FFFD, which the cells refuse, so that one damaged cell does not hide the rows after it.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from ledger.actions.issuance.cells import MAX_CELL_CHARACTERS
from ledger.actions.issuance.raw_rows import RawRow
from ledger.actions.issuance.row_errors import RowError, RowErrorCode

BUFFER_BYTES = 1 << 18
"""How much of a file the decision on its encoding sees."""

_MAX_LINE_CHARACTERS = 1 << 20


def read_csv_rows(binary: io.BufferedReader) -> Iterator[RawRow]:
    """Yield the rows of a CSV file (RFC 4180), blank lines left out, and close it."""
    encoding, problem = detect_encoding(binary.peek(BUFFER_BYTES))
    if problem is not None:
        yield RawRow.refused(RowError.of(problem, 1), is_last=True)
        return
    with io.TextIOWrapper(binary, encoding, errors="replace", newline="") as text:
        yield from _cut_rows(text)


def detect_encoding(head: bytes) -> tuple[str, RowErrorCode | None]:
    """The codec of a file that begins with `head`, or what is wrong with it."""
    if not head.strip(b"\r\n\xef\xbb\xbf"):
        return "", RowErrorCode.EMPTY_FILE
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
                yield RawRow.refused(found, is_last=True)
                return
            if "field limit" in str(error):
                found = RowError.of(RowErrorCode.CELL_TOO_LONG, first, limit=MAX_CELL_CHARACTERS)
            else:
                found = RowError.of(RowErrorCode.MALFORMED_QUOTES, first)
            yield RawRow.refused(found)
        else:
            return
