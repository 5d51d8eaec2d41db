from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from ledger.actions.issuance.row_reader import RowResult
from ledger.identifiers import CertificateId, Uscc
from tests.support.workbooks import make_package, make_workbook, save

ISSUER = Uscc.build("11500000000000001")
TODAY = date(2025, 12, 31)
DATES = ("初次领证日期", "发证日期", "有效期起", "有效期止")

ReadBytes = Callable[[bytes], list[RowResult]]


@pytest.fixture
def workbook(good_row: dict[str, str]) -> Workbook:
    """The header and one good row, all of it text."""
    return make_workbook([list(good_row), list(good_row.values())])


@pytest.fixture
def edit(workbook: Workbook, good_row: dict[str, str], read: ReadBytes) -> Callable[..., RowResult]:
    """Read the workbook with some cells of its row changed, and shown by a format if given."""
    columns = list(good_row)

    def read_changed(_format: str | None = None, **changes: object) -> RowResult:
        for column, value in changes.items():
            cell = workbook.active.cell(2, columns.index(column) + 1, value)
            if _format is not None:
                cell.number_format = _format
        (result,) = read(save(workbook))
        return result

    return read_changed


def codes_of(result: RowResult) -> list[tuple[str, str]]:
    return [(error.column, error.code) for error in result.errors]


def test_workbook_reads_as_the_same_rows_as_csv(
    workbook: Workbook,
    read: ReadBytes,
    encode: Callable[..., str],
    good_row: dict[str, str],
) -> None:
    csv = encode([list(good_row), list(good_row.values())]).encode()
    assert read(save(workbook)) == read(csv)


@pytest.mark.parametrize("form", ["yyyy-mm-dd", "yyyy/m/d", 'yyyy"年"m"月"d"日"', "m/d/yy"])
@pytest.mark.parametrize("is_1904", [False, True])
def test_date_cell_is_its_civil_date(
    edit: Callable[..., RowResult], workbook: Workbook, form: str, is_1904: bool
) -> None:
    if is_1904:
        workbook.epoch = CALENDAR_MAC_1904
    draft = edit(
        form,
        初次领证日期=date(2016, 2, 29),
        发证日期=date(2024, 1, 5),
        有效期起=date(2024, 1, 5),
        有效期止=date(2027, 1, 4),
    ).draft
    assert draft is not None
    assert draft.holder_fields["firstIssuedOn"] == "2016-02-29"
    assert (draft.issued_on, draft.valid_until) == (date(2024, 1, 5), date(2027, 1, 4))


def test_date_with_a_time_of_day_is_refused_as_in_csv(edit: Callable[..., RowResult]) -> None:
    result = edit("yyyy-mm-dd hh:mm", 发证日期=45296 + 8.5 / 24)
    assert codes_of(result) == [("发证日期", "wrong_date")]
    assert result.errors[0].value == "2024-01-05 08:30:00"


def test_date_cell_in_a_text_column_is_refused(edit: Callable[..., RowResult]) -> None:
    result = edit("yyyy-mm", 证书编号=date(2024, 1, 1))
    assert codes_of(result) == [("证书编号", "formatted_number")]


def test_number_in_a_date_column_is_read_as_in_csv(edit: Callable[..., RowResult]) -> None:
    draft = edit("General", 发证日期=20240105).draft
    assert draft is not None
    assert draft.issued_on == date(2024, 1, 5)
    assert codes_of(edit("General", 发证日期=45296)) == [("发证日期", "wrong_date")]


@pytest.mark.parametrize("number", [160101199003071232, 1.60101199003071e17, 10**15])
def test_number_that_lost_its_digits_is_refused_in_every_kind_of_column(
    edit: Callable[..., RowResult], number: float
) -> None:
    result = edit("0", 身份证号=number, 企业统一社会信用代码=number, 证书编号=number, 职务=number)
    assert {code for _, code in codes_of(result)} == {"scientific_notation"}
    assert len(result.errors) == 4


@pytest.mark.parametrize(
    ("number", "form", "text"),
    [
        (2024, "General", "2024"),
        (2024.0, "General", "2024"),
        (20240000001, "0", "20240000001"),
        (999999999999999, "0_ ", "999999999999999"),
        (7, "0000", "0007"),
        (7, "@", "7"),
        (2.5, "General", "2.5"),
        (0.1 + 0.2, "General", "0.3"),
        (True, "General", "TRUE"),
    ],
)
def test_number_is_the_text_that_a_clerk_sees(
    edit: Callable[..., RowResult], number: float, form: str, text: str
) -> None:
    draft = edit(form, 证书编号=number).draft
    assert draft is not None
    assert draft.certificate_number == text


@pytest.mark.parametrize(
    ("number", "form"),
    [(2024, "#,##0"), (2024, "0.00"), (0.5, "0%"), (7, '"渝"0000'), (2.5, "0"), (0.5, "h:mm")],
)
def test_number_that_a_format_shows_as_something_else_is_refused(
    edit: Callable[..., RowResult], number: float, form: str
) -> None:
    assert codes_of(edit(form, 证书编号=number)) == [("证书编号", "formatted_number")]


def test_formula_is_refused_whatever_its_result(edit: Callable[..., RowResult]) -> None:
    result = edit(姓名='=CONCATENATE("王","小明")', 发证日期="=TODAY()", 职务="=A1")
    assert codes_of(result) == [
        ("姓名", "formula_cell"),
        ("职务", "formula_cell"),
        ("发证日期", "formula_cell"),
    ]
    assert result.errors[0].value == '=CONCATENATE("王","小明")'


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="C2" t="str"><f>A1</f><v>王小明</v></c>',
        '<c r="C2" t="s"><f>A1</f><v>2</v></c>',
        '<c r="C2" t="str"><f t="shared" si="0"/><v>王小明</v></c>',
        '<c r="C2" t="str"><v>王小明</v><f>A1</f></c>',
        '<c r="C2" t="inlineStr"><is><t>王小明</t></is><f>A1</f></c>',
    ],
)
def test_cached_value_does_not_hide_a_formula(
    read: ReadBytes, good_row: dict[str, str], cell: str
) -> None:
    strings = [*good_row, *good_row.values()]
    width = len(good_row)
    header = "".join(f'<c t="s"><v>{at}</v></c>' for at in range(width))
    row = "".join(f'<c r="{chr(65 + at)}2" t="s"><v>{width + at}</v></c>' for at in range(width))
    row = row.replace(f'<c r="C2" t="s"><v>{width + 2}</v></c>', cell)
    content = make_package(
        f'<row r="1">{header}</row><row r="2">{row}</row>',
        strings=[f"<t>{text}</t>" for text in strings],
    )
    (result,) = read(content)
    assert codes_of(result) == [("姓名", "formula_cell")]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!"])
def test_error_value_is_refused(edit: Callable[..., RowResult], error: str) -> None:
    result = edit(姓名=error, 技术职称=error)
    assert codes_of(result) == [("姓名", "error_value"), ("技术职称", "error_value")]


def test_identifier_below_the_table_is_told_by_the_sheet_s_own_row(
    workbook: Workbook, read: ReadBytes, good_row: dict[str, str]
) -> None:
    for at, value in enumerate({**good_row, "性别": "M"}.values(), 1):
        workbook.active.cell(40, at, value)
    first, second = read(save(workbook))
    assert (first.line, second.line) == (2, 40)
    assert codes_of(second)[0] == ("性别", "not_allowed_value")


def test_blank_and_formatted_rows_are_passed_over(
    workbook: Workbook, read: ReadBytes, good_row: dict[str, str]
) -> None:
    for row in (3, 4, 5000):
        workbook.active.cell(row, 3, " " if row == 4 else None).number_format = "@"
    (result,) = read(save(workbook))
    assert result.line == 2


def test_header_may_stand_below_blank_rows(workbook: Workbook, read: ReadBytes) -> None:
    workbook.active.insert_rows(1, 2)
    (result,) = read(save(workbook))
    assert (result.line, result.errors) == (4, ())


def test_title_above_the_header_is_told(workbook: Workbook, read: ReadBytes) -> None:
    workbook.active.insert_rows(1)
    workbook.active["A1"] = "安管人员证书登记表"
    workbook.active.merge_cells("A1:N1")
    (result,) = read(save(workbook))
    assert codes_of(result) == [("", "header_missing")]
    assert result.errors[0].value == "安管人员证书登记表"


def test_merged_cells_over_rows_refuse_the_file(workbook: Workbook, read: ReadBytes) -> None:
    workbook.active.merge_cells("F2:F3")
    workbook.active.merge_cells("A7:B9")
    (result,) = read(save(workbook))
    assert [(e.line, e.value, e.code) for e in result.errors] == [
        (2, "F2:F3", "merged_cells"),
        (7, "A7:B9", "merged_cells"),
    ]


def test_something_beside_the_table_is_refused(workbook: Workbook, read: ReadBytes) -> None:
    workbook.active["P2"] = "已核对"
    workbook.active["O2"] = " "
    (result,) = read(save(workbook))
    assert codes_of(result) == [("P", "cell_outside_table")]
    workbook.active["P2"] = None
    workbook.active["ZZ2"] = "远处"
    (result,) = read(save(workbook))
    assert codes_of(result) == [("ZZ", "cell_outside_table")]


def test_hidden_rows_columns_and_sheets_are_warned_of(
    workbook: Workbook, read: ReadBytes, good_row: dict[str, str]
) -> None:
    second = {**good_row, "证照标识": next_identifier(good_row, "20240000002")}
    third = {**good_row, "证照标识": next_identifier(good_row, "20240000003")}
    workbook.active.append(list(second.values()))
    workbook.active.append(list(third.values()))
    workbook.active.row_dimensions[3].hidden = True
    workbook.active.row_dimensions[4].hidden = True
    workbook.active.column_dimensions["C"].hidden = True
    listing = workbook.create_sheet("下拉选项")
    listing["A1"] = "男"
    listing.sheet_state = "hidden"
    results = read(save(workbook))
    assert all(result.draft for result in results)
    found = [(w.line, w.column, w.value, w.code) for r in results for w in r.warnings]
    assert found == [
        (1, "", "下拉选项", "hidden_sheet"),
        (1, "姓名", "", "hidden_column"),
        (3, "", "", "hidden_row"),
    ]


def next_identifier(good_row: dict[str, str], serial: str) -> str:
    old = CertificateId.parse(good_row["证照标识"])
    return str(CertificateId.build(old.type, old.issuer, serial, old.version))


def test_other_sheets_may_be_empty(workbook: Workbook, read: ReadBytes) -> None:
    workbook.create_sheet("Sheet2")
    workbook.create_sheet("前页", 0)["B3"] = "  "
    (result,) = read(save(workbook))
    assert result.draft is not None


def test_several_sheets_with_content_are_named(workbook: Workbook, read: ReadBytes) -> None:
    workbook.create_sheet("说明")["A1"] = "填写说明"
    (result,) = read(save(workbook))
    assert codes_of(result) == [("", "several_sheets")]
    assert "“Sheet”、“说明”" in result.errors[0].expected_zh


def test_workbook_with_nothing_visible_is_empty(workbook: Workbook, read: ReadBytes) -> None:
    workbook.create_sheet("空")
    workbook["Sheet"].sheet_state = "hidden"
    (result,) = read(save(workbook))
    assert codes_of(result) == [("", "empty_file")]


def test_rich_text_is_its_text_and_phonetic_guides_are_not(
    workbook: Workbook, read: ReadBytes
) -> None:
    bold = InlineFont(b=True)
    workbook.active["C2"] = CellRichText("王", TextBlock(bold, "小"), "明")
    draft = read(save(workbook))[0].draft
    assert draft is not None
    assert draft.holder_name == "王小明"


def test_text_marked_by_an_apostrophe_is_text(edit: Callable[..., RowResult]) -> None:
    draft = edit("@", 证书编号="'0012", 姓名="王小明 ").draft
    assert draft is not None
    assert (draft.certificate_number, draft.holder_name) == ("0012", "王小明")


def test_cell_of_more_than_64_kib_is_refused_and_the_next_row_read(
    read: ReadBytes, good_row: dict[str, str]
) -> None:
    first, second = read(save_with_code(good_row, "y" * 70_000))
    assert codes_of(first) == [("身份证号", "cell_too_long")]
    assert second.draft is not None


def save_with_code(good_row: dict[str, str], code: str) -> bytes:
    """A workbook by hand, as openpyxl itself cuts long text."""
    rows = [
        list(good_row),
        list({**good_row, "身份证号": code}.values()),
        list({**good_row, "证照标识": next_identifier(good_row, "20240000002")}.values()),
    ]
    lines = (
        "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) for row in rows
    )
    return make_package("".join(f"<row>{line}</row>" for line in lines))
