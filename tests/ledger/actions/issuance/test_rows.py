from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from ledger.actions.issuance.row_reader import RowResult
from ledger.actions.issuance.rows import read_rows
from ledger.formats.draft import CertificateDraft
from ledger.identifiers import CertificateId, RegionCode, Uscc, check_characters
from ledger.schemas import CertificateSchema

ISSUER = Uscc.build("11500000000000001")
TODAY = date(2025, 12, 31)
EXAMPLES = Path(__file__).parents[4] / "examples"

ReadBytes = Callable[[bytes], list[RowResult]]
ReadRow = Callable[..., RowResult]
Encode = Callable[[Sequence[Sequence[str]]], str]


def codes_of(result: RowResult) -> list[tuple[str, str]]:
    return [(error.column, error.code) for error in result.errors]


def summarise(results: list[RowResult]) -> list[tuple[int, list[tuple[str, str]]]]:
    return [(result.line, codes_of(result)) for result in results if result.errors]


def test_good_row_becomes_a_draft(read_row: ReadRow) -> None:
    result = read_row()
    assert (result.line, result.errors, result.warnings) == (2, (), ())
    assert result.draft == CertificateDraft(
        certificate_id=CertificateId.parse(
            "1.2.156.3005.2.11100000000013338W011.11500000000000001G.20240000001.001.P"
        ),
        certificate_name="建筑施工企业安全生产管理人员考核合格证书",
        certificate_number="渝建安C3（2024）0000001",
        issued_on=date(2024, 1, 5),
        valid_from=date(2024, 1, 5),
        valid_until=date(2027, 1, 4),
        holder_name="王小明",
        holder_code="160101199003071232",
        holder_code_type="111",
        holder_fields={
            "sex": "男",
            "employerName": "重庆示例（集团）有限公司",
            "employerUscc": str(Uscc.build("91160101MA0000001")),
            "duty": "安全员",
            "technicalTitle": "工程师",
            "postCategory": "C3",
            "firstIssuedOn": "2018-01-05",
        },
    )
    assert list(result.draft.holder_fields) == [
        "sex",
        "employerName",
        "employerUscc",
        "duty",
        "technicalTitle",
        "postCategory",
        "firstIssuedOn",
    ]


def test_blank_optional_field_is_absent_from_the_draft(read_row: ReadRow) -> None:
    result = read_row(技术职称=" ", 职务="")
    assert result.draft is not None
    assert "technicalTitle" not in result.draft.holder_fields
    assert "duty" not in result.draft.holder_fields


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_read_alike(
    read: ReadBytes, encode: Encode, good_row: dict[str, str], encoding: str
) -> None:
    content = encode([list(good_row), list(good_row.values())])
    assert read(content.encode(encoding)) == read(content.encode())


def test_columns_may_stand_in_any_order(
    read: ReadBytes, encode: Encode, good_row: dict[str, str]
) -> None:
    turned = dict(reversed(good_row.items()))
    (result,) = read(encode([list(turned), list(turned.values())]).encode())
    assert result == read(encode([list(good_row), list(good_row.values())]).encode())[0]
    assert result.draft is not None
    assert next(iter(result.draft.holder_fields)) == "sex"


def test_every_problem_of_a_row_is_told_in_the_order_of_the_columns(read_row: ReadRow) -> None:
    result = read_row(
        姓名="",
        身份证号="1",
        性别="M",
        发证日期="2024-02-30",
        有效期起="2024-01-05",
        有效期止="2023-01-05",
    )
    assert result.draft is None
    assert codes_of(result) == [
        ("姓名", "missing_value"),
        ("身份证号", "wrong_identity_number"),
        ("性别", "not_allowed_value"),
        ("发证日期", "wrong_date"),
        ("有效期止", "period_ends_before_it_begins"),
    ]


def test_issue_today_is_accepted_and_tomorrow_refused(read_row: ReadRow) -> None:
    assert read_row(发证日期="2025-12-31").draft is not None
    refused = read_row(发证日期="2026-01-01")
    assert codes_of(refused) == [("发证日期", "issued_in_future")]
    assert "2025-12-31" in refused.errors[0].expected_zh


def test_certificate_of_a_day_is_valid_that_day(read_row: ReadRow) -> None:
    assert read_row(有效期起="2024-01-05", 有效期止="2024-01-05").draft is not None
    assert codes_of(read_row(有效期起="2024-01-05", 有效期止="2024-01-04")) == [
        ("有效期止", "period_ends_before_it_begins")
    ]


def test_long_term_has_no_end(read_row: ReadRow) -> None:
    draft = read_row(有效期止="长期").draft
    assert draft is not None
    assert draft.valid_until is None


def test_unreadable_end_is_not_taken_for_long_term(read_row: ReadRow) -> None:
    assert codes_of(read_row(有效期止="2024")) == [("有效期止", "wrong_date")]


@pytest.mark.parametrize(
    ("issuer", "is_own"),
    [
        (RegionCode.parse("500000"), True),
        (RegionCode.parse("500103"), True),
        (RegionCode.parse("510100"), False),
        (Uscc.parse("11430000006122244L"), False),
    ],
)
def test_identifier_names_the_issuer_or_an_area_of_its_province(
    read_row: ReadRow, issuer: RegionCode | Uscc, is_own: bool, schema: CertificateSchema
) -> None:
    identifier = CertificateId.build(schema.type, issuer, "20240000001", "001")
    result = read_row(证照标识=str(identifier))
    assert codes_of(result) == ([] if is_own else [("证照标识", "wrong_issuer")])


def test_one_certificate_with_two_check_characters_is_a_conflict(
    read: ReadBytes, encode: Encode, good_row: dict[str, str], schema: CertificateSchema
) -> None:
    state = check_characters.advance_deviant(
        check_characters.START_STATE, f"{schema.type}{ISSUER}20240000001001"
    )
    text = good_row["证照标识"][:-1] + check_characters.deviant_character(state)
    deviant = {**good_row, "证照标识": text}
    first, second = read(
        encode([list(good_row), list(good_row.values()), list(deviant.values())]).encode()
    )
    assert first.draft is not None
    assert codes_of(second) == [("证照标识", "conflicting_row")]


def test_error_shows_what_was_written_and_where(
    read: ReadBytes, encode: Encode, good_row: dict[str, str]
) -> None:
    folded = {**good_row, "企业名称": "甲\n乙"}
    wrong = {**good_row, "身份证号": "160101199003071230"}
    _, result = read(encode([list(folded), list(folded.values()), list(wrong.values())]).encode())
    (error, *_) = result.errors
    assert (error.line, error.column, error.value) == (4, "身份证号", "160101199003071230")
    assert error.expected_zh.endswith("最后一位应为 2")
    assert "should be 2" in error.expected_en


def test_example_is_clean_and_fits_its_json_schema(schema: CertificateSchema) -> None:
    path = EXAMPLES / "W011-chongqing-2000.csv"
    results = list(read_rows(path, schema, issuer=ISSUER, today=TODAY))
    assert len(results) == 2000
    assert not any(result.errors or result.warnings for result in results)
    validator = Draft202012Validator(
        json.loads(schema.document), format_checker=FormatChecker(["date"])
    )
    for result in results:
        assert result.draft is not None
        validator.validate(as_properties(result.draft))


def as_properties(draft: CertificateDraft) -> dict[str, str]:
    until = draft.valid_until
    return {
        "certificateId": str(draft.certificate_id),
        "certificateNumber": draft.certificate_number,
        "holderName": draft.holder_name,
        "holderCode": draft.holder_code,
        "issuedOn": draft.issued_on.isoformat(),
        "validFrom": draft.valid_from.isoformat(),
        "validUntil": until.isoformat() if until else "长期",
        **draft.holder_fields,
    }


BAD_EXAMPLES: dict[str, list[tuple[int, list[tuple[str, str]]]]] = {
    "empty.csv": [(1, [("", "empty_file")])],
    "header-only.csv": [(1, [("", "no_rows")])],
    "old-workbook.xls": [(1, [("", "old_or_locked_workbook")])],
    "workbook.xlsx": [
        (3, [("姓名", "formula_cell")]),
        (4, [("身份证号", "scientific_notation")]),
        (5, [("企业名称", "error_value")]),
        (6, [("O", "cell_outside_table")]),
    ],
    "utf-16.csv": [(1, [("", "unsupported_encoding")])],
    "columns.csv": [
        (
            1,
            [
                ("身份证号码", "unknown_column"),
                ("姓名", "duplicate_column"),
                ("备注说明", "unknown_column"),
                ("身份证号", "missing_column"),
                ("企业统一社会信用代码", "missing_column"),
                ("岗位类别", "missing_column"),
            ],
        )
    ],
    "check-characters.csv": [
        (3, [("证照标识", "wrong_check_character")]),
        (4, [("身份证号", "wrong_check_character")]),
        (5, [("企业统一社会信用代码", "wrong_check_character")]),
        (6, [("身份证号", "wrong_birth_date")]),
    ],
    "identifiers.csv": [
        (3, [("证照标识", "wrong_type")]),
        (4, [("证照标识", "wrong_issuer")]),
        (6, [("证照标识", "wrong_issuer")]),
        (7, [("证照标识", "wrong_certificate_id")]),
        (8, [("身份证号", "wrong_identity_number")]),
        (9, [("企业统一社会信用代码", "wrong_uscc")]),
    ],
    "dates.csv": [
        (5, [("有效期起", "wrong_date")]),
        (6, [("初次领证日期", "wrong_date"), ("发证日期", "wrong_date")]),
        (7, [("发证日期", "wrong_date")]),
        (8, [("发证日期", "issued_in_future")]),
        (9, [("有效期止", "period_ends_before_it_begins")]),
        (10, [("有效期起", "wrong_date"), ("有效期止", "wrong_date")]),
    ],
    "values.csv": [
        (3, [("姓名", "missing_value"), ("身份证号", "missing_value")]),
        (5, [("性别", "not_allowed_value"), ("岗位类别", "not_allowed_value")]),
        (6, [("证书编号", "text_too_long")]),
        (7, [("姓名", "control_character")]),
        (8, [("姓名", "nul_character")]),
        (9, [("姓名", "damaged_text")]),
    ],
    "spreadsheet-habits.csv": [
        (3, [("姓名", "formula_cell")]),
        (
            4,
            [
                ("证书编号", "formula_cell"),
                ("企业名称", "formula_cell"),
                ("技术职称", "formula_cell"),
            ],
        ),
        (
            5,
            [
                ("身份证号", "scientific_notation"),
                ("企业统一社会信用代码", "scientific_notation"),
            ],
        ),
    ],
    "duplicates.csv": [
        (4, [("证照标识", "duplicate_row")]),
        (5, [("证照标识", "conflicting_row")]),
        (6, [("证照标识", "duplicate_row")]),
        (7, [("发证日期", "wrong_date"), ("证照标识", "conflicting_row")]),
    ],
    "structure.csv": [
        (2, [("", "ragged_row")]),
        (3, [("", "ragged_row")]),
        (4, [("", "malformed_quotes")]),
    ],
    "unclosed-quote.csv": [(3, [("", "unclosed_quote")])],
    "damaged-bytes.csv": [(2, [("姓名", "damaged_text")])],
}


@pytest.mark.parametrize("name", BAD_EXAMPLES)
def test_bad_example_is_refused_for_its_reasons(name: str, schema: CertificateSchema) -> None:
    results = list(read_rows(EXAMPLES / "bad" / name, schema, issuer=ISSUER, today=TODAY))
    assert summarise(results) == BAD_EXAMPLES[name]
    for result in results:
        assert (result.draft is None) == bool(result.errors)


def test_every_bad_example_is_known_here() -> None:
    assert {path.name for path in (EXAMPLES / "bad").iterdir()} == set(BAD_EXAMPLES)


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("check-characters.csv", [(7, "deviant_check_character")]),
        ("spreadsheet-habits.csv", [(8, "possibly_truncated")]),
    ],
)
def test_doubtful_row_is_accepted_with_a_warning(
    name: str, warned: list[tuple[int, str]], schema: CertificateSchema
) -> None:
    results = list(read_rows(EXAMPLES / "bad" / name, schema, issuer=ISSUER, today=TODAY))
    found = [(result.line, warning.code) for result in results for warning in result.warnings]
    assert found == warned
    assert all(result.draft for result in results if result.warnings)


def test_lines_after_a_cell_with_a_line_break_are_those_of_the_file(
    schema: CertificateSchema,
) -> None:
    path = EXAMPLES / "bad" / "structure.csv"
    results = list(read_rows(path, schema, issuer=ISSUER, today=TODAY))
    assert [result.line for result in results if result.draft] == [7, 9]


def test_spreadsheet_s_empty_rows_are_passed_over(
    read: ReadBytes, encode: Encode, good_row: dict[str, str]
) -> None:
    blank, spaces = [""] * len(good_row), [" "] * len(good_row)
    content = encode([list(good_row), blank, list(good_row.values()), spaces, blank])
    assert [result.line for result in read(content.encode())] == [3]


def test_file_of_empty_rows_has_no_rows(
    read: ReadBytes, encode: Encode, good_row: dict[str, str]
) -> None:
    (result,) = read(encode([list(good_row), [""] * len(good_row)]).encode())
    assert codes_of(result) == [("", "no_rows")]


class EndlessFile(io.RawIOBase):
    """A file made while it is read, so that only the reader itself takes memory."""

    def __init__(self, header: bytes, rows: Iterator[bytes]) -> None:
        self._pending, self._rows = header, rows

    def read(self, size: int = -1, /) -> bytes:
        while len(self._pending) < size and (row := next(self._rows, b"")):
            self._pending += row
        content, self._pending = self._pending[:size], self._pending[size:]
        return content


def test_memory_stays_flat_over_many_rows(
    schema: CertificateSchema, encode: Encode, good_row: dict[str, str]
) -> None:
    def rows(count: int) -> Iterator[bytes]:
        for number in range(count):
            identifier = CertificateId.build(schema.type, ISSUER, f"2024{number:07}", "001")
            cells = {**good_row, "证照标识": str(identifier), "证书编号": f"渝建安{number}"}
            yield encode([list(cells.values())]).encode()

    def peak_bytes(count: int) -> int:
        source = EndlessFile(encode([list(good_row)]).encode(), rows(count))
        tracemalloc.start()
        accepted = sum(
            result.draft is not None
            for result in read_rows(source, schema, issuer=ISSUER, today=TODAY)
        )
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert accepted == count
        return peak

    peak_bytes(100)
    growth = peak_bytes(20_000) - peak_bytes(2_000)
    assert growth / 18_000 < 80, "16 bytes a slot, tables half full, one being copied"


def test_holder_key_is_read_from_its_column(read_row: ReadRow) -> None:
    key = "A2sX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW"  # the generator of P-256 (SEC 2 §2.4.2)
    result = read_row(持证人公钥=key)
    assert result.draft is not None
    assert result.draft.holder_key == key
    assert CertificateDraft.parse(result.draft.content_digest_input()) == result.draft


def test_holder_key_that_is_no_key_is_refused(read_row: ReadRow) -> None:
    assert codes_of(read_row(持证人公钥="A" * 44)) == [("持证人公钥", "wrong_public_key")]
