"""Workbooks for tests: whole ones by openpyxl, and ones whose XML a test writes itself."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from openpyxl import Workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def save(workbook: Workbook) -> bytes:
    """The bytes of a workbook."""
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def make_workbook(rows: Iterable[Sequence[object]]) -> Workbook:
    """A workbook of one sheet with these cells."""
    workbook = Workbook()
    for row in rows:
        workbook.active.append(list(row))
    return workbook


def make_package(
    sheet_data: str = "",
    *,
    before: str = "",
    after: str = "",
    strings: Sequence[str] = (),
    styles: str = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>',
    parts: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """A workbook whose only sheet has this XML within, before and after its `sheetData`.

    Args:
        strings: XML of the items of the shared strings.
        parts: further parts, or others in the place of those made here.
    """
    shared = "".join(f"<si>{string}</si>" for string in strings)
    relationships = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(
            [("worksheet", "s.xml"), ("styles", "styles.xml"), ("sharedStrings", "strings.xml")]
        )
    )
    kinds = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{_SPREADSHEET}.{kind}+xml"/>'
        for name, kind in [("workbook", "sheet.main"), ("strings", "sharedStrings")]
    )
    sheet = f'<worksheet xmlns="{MAIN}">{before}<sheetData>{sheet_data}</sheetData>{after}'
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{kinds}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="a" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="一" sheetId="1" r:id="rId0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f"{relationships}</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
        "xl/strings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        "xl/s.xml": f"{sheet}</worksheet>",
    }
    return zip_parts({**made, **(parts or {})})


def zip_parts(parts: Mapping[str, str | bytes]) -> bytes:
    """An archive of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()
