"""Our use of py-evm's state against py-evm's own block processing."""

from __future__ import annotations

import random
from typing import Any

import pytest
from eth.consensus import ConsensusContext
from eth.db.atomic import AtomicDB
from eth.db.chain import ChainDB
from eth.vm.chain_context import ChainContext
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.blocks import PragueBlockHeader
from eth_account import Account

from local_chain.embedded import rlp
from local_chain.embedded.blocks import encode_receipt
from local_chain.embedded.evm.machine import Machine
from local_chain.embedded.headers import draft_genesis
from local_chain.embedded.keccak import keccak
from local_chain.embedded.pending import PendingBlock
from local_chain.embedded.transactions import parse_transaction
from tests.local_chain.embedded.assembler import assemble, wrap_initcode
from tests.local_chain.embedded.contracts import (
    FAILING_INITCODE,
    NOTEBOOK_INITCODE,
    encode_note,
)
from tests.local_chain.embedded.session import hex_of, to_checksum

CHAIN_ID = 9
ACCOUNT = Account.from_key(b"\x31" * 32)
CLEARING = wrap_initcode(assemble("0 0 SSTORE 0 1 SSTORE STOP"))  # earns refunds


def make_transactions() -> list[bytes]:
    """A deployment and what follows: writes, overwrites, clearings, failures, plain payments."""
    source = random.Random(3)
    plans: list[tuple[bytes | str, bytes, int]] = [
        (b"", NOTEBOOK_INITCODE, 2_000_000),
        (b"", CLEARING, 500_000),
    ]
    notebook, clearing = (contract_address(nonce) for nonce in range(2))
    for _ in range(40):
        value = source.choice([0, 0, 1, source.randrange(2**250)])
        plans.append((notebook, encode_note(source.randrange(6), value), 200_000))
        plans.append((clearing, source.randbytes(source.randrange(9)), 100_000))
    plans.append((notebook, b"\x01\x02\x03", 90_000))
    plans.append((notebook, encode_note(99, 1), 30_000))
    plans.append((b"", FAILING_INITCODE, 100_000))
    plans.append((clearing, source.randbytes(3_000), 1_000_000))  # the floor of EIP-7623 decides
    return [
        sign(nonce, to, data, gas, typed=nonce % 3) for nonce, (to, data, gas) in enumerate(plans)
    ]


def contract_address(nonce: int) -> str:
    sender = bytes.fromhex(ACCOUNT.address[2:])
    digest = keccak(rlp.encode([sender, rlp.encode_integer(nonce)]))
    return to_checksum(hex_of(digest[12:]))


def sign(nonce: int, to: bytes | str, data: bytes, gas: int, *, typed: int) -> bytes:
    fields: dict[str, Any] = {"chainId": CHAIN_ID, "nonce": nonce, "gas": gas, "value": 0}
    fields |= {"to": to, "data": data}
    if typed == 2:
        fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    else:
        fields["gasPrice"] = 0
    if typed:
        addressed = to if isinstance(to, str) else ACCOUNT.address
        entry = {"address": addressed, "storageKeys": ["0x" + "00" * 31 + "01"]}
        fields |= {"type": typed, "accessList": [entry]}
    return bytes(ACCOUNT.sign_transaction(fields).raw_transaction)


def run_in_py_evm(transactions: list[bytes]) -> tuple[bytes, list[bytes]]:
    """State root and encoded receipts after one block, by py-evm's virtual machine."""
    database = AtomicDB()
    header = PragueBlockHeader(
        difficulty=0, block_number=0, gas_limit=1 << 27, timestamp=5, base_fee_per_gas=0
    )
    machine = PragueVM(
        header, ChainDB(database), ChainContext(CHAIN_ID), ConsensusContext(database)
    )
    decode = machine.get_transaction_builder().decode
    receipts = []
    for raw in transactions:
        receipt, _ = machine.apply_transaction(header, decode(raw))
        header = machine.add_receipt_to_header(header, receipt)
        receipts.append(receipt.encode())
    machine.state.persist()
    return bytes(machine.state.state_root), receipts


def test_states_and_receipts_are_those_of_py_evms_blocks() -> None:
    transactions = make_transactions()
    header = draft_genesis(5, 1 << 27)
    machine = Machine(CHAIN_ID, False, lambda _: None, lambda _: None)
    block = PendingBlock(header, machine.open_state(header))
    for raw in transactions:
        block.add(raw, parse_transaction(raw, CHAIN_ID))
    sealed = block.seal()
    receipts = []
    for record in sealed.transactions:
        first = record.first_log_index
        receipts.append(encode_receipt(record, sealed.logs[first : first + record.log_count]))
    expected_root, expected_receipts = run_in_py_evm(transactions)
    assert receipts == expected_receipts
    assert sealed.header.state_root == expected_root
    statuses = [record.succeeded for record in sealed.transactions]
    assert statuses == [True] * 82 + [False] * 3 + [True]


def test_refused_or_tried_transaction_leaves_the_state_untouched() -> None:
    header = draft_genesis(5, 1 << 27)
    state = Machine(CHAIN_ID, False, lambda _: None, lambda _: None).open_state(header)
    creation, *rest = make_transactions()
    state.execute(parse_transaction(creation, CHAIN_ID))
    transaction = parse_transaction(rest[0], CHAIN_ID)
    wrong_nonce = parse_transaction(rest[3], CHAIN_ID)
    with pytest.raises(ValueError, match="nonce"):
        state.execute(wrong_nonce)
    state.try_out(transaction)
    assert state.get_nonce(transaction.sender) == 1
    state.execute(transaction)
    assert state.get_nonce(transaction.sender) == 2
