"""A workbook's ZIP archive, judged before openpyxl sees it, and its XML within bounds.

The archive is not trusted. It is measured before anything is unpacked: no part can yield more than
the size it declares, so the sum of these sizes bounds all the work that a file can cause. What
is read whole is small; what is read as a stream keeps few elements alive. defusedxml refuses
document types, and so entities.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from io import SEEK_END, SEEK_SET, BytesIO
from typing import IO, BinaryIO, cast
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from ledger.actions.issuance.row_errors import RowErrorCode

MOST_UNPACKED_BYTES = 1 << 32
MOST_EXPANSION = 250
SMALL_BYTES = 1 << 26
MOST_WHOLE_BYTES = 1 << 22

FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    SyntaxError,  # as xml.etree calls what is no XML
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What `zipfile` and openpyxl raise for a workbook that is damaged, or made to look so."""

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 1
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_STRICT = "{http://purl.oclc.org/ooxml/"
_DEEPEST = 64
_MOST_ELEMENTS = 1 << 17
_LONGEST_BYTES = 1 << 20
_LONGEST_ATTRIBUTE = 1_024


class WorkbookProblem(Exception):  # noqa: N818 -- a file's problem, not a failure of the program
    """Why a workbook cannot be read; becomes a `RowError` where it leaves this package."""

    def __init__(self, code: RowErrorCode, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class Package(zipfile.ZipFile):
    """An open archive.

    Raises:
        WorkbookProblem: it is damaged, encrypted, too large, or no Office document.
    """

    def __init__(self, stream: BinaryIO) -> None:
        size = stream.seek(0, SEEK_END)
        try:
            super().__init__(cast("IO[bytes]", _Reluctant(stream, size)))
        except FAULTS as error:
            raise WorkbookProblem(RowErrorCode.DAMAGED_WORKBOOK) from error
        infos = self.infolist()
        if len({info.filename.lower() for info in infos}) < len(infos):
            raise WorkbookProblem(RowErrorCode.DAMAGED_WORKBOOK)
        if any(i.compress_type not in _METHODS or i.flag_bits & _ENCRYPTED for i in infos):
            raise WorkbookProblem(RowErrorCode.OLD_OR_LOCKED_WORKBOOK)
        unpacked = sum(info.file_size for info in infos)
        if unpacked > min(MOST_UNPACKED_BYTES, max(SMALL_BYTES, size * MOST_EXPANSION)):
            raise WorkbookProblem(RowErrorCode.WORKBOOK_TOO_LARGE)
        if "[Content_Types].xml" not in self.NameToInfo:
            is_open = "mimetype" in self.NameToInfo and self._starts("mimetype", _OPEN_DOCUMENT)
            raise WorkbookProblem(RowErrorCode.OTHER_FORMAT, kind=".ods" if is_open else "ZIP")

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        """A part that is wanted whole; all but sheets and strings are small."""
        info = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if info.file_size > MOST_WHOLE_BYTES:
            raise WorkbookProblem(RowErrorCode.WORKBOOK_TOO_LARGE)
        content = super().read(info, pwd)
        for element in walk_elements(BytesIO(content)):
            if any(len(value) > _LONGEST_ATTRIBUTE for value in element.attrib.values()):
                raise ValueError(f"expected attributes of {_LONGEST_ATTRIBUTE} characters at most")
        return content

    def _starts(self, name: str, start: bytes) -> bool:
        with self.open(name) as part:
            return part.read(len(start)) == start


def walk_elements(source: IO[bytes], tags: Collection[str] | None = None) -> Iterator[Element]:
    """Yield each whole element with one of these tags, then forget it and what was before it.

    Args:
        tags: by default, all.

    Raises:
        WorkbookProblem: it is in the form of ISO/IEC 29500 Strict, which openpyxl cannot read.
        ValueError: a document type, or what takes too much memory: elements more than 64 deep,
            more than 131,072 of them at once, or a megabyte without any.
        SyntaxError: no XML.
    """
    watched = _Watched(source)
    above: list[Element] = []
    alive = 0
    for event, element in iterparse(cast("IO[bytes]", watched), ("start", "end"), forbid_dtd=True):
        watched.quiet_bytes = 0
        if event == "start":
            if not above and element.tag.startswith(_STRICT):
                raise WorkbookProblem(RowErrorCode.OTHER_FORMAT, kind="Strict Open XML")
            above.append(element)
            alive += 1
            if len(above) > _DEEPEST or alive > _MOST_ELEMENTS:
                raise ValueError(f"expected {_DEEPEST} levels and {_MOST_ELEMENTS} elements")
        else:
            above.pop()
            if tags is None or element.tag in tags:
                yield element
                del (above[-1] if above else element)[:]
                alive = len(above)


class _Watched:
    """A part that refuses to go on when much of it was read since `quiet_bytes` was set to 0."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.quiet_bytes = 0

    def read(self, size: int) -> bytes:
        content = self._source.read(size)
        self.quiet_bytes += len(content)
        if self.quiet_bytes > _LONGEST_BYTES:
            raise ValueError("expected an element in every megabyte")
        return content


class _Reluctant:
    """The archive's stream, which goes nowhere outside it and gives no more than 4 MiB at once.

    So `zipfile` refuses a directory of millions of entries instead of loading it.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self.seekable = stream.seekable
        self.tell = stream.tell

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        if whence == SEEK_SET and not 0 <= offset <= self._size:
            raise zipfile.BadZipFile(f"expected an offset up to {self._size}, got {offset}")
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if size > MOST_WHOLE_BYTES:
            raise zipfile.BadZipFile("expected a directory of 4 MiB at most")
        return self._stream.read(MOST_WHOLE_BYTES if size < 0 else size)
