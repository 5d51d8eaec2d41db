"""Whatever a client sends, it gets a response."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_chain.embedded import EmbeddedChain
from tests.local_chain.embedded.session import Session

METHODS = [
    "eth_blockNumber",
    "eth_call",
    "eth_estimateGas",
    "eth_feeHistory",
    "eth_getBalance",
    "eth_getBlockByHash",
    "eth_getBlockByNumber",
    "eth_getBlockReceipts",
    "eth_getBlockTransactionCountByHash",
    "eth_getBlockTransactionCountByNumber",
    "eth_getCode",
    "eth_getLogs",
    "eth_getStorageAt",
    "eth_getTransactionByBlockHashAndIndex",
    "eth_getTransactionByBlockNumberAndIndex",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_sendRawTransaction",
    "net_version",
]
CALL_MEMBERS = ["from", "to", "gas", "value", "data", "input", "accessList"]
FILTER_MEMBERS = ["address", "topics", "fromBlock", "toBlock", "blockHash", "blockNumber"]

quantities = st.one_of(
    st.integers(0, 3), st.integers(0, 2**300), st.sampled_from([2**32, 2**64, 2**64 - 1])
).map(hex)
data = (
    st.sampled_from([0, 1, 4, 20, 20, 32, 32, 64])
    .flatmap(lambda length: st.binary(min_size=length, max_size=length))
    .map(lambda value: "0x" + value.hex())
)
tags = st.sampled_from(["latest", "pending", "earliest", "safe", "finalized", "newest", ""])
plain = st.one_of(
    quantities, data, tags, st.booleans(), st.none(), st.integers(), st.text(max_size=5)
)
objects = st.dictionaries(
    st.sampled_from(CALL_MEMBERS + FILTER_MEMBERS),
    st.one_of(plain, st.lists(plain, max_size=3)),
    max_size=5,
)
params = st.lists(st.one_of(plain, objects, st.lists(plain, max_size=2)), max_size=4)


@settings(
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(method=st.sampled_from(METHODS), arguments=params)
def test_any_parameters_get_a_result_or_an_error(
    chain: EmbeddedChain, method: str, arguments: list[Any]
) -> None:
    response = chain.respond({"jsonrpc": "2.0", "id": 7, "method": method, "params": arguments})
    assert response["id"] == 7
    assert ("result" in response) != ("error" in response)
    json.dumps(response)


def test_call_that_never_ends_is_stopped_by_its_gas(session: Session) -> None:
    endless = "0x5b600056"
    response = session.chain.respond(
        {"id": 1, "method": "eth_call", "params": [{"data": endless, "gas": hex(2**60)}]}
    )
    assert response["error"] == {"code": -32000, "message": "out of gas"}


def test_open_chain_answers_after_a_refusal(session: Session) -> None:
    with pytest.raises(Exception, match="not supported"):
        session.ask("eth_sendRawTransaction", "0x03")
    assert session.ask("eth_blockNumber") == "0x0"
