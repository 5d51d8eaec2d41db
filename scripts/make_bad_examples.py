"""Make the small files under examples/bad, one for each kind of mistake a clerk's file can hold.

Every file starts from rows of the good example, so that everything in it is as invented as there:

    python scripts/make_bad_examples.py examples/bad
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from ledger.actions.issuance.xlsx.template import write_workbook
from ledger.identifiers import CertificateId, CertificateType, RegionCode, Uscc, check_characters
from ledger.schemas import load_schema
from make_example import CERTIFICATE_TYPE, ISSUER, filled_fields, make_rows

_SCHEMA = load_schema(CERTIFICATE_TYPE)
_COLUMNS = tuple(field.column for field in filled_fields(_SCHEMA))
_SEED = 7
_TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")
_OTHER_ISSUER = Uscc.parse("11430000006122244L")
_OTHER_TYPE = CertificateType.parse("11100000000013338W050")

_ID, _NUMBER, _NAME, _PERSON = "证照标识", "证书编号", "姓名", "身份证号"
_SEX, _FIRM, _FIRM_CODE, _TITLE = "性别", "企业名称", "企业统一社会信用代码", "技术职称"
_POST, _FIRST, _ISSUED, _FROM, _UNTIL = (
    "岗位类别",
    "初次领证日期",
    "发证日期",
    "有效期起",
    "有效期止",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write all files into the directory that the command line names."""
    parser = argparse.ArgumentParser(description="Make examples of files with mistakes.")
    parser.add_argument("directory", type=Path)
    directory: Path = parser.parse_args(arguments).directory
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in make_files().items():
        (directory / name).write_bytes(content)


def make_files() -> dict[str, bytes]:
    """The bytes of every file by its name."""
    return {
        "empty.csv": b"",
        "header-only.csv": _encode([_COLUMNS]),
        "old-workbook.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504),
        "workbook.xlsx": _make_workbook(),
        "utf-16.csv": _text([_COLUMNS, *_rows(1)]).encode("utf-16"),
        "columns.csv": _encode(_with_wrong_columns()),
        "check-characters.csv": _encode_changes(_CHECK_CHARACTERS),
        "identifiers.csv": _encode_changes(_IDENTIFIERS),
        "dates.csv": _encode_changes(_DATES),
        "values.csv": _encode_changes(_VALUES),
        "spreadsheet-habits.csv": _encode_changes(_SPREADSHEET_HABITS),
        "duplicates.csv": _encode(_with_duplicates()),
        "structure.csv": _with_broken_structure(),
        "unclosed-quote.csv": _with_unclosed_quote(),
        "damaged-bytes.csv": _with_damaged_bytes(),
    }


def _rows(count: int) -> list[dict[str, str]]:
    made = make_rows(_SCHEMA, rows=count, seed=_SEED)
    return [dict(zip(_COLUMNS, cells, strict=True)) for cells in made]


def _text(rows: Sequence[Sequence[str] | Mapping[str, str]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    for row in rows:
        writer.writerow(row.values() if isinstance(row, Mapping) else row)
    return stream.getvalue()


def _encode(rows: Sequence[Sequence[str] | Mapping[str, str]]) -> bytes:
    return _text(rows).encode("utf-8-sig")


def _encode_changes(changes: Sequence[Mapping[str, str]]) -> bytes:
    """One good row first, then one row for each set of changed cells."""
    good, *rows = _rows(len(changes) + 1)
    changed = [row | dict(change) for row, change in zip(rows, changes, strict=True)]
    return _encode([_COLUMNS, good, *changed])


def _identifier(
    serial: str, *, type_: CertificateType = CERTIFICATE_TYPE, issuer: Uscc | RegionCode = ISSUER
) -> str:
    return str(CertificateId.build(type_, issuer, serial, "001"))


def _compute_deviant_check(serial: str) -> str:
    walked = f"{CERTIFICATE_TYPE}{ISSUER}{serial}001"
    state = check_characters.advance_deviant(check_characters.START_STATE, walked)
    return check_characters.deviant_character(state)


_CHECK_CHARACTERS = (
    {_ID: _identifier("20239000001")[:-1] + "0"},
    {_PERSON: "160101199003071230"},
    {_FIRM_CODE: "91160101MA00000010"},
    {_PERSON: "160101199002300014"},
    {_ID: _identifier("20239000005")[:-1] + _compute_deviant_check("20239000005")},
)

_IDENTIFIERS = (
    {_ID: _identifier("20239000001", type_=_OTHER_TYPE)},
    {_ID: _identifier("20239000002", issuer=_OTHER_ISSUER)},
    {_ID: _identifier("20239000003", issuer=RegionCode.parse("500103"))},
    {_ID: _identifier("20239000004", issuer=RegionCode.parse("430100"))},
    {_ID: "20239000005"},
    {_PERSON: "16010119900307123"},
    {_FIRM_CODE: "9116O101MA0000001I"},
)

_DATES = (
    {_ISSUED: "2023/1/5", _FROM: "2023.1.5", _UNTIL: "20260104", _FIRST: "2023年1月5日"},
    {_UNTIL: "长期"},
    {_FROM: "长期"},
    {_ISSUED: "2023-02-29", _FIRST: "5/1/2023"},
    {_ISSUED: "2999-01-01"},
    {_ISSUED: "2099-01-01"},
    {_FROM: "2025-01-05", _UNTIL: "2025-01-04"},
    {_FROM: "44931", _UNTIL: "2023-1/5"},
)

_VALUES = (
    {_NAME: "", _PERSON: "  "},
    {_TITLE: ""},
    {_SEX: "M", _POST: "C4"},
    {_NUMBER: "渝" * 65},
    {_NAME: "王\u200b小明"},
    {_NAME: "王\x00小明"},
    {_NAME: "王\ufffd明"},
)

_SPREADSHEET_HABITS = (
    {_NAME: '=HYPERLINK("http://example.invalid";"王")'},
    {_TITLE: "-", _FIRM: "@SUM(1)", _NUMBER: "＋1"},
    {_PERSON: "1.60101E+17", _FIRM_CODE: "9.116E+17"},
    {_PERSON: "'160101199003071232", _NAME: " 王小明　"},
    {
        _PERSON: "１６０１０１１９９００３０７１２３２",
        _POST: "Ｃ３",
        _ISSUED: "２０２３－０１－０５",
    },
    {_PERSON: "160101199003014000"},
    {_FIRM: "重庆示例\n两江建筑工程有限公司"},
)


def _with_wrong_columns() -> list[Sequence[str]]:
    names = {_PERSON: "身份证号码", _FIRM_CODE: "姓名", _POST: "备注说明"}
    return [[names.get(column, column) for column in _COLUMNS], list(_rows(1)[0].values())]


def _with_duplicates() -> list[Sequence[str] | Mapping[str, str]]:
    first, second = _rows(2)
    return [
        _COLUMNS,
        first,
        second,
        first,
        second | {_NAME: "李某"},
        first | {_ISSUED: first[_ISSUED].replace("-", "/")},
        first | {_ISSUED: "无"},
    ]


def _with_broken_structure() -> bytes:
    """Too few cells, too many, quotes inside a cell, blank lines; the last row is good."""
    rows = _rows(5)
    short = _text([list(rows[0].values())[:-1]])
    long = _text([[*rows[1].values(), "多余"]])
    quotes = _text([rows[2]]).replace("重庆示例", '"重庆"示例')
    blank = "," * (len(_COLUMNS) - 1) + "\r\n\r\n"
    folded = rows[3] | {_FIRM: "重庆示例\r\n两江建筑工程有限公司"}
    parts = [_text([_COLUMNS]), short, long, quotes, blank, _text([folded, rows[4]])]
    return "".join(parts).encode("utf-8-sig")


def _with_unclosed_quote() -> bytes:
    good, bad, lost = _rows(3)
    opened = _text([bad]).replace(bad[_FIRM], f'"{bad[_FIRM]}')
    return "".join([_text([_COLUMNS, good]), opened, _text([lost])]).encode("utf-8-sig")


def _make_workbook() -> bytes:
    """A good row, then cells that a CSV file cannot have: formula, long number, error, a note."""
    _, formula, number, error, hidden = rows = _rows(5)
    lines = [_sheet_row(at, list(row.values())) for at, row in enumerate(rows, 2)]
    lines[1] = lines[1].replace(_text_cell(formula[_NAME]), '<c t="str"><f>A1</f><v>王</v></c>')
    lines[2] = lines[2].replace(_text_cell(number[_PERSON]), "<c><v>1.60101199003071E+17</v></c>")
    lines[3] = lines[3].replace(_text_cell(error[_FIRM]), '<c t="e"><v>#N/A</v></c>')
    lines[4] = _sheet_row(6, [*hidden.values(), "已核对"]).replace("<row ", '<row hidden="1" ')
    stream = io.BytesIO()
    with tempfile.TemporaryDirectory() as directory:
        empty = Path(directory) / "empty.xlsx"
        write_workbook(empty, _COLUMNS)
        with zipfile.ZipFile(empty) as source, zipfile.ZipFile(stream, "w") as package:
            for info in source.infolist():
                content = _TIME.sub("2025-01-01T00:00:00Z", source.read(info).decode())
                content = content.replace("</sheetData>", "".join(lines) + "</sheetData>")
                package.writestr(zipfile.ZipInfo(info.filename), content)
    return stream.getvalue()


def _sheet_row(number: int, cells: Sequence[str]) -> str:
    return f'<row r="{number}">{"".join(map(_text_cell, cells))}</row>'


def _text_cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def _with_damaged_bytes() -> bytes:
    """A file in GB18030 whose first row has lost half a character of the name."""
    damaged, good = (row | {_NAME: "王小明"} for row in _rows(2))
    name = "明".encode("gb18030")
    return _text([_COLUMNS, damaged, good]).encode("gb18030").replace(name, name[:1], 1)


if __name__ == "__main__":
    main()
