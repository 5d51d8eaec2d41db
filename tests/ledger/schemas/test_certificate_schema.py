from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import MalformedInputError, NotFoundError
from ledger.identifiers import CertificateType
from ledger.schemas import CertificateSchema, DraftField, FieldKind, load_schema, parse_schema

W011 = CertificateType.parse("11100000000013338W011")
FILE = resources.files("ledger.schemas") / "11100000000013338W011.json"


@pytest.fixture
def schema() -> CertificateSchema:
    return load_schema(W011)


def test_hash_is_that_of_the_exact_file(schema: CertificateSchema) -> None:
    assert schema.document == FILE.read_bytes()
    assert schema.schema_hash == hashlib.sha256(FILE.read_bytes()).digest()


def test_columns_are_chinese_titles_in_schema_order(schema: CertificateSchema) -> None:
    assert schema.columns() == (
        "证照标识",
        "证书编号",
        "姓名",
        "身份证号",
        "性别",
        "企业名称",
        "企业统一社会信用代码",
        "职务",
        "技术职称",
        "岗位类别",
        "初次领证日期",
        "发证日期",
        "有效期起",
        "有效期止",
        "持证人公钥",
    )


def test_own_fields_are_those_no_other_certificate_must_have(schema: CertificateSchema) -> None:
    assert [each.property_name for each in schema.own_fields()] == [
        "sex",
        "employerName",
        "employerUscc",
        "duty",
        "technicalTitle",
        "postCategory",
        "firstIssuedOn",
    ]


def test_type_name_version_and_holder(schema: CertificateSchema) -> None:
    assert schema.type == W011
    assert schema.version == 1
    assert schema.name == "建筑施工企业安全生产管理人员考核合格证书"
    assert schema.holder_code_type == "111"
    assert schema.field_of(DraftField.VALID_UNTIL).kind is FieldKind.DATE_OR_LONG_TERM


def test_schema_says_what_is_our_reading_and_what_is_public() -> None:
    comment = json.loads(FILE.read_bytes())["$comment"]
    assert "Public:" in comment
    assert "Our reading:" in comment


def test_directory_comes_before_the_schemas_shipped(tmp_path: Path) -> None:
    document = FILE.read_bytes().replace(b'"version": 1', b'"version": 2')
    (tmp_path / "11100000000013338W011.json").write_bytes(document)
    loaded = load_schema(W011, directory=tmp_path)
    assert loaded.version == 2
    assert loaded.schema_hash == hashlib.sha256(document).digest()


def test_directory_without_the_type_leaves_the_schemas_shipped(tmp_path: Path) -> None:
    assert load_schema(W011, directory=tmp_path) == load_schema(W011)


def test_type_nobody_described_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="11100000MB03271699022"):
        load_schema(CertificateType.parse("11100000MB03271699022"))


def test_file_of_another_type_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "11100000MB03271699022.json").write_bytes(FILE.read_bytes())
    with pytest.raises(MalformedInputError, match="expected type"):
        load_schema(CertificateType.parse("11100000MB03271699022"), directory=tmp_path)


def test_schema_of_firms_identifies_its_holder_by_uscc() -> None:
    tree = json.loads(FILE.read_bytes())
    tree["properties"]["holderCode"]["x-zhenglian"]["kind"] = "uscc"
    assert parse_schema(json.dumps(tree).encode()).holder_code_type == "001"


def test_period_of_retention_is_read_and_may_be_missing(schema: CertificateSchema) -> None:
    assert schema.retention_years == 10
    tree = json.loads(FILE.read_bytes())
    del tree["x-zhenglian"]["retentionYears"]
    assert parse_schema(json.dumps(tree).encode()).retention_years is None


def set_in(*path: str, value: Any) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        for step in path[:-1]:
            tree = tree[step]
        tree[path[-1]] = value

    return change


DAMAGES: dict[str, Callable[[Any], None]] = {
    "keyword nobody here understands": set_in("properties", "sex", "not", value={"const": "x"}),
    "date without its format": lambda tree: tree["properties"]["issuedOn"].pop("format"),
    "constraint on a code": set_in("properties", "holderCode", "pattern", value="^1"),
    "property that is no string": set_in("properties", "sex", "type", value="integer"),
    "property name with a blank": lambda tree: tree["properties"].update(
        {"a b": tree["properties"]["sex"]}
    ),
    "two columns of one name": set_in("properties", "duty", "title", value="姓名"),
    "unknown kind": set_in("properties", "duty", "x-zhenglian", value={"kind": "number"}),
    "unknown draft field": set_in(
        "properties", "duty", "x-zhenglian", value={"kind": "text", "draft": "holder"}
    ),
    "draft field filled twice": set_in(
        "properties", "duty", "x-zhenglian", value={"kind": "text", "draft": "holder_name"}
    ),
    "draft field of the wrong kind": set_in(
        "properties", "holderCode", "x-zhenglian", value={"kind": "text", "draft": "holder_code"}
    ),
    "draft field nobody fills": lambda tree: tree["properties"].pop("validUntil"),
    "draft field that may be missing": lambda tree: tree["required"].remove("issuedOn"),
    "second identifier": set_in(
        "properties", "employerUscc", "x-zhenglian", value={"kind": "certificate-id"}
    ),
    "open for more properties": lambda tree: tree.pop("additionalProperties"),
    "no type": lambda tree: tree["x-zhenglian"].pop("certificateType"),
    "malformed type": set_in("x-zhenglian", "certificateType", value="W011"),
    "retention of less than nothing": set_in("x-zhenglian", "retentionYears", value=-1),
    "retention in words": set_in("x-zhenglian", "retentionYears", value="10"),
    "retention that is only true": set_in("x-zhenglian", "retentionYears", value=True),
    "no annotation": lambda tree: tree.pop("x-zhenglian"),
    "no JSON Schema": set_in("required", value="all"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_schema_of_another_form_is_rejected(damage: Callable[[Any], None]) -> None:
    tree = json.loads(FILE.read_bytes())
    damage(tree)
    with pytest.raises(MalformedInputError):
        parse_schema(json.dumps(tree).encode())


@pytest.mark.parametrize("document", [b"", b"[]", b"\xff", b"{}", b"true"])
def test_bytes_that_are_no_schema_are_rejected(document: bytes) -> None:
    with pytest.raises(MalformedInputError):
        parse_schema(document)
