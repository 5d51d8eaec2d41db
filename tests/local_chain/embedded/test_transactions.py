"""Raw transactions: what every signing library writes is read, everything else is refused."""

from __future__ import annotations

from typing import Any

import pytest
import rlp as reference
from eth_account import Account

from local_chain.embedded.transactions import MAX_TRANSACTION_BYTES, parse_transaction

CHAIN_ID = 0x5A4C
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SIGNER = Account.from_key(b"\x21" * 32)
RECIPIENT = Account.from_key(b"\x22" * 32).address
ACCESS_LIST = [{"address": RECIPIENT, "storageKeys": ["0x" + "07" * 32]}]

LEGACY = {"gasPrice": 5}
ACCESS_LISTED = {"gasPrice": 5, "accessList": ACCESS_LIST, "type": 1}
DYNAMIC = {"maxFeePerGas": 9, "maxPriorityFeePerGas": 2, "accessList": ACCESS_LIST, "type": 2}


def sign(fields: dict[str, Any], **changes: Any) -> bytes:
    common = {
        "chainId": CHAIN_ID,
        "nonce": 3,
        "gas": 90_000,
        "to": RECIPIENT,
        "value": 4,
        "data": b"\x00\x01",
    }
    return bytes(SIGNER.sign_transaction(common | fields | changes).raw_transaction)


@pytest.mark.parametrize("fields", [LEGACY, ACCESS_LISTED, DYNAMIC])
def test_fields_and_sender_are_those_that_were_signed(fields: dict[str, Any]) -> None:
    transaction = parse_transaction(sign(fields), CHAIN_ID)
    assert transaction.sender == bytes.fromhex(SIGNER.address[2:])
    assert transaction.to == bytes.fromhex(RECIPIENT[2:])
    assert (transaction.nonce, transaction.gas, transaction.value) == (3, 90_000, 4)
    assert transaction.data == b"\x00\x01"
    assert transaction.type_id == fields.get("type", 0)
    if "accessList" in fields:
        word = int.from_bytes(b"\x07" * 32, "big")
        assert transaction.access_list == ((bytes.fromhex(RECIPIENT[2:]), (word,)),)


def test_prices_of_each_type_are_read() -> None:
    assert parse_transaction(sign(LEGACY), CHAIN_ID).gas_price == 5
    dynamic = parse_transaction(sign(DYNAMIC), CHAIN_ID)
    assert (dynamic.max_fee_per_gas, dynamic.max_priority_fee_per_gas) == (9, 2)


def test_gas_before_execution_follows_the_schedule() -> None:
    call = parse_transaction(sign(LEGACY), CHAIN_ID)
    assert call.intrinsic_gas == 21_000 + 4 + 16
    assert parse_transaction(sign(DYNAMIC), CHAIN_ID).intrinsic_gas == 21_020 + 2_400 + 1_900
    creation = parse_transaction(sign(LEGACY, to=b"", data=b"\x01" * 33), CHAIN_ID)
    assert creation.intrinsic_gas == 21_000 + 32_000 + 33 * 16
    assert creation.least_gas == creation.intrinsic_gas + 2 * 2
    heavy = parse_transaction(sign(LEGACY, data=b"\x01" * 1000), CHAIN_ID)
    assert heavy.least_gas == 21_000 + 40 * 1000


@pytest.mark.parametrize("fields", [LEGACY, ACCESS_LISTED, DYNAMIC])
def test_signature_for_another_chain_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="invalid chain id for signer: have 1 want 23116"):
        parse_transaction(sign(fields, chainId=1), CHAIN_ID)


def test_signature_without_chain_is_refused() -> None:
    items = reference.decode(sign(LEGACY))
    unprotected = reference.encode([*items[:6], b"\x1b", *items[7:]])
    with pytest.raises(ValueError, match="replay-protected"):
        parse_transaction(unprotected, CHAIN_ID)


def test_mirrored_signature_with_high_s_is_refused() -> None:
    raw = sign(DYNAMIC)
    items = reference.decode(raw[1:])
    high = SECP256K1_ORDER - int.from_bytes(items[11], "big")
    flipped = b"" if items[9] else b"\x01"
    mirrored = raw[:1] + reference.encode([*items[:9], flipped, items[10], high])
    with pytest.raises(ValueError, match="invalid transaction v, r, s values"):
        parse_transaction(mirrored, CHAIN_ID)


@pytest.mark.parametrize(
    ("position", "value"),
    [(1, b"\x00\x01"), (5, b"\x01" * 19), (5, []), (7, []), (8, b""), (8, [b""]), (10, b"")],
)
def test_malformed_field_is_refused(position: int, value: object) -> None:
    raw = sign(DYNAMIC)
    items = list(reference.decode(raw[1:]))
    items[position] = value
    with pytest.raises(ValueError, match=r"malformed|integer|invalid"):
        parse_transaction(raw[:1] + reference.encode(items), CHAIN_ID)


@pytest.mark.parametrize(
    "raw", [b"", b"\x03\xc0", b"\x04\xc0", b"\x7f", b"\xc0", b"\x02", b"\x02\xc0"]
)
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"not supported|malformed"):
        parse_transaction(raw, CHAIN_ID)


def test_tip_above_the_price_is_refused() -> None:
    raw = sign(DYNAMIC, maxFeePerGas=1, maxPriorityFeePerGas=2)
    with pytest.raises(ValueError, match="higher than max fee"):
        parse_transaction(raw, CHAIN_ID)


def test_oversized_transaction_is_refused() -> None:
    with pytest.raises(ValueError, match="oversized"):
        parse_transaction(sign(LEGACY, data=bytes(MAX_TRANSACTION_BYTES)), CHAIN_ID)
