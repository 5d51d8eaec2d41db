from __future__ import annotations

import pytest

from ledger.actions.issuance.header import map_header
from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.schemas import CertificateSchema


def test_columns_may_stand_in_any_order(schema: CertificateSchema) -> None:
    header, errors = map_header(schema.columns()[::-1], schema, 1)
    assert errors == ()
    assert header.width == 15
    assert header.positions["holderKey"] == 0
    assert header.positions["certificateId"] == 14


def test_optional_columns_may_be_missing(schema: CertificateSchema) -> None:
    kept = [column for column in schema.columns() if column not in ("技术职称", "职务")]
    header, errors = map_header(kept, schema, 1)
    assert errors == ()
    assert "technicalTitle" not in header.positions


def test_column_names_are_tidied(schema: CertificateSchema) -> None:
    names = [f"\ufeff{schema.columns()[0]} ", *schema.columns()[1:]]
    assert map_header(names, schema, 1)[1] == ()


def test_misspelt_column_is_met_with_the_nearest_name(schema: CertificateSchema) -> None:
    names = ["身份证号码" if name == "身份证号" else name for name in schema.columns()]
    _, (unknown, missing) = map_header(names, schema, 3)
    assert (unknown.code, unknown.line, unknown.column) == (
        RowErrorCode.UNKNOWN_COLUMN,
        3,
        "身份证号码",
    )
    assert "“身份证号”" in unknown.expected_zh
    assert "“身份证号”" in unknown.expected_en
    assert (missing.code, missing.column) == (RowErrorCode.MISSING_COLUMN, "身份证号")


def test_nothing_is_suggested_where_nothing_is_near(schema: CertificateSchema) -> None:
    _, (unknown,) = map_header([*schema.columns(), "备注"], schema, 1)
    assert "删除" in unknown.expected_zh


def test_nameless_column_between_others_is_unknown(schema: CertificateSchema) -> None:
    _, (unknown,) = map_header(["", *schema.columns()], schema, 1)
    assert unknown.code is RowErrorCode.UNKNOWN_COLUMN
    assert "第 1 列" in unknown.expected_zh


def test_repeated_column_is_refused(schema: CertificateSchema) -> None:
    _, (repeated,) = map_header([*schema.columns(), "姓名"], schema, 1)
    assert (repeated.code, repeated.column) == (RowErrorCode.DUPLICATE_COLUMN, "姓名")


def test_row_that_names_no_column_at_all_is_no_header(schema: CertificateSchema) -> None:
    _, (error,) = map_header(["", "登记表"], schema, 2)
    assert (error.code, error.line, error.value) == (RowErrorCode.HEADER_MISSING, 2, "登记表")


@pytest.mark.parametrize("separator", [";", "\t", "；", "|"])
def test_other_separator_is_named_as_such(schema: CertificateSchema, separator: str) -> None:
    _, (error,) = map_header([separator.join(schema.columns())], schema, 1)
    assert error.code is RowErrorCode.WRONG_SEPARATOR
    assert "CSV UTF-8" in error.expected_en


def test_nameless_columns_behind_the_last_are_left_out(schema: CertificateSchema) -> None:
    header, errors = map_header([*schema.columns(), "", " "], schema, 1)
    assert errors == ()
    assert header.width == len(schema.columns())
