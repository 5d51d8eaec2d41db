"""Foundry's `cast` uses the served chain as any node."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.local_chain.embedded.contracts import NOTEBOOK_INITCODE, encode_note, word
from tests.local_chain.embedded.session import hex_of
from tests.support.served_chain import ROOT, ServedChain

MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
CAST = ROOT / f"contracts/node_modules/@foundry-rs/cast-linux-{MACHINE}/bin/cast"
KEY = hex_of(word(7))
FREE = ("--gas-price", "0", "--priority-gas-price", "0")

pytestmark = pytest.mark.skipif(
    not CAST.exists(), reason="`make test` installs cast; otherwise `npm ci` in contracts/"
)


class Cast:
    """Runs cast against one server.

    Args:
        home: a directory where cast finds no configuration of the user's.
    """

    def __init__(self, url: str, home: Path) -> None:
        self._environment = {"ETH_RPC_URL": url, "HOME": str(home), "NO_COLOR": "1"}

    def __call__(self, *arguments: str) -> str:
        """What it printed; an assertion fails with what it complained about."""
        finished = self._run(arguments)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    def json(self, *arguments: str) -> Any:
        """What it printed as JSON."""
        return json.loads(self(*arguments, "--json"))

    def fail(self, *arguments: str) -> str:
        """What it complained about."""
        finished = self._run(arguments)
        assert finished.returncode != 0, finished.stdout
        return finished.stderr

    def _run(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CAST, *arguments], capture_output=True, text=True, check=False, env=self._environment
        )


@pytest.fixture(scope="module")
def cast(served: ServedChain, tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return Cast(served.url, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def deployed(cast: Cast) -> Any:
    """The receipt of a notebook that cast deployed."""
    initcode = hex_of(NOTEBOOK_INITCODE)
    return cast.json("send", "--private-key", KEY, *FREE, "--create", initcode)


@pytest.fixture(scope="module")
def address(deployed: Any) -> str:
    return str(deployed["contractAddress"])


def write(cast: Cast, address: str, slot: int, value: int, *options: str) -> Any:
    data = hex_of(encode_note(slot, value))
    return cast.json("send", "--private-key", KEY, *options, address, data)


def test_cast_deploys_a_contract(cast: Cast, deployed: Any, address: str) -> None:
    assert deployed["status"] == "0x1"
    assert deployed["type"] == "0x2"
    assert deployed["effectiveGasPrice"] == "0x0"
    assert hex_of(NOTEBOOK_INITCODE).endswith(cast("code", address)[2:])


def test_cast_sends_legacy_transactions_at_the_price_it_is_told(cast: Cast, address: str) -> None:
    receipt = write(cast, address, 1, 11, "--legacy")
    assert (receipt["status"], receipt["type"]) == ("0x1", "0x0")
    assert cast("call", address, "--data", hex_of(word(1))) == hex_of(word(11))
    assert cast("storage", address, "1") == hex_of(word(11))


def test_cast_reads_blocks(cast: Cast, deployed: Any) -> None:
    block = cast.json("block", deployed["blockNumber"])
    assert block["hash"] == deployed["blockHash"]
    assert block["transactions"] == [deployed["transactionHash"]]
    assert cast.json("block", deployed["blockHash"]) == block
    full = cast.json("block", deployed["blockNumber"], "--full")
    assert full["transactions"][0]["hash"] == deployed["transactionHash"]
    latest = cast("block", "latest", "--field", "number")
    assert cast("block", "finalized", "--field", "number") == latest
    assert cast("block", "safe", "--field", "number") == latest
    assert cast("block-number") == latest
    assert cast("block", "0", "--field", "parentHash") == "0x" + "00" * 32


def test_cast_recomputes_the_hash_of_a_block_from_its_fields(cast: Cast, deployed: Any) -> None:
    """`--raw` encodes the header from what the node told, with cast's own rules."""
    header = cast("block", deployed["blockNumber"], "--raw")
    assert cast("keccak", header) == deployed["blockHash"]


def test_cast_reads_receipts_and_transactions(cast: Cast, deployed: Any) -> None:
    digest = deployed["transactionHash"]
    assert cast.json("receipt", digest) == deployed
    assert cast("receipt", digest, "status") == "true"
    transaction = cast.json("tx", digest)
    assert transaction["input"] == hex_of(NOTEBOOK_INITCODE)
    assert transaction["from"].lower() == cast("wallet", "address", KEY).lower()
    assert cast("keccak", cast("tx", digest, "--raw")) == digest


def test_cast_finds_logs_by_contract_topic_and_block(cast: Cast, address: str) -> None:
    digests = [write(cast, address, slot, 5, "--legacy")["transactionHash"] for slot in (31, 32)]
    found = cast.json("logs", "--from-block", "0", "--address", address, hex_of(word(32)))
    assert [log["transactionHash"] for log in found] == digests[1:]
    both = cast.json("logs", "--from-block", "1", "--to-block", "latest", "--address", address)
    assert [log["transactionHash"] for log in both][-2:] == digests


def test_cast_shows_why_a_call_was_reverted(cast: Cast, address: str) -> None:
    reason = cast("calldata", "Error(string)", "未获授权 not mandated")
    complaint = cast.fail("call", address, "--data", reason)
    assert "execution reverted: 未获授权 not mandated" in complaint
    assert reason in complaint


def test_cast_hears_of_a_revert_before_it_sends(cast: Cast, address: str) -> None:
    nonce = cast("nonce", cast("wallet", "address", KEY))
    complaint = cast.fail(
        "send", "--private-key", KEY, "--legacy", address, "Error(string)", "not mandated"
    )
    assert "execution reverted: not mandated" in complaint
    assert cast("nonce", cast("wallet", "address", KEY)) == nonce


def test_cast_sees_the_status_of_a_reverted_transaction(cast: Cast, address: str) -> None:
    options = ["--private-key", KEY, "--legacy", "--gas-limit", "100000", "--json"]
    receipt = json.loads(cast("send", *options, address, "Error(string)", "not mandated"))
    assert receipt["status"] == "0x0"
    assert receipt["logs"] == []


def test_cast_executes_a_transaction_again_and_agrees(cast: Cast, address: str) -> None:
    """It fetches state and transactions, and runs them in an engine of its own."""
    receipt = write(cast, address, 41, 42, "--legacy")
    trace = cast("run", receipt["transactionHash"])
    assert "Transaction successfully executed." in trace
    assert f"Gas used: {int(receipt['gasUsed'], 16)}" in trace


def test_cast_speaks_json_rpc_directly(cast: Cast) -> None:
    assert json.loads(cast("rpc", "eth_chainId")) == "0x5a4c"
    assert cast("chain-id") == "23116"
    assert json.loads(cast("rpc", "eth_syncing")) is False
    assert cast("gas-price") == "0"
    assert cast("base-fee") == "0"
    assert "-32601" in cast.fail("rpc", "eth_subscribe", '["newHeads"]', "--raw")
    assert "sign the transaction yourself" in cast.fail("rpc", "eth_sendTransaction", "{}")


def test_cast_hears_that_a_price_cannot_be_paid(cast: Cast, address: str) -> None:
    """Left alone, cast offers one wei for each unit of gas; the account has none."""
    data = hex_of(encode_note(1, 2))
    assert "insufficient funds" in cast.fail("send", "--private-key", KEY, address, data)
