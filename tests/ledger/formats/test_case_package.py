from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import ConflictError, LedgerError, MalformedInputError, NotAuthorizedError
from ledger.formats import case_package
from ledger.formats.case_package import (
    PackageContext,
    Recipient,
    open_package,
    parse_package,
    seal_package,
)
from ledger.formats.seals import public_coordinates
from ledger.identifiers import MemberId

KEY = ec.generate_private_key(ec.SECP256R1())
SICHUAN = Recipient(MemberId.parse("510000"), *public_coordinates(KEY.public_key()))
CONTEXT = PackageContext(b"l" * 32, b"c" * 32, 2)
CONTENT = "材料（虚构）".encode() * 100
PACKAGE = seal_package(CONTENT, CONTEXT, SICHUAN)


def test_package_opens_for_whom_it_was_sealed() -> None:
    package = parse_package(PACKAGE)
    assert open_package(package, CONTEXT, KEY) == CONTENT
    assert package.member == SICHUAN.member
    assert package.digest == sha256(PACKAGE).digest()


def test_package_shows_nothing_of_its_content() -> None:
    assert "材料".encode() not in PACKAGE
    assert seal_package(CONTENT, CONTEXT, SICHUAN) != PACKAGE


def test_package_for_another_member_does_not_open() -> None:
    with pytest.raises(NotAuthorizedError) as refusal:
        open_package(parse_package(PACKAGE), CONTEXT, ec.generate_private_key(ec.SECP256R1()))
    assert refusal.value.code == "package_for_another_member"
    assert "510000" in refusal.value.message


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ledger_id": b"m" * 32}, "package_of_another_ledger"),
        ({"case_id": b"d" * 32}, "package_of_another_case"),
        ({"number": 3}, "package_of_another_hand_over"),
    ],
)
def test_package_replayed_elsewhere_is_refused(change: dict[str, object], code: str) -> None:
    elsewhere = replace(CONTEXT, **change)  # type: ignore[arg-type] # by name
    with pytest.raises(ConflictError) as refusal:
        open_package(parse_package(PACKAGE), elsewhere, KEY)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "change", [{"ledger_id": b"m" * 32}, {"case_id": b"d" * 32}, {"number": 3}]
)
def test_package_relabelled_for_another_case_does_not_open(change: dict[str, object]) -> None:
    elsewhere = replace(CONTEXT, **change)  # type: ignore[arg-type] # by name
    old, new = CONTEXT, elsewhere
    relabelled = (
        PACKAGE.replace(old.case_id.hex().encode(), new.case_id.hex().encode())
        .replace(old.ledger_id.hex().encode(), new.ledger_id.hex().encode())
        .replace(b'"number":2', b'"number":%d' % new.number)
    )
    with pytest.raises(MalformedInputError) as refusal:
        open_package(parse_package(relabelled), elsewhere, KEY)
    assert refusal.value.code == "package_altered"


@pytest.mark.parametrize("place", [-1, -17, -len(CONTENT), -len(CONTENT) - 16, -len(CONTENT) - 80])
def test_altered_package_does_not_open(place: int) -> None:
    altered = bytearray(PACKAGE)
    altered[place] ^= 1
    with pytest.raises(MalformedInputError) as refusal:
        open_package(parse_package(bytes(altered)), CONTEXT, KEY)
    assert refusal.value.code == "package_altered"


@pytest.mark.parametrize("size", [len(PACKAGE) - 1, len(PACKAGE) - len(CONTENT), 500])
def test_truncated_package_is_told_from_an_altered_one(size: int) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_package(PACKAGE[:size])
    assert refusal.value.code == "package_truncated"


def test_package_with_something_behind_it_is_refused() -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_package(PACKAGE + b"x")
    assert refusal.value.code == "package_truncated"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", PACKAGE[:40], PACKAGE[1:], b"\n" * 3000])
def test_what_is_no_package_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        parse_package(data)
    assert refusal.value.code == "package_malformed"


def test_header_with_another_member_is_refused() -> None:
    with pytest.raises(LedgerError):
        parse_package(PACKAGE.replace(b'{"case_id"', b'{"a":1,"case_id"'))


def test_package_over_the_limit_is_neither_made_nor_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_package, "MAX_PACKAGE_SIZE", len(PACKAGE) - 1)
    for action in (lambda: seal_package(CONTENT, CONTEXT, SICHUAN), lambda: parse_package(PACKAGE)):
        with pytest.raises(MalformedInputError) as refusal:
            action()
        assert refusal.value.code == "package_too_large"
