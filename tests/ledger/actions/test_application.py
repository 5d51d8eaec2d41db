"""An application is an admission that can be proposed, or an error that names its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ledger.actions.application import parse_application, read_application, write_application
from ledger.errors import MalformedInputError, NotFoundError
from ledger.formats.seals import public_coordinates
from ledger.records import Admission, MemberKeys
from tests.ledger.actions.homes import NAMES, SICHUAN

X, Y = public_coordinates(ec.derive_private_key(7, ec.SECP256R1()).public_key())
# An address of the examples in EIP-55.
VALIDATOR = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ADMISSION = Admission(
    SICHUAN, NAMES[SICHUAN], MemberKeys(1, X, Y, b"\x01" * 32, b"\x02" * 32, X, Y, VALIDATOR)
)
DOCUMENT: dict[str, Any] = {
    "member": "510000",
    "name": "四川省",
    "keys": {
        "suite": 1,
        "authority_x": X.hex(),
        "authority_y": Y.hex(),
        "ca_fingerprint": "01" * 32,
        "checkpoint_key": "02" * 32,
        "encryption_x": X.hex(),
        "encryption_y": Y.hex(),
        "validator": VALIDATOR,
    },
}
FIELDS = ("member", "name", "keys", *(f"keys.{field}" for field in DOCUMENT["keys"]))


def altered(field: str, value: object) -> bytes:
    """The document with one field of another value; without it if that is None."""
    document = {**DOCUMENT, "keys": dict(DOCUMENT["keys"])}
    *outer, name = field.split(".")
    within: dict[str, Any] = document["keys"] if outer else document
    if value is None:
        del within[name]
    else:
        within[name] = value
    return orjson.dumps(document)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "application.json"
    write_application(path, ADMISSION)
    assert orjson.loads(path.read_bytes()) == DOCUMENT
    assert read_application(path) == ADMISSION


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert parse_application(orjson.dumps(DOCUMENT | {"contact": "…"})) == ADMISSION


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_is_named(field: str) -> None:
    name = field.split(".")[-1]
    with pytest.raises(MalformedInputError, match=f"the field {name} is missing") as refusal:
        parse_application(altered(field, None))
    assert refusal.value.field == name


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("member", "51", "expected a province's 6 digits"),
        ("member", 510000, "expected text, got '510000'"),
        ("member", "510100", r"expected a province \(NN0000\)"),
        ("name", "", "1 to 128 bytes"),
        ("name", "省" * 43, "1 to 128 bytes"),
        ("name", "四川省\n贵州省", "without control characters"),
        ("name", ["四川省"], "expected text"),
        ("keys", [], "expected an object"),
        ("keys.suite", 2, "expected 1, got 2"),
        ("keys.suite", True, "expected a number"),
        ("keys.suite", "1", "expected a number"),
        ("keys.authority_x", "00" * 32, "a point on P-256"),
        ("keys.authority_x", "ff" * 32, "a point on P-256"),
        ("keys.authority_y", X.hex()[:-2], "expected 64 digits"),
        ("keys.encryption_x", "00" * 32, "a point on P-256"),
        ("keys.ca_fingerprint", "01" * 33, "expected 64 digits"),
        ("keys.checkpoint_key", "zz" * 32, "expected 64 digits"),
        ("keys.checkpoint_key", "AB" * 32, "lower-case"),
        ("keys.validator", VALIDATOR.lower(), "expected an EIP-55 address"),
        ("keys.validator", "", "expected an EIP-55 address"),
        ("keys.validator", 7, "expected text, got '7'"),
    ],
)
def test_a_field_of_another_form_is_named_with_what_was_expected(
    field: str, value: object, expected: str
) -> None:
    with pytest.raises(MalformedInputError, match=expected) as refusal:
        parse_application(altered(field, value))
    assert refusal.value.field in {field.split(".")[-1], "member_id"}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 5000])
def test_what_is_no_object_is_no_application(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "application.json"
    path.write_bytes(content)
    with pytest.raises(MalformedInputError, match=f"{path}: not an application for admission"):
        read_application(path)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=str(tmp_path)):
        read_application(tmp_path / "application.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(FIELDS), JSON)
def test_whatever_stands_in_a_field_it_is_an_admission_or_a_named_error(
    field: str, value: object
) -> None:
    try:
        admission = parse_application(altered(field, value))
    except MalformedInputError:
        return
    assert Admission.decode(admission.encode()) == admission
