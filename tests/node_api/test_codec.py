"""What the actions' values look like in JSON, and what malformed JSON is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import orjson
import pytest

from ledger.actions.decisions import Decision
from ledger.errors import MalformedInputError
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.records import CaseState
from node_api.codec import JsonSchema, adapter, decode, decode_plain, encode
from zhenglian.plain import to_plain


@dataclass(frozen=True, slots=True)
class Everything:
    """One value of each kind that actions have."""

    root: bytes
    issuer: Uscc
    kind: CertificateType
    member: MemberId
    region: RegionCode | None
    status: Status
    state: CaseState
    day: date
    names: tuple[str, ...]


EVERYTHING = Everything(
    bytes(range(4)),
    Uscc.parse("11500000000000001G"),
    CertificateType.parse("11100000000013338W011"),
    MemberId.parse("500000"),
    None,
    Status.SUSPENDED,
    next(iter(CaseState)),
    date(2026, 2, 28),
    ("证链", "b"),
)


def test_json_is_what_the_commands_print() -> None:
    assert orjson.loads(encode(Everything, EVERYTHING)) == to_plain(EVERYTHING)


def test_what_was_written_is_read_again() -> None:
    assert decode(Everything, encode(Everything, EVERYTHING)) == EVERYTHING


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("issuer", "11500000000000001X", "check character"),
        ("status", "sleeping", "valid, revoked, suspended, superseded"),
        ("root", "zz", "expected hexadecimal digits"),
        ("root", None, "expected bytes as hexadecimal"),
        ("day", "2026-02-30", "day"),
        ("names", "text", "array"),
    ],
)
def test_a_malformed_member_is_named_with_what_was_expected(
    name: str, value: object, told: str
) -> None:
    document = {**orjson.loads(encode(Everything, EVERYTHING)), name: value}
    with pytest.raises(MalformedInputError) as refused:
        decode(Everything, orjson.dumps(document))
    assert told in refused.value.message
    assert refused.value.field


def test_a_member_that_nobody_knows_is_refused() -> None:
    document = {**orjson.loads(encode(Everything, EVERYTHING)), "typo": 1}
    with pytest.raises(MalformedInputError, match="typo"):
        decode(Everything, orjson.dumps(document))


def test_a_malformed_value_is_not_repeated_in_the_error() -> None:
    secret = "320102199001011234"
    document = {"reason_code": secret + "x", "legal_basis": "x", "effective_date": "2026-01-01"}
    with pytest.raises(MalformedInputError) as refused:
        decode(Decision, orjson.dumps(document))
    assert secret not in refused.value.message


def test_an_error_of_a_parser_of_ours_keeps_its_code_and_field() -> None:
    with pytest.raises(MalformedInputError) as refused:
        decode_plain(Uscc, "11500000000000001X")
    assert refused.value.code == "wrong_check_character"
    assert refused.value.field == "uscc"


def test_schemas_say_hexadecimal_and_names_of_members() -> None:
    schema = adapter(Everything).json_schema(schema_generator=JsonSchema, mode="serialization")
    properties = schema["properties"]
    assert properties["root"]["pattern"] == "^([0-9a-f]{2})*$"
    assert properties["status"]["enum"] == ["valid", "revoked", "suspended", "superseded"]
    assert properties["issuer"]["minLength"] == 18
