from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from ledger.actions.issuance.clerk_files import (
    REPORT_COLUMNS,
    REPORT_ENCODING,
    read_error_rows,
    write_error_report,
    write_template,
)
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.actions.issuance.rows import read_rows
from ledger.errors import MalformedInputError
from ledger.identifiers import Uscc
from ledger.schemas import CertificateSchema


def report_of(path: Path, *errors: RowError) -> list[list[str]]:
    assert write_error_report(path, errors) == len(errors)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_template_is_the_header_with_a_byte_order_mark(
    tmp_path: Path, schema: CertificateSchema
) -> None:
    path = tmp_path / "模板.csv"
    write_template(path, schema)
    assert path.read_bytes() == b"\xef\xbb\xbf" + (",".join(schema.columns()) + "\r\n").encode()


def test_template_has_columns_the_reader_accepts(tmp_path: Path, schema: CertificateSchema) -> None:
    path = tmp_path / "模板.csv"
    write_template(path, schema)
    (result,) = read_rows(
        path, schema, issuer=Uscc.build("11500000000000001"), today=date(2025, 12, 31)
    )
    assert [error.code for error in result.errors] == [RowErrorCode.NO_ROWS]


def test_report_has_a_line_for_every_problem(tmp_path: Path) -> None:
    header, row, warning = report_of(
        tmp_path / "report.csv",
        RowError.of(RowErrorCode.WRONG_CHECK_CHARACTER, 7, "身份证号", "王", expected="X"),
        RowError.of(RowErrorCode.POSSIBLY_TRUNCATED, 9, "身份证号", "1"),
    )
    assert (
        tuple(header)
        == REPORT_COLUMNS
        == (
            "行号",
            "列名",
            "填写内容",
            "错误代码",
            "应为",
            "expected",
        )
    )
    assert row[:4] == ["7", "身份证号", "王", "wrong_check_character"]
    assert row[4].endswith("最后一位应为 X")
    assert "should be X" in row[5]
    assert warning[3] == "possibly_truncated"


@pytest.mark.parametrize(
    "value",
    [
        "=1+1",
        "+1",
        "-1",
        "@A1",
        "＝1",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "　=1",
        "'=1",
        "=cmd|'/c'!A0",
    ],
)
def test_refused_formula_cannot_run_from_the_report(tmp_path: Path, value: str) -> None:
    _, row = report_of(
        tmp_path / "report.csv", RowError.of(RowErrorCode.FORMULA_CELL, 2, value, value)
    )
    assert row[1].startswith("'")
    assert row[2] == f"'{value}"


def test_long_numbers_keep_their_digits_in_a_spreadsheet(tmp_path: Path) -> None:
    _, row = report_of(
        tmp_path / "report.csv",
        RowError.of(RowErrorCode.WRONG_IDENTITY_NUMBER, 2, "身份证号", "16010119900307123"),
    )
    assert row[2] == "'16010119900307123"


def test_quotes_commas_and_line_breaks_stay_in_their_cell(tmp_path: Path) -> None:
    value = 'a","b\r\n=c\0'
    _, row = report_of(
        tmp_path / "report.csv", RowError.of(RowErrorCode.MISSING_VALUE, 2, "姓名", value)
    )
    assert row[2] == 'a","b\r\n=c�'


def test_report_of_nothing_is_its_header(tmp_path: Path) -> None:
    assert report_of(tmp_path / "report.csv") == [list(REPORT_COLUMNS)]


def test_report_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    values = ("=1+1", "'quoted", "160101199003071233", 'a "b", c\r\nd', "", "王小明")
    errors = [
        RowError.of(RowErrorCode.NOT_ALLOWED_VALUE, number, "性别", value, allowed="男、女")
        for number, value in enumerate(values, 2)
    ]
    path = tmp_path / "errors.csv"
    write_error_report(path, errors)
    with path.open(encoding=REPORT_ENCODING, newline="") as stream:
        assert read_error_rows(stream) == errors


@pytest.mark.parametrize(
    "content", ["", "a,b\r\n", "行号,列名,填写内容,错误代码,应为,expected\r\n1,2\r\n"]
)
def test_what_is_no_report_is_not_read(content: str) -> None:
    with pytest.raises(MalformedInputError):
        read_error_rows(io.StringIO(content, newline=""))
