from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.actions.issuance.raw_rows import RawRow
from ledger.actions.issuance.reading import read_raw_rows
from ledger.actions.issuance.row_errors import RowErrorCode
from tests.support.workbooks import make_workbook, save


def rows_of(content: bytes) -> list[RawRow]:
    return list(read_raw_rows(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04rest", RowErrorCode.DAMAGED_WORKBOOK),
        (b"PK\x05\x06" + bytes(18), RowErrorCode.OTHER_FORMAT),
        (b"\xd0\xcf\x11\xe0rest", RowErrorCode.OLD_OR_LOCKED_WORKBOOK),
        (b"%PDF-1.7\0", RowErrorCode.UNSUPPORTED_ENCODING),
    ],
)
def test_kind_of_a_file_is_told_by_its_first_bytes(content: bytes, code: RowErrorCode) -> None:
    (row,) = rows_of(content)
    assert row.is_last
    assert [error.code for error in row.errors] == [code]


def test_path_and_stream_read_alike(tmp_path: Path) -> None:
    content = "姓名,企业\r\n王小明,甲\r\n".encode("gb18030") * 3
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert list(read_raw_rows(path)) == rows_of(content)


def test_borrowed_stream_stays_open() -> None:
    stream = io.BytesIO(b"a,b\n1,2\n")
    assert len(list(read_raw_rows(stream))) == 2
    assert not stream.closed


def test_stream_that_gives_a_byte_at_a_time_reads_alike() -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(1 if size else size)

    content = "姓名,企业\r\n王小明,甲\r\n".encode("gb18030")
    assert list(read_raw_rows(Trickle(content))) == rows_of(content)


def test_workbook_reads_alike_from_path_stream_and_pipe(tmp_path: Path) -> None:
    class Pipe:
        def __init__(self, content: bytes) -> None:
            self._stream = io.BytesIO(content)

        def read(self, size: int, /) -> bytes:
            return self._stream.read(min(size, 100))

    content = save(make_workbook([["姓名", "企业"], ["王小明", "甲"]]))
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    expected = [RawRow(1, ["姓名", "企业"]), RawRow(2, ["王小明", "甲"])]
    assert rows_of(content) == expected
    assert list(read_raw_rows(path)) == expected
    assert list(read_raw_rows(Pipe(content))) == expected


def test_borrowed_workbook_stays_open() -> None:
    stream = io.BytesIO(save(make_workbook([["a"], ["b"]])))
    assert len(list(read_raw_rows(stream))) == 2
    assert not stream.closed


def test_csv_is_issued_without_loading_openpyxl(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    program = (
        "import pathlib, sys, ledger.actions.issuance.clerk_files, ledger.actions.issuance.loop\n"
        "from ledger.actions.issuance.reading import read_raw_rows\n"
        "rows = list(read_raw_rows(pathlib.Path(sys.argv[1])))\n"
        "print(len(rows), {'openpyxl', 'defusedxml'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", program, str(path)]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.stdout.strip() == "2 set()", told.stderr
