from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from ledger.errors import MalformedInputError
from ledger.identifiers import CertificateType
from ledger.schemas import StatusCode, find_status_code, load_schema, parse_schema
from ledger.schemas.status_codes import ACTS

W011 = "11100000000013338W011"


@pytest.fixture(scope="module")
def codes() -> tuple[StatusCode, ...]:
    return load_schema(CertificateType.parse(W011)).status_codes


def test_w011_has_the_codes_of_the_housing_ministrys_interface(
    codes: tuple[StatusCode, ...],
) -> None:
    assert [(code.code, code.name_zh) for code in codes] == [
        ("01", "有效"),
        ("02", "暂扣"),
        ("03", "撤销"),
        ("04", "注销"),
        ("05", "失效"),
        ("06", "办理转出"),
        ("07", "吊销"),
        ("99", "其他"),
    ]


@pytest.mark.parametrize("act", sorted(ACTS))
def test_every_act_has_a_code(codes: tuple[StatusCode, ...], act: str) -> None:
    assert any(act in code.acts for code in codes)


@pytest.mark.parametrize("text", ["07", "7", "吊销"])
def test_code_is_found_by_code_number_and_chinese_name(
    codes: tuple[StatusCode, ...], text: str
) -> None:
    assert find_status_code(codes, "revoke", text).number == 7


@pytest.mark.parametrize("text", ["02", "", "8", "007", "valid"])
def test_code_that_the_act_may_not_give_is_rejected_with_those_it_may(
    codes: tuple[StatusCode, ...], text: str
) -> None:
    with pytest.raises(MalformedInputError, match="03 撤销, 04 注销") as caught:
        find_status_code(codes, "revoke", text)
    assert caught.value.field == "reason"


@pytest.mark.parametrize(
    "entries",
    [
        [{"code": "2", "zh": "a", "en": "b", "acts": ["suspend"]}] * 2,
        [{"code": "0", "zh": "a", "en": "b", "acts": ["suspend"]}],
        [{"code": "65536", "zh": "a", "en": "b", "acts": ["suspend"]}],
        [{"code": 2, "zh": "a", "en": "b", "acts": ["suspend"]}],
        [{"code": "2", "zh": "a", "en": "b", "acts": []}],
        [{"code": "2", "zh": "a", "en": "b", "acts": ["delete"]}],
        [{"code": "2", "en": "b", "acts": ["suspend"]}],
        {"code": "2"},
        2,
    ],
)
def test_table_of_another_form_is_rejected_with_its_schema(entries: Any) -> None:
    tree = json.loads((resources.files("ledger.schemas") / f"{W011}.json").read_bytes())
    tree["x-zhenglian"]["statusCodes"] = entries
    with pytest.raises(MalformedInputError):
        parse_schema(json.dumps(tree).encode())


def test_type_without_a_table_has_no_codes() -> None:
    tree = json.loads((resources.files("ledger.schemas") / f"{W011}.json").read_bytes())
    del tree["x-zhenglian"]["statusCodes"]
    assert parse_schema(json.dumps(tree).encode()).status_codes == ()
