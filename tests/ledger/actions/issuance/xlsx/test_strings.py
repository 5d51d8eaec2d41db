from __future__ import annotations

import io
import tracemalloc

import pytest

from ledger.actions.issuance.cells import MAX_CELL_CHARACTERS
from ledger.actions.issuance.reading import read_raw_rows
from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuance.xlsx.strings import SharedStrings
from tests.support.workbooks import MAIN, make_package

ROW = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("<t>王小明</t>", "王小明"),
        ('<t xml:space="preserve"> a </t>', " a "),
        ("<t>&lt;a&gt; &amp; &#29579;</t>", "<a> & 王"),
        ("<t><![CDATA[<t>]]></t>", "<t>"),
        ("\n <r><rPr><b/></rPr><t>王</t></r>\n <r><t>小明</t></r>\n", "王小明"),
        ('<t>课</t><rPh sb="0" eb="1"><t>カ</t></rPh><phoneticPr fontId="1"/>', "课"),
        ("<t>a_x000A_b</t>", "a\nb"),
        ("<t>a\nb</t>", "a\nb"),
        ("<t>a_xD83D_</t>", "a\ufffd\ufffd\ufffd"),
    ],
)
def test_text_of_an_item(item: str, text: str) -> None:
    row = '<row r="1"><c r="A1" t="s"><v>1</v></c></row>'
    content = make_package(row, strings=["<t>首</t>", item])
    assert [row.cells for row in read_raw_rows(io.BytesIO(content))] == [[text]]


def test_prefixed_names_read_alike() -> None:
    strings = f'<x:sst xmlns:x="{MAIN}"><x:si><x:t>王</x:t></x:si></x:sst>'
    content = make_package(ROW, parts={"xl/strings.xml": strings})
    assert [row.cells for row in read_raw_rows(io.BytesIO(content))] == [["王"]]


@pytest.mark.parametrize(
    "items",
    [f"<si><t>{'a' * 6_000_000}</t></si>", f"<si>{'<r/>' * 300_000}</si>", "<x/>" * 2_000_000],
    ids=["endless-text", "endless-runs", "no-strings"],
)
def test_strings_that_would_fill_the_memory_are_refused(items: str) -> None:
    content = make_package(ROW, parts={"xl/strings.xml": f'<sst xmlns="{MAIN}">{items}</sst>'})
    tracemalloc.start()
    (row,) = read_raw_rows(io.BytesIO(content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [error.code for error in row.errors] == [RowErrorCode.DAMAGED_WORKBOOK]
    assert peak < 20_000_000


def test_thousands_of_strings_are_found_in_any_order() -> None:
    with SharedStrings() as strings:
        for number in range(3_000):
            strings.append(f"{number}号")
        strings.close_for_writing()
        asked = [*range(3_000), *range(2_999, 0, -7), 0, 2_999, 0]
        assert [strings[number] for number in asked] == [f"{number}号" for number in asked]


@pytest.mark.parametrize("index", [2, -1, 1 << 70])
def test_number_of_no_string_is_refused(index: int) -> None:
    with SharedStrings() as strings:
        strings.append("a")
        strings.append("")
        strings.close_for_writing()
        with pytest.raises(IndexError):
            strings[index]


def test_text_longer_than_a_cell_is_kept_only_as_far_as_needed_to_refuse_it() -> None:
    with SharedStrings() as strings:
        strings.append("长" * 300_000)
        strings.append("短")
        strings.close_for_writing()
        assert (len(strings[0]), strings[1]) == (MAX_CELL_CHARACTERS + 1, "短")


def test_a_string_takes_few_bytes_of_memory() -> None:
    tracemalloc.start()
    with SharedStrings() as strings:
        for number in range(100_000):
            strings.append(f"重庆示例{number:040}")
        kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept / 100_000 < 12
