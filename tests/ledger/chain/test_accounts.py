"""Transactions are those that any Ethereum library would sign, and the same each time."""

from __future__ import annotations

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from ledger.abi import to_checksum_address
from ledger.chain.accounts import Call, compute_contract_address, load_account
from local_chain.embedded.transactions import parse_transaction

ADDRESSES = st.binary(min_size=20, max_size=20)
SECRETS = st.integers(1, 2**255).map(lambda number: number.to_bytes(32, "big"))


@given(
    secret=SECRETS,
    to=st.none() | ADDRESSES,
    data=st.binary(max_size=200),
    nonce=st.integers(0, 2**40),
    chain_id=st.integers(1, 2**31),
)
def test_signs_as_eth_account_does(
    secret: bytes, to: bytes | None, data: bytes, nonce: int, chain_id: int
) -> None:
    address = None if to is None else to_checksum_address(to)
    theirs = Account.from_key(secret)
    expected = theirs.sign_transaction(
        {
            "nonce": nonce,
            "gas": 1 << 24,
            "gasPrice": 0,
            "value": 0,
            "chainId": chain_id,
            "data": data,
            **({} if address is None else {"to": address}),
        }
    )
    ours = load_account(secret)
    signed = ours.sign(Call(address, data), nonce=nonce, gas=1 << 24, chain_id=chain_id)
    assert ours.address == theirs.address
    assert signed.raw == bytes(expected.raw_transaction)
    assert signed.transaction_hash == bytes(expected.hash)


@given(secret=SECRETS, data=st.binary(max_size=50))
def test_only_the_chain_it_was_signed_for_takes_it(secret: bytes, data: bytes) -> None:
    account = load_account(secret)
    signed = account.sign(Call(account.address, data), nonce=7, gas=30_000, chain_id=5)
    assert parse_transaction(signed.raw, 5).sender == account.address_bytes
    with pytest.raises(ValueError, match="chain"):
        parse_transaction(signed.raw, 6)


@pytest.mark.parametrize(
    ("nonce", "address"),
    [  # published with the Ethereum wiki's explanation of contract addresses
        (0, "0xcd234A471b72ba2F1Ccf0A70FCABA648a5eeCD8d"),
        (1, "0x343c43A37D37dfF08AE8C4A11544c718AbB4fCF8"),
        (2, "0xf778B86FA74E846c4f0a1fBd1335FE81c00a0C91"),
        (3, "0xffFd933A0bC612844eaF0C6Fe3E5b8E9B6C1d19c"),
    ],
)
def test_contract_address_follows_from_account_and_nonce(nonce: int, address: str) -> None:
    deployer = to_checksum_address(bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"))
    assert compute_contract_address(deployer, nonce).lower() == address.lower()
