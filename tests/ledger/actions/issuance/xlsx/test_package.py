from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from ledger.actions.issuance.reading import read_raw_rows
from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.actions.issuance.xlsx.package import Package, WorkbookProblem
from tests.support.workbooks import MAIN, OFFICE, make_package, make_workbook, save, zip_parts

ROW = '<row r="1"><c r="A1"><v>1</v></c></row>'
ZEROS = "0" * (1 << 20)
KIND = '<Types><Override PartName="/a.xml" ContentType="application/vnd.{}+xml"/></Types>'
BINARY = KIND.format("ms-excel.sheet.binary.macroEnabled.main")
DOCUMENT = KIND.format("openxmlformats-officedocument.wordprocessingml.document.main")
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"


def codes_of(content: bytes) -> list[RowErrorCode]:
    return [error.code for row in read_raw_rows(io.BytesIO(content)) for error in row.errors]


def test_workbook_made_by_hand_is_read() -> None:
    assert codes_of(make_package(ROW)) == []


@pytest.mark.parametrize(
    "content",
    [
        zip_parts({"a.txt": "a"}),
        zip_parts({}),
        zip_parts({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
        make_package(parts={"[Content_Types].xml": "<Types/>"}),
        make_package(parts={"[Content_Types].xml": BINARY}),
        make_package(parts={"[Content_Types].xml": DOCUMENT}),
        make_package(parts={"xl/s.xml": f'<worksheet xmlns="{STRICT}"><sheetData/></worksheet>'}),
    ],
    ids=["zip", "empty-zip", "ods", "no-document", "xlsb", "docx", "strict"],
)
def test_archive_that_is_no_workbook_is_told_what_to_save_as(content: bytes) -> None:
    (row,) = read_raw_rows(io.BytesIO(content))
    assert row.is_last
    assert [error.code for error in row.errors] == [RowErrorCode.OTHER_FORMAT]
    assert "xlsx" in row.errors[0].expected_zh


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_truncated_workbook_is_refused(kept: float) -> None:
    content = save(make_workbook([["a", "b"]] * 50))
    assert codes_of(content[: int(len(content) * kept)]) == [RowErrorCode.DAMAGED_WORKBOOK]


def test_damage_is_found_before_the_first_row_is_handed_out() -> None:
    content = bytearray(make_package(ROW * 1))
    at = content.find(b"PK\x01\x02", content.find(b"xl/s.xml"))
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        info = package.getinfo("xl/s.xml")
    start = info.header_offset + 30 + len("xl/s.xml")
    assert start < at
    content[start + info.compress_size - 2] ^= 0xFF
    (row,) = read_raw_rows(io.BytesIO(bytes(content)))
    assert row.errors[0].code is RowErrorCode.DAMAGED_WORKBOOK


@pytest.mark.parametrize("part", ["xl/s.xml", "xl/strings.xml", "xl/styles.xml", "xl/workbook.xml"])
def test_malformed_part_is_damage(part: str) -> None:
    assert codes_of(make_package(ROW, parts={part: "<a"})) == [RowErrorCode.DAMAGED_WORKBOOK]


@pytest.mark.parametrize("part", ["xl/s.xml", "xl/strings.xml", "xl/workbook.xml"])
def test_missing_part_is_damage(part: str) -> None:
    whole = make_package(ROW)
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        parts = {name: package.read(name) for name in package.namelist() if name != part}
    assert codes_of(zip_parts(parts)) == [RowErrorCode.DAMAGED_WORKBOOK]


def test_bomb_is_refused_before_it_is_unpacked() -> None:
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
            with package.open("xl/s.xml", "w") as part:
                for _ in range(128):
                    part.write(ZEROS.encode())
            package.writestr("[Content_Types].xml", "<Types/>")
        content = stream.getvalue()
    tracemalloc.start()
    assert codes_of(content) == [RowErrorCode.WORKBOOK_TOO_LARGE]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_bomb_that_declares_a_small_size_yields_no_more_than_that() -> None:
    content = bytearray(make_package(parts={"xl/s.xml": ZEROS * 8}))
    central = content.find(b"PK\x01\x02", content.rfind(b"xl/s.xml") - 100)
    struct.pack_into("<I", content, central + 24, 100)
    assert codes_of(bytes(content)) == [RowErrorCode.DAMAGED_WORKBOOK]


def test_directory_of_very_many_entries_is_not_loaded() -> None:
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w") as package:
            for number in range(60_000):
                package.writestr(f"xl/{number:030}", b"")
        content = stream.getvalue()
    tracemalloc.start()
    assert codes_of(content) == [RowErrorCode.DAMAGED_WORKBOOK]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(content) + 5_000_000


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE w SYSTEM "http://localhost/x.dtd">',
        "<!DOCTYPE w>",
        "<!DOCTYPE w [<!ENTITY % p SYSTEM 'file:///etc/hostname'> %p;]>",
    ],
)
@pytest.mark.parametrize("part", ["xl/s.xml", "xl/strings.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_document_type_and_its_entities_are_refused(prologue: str, part: str) -> None:
    with zipfile.ZipFile(io.BytesIO(make_package(ROW))) as package:
        content = prologue + package.read(part).decode()
    assert codes_of(make_package(ROW, parts={part: content})) == [RowErrorCode.DAMAGED_WORKBOOK]


def test_part_in_another_encoding_than_unicode_is_refused() -> None:
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>王</v></c></row>'
    content = make_package(parts={"xl/s.xml": f"{sheet}</sheetData></worksheet>".encode("gb18030")})
    assert codes_of(content) == [RowErrorCode.DAMAGED_WORKBOOK]


@pytest.mark.parametrize(
    "sheet",
    [
        f"<worksheet {'a' * 6_000_000}",
        f'<worksheet a="{"a" * 6_000_000}"><sheetData/></worksheet>',
        f'<worksheet><sheetData><row r="1" a="{"a" * 6_000_000}"/></sheetData></worksheet>',
        "<worksheet>" + "<a>" * 2_000_000,
        "<worksheet><sheetData>" + "<a>" * 2_000_000,
        f"<worksheet><!--{'a' * 6_000_000}--><sheetData/></worksheet>",
    ],
    ids=["name", "root-attribute", "row-attribute", "deep", "deep-rows", "comment"],
)
def test_endless_tag_or_nesting_takes_little_memory(sheet: str) -> None:
    content = make_package(parts={"xl/s.xml": sheet})
    tracemalloc.start()
    assert codes_of(content) == [RowErrorCode.DAMAGED_WORKBOOK]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_encrypted_or_unknown_compression_is_told_as_locked() -> None:
    content = bytearray(make_package(ROW))
    for at in places(content, b"PK\x01\x02"):
        content[at + 8] |= 1
    assert codes_of(bytes(content)) == [RowErrorCode.OLD_OR_LOCKED_WORKBOOK]
    content = bytearray(make_package(ROW))
    for at in places(content, b"PK\x01\x02"):
        struct.pack_into("<H", content, at + 10, 99)
    assert codes_of(bytes(content)) == [RowErrorCode.OLD_OR_LOCKED_WORKBOOK]


def places(content: bytes | bytearray, mark: bytes) -> Iterator[int]:
    at = content.find(mark)
    while at >= 0:
        yield at
        at = content.find(mark, at + 1)


def test_part_named_twice_is_refused() -> None:
    stream = io.BytesIO(make_package(ROW))
    with zipfile.ZipFile(stream, "a") as package:
        package.writestr("XL/S.xml", "<worksheet/>")
    with pytest.raises(WorkbookProblem):
        Package(stream)


def test_targets_outside_the_package_are_nowhere() -> None:
    content = make_package(
        ROW,
        parts={
            "xl/_rels/workbook.xml.rels": "<Relationships>"
            f'<Relationship Id="rId0" Type="{OFFICE}/worksheet" Target="../../etc/hostname"/>'
            "</Relationships>"
        },
    )
    assert codes_of(content) == [RowErrorCode.DAMAGED_WORKBOOK]
    content = make_package(
        ROW,
        parts={
            "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="rId0" '
            f'TargetMode="External" Type="{OFFICE}/worksheet" Target="http://localhost/s.xml"/>'
            "</Relationships>"
        },
    )
    assert codes_of(content) == [RowErrorCode.DAMAGED_WORKBOOK]


def test_any_changed_byte_leaves_a_row_error_or_rows_and_never_a_failure() -> None:
    whole = make_package(ROW, strings=["<t>a</t>"])
    chance = random.Random(11)
    for _ in range(1_000):
        changed = bytearray(whole)
        for _ in range(chance.choice([1, 1, 4])):
            changed[chance.randrange(4, len(whole))] = chance.randrange(256)
        assert isinstance(codes_of(bytes(changed)), list)


def test_position_of_the_stream_shows_how_much_is_read_and_reaches_the_end() -> None:
    rows = "".join(
        f'<row r="{n}"><c r="A{n}"><v>{n * 7919}</v></c></row>' for n in range(1, 60_000)
    )
    content = make_package(rows)
    stream = io.BytesIO(content)
    positions = [stream.tell() for _ in read_raw_rows(stream)]
    assert positions == sorted(positions)
    assert len(set(positions)) > 20
    assert stream.tell() == len(content)
    assert not stream.closed
