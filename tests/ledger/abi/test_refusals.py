"""What a refused call says."""

from __future__ import annotations

import eth_abi
import pytest

from ledger.abi.refusals import describe
from ledger.errors import ConflictError, LedgerError, NotFoundError
from ledger.records import (
    BatchUnknownError,
    FieldMalformedError,
    FrozenError,
    ProposalAction,
    WordChange,
    decode_error,
)


def test_a_custom_error_becomes_its_exception_of_its_kind() -> None:
    found = decode_error(BatchUnknownError(b"\x11" * 32).encode())

    assert isinstance(found, BatchUnknownError)
    assert isinstance(found, NotFoundError)
    assert found.batch_key == b"\x11" * 32
    assert found.code == "batch_unknown"
    assert str(found) == f"No batch has this key (batch_key=0x{'11' * 32})"


def test_an_all_zero_member_reads_as_none() -> None:
    found = decode_error(FrozenError(b"CertificateLedger".ljust(32, b"\0"), None, 0).encode())

    assert isinstance(found, FrozenError)
    assert isinstance(found, ConflictError)
    assert found.member is None
    assert "module=CertificateLedger, member=none, until=0" in found.message


def test_a_solidity_field_named_field_does_not_hide_that_of_ledger_error() -> None:
    found = decode_error(FieldMalformedError(b"name".ljust(32, b"\0")).encode())

    assert isinstance(found, FieldMalformedError)
    assert found.field_name == b"name".ljust(32, b"\0")
    assert found.field is None


def test_require_texts_and_panics_are_reported() -> None:
    text = decode_error(bytes.fromhex("08c379a0") + eth_abi.encode(["string"], ["out of 证照"]))
    panic = decode_error(bytes.fromhex("4e487b71") + eth_abi.encode(["uint256"], [0x11]))

    assert (text.code, text.message) == ("contract_refused", "the contract refused: out of 证照")
    assert (panic.code, panic.message) == (
        "contract_panicked",
        "the contract failed with panic 0x11",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x01\x02\x03\x04",
        BatchUnknownError(bytes(32)).encode() + b"\0",
        BatchUnknownError(bytes(32)).encode()[:-1],
        bytes.fromhex("08c379a0"),
        bytes.fromhex("4e487b71") + bytes(3),
    ],
)
def test_what_is_none_of_our_errors_is_still_reported(data: bytes) -> None:
    found = decode_error(data)

    assert type(found) is LedgerError
    assert found.code == "contract_refused"
    assert data.hex() in found.message


def test_values_are_described_for_people() -> None:
    assert describe(ProposalAction.FREEZE) == "FREEZE"
    assert describe((1, b"\x02")) == "[1, 0x02]"
    assert describe(b"\x01" + bytes(31)) == "0x01" + "00" * 31
    assert describe(bytes(32)) == "0x" + "00" * 32
    assert describe(2**40 - 1, "valid_until") == str(2**40 - 1)
    assert describe(WordChange(1, bytes(32), bytes(32))).startswith("WordChange(index=1")
