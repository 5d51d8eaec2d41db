"""Headers against py-evm's own, which stands for the other implementations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth.vm.forks.prague.blocks import PragueBlockHeader

from local_chain.embedded.headers import Header, draft_child, draft_genesis


def make_header() -> Header:
    genesis = draft_genesis(1_750_000_000, 1 << 27)
    child = draft_child(genesis, genesis.compute_hash(), 1_750_000_007)
    return replace(child, gas_used=12_345, logs_bloom=b"\x80" + bytes(255), extra_data=b"note")


def test_hash_is_the_one_py_evm_computes() -> None:
    header = make_header()
    theirs = PragueBlockHeader(
        difficulty=0,
        block_number=header.number,
        gas_limit=header.gas_limit,
        timestamp=header.timestamp,
        coinbase=header.coinbase,
        parent_hash=header.parent_hash,
        uncles_hash=header.uncles_hash,
        state_root=header.state_root,
        transaction_root=header.transactions_root,
        receipt_root=header.receipts_root,
        bloom=int.from_bytes(header.logs_bloom, "big"),
        gas_used=header.gas_used,
        extra_data=header.extra_data,
        mix_hash=header.mix_hash,
        nonce=header.nonce,
        withdrawals_root=header.withdrawals_root,
        parent_beacon_block_root=header.parent_beacon_block_root,
        requests_hash=header.requests_hash,
    )
    # py-evm writes the filter as an integer, whose leading zeros are lost; ours has none
    assert header.compute_hash() == theirs.hash


def test_encoding_comes_back() -> None:
    header = make_header()
    assert Header.parse(header.encode()) == header


def test_bytes_that_are_no_header_are_rejected() -> None:
    with pytest.raises(ValueError, match="expected a list of 21 items"):
        Header.parse(b"\xc0")
