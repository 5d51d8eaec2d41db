from __future__ import annotations

import io
import random
import tracemalloc

import pytest

from ledger.actions.issuance.cells import MAX_CELL_CHARACTERS
from ledger.actions.issuance.reading import read_raw_rows
from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuance.xlsx.sheet import (
    MOST_COLUMNS,
    Merge,
    SheetReader,
    SheetRow,
    find_merges,
)
from ledger.actions.issuance.xlsx.workbook import open_workbook
from tests.support.workbooks import MAIN, make_package

STRINGS = ("<t>甲</t>", "<t>b</t>", "<t/>")
STYLES = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="2"/></cellXfs>'
CELL = '<c r="A{0}" t="s"><v>0</v></c>'
ROW = '<row r="{0}">' + CELL + "</row>"


def read(rows: str, *, before: str = "") -> tuple[list[SheetRow], set[int]]:
    """The rows, and the hidden columns."""
    content = make_package(rows, before=before, strings=STRINGS, styles=STYLES)
    with open_workbook(io.BytesIO(content)) as workbook:
        reader = SheetReader(workbook, workbook.sheets[0])
        return list(reader.read()), reader.hidden_columns


def texts(rows: str, *, before: str = "") -> list[tuple[int, list[str]]]:
    return [(row.number, row.cells) for row in read(rows, before=before)[0]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A1" t="s"><v>0</v></c>', "甲"),
        ('<c r="A1"><v>12</v></c>', "12"),
        ('<c r="A1"><v>1.2E1</v></c>', "12"),
        ('<c r="A1" s="1"><v>45296</v></c>', "2024-01-05"),
        ('<c r="A1" t="inlineStr"><is><t>王 明_x000A_</t></is></c>', "王 明\n"),
        ('<c t="inlineStr"><is><r><t>王</t></r><rPh sb="0" eb="1"><t>ワ</t></rPh></is></c>', "王"),
        ('<c r="A1" t="str"><v>王</v></c>', "王"),
        ('<c r="A1" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="A1" t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c r="A1"><f>B1+1</f><v>12</v></c>', "=B1+1"),
        ('<c r="A1"><f t="shared" si="0"/><v>12</v></c>', "="),
        ('<c r="A1"><f t="array" ref="A1:A2">B1</f><v>12</v></c>', "=B1"),
        ('<c r="A1"><f t="dataTable" x="1"/><v>12</v></c>', "="),
        ('<c r="A1" t="d"><v>2024-01-05T00:00:00Z</v></c>', "2024-01-05"),
        ('<c t="s"><v>0</v></c>', "甲"),
        ('<c\n r="A1"\n t="s"\n>\n<v>0</v>\n</c>', "甲"),
        ('<c r="A1" t="s"><v><!-- 1 -->0</v></c>', "甲"),
        ('<c r="A1" t="s"><extLst><ext><x/></ext></extLst><v>0</v></c>', "甲"),
    ],
)
def test_every_kind_of_cell_is_read(cell: str, text: str) -> None:
    assert texts(f'<row r="1">{cell}</row>') == [(1, [text])]


def test_gaps_are_blank_and_ends_are_cut() -> None:
    row = (
        '<row r="3"><c r="B3" t="s"><v>0</v></c><c r="D3" t="s"><v>1</v></c><c r="F3" s="1"/></row>'
    )
    assert texts(row) == [(3, ["", "甲", "", "b"])]


def test_rows_without_numbers_follow_each_other() -> None:
    cell = '<c t="s"><v>0</v></c>'
    rows = f'<row>{cell}</row><row r="5">{cell}</row><row>{cell}</row>'
    assert texts(rows) == [(1, ["甲"]), (5, ["甲"]), (6, ["甲"])]


@pytest.mark.parametrize("dimension", ["A1", "B7:C8", "A1:XFD1048576", "A1:A1"])
def test_dimension_that_the_sheet_does_not_have_changes_nothing(dimension: str) -> None:
    rows = texts(ROW.format(1) + ROW.format(2), before=f'<dimension ref="{dimension}"/>')
    assert rows == [(1, ["甲"]), (2, ["甲"])]


@pytest.mark.parametrize(
    "rows",
    [
        ROW.format(2) + ROW.format(1),
        ROW.format(1) + ROW.format(1),
        '<row r="0"/>',
        '<row r="1048577"/>',
        '<row r="-1"/>',
        '<row r="x"/>',
        '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="XFE1"><v>1</v></c></row>',
        '<row r="1"><c r="1"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>3</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        '<row r="1"><c r="A1" t="?"><v>3</v></c></row>',
        '<row r="1"><c r="A1" s="9"><v>3</v></c></row>',
        '<row r="1"><c r="A1"><v>x</v></c></row>',
        '<row r="1"><c r="A1"><v>nan</v></c></row>',
        '<row r="1"><c r="A1"><v>1e999</v></c></row>',
        f'<row r="1"><c r="A1"><v>{"9" * 5_000}</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="2">',
        "<a>" * 100 + "</a>" * 100,
        '<row r="1">&lol;</row>',
        f'<row r="1">{"<c/>" * 16_385}</row>',
        f'<row r="1"><c r="A1">{"<v/>" * 200_000}</c></row>',
    ],
)
def test_sheet_that_no_program_writes_is_refused(rows: str) -> None:
    *_, last = read_raw_rows(io.BytesIO(make_package(rows, strings=STRINGS)))
    assert [error.code for error in last.errors] == [RowErrorCode.DAMAGED_WORKBOOK]


def test_commented_rows_are_no_rows() -> None:
    rows = f"{ROW.format(1)}<!-- {ROW.format(2)}{ROW.format(3)} -->{ROW.format(4)}"
    assert texts(rows) == [(1, ["甲"]), (4, ["甲"])]


def test_hidden_rows_and_columns_are_told() -> None:
    columns = (
        '<cols><col min="2" max="3" hidden="1"/><col min="4" max="4"/>'
        '<col min="5" max="16384" hidden="true"/></cols>'
    )
    rows, hidden = read(
        ROW.format(1).replace("<row", '<row hidden="1" ht="9"') + ROW.format(2), before=columns
    )
    assert [row.is_hidden for row in rows] == [True, False]
    assert hidden == {1, 2, *range(4, MOST_COLUMNS)}


def test_cells_far_to_the_right_are_noticed_and_not_kept() -> None:
    (row,), _ = read('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>')
    assert (row.cells, row.outside) == (["1"], "XFD")


def test_cells_that_may_not_be_taken_are_named() -> None:
    (row,), _ = read(
        '<row r="1"><c r="B1" s="2"><v>7</v></c><c r="C1" s="1"><v>45296</v></c></row>'
    )
    assert row.problems == {1: RowErrorCode.FORMATTED_NUMBER}
    assert row.dates == [2]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1" t="inlineStr"><is><t>{}</t></is></c>',
        '<c r="A1" t="str"><v>{}</v></c>',
        '<c r="A1" t="str"><f>{}</f></c>',
    ],
)
def test_long_text_is_kept_only_as_far_as_needed_to_refuse_it(cell: str) -> None:
    (row,), _ = read(f'<row r="1">{cell.format("y" * 70_000)}</row>')
    assert len(row.cells[0]) == MAX_CELL_CHARACTERS + 1


@pytest.mark.parametrize("padding", range(0, 20, 3))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_merges_below_the_rows_are_found(padding: int, encoding: str) -> None:
    rows = "".join(map(ROW.format, range(1, 1_500))) + " " * padding
    after = '<mergeCells count="1"><mergeCell ref="A2:C30"/></mergeCells>'
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'
    content = make_package(parts={"xl/s.xml": sheet.encode(encoding)})
    with open_workbook(io.BytesIO(content)) as workbook:
        assert find_merges(workbook, workbook.sheets[0]) == [Merge("A2:C30", 2, 30)]


@pytest.mark.parametrize("reference", ["", "A1:B", "A1:B2:C3", "x"])
def test_merge_of_no_range_is_damage(reference: str) -> None:
    after = f'<mergeCells><mergeCell ref="{reference}"/></mergeCells>'
    content = make_package(ROW.format(1), after=after, strings=STRINGS)
    *_, last = read_raw_rows(io.BytesIO(content))
    assert last.errors[0].code is RowErrorCode.DAMAGED_WORKBOOK


def test_cut_or_flipped_sheet_is_read_or_refused_and_nothing_else() -> None:
    rows = "".join(map(ROW.format, range(1, 6)))
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    chance = random.Random(5)
    outcomes = set()
    for _ in range(300):
        changed = bytearray(sheet)
        changed[chance.randrange(len(sheet))] = chance.randrange(256)
        cut = bytes(changed[: chance.choice([len(sheet), chance.randrange(len(sheet))])])
        content = make_package(strings=STRINGS, parts={"xl/s.xml": cut})
        outcomes |= {bool(row.errors) for row in read_raw_rows(io.BytesIO(content))}
    assert outcomes == {True, False}


@pytest.mark.parametrize("attributes", ["", ' ht="14.25" customHeight="1"'])
def test_memory_stays_flat_over_many_rows(attributes: str) -> None:
    def peak_bytes(count: int) -> int:
        rows = map(ROW.format, range(1, count + 1))
        content = make_package("".join(rows).replace("<row", f"<row{attributes}"), strings=STRINGS)
        with open_workbook(io.BytesIO(content)) as workbook:
            tracemalloc.start()
            assert sum(1 for _ in SheetReader(workbook, workbook.sheets[0]).read()) == count
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return peak

    peak_bytes(1_000)
    growth = peak_bytes(8_000) - peak_bytes(3_000)
    assert growth < 5_000 * 40  # less than any object a row; other threads' objects count, too
