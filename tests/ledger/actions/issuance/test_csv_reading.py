from __future__ import annotations

import io

import pytest

from ledger.actions.issuance.csv_reading import detect_encoding
from ledger.actions.issuance.raw_rows import RawRow
from ledger.actions.issuance.reading import read_raw_rows
from ledger.actions.issuance.row_errors import RowErrorCode


def rows_of(content: bytes) -> list[RawRow]:
    return list(read_raw_rows(io.BytesIO(content)))


def cells_of(content: bytes) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in rows_of(content)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encoding_is_found(encoding: str) -> None:
    content = "姓名,企业\r\n王小明,𠮷祥（集团）\r\n".encode(encoding)
    assert cells_of(content) == [(1, ["姓名", "企业"]), (2, ["王小明", "𠮷祥（集团）"])]


def test_character_cut_by_the_window_of_detection_does_not_matter() -> None:
    head = "姓名".encode() + "，".encode()[:2]
    assert detect_encoding(head) == ("utf-8-sig", None)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", RowErrorCode.EMPTY_FILE),
        (b"\xef\xbb\xbf", RowErrorCode.EMPTY_FILE),
        (b"\r\n\r\n", RowErrorCode.EMPTY_FILE),
        ("姓名,企业\r\n".encode("utf-16"), RowErrorCode.UNSUPPORTED_ENCODING),
        ("姓名,企业\r\n".encode("utf-16-be"), RowErrorCode.UNSUPPORTED_ENCODING),
        (b"\xff\xfe\xff\xff\n", RowErrorCode.UNSUPPORTED_ENCODING),
    ],
)
def test_file_that_is_no_csv_is_refused(content: bytes, code: RowErrorCode) -> None:
    (row,) = rows_of(content)
    assert row.is_last
    assert [error.code for error in row.errors] == [code]


def test_damaged_bytes_spoil_their_own_cell_only() -> None:
    content = "姓名,企业\n".encode() + b"\xff\xe7\x8e,a\n" + b"b,c\n"
    assert cells_of(content)[1:] == [(2, ["��", "a"]), (3, ["b", "c"])]


def test_damaged_gb18030_does_not_swallow_the_end_of_the_line() -> None:
    content = "姓名,企业\n".encode("gb18030") + b"a,\xd6\nb,c\n"
    assert cells_of(content)[1:] == [(2, ["a", "�"]), (3, ["b", "c"])]


def test_lines_are_those_of_the_file() -> None:
    content = b'a,b\r\n"1\r\n2\n3",x\r\n\r\n\r\ny,z\r\n"p",q'
    assert cells_of(content) == [
        (1, ["a", "b"]),
        (2, ["1\r\n2\n3", "x"]),
        (7, ["y", "z"]),
        (8, ["p", "q"]),
    ]


def test_wrong_quotes_spoil_their_own_row_only() -> None:
    rows = rows_of(b'a,b\n"x"y,1\n2,3\n')
    assert [[error.code for error in row.errors] for row in rows] == [
        [],
        [RowErrorCode.MALFORMED_QUOTES],
        [],
    ]
    assert rows[1].line == 2


@pytest.mark.parametrize(
    "content",
    [b'a,b\n"x,1\n2,3\n', b'a,b\n"x,1\n2,"3"\n4,5\n', b'a,b\nx,"', b'a\n"' + b"x\n" * 99_999],
)
def test_quote_that_does_not_close_ends_the_reading_where_it_opened(content: bytes) -> None:
    last = rows_of(content)[-1]
    assert last.is_last
    assert last.line == 2
    assert [error.code for error in last.errors] == [RowErrorCode.UNCLOSED_QUOTE]


@pytest.mark.parametrize("size", [200_000, 5_000_000])
def test_endless_cell_is_refused_and_the_next_row_read(size: int) -> None:
    rows = rows_of(b"a,b\nx," + b"y" * size + b"\n1,2\n")
    assert [row.line for row in rows] == [1, 2, 3]
    assert [error.code for error in rows[1].errors] == [RowErrorCode.CELL_TOO_LONG]
    assert rows[2].cells == ["1", "2"]


def test_nul_characters_are_left_for_the_cells_to_refuse() -> None:
    assert cells_of(b"a,b\n1,\x002\n")[1] == (2, ["1", "\x002"])
