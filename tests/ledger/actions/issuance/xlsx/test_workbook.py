from __future__ import annotations

import io

import pytest
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from ledger.actions.issuance.reading import read_raw_rows
from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuance.xlsx.package import WorkbookProblem
from ledger.actions.issuance.xlsx.workbook import Sheet, open_workbook
from tests.support.workbooks import MAIN, OFFICE, make_package

WORKBOOK = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{{}}</workbook>'


def test_sheets_are_told_with_their_parts() -> None:
    with open_workbook(io.BytesIO(make_package())) as workbook:
        assert workbook.sheets == (Sheet("一", "xl/s.xml", is_hidden=False),)
        assert workbook.epoch == WINDOWS_EPOCH


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_and_the_calendar_of_1904_are_told(state: str) -> None:
    xml = WORKBOOK.format(
        '<workbookPr date1904="1"/>'
        f'<sheets><sheet name="a" sheetId="1" state="{state}" r:id="rId0"/></sheets>'
    )
    content = make_package(parts={"xl/workbook.xml": xml})
    with open_workbook(io.BytesIO(content)) as workbook:
        assert workbook.sheets[0].is_hidden
        assert workbook.epoch == MAC_EPOCH


def test_chart_sheets_and_dangling_ones_are_no_sheets() -> None:
    relationships = (
        f'<Relationships><Relationship Id="a" Type="{OFFICE}/chartsheet" Target="c.xml"/>'
        "</Relationships>"
    )
    xml = WORKBOOK.format(
        '<sheets><sheet name="a" sheetId="1" r:id="a"/><sheet name="b" sheetId="2"/>'
        '<sheet name="c" sheetId="3" r:id="z"/></sheets>'
    )
    parts = {"xl/workbook.xml": xml, "xl/_rels/workbook.xml.rels": relationships}
    with open_workbook(io.BytesIO(make_package(parts=parts))) as workbook:
        assert workbook.sheets == ()


def test_formats_are_those_of_cells_and_not_of_named_styles() -> None:
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="yyyy-mm-dd"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf/><xf numFmtId="170"/><xf numFmtId="2"/><xf numFmtId="99999"/></cellXfs>'
    )
    with open_workbook(io.BytesIO(make_package(styles=styles))) as workbook:
        assert workbook.formats == ("General", "yyyy-mm-dd", "0.00", "")


@pytest.mark.parametrize("number", [27, 31, 36, 57, 58])
def test_chinese_formats_of_days_without_a_code_are_known(number: int) -> None:
    styles = f'<cellXfs><xf numFmtId="{number}"/></cellXfs>'
    with open_workbook(io.BytesIO(make_package(styles=styles))) as workbook:
        assert workbook.formats == ("yyyy-mm-dd",)


def test_workbook_of_too_many_sheets_is_refused() -> None:
    sheets = '<sheet name="a" sheetId="1" r:id="rId0"/>' * 1_001
    content = make_package(parts={"xl/workbook.xml": WORKBOOK.format(f"<sheets>{sheets}</sheets>")})
    with pytest.raises(WorkbookProblem) as refused, open_workbook(io.BytesIO(content)):
        pass
    assert refused.value.code is RowErrorCode.DAMAGED_WORKBOOK


def test_format_code_that_would_take_hours_to_understand_is_refused() -> None:
    styles = f'<numFmts><numFmt numFmtId="170" formatCode="{"[" * 500_000}"/></numFmts>'
    content = make_package(styles=f'{styles}<cellXfs><xf numFmtId="170"/></cellXfs>')
    (row,) = read_raw_rows(io.BytesIO(content))
    assert [error.code for error in row.errors] == [RowErrorCode.DAMAGED_WORKBOOK]


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_huge_part_that_is_read_whole_is_refused(part: str) -> None:
    content = make_package(parts={part: "<a>" + "<b/>" * 2_000_000 + "</a>"})
    with pytest.raises(WorkbookProblem) as refused, open_workbook(io.BytesIO(content)):
        pass
    assert refused.value.code is RowErrorCode.WORKBOOK_TOO_LARGE
