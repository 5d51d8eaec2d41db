from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import MalformedInputError
from ledger.formats.case_receipt import HandOverReceipt
from ledger.formats.seals import public_coordinates
from ledger.identifiers import Uscc

KEY = ec.generate_private_key(ec.SECP256R1())
POINT = public_coordinates(KEY.public_key())
TAKER = Uscc.parse("11100000000013338W")
RECEIPT = HandOverReceipt.sign(
    b"l" * 32, b"c" * 32, b"h" * 32, b"p" * 32, TAKER, KEY, 1_800_000_000, "封条完好"
)


def test_receipt_is_sealed_by_its_taker_and_read_as_written() -> None:
    assert RECEIPT.is_sealed_by(*POINT)
    assert HandOverReceipt.parse(RECEIPT.to_json()) == RECEIPT
    bare = HandOverReceipt.sign(b"l" * 32, b"c" * 32, b"h" * 32, b"p" * 32, TAKER, KEY, 1)
    assert HandOverReceipt.parse(bare.to_json()) == bare


@pytest.mark.parametrize(
    "change",
    [
        {"ledger_id": b"m" * 32},
        {"case_id": b"d" * 32},
        {"hand_over_digest": b"i" * 32},
        {"content_digest": b"q" * 32},
        {"taken_at_unix": 1_800_000_001},
        {"note": ""},
    ],
)
def test_receipt_replayed_for_something_else_bears_no_seal(change: dict[str, object]) -> None:
    assert not replace(RECEIPT, **change).is_sealed_by(*POINT)  # type: ignore[arg-type] # by name


def test_receipt_of_another_key_bears_no_seal() -> None:
    other = public_coordinates(ec.generate_private_key(ec.SECP256R1()).public_key())
    assert not RECEIPT.is_sealed_by(*other)


def test_receipt_without_a_signature_is_refused() -> None:
    with pytest.raises(MalformedInputError):
        HandOverReceipt.parse(RECEIPT.to_json().replace(b'"signature"', b'"sealed"'))
