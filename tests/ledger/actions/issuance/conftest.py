from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pytest

from ledger.actions.issuance.row_reader import RowResult
from ledger.actions.issuance.rows import read_rows
from ledger.identifiers import CertificateId, CertificateType, Uscc
from ledger.schemas import CertificateSchema, load_schema

TYPE = CertificateType.parse("11100000000013338W011")
ISSUER = Uscc.build("11500000000000001")
TODAY = date(2025, 12, 31)

GOOD_ROW: Mapping[str, str] = {
    "证照标识": str(CertificateId.build(TYPE, ISSUER, "20240000001", "001")),
    "证书编号": "渝建安C3（2024）0000001",
    "姓名": "王小明",
    "身份证号": "160101199003071232",
    "性别": "男",
    "企业名称": "重庆示例（集团）有限公司",
    "企业统一社会信用代码": str(Uscc.build("91160101MA0000001")),
    "职务": "安全员",
    "技术职称": "工程师",
    "岗位类别": "C3",
    "初次领证日期": "2018-01-05",
    "发证日期": "2024-01-05",
    "有效期起": "2024-01-05",
    "有效期止": "2027-01-04",
}

ReadBytes = Callable[[bytes], list[RowResult]]
ReadRow = Callable[..., RowResult]


@pytest.fixture(scope="session")
def schema() -> CertificateSchema:
    return load_schema(TYPE)


@pytest.fixture(scope="session")
def encode() -> Callable[[Sequence[Sequence[str]]], str]:
    def encode_rows(rows: Sequence[Sequence[str]]) -> str:
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows(rows)
        return stream.getvalue()

    return encode_rows


@pytest.fixture
def read(schema: CertificateSchema) -> ReadBytes:
    """Read the bytes of a whole file."""

    def read_bytes(content: bytes) -> list[RowResult]:
        return list(read_rows(io.BytesIO(content), schema, issuer=ISSUER, today=TODAY))

    return read_bytes


@pytest.fixture
def read_row(read: ReadBytes, encode: Callable[[Sequence[Sequence[str]]], str]) -> ReadRow:
    """Read a file of one row: the good one with some cells changed."""

    def read_one(**changes: str) -> RowResult:
        row = {**GOOD_ROW, **changes}
        (result,) = read(encode([list(row), list(row.values())]).encode())
        return result

    return read_one


@pytest.fixture
def good_row() -> dict[str, str]:
    return dict(GOOD_ROW)
