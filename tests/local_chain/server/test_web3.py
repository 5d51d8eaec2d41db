"""web3.py uses the served chain as any node, and sees what it sees in the chain's own process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError

from local_chain.embedded import EmbeddedChain
from tests.local_chain.embedded.contracts import NOTEBOOK_INITCODE, encode_note, word
from tests.support.served_chain import ServedChain, serve_chain

WRITER = Account.from_key(word(9))
FREE = {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}


@pytest.fixture(params=["in process", "over HTTP"])
def web3(request: pytest.FixtureRequest, directory: Path) -> Iterator[Web3]:
    if request.param == "in process":
        with EmbeddedChain.open(directory, seal_interval_s=0.02) as chain:
            yield Web3(chain.provider)
    else:
        with serve_chain(directory) as served:
            yield Web3(HTTPProvider(served.url))


def send(web3: Web3, transaction: dict[str, Any]) -> Any:
    """Signs, sends and waits; the receipt."""
    filled = {
        "from": WRITER.address,
        "nonce": web3.eth.get_transaction_count(WRITER.address, "pending"),
        "chainId": web3.eth.chain_id,
        "gas": 300_000,
        **FREE,
        **transaction,
    }
    signed = WRITER.sign_transaction({key: filled[key] for key in filled if key != "from"})
    digest = web3.eth.send_raw_transaction(signed.raw_transaction)
    return web3.eth.wait_for_transaction_receipt(digest, poll_latency=0.01)


def deploy(web3: Web3) -> Any:
    return send(web3, {"to": b"", "data": NOTEBOOK_INITCODE})["contractAddress"]


def test_contract_is_deployed_written_and_read(web3: Web3) -> None:
    assert web3.is_connected()
    notebook = deploy(web3)
    receipt = send(web3, {"to": notebook, "data": encode_note(3, 33)})
    assert receipt["status"] == 1
    assert receipt["effectiveGasPrice"] == 0
    assert int.from_bytes(web3.eth.call({"to": notebook, "data": word(3)})) == 33
    block = web3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    assert block["transactions"][0]["hash"] == receipt["transactionHash"]  # type: ignore[index]
    assert web3.eth.get_block("finalized") == web3.eth.get_block("latest")


def test_logs_are_found(web3: Web3) -> None:
    notebook = deploy(web3)
    receipt = send(web3, {"to": notebook, "data": encode_note(3, 33)})
    found = web3.eth.get_logs({"fromBlock": 0, "address": notebook})
    assert [log["transactionHash"] for log in found] == [receipt["transactionHash"]]
    assert found == receipt["logs"]


def test_revert_is_told_with_reason_and_data(web3: Web3) -> None:
    notebook = deploy(web3)
    reason = bytes.fromhex("08c379a0") + word(32) + word(12) + "未获授权".encode().ljust(32, b"\0")
    with pytest.raises(ContractLogicError, match="execution reverted: 未获授权") as refusal:
        web3.eth.call({"to": notebook, "data": reason})
    assert refusal.value.data == "0x" + reason.hex()


def test_unknown_transaction_is_told_as_not_found(web3: Web3) -> None:
    with pytest.raises(TransactionNotFound):
        web3.eth.get_transaction_receipt(word(1))


def test_wrong_nonce_is_refused(web3: Web3) -> None:
    with pytest.raises(Web3RPCError, match="nonce too high"):
        send(web3, {"to": WRITER.address, "nonce": 5})


def test_filters_are_polled(served: ServedChain) -> None:
    web3 = Web3(HTTPProvider(served.url))
    notebook = deploy(web3)
    logs, blocks = web3.eth.filter({"address": notebook}), web3.eth.filter("latest")
    receipt = send(web3, {"to": notebook, "data": encode_note(3, 33)})
    assert logs.get_new_entries() == receipt["logs"]
    assert logs.get_new_entries() == []
    assert blocks.get_new_entries() == [receipt["blockHash"]]


def test_batch_of_requests_is_answered(served: ServedChain) -> None:
    web3 = Web3(HTTPProvider(served.url))
    with web3.batch_requests() as batch:
        for number in range(3):
            batch.add(web3.eth.get_balance(Account.from_key(word(number + 1)).address))
        assert batch.execute() == [0, 0, 0]
