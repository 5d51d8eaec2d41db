"""The chain through web3.py: what applications see."""

from __future__ import annotations

import json
from typing import Any

import pytest
from web3 import Web3
from web3.exceptions import (
    BlockNotFound,
    ContractCustomError,
    ContractLogicError,
    ContractPanicError,
    MethodUnavailable,
    TransactionNotFound,
    Web3RPCError,
)
from web3.types import TxParams

from local_chain.embedded import EmbeddedChain
from tests.local_chain.conftest import SteppedClock
from tests.local_chain.embedded.contracts import NOTEBOOK, encode_note, word
from tests.local_chain.embedded.session import Session

NOTES_ABI: list[dict[str, Any]] = [
    {
        "type": "error",
        "name": "NotYours",
        "inputs": [{"name": "owner", "type": "uint256"}],
    }
]


@pytest.fixture
def web3(chain: EmbeddedChain) -> Web3:
    return Web3(chain.provider)


def test_identity_of_the_chain(web3: Web3) -> None:
    assert web3.is_connected()
    assert web3.eth.chain_id == 0x5A4C
    assert web3.net.version == str(0x5A4C)
    assert web3.client_version.startswith("Zhenglian-embedded/")
    assert not web3.eth.accounts
    assert web3.eth.syncing is False


def test_gas_costs_nothing(web3: Web3) -> None:
    assert web3.eth.gas_price == 0
    assert web3.eth.max_priority_fee == 0
    assert web3.eth.get_block("latest")["baseFeePerGas"] == 0
    history = web3.eth.fee_history(4, "latest", [10, 90])
    assert history["baseFeePerGas"] == [0, 0]
    assert history["reward"] == [[0, 0]]


def test_transaction_built_by_web3_is_accepted(web3: Web3, session: Session, notebook: str) -> None:
    account = session.account
    fields: TxParams = {
        "from": account.address,
        "to": Web3.to_checksum_address(notebook),
        "data": Web3.to_hex(encode_note(3, 4)),
        "nonce": web3.eth.get_transaction_count(account.address),
        "chainId": web3.eth.chain_id,
        "maxFeePerGas": web3.eth.gas_price,
        "maxPriorityFeePerGas": web3.eth.max_priority_fee,
        "gas": web3.eth.estimate_gas(
            {"from": account.address, "to": notebook, "data": Web3.to_hex(encode_note(3, 4))}
        ),
    }
    digest = web3.eth.send_raw_transaction(account.sign_transaction(fields).raw_transaction)
    session.chain.seal()
    receipt = web3.eth.wait_for_transaction_receipt(digest, timeout=60)
    assert (receipt["status"], receipt["from"], receipt["to"]) == (1, account.address, notebook)
    transaction = web3.eth.get_transaction(digest)
    assert transaction["input"] == encode_note(3, 4)
    assert transaction["blockHash"] == receipt["blockHash"]
    assert web3.eth.get_storage_at(Web3.to_checksum_address(notebook), 3) == word(4)
    assert web3.eth.get_code(Web3.to_checksum_address(notebook)) == NOTEBOOK
    assert web3.eth.get_balance(account.address) == 0


def test_block_is_complete_and_its_transactions_can_be_had_whole(
    web3: Web3, session: Session, notebook: str
) -> None:
    hashes = [session.note(notebook, slot, 1) for slot in range(2)]
    session.chain.seal()
    head = web3.eth.get_block("latest", full_transactions=True)
    assert [Web3.to_hex(one["hash"]) for one in head["transactions"]] == hashes  # type: ignore[index]
    assert web3.eth.get_block(head["hash"])["number"] == head["number"] == 2
    assert web3.eth.get_block(1)["hash"] == head["parentHash"]
    assert web3.eth.get_block_transaction_count(2) == 2
    assert Web3.to_hex(web3.eth.get_transaction_by_block(2, 1)["hash"]) == hashes[1]
    assert [Web3.to_hex(one["transactionHash"]) for one in web3.eth.get_block_receipts(2)] == hashes
    for tag in ("finalized", "safe"):
        assert web3.eth.get_block(tag)["number"] == 2  # type: ignore[arg-type]


def test_what_does_not_exist_is_not_found(web3: Web3) -> None:
    with pytest.raises(BlockNotFound):
        web3.eth.get_block(99)
    with pytest.raises(BlockNotFound):
        web3.eth.get_block(word(7))
    with pytest.raises(TransactionNotFound):
        web3.eth.get_transaction_receipt(word(7))  # type: ignore[arg-type]
    with pytest.raises(TransactionNotFound):
        web3.eth.get_transaction(word(7))  # type: ignore[arg-type]


def encode_revert(selector_source: str, *words: int) -> bytes:
    return Web3.keccak(text=selector_source)[:4] + b"".join(word(value) for value in words)


REASON = bytes.fromhex("08c379a0") + word(32) + word(7) + b"too bad".ljust(32, b"\0")


@pytest.mark.parametrize("method", ["call", "estimate_gas"])
@pytest.mark.parametrize(
    ("revert_data", "expected", "text"),
    [
        (encode_revert("NotYours(uint256)", 9), ContractCustomError, "0x"),
        (REASON, ContractLogicError, "execution reverted: too bad"),
        (encode_revert("Panic(uint256)", 0x11), ContractPanicError, "overflow"),
        (b"\x01", ContractLogicError, "execution reverted"),
    ],
)
def test_revert_data_reaches_the_caller(
    web3: Web3,
    notebook: str,
    method: str,
    revert_data: bytes,
    expected: type[ContractLogicError],
    text: str,
) -> None:
    call = {"to": notebook, "data": Web3.to_hex(revert_data)}
    with pytest.raises(expected, match=text) as caught:
        getattr(web3.eth, method)(call)
    assert caught.value.data == Web3.to_hex(revert_data)


def test_custom_error_is_named_by_its_abi(web3: Web3, notebook: str) -> None:
    contract = web3.eth.contract(address=Web3.to_checksum_address(notebook), abi=NOTES_ABI)
    data = encode_revert("NotYours(uint256)", 9)
    with pytest.raises(ContractCustomError) as caught:
        web3.eth.call({"to": contract.address, "data": Web3.to_hex(data)})
    assert caught.value.data == Web3.to_hex(data)


def test_revert_is_answered_with_code_three_and_its_data(session: Session, notebook: str) -> None:
    request = {"id": 5, "method": "eth_call", "params": [{"to": notebook, "data": "0x010203"}]}
    assert session.chain.respond(request) == {
        "jsonrpc": "2.0",
        "id": 5,
        "error": {"code": 3, "message": "execution reverted", "data": "0x010203"},
    }


def test_failure_other_than_a_revert_is_named(web3: Web3, notebook: str) -> None:
    with pytest.raises(Web3RPCError, match="out of gas"):
        web3.eth.call({"to": notebook, "data": Web3.to_hex(encode_note(1, 1)), "gas": 25_000})


def test_refused_transaction_is_an_rpc_error(web3: Web3, session: Session, notebook: str) -> None:
    raw = session.sign(notebook, encode_note(1, 1), nonce=8)
    with pytest.raises(Web3RPCError, match="nonce too high"):
        web3.eth.send_raw_transaction(raw)  # type: ignore[arg-type]


def test_unknown_method_is_unavailable(web3: Web3) -> None:
    with pytest.raises(MethodUnavailable):
        web3.manager.request_blocking("eth_mining", [])  # type: ignore[arg-type]


def test_estimate_suffices_and_is_not_lavish(web3: Web3, session: Session, notebook: str) -> None:
    data = encode_note(77, 1)
    estimate = web3.eth.estimate_gas(
        {"from": session.account.address, "to": notebook, "data": Web3.to_hex(data)}
    )
    digest = session.send(notebook, data, gas=estimate)
    session.chain.seal()
    receipt = session.receipt(digest)
    assert receipt["status"] == "0x1"
    assert int(receipt["gasUsed"], 16) <= estimate <= 1.15 * int(receipt["gasUsed"], 16)


def test_history_is_read_as_it_was(web3: Web3, session: Session, notebook: str) -> None:
    for value in (5, 6, 7):
        session.note(notebook, 1, value)
        session.chain.seal()
    call: TxParams = {"to": notebook, "data": Web3.to_hex(word(1))}
    kept = [int.from_bytes(web3.eth.call(call, number), "big") for number in (1, 2, 3, 4)]
    assert kept == [0, 5, 6, 7]
    address = session.account.address
    assert [web3.eth.get_transaction_count(address, number) for number in range(5)] == [
        0,
        1,
        2,
        3,
        4,
    ]
    with pytest.raises(Web3RPCError, match="header not found"):
        web3.eth.call(call, 5)


def test_every_answer_is_plain_json(session: Session, notebook: str, clock: SteppedClock) -> None:
    digest = session.note(notebook, 1, 2)
    session.chain.seal()
    block = session.ask("eth_getBlockByNumber", "latest")
    questions: list[tuple[Any, ...]] = [
        ("eth_getBlockByNumber", "latest", True),
        ("eth_getBlockByHash", block["hash"], False),
        ("eth_getBlockTransactionCountByHash", block["hash"]),
        ("eth_getTransactionByBlockHashAndIndex", block["hash"], "0x0"),
        ("eth_getTransactionReceipt", digest),
        ("eth_getBlockReceipts", "latest"),
        ("eth_getLogs", {"blockHash": block["hash"]}),
        ("eth_feeHistory", "0x2", "latest", [50]),
        ("eth_getStorageAt", notebook, "0x1", {"blockNumber": block["number"]}),
        ("eth_getCode", notebook, {"blockHash": block["hash"]}),
        ("eth_call", {"to": notebook, "input": "0x"}, "latest"),
    ]
    for method, *params in questions:
        response = session.chain.respond({"id": 1, "method": method, "params": params})
        assert json.loads(json.dumps(response)) == response
        assert response["result"], method


@pytest.mark.parametrize(
    ("request_object", "code"),
    [
        ([], -32600),
        ({"id": 1}, -32600),
        ({"id": 1, "method": "eth_nothing"}, -32601),
        ({"id": 1, "method": "eth_call", "params": {}}, -32602),
        ({"id": 1, "method": "eth_call", "params": []}, -32602),
        ({"id": 1, "method": "eth_call", "params": [{}, "newest"]}, -32602),
        ({"id": 1, "method": "eth_call", "params": [{"to": "0x12"}]}, -32602),
        ({"id": 1, "method": "eth_call", "params": [{"data": "0x1"}]}, -32602),
        ({"id": 1, "method": "eth_call", "params": [{}, "latest", {"0x1": {}}]}, -32602),
        ({"id": 1, "method": "eth_blockNumber", "params": ["0x1"]}, -32602),
        ({"id": 1, "method": "eth_getBlockByNumber", "params": ["0x0", "yes"]}, -32602),
        ({"id": 1, "method": "eth_getLogs", "params": [{"topics": ["0x1"]}]}, -32602),
        (
            {"id": 1, "method": "eth_getLogs", "params": [{"fromBlock": "0x2", "toBlock": "0x1"}]},
            -32602,
        ),
        ({"id": 1, "method": "eth_getLogs", "params": [{"blockHash": "0x" + "11" * 32}]}, -32602),
        ({"id": 1, "method": "eth_sendRawTransaction", "params": ["0x02c0"]}, -32000),
    ],
)
def test_bad_request_gets_the_code_of_its_kind(
    chain: EmbeddedChain, request_object: Any, code: int
) -> None:
    response = chain.respond(request_object)
    error = response["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
    assert "result" not in response
