"""Fields of certificates against the shipped schema of safety staff."""

from __future__ import annotations

import pytest

from ledger.identifiers import CertificateType, Uscc
from ledger.schemas import load_schema
from ledger.schemas.conformance import Misfit, Problem, find_misfit

SCHEMA = load_schema(CertificateType.parse("11100000000013338W011"))
WHOLE: dict[str, object] = {
    "certificate_number": "渝建安C3（2024）0000001",
    "holder_name": "张三",
    "holder_code": "110101199003070011",
    "holder_code_type": "111",
    "sex": "男",
    "employerName": "某建设工程有限公司",
    "employerUscc": str(Uscc.build("91500101MA0000001")),
    "postCategory": "C3",
    "firstIssuedOn": "2019-03-01",
}


def test_whole_certificate_without_its_optional_fields_fits() -> None:
    assert find_misfit(SCHEMA, WHOLE, is_whole=True) is None


def test_presentation_of_no_field_fits() -> None:
    assert find_misfit(SCHEMA, {}, is_whole=False) is None


@pytest.mark.parametrize("name", ["holder_name", "employerUscc"])
def test_whole_certificate_without_a_required_field_does_not_fit(name: str) -> None:
    fields = {key: value for key, value in WHOLE.items() if key != name}
    assert find_misfit(SCHEMA, fields, is_whole=True) == Misfit(name, Problem.MISSING)
    assert find_misfit(SCHEMA, fields, is_whole=False) is None


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("nickname", "小张", Problem.UNKNOWN),
        ("validUntil", "2028-01-01", Problem.UNKNOWN),
        ("holder_code_type", "001", Problem.NOT_ALLOWED),
        ("postCategory", "D", Problem.NOT_ALLOWED),
        ("holder_name", "", Problem.MALFORMED),
        ("holder_name", "张" * 101, Problem.MALFORMED),
        ("holder_name", 7, Problem.MALFORMED),
        ("holder_code", "110101199003070012", Problem.MALFORMED),
        ("employerUscc", "91500101MA00000010", Problem.MALFORMED),
        ("firstIssuedOn", "2019-02-29", Problem.MALFORMED),
        ("firstIssuedOn", "20190301", Problem.MALFORMED),
    ],
)
def test_field_that_does_not_fit_is_named(name: str, value: object, problem: Problem) -> None:
    assert find_misfit(SCHEMA, WHOLE | {name: value}, is_whole=True) == Misfit(name, problem)
