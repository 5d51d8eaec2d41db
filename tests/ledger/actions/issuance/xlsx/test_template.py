from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from ledger.actions.issuance.clerk_files import write_template
from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuance.rows import read_rows
from ledger.actions.issuance.xlsx.template import write_workbook
from ledger.identifiers import Uscc
from ledger.schemas import CertificateSchema
from tests.support.workbooks import save

ISSUER = Uscc.build("11500000000000001")


@pytest.fixture
def template(tmp_path: Path, schema: CertificateSchema) -> Path:
    path = tmp_path / "模板.xlsx"
    write_template(path, schema, is_workbook=True)
    return path


def test_other_programs_read_the_template(template: Path, schema: CertificateSchema) -> None:
    sheet = load_workbook(template).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == list(schema.columns())
    assert sheet.freeze_panes == "A2"


def test_whole_columns_are_text(template: Path, schema: CertificateSchema) -> None:
    workbook = load_workbook(template)
    for dimension in workbook.active.column_dimensions.values():
        assert (dimension.min, dimension.max) == (1, len(schema.columns()))
        assert dimension.number_format == "@"


def test_template_is_accepted_but_for_its_rows(template: Path, schema: CertificateSchema) -> None:
    (result,) = read_rows(template, schema, issuer=ISSUER, today=date(2025, 12, 31))
    assert [error.code for error in result.errors] == [RowErrorCode.NO_ROWS]


def test_filled_in_template_is_read(
    template: Path, schema: CertificateSchema, good_row: dict[str, str]
) -> None:
    workbook = load_workbook(template)
    workbook.active.append([good_row.get(column) for column in schema.columns()])
    template.write_bytes(save(workbook))
    (result,) = read_rows(template, schema, issuer=ISSUER, today=date(2025, 12, 31))
    assert result.draft is not None


def test_names_of_columns_are_text_and_no_markup(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_workbook(path, ["<a&b>"])
    assert load_workbook(path).active["A1"].value == "<a&b>"
