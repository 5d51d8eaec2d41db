"""A node may answer anything: it becomes a value or a named error, never something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.client import ChainClient, parse_data, parse_quantity
from ledger.errors import ChainUnavailableError, LedgerError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
RESPONSES = JSON | st.fixed_dictionaries({}, optional={"result": JSON, "error": JSON})


def client_of(response: object) -> ChainClient:
    return ChainClient(lambda _request: response)


@given(RESPONSES)
def test_any_answer_is_a_result_or_a_named_error(response: object) -> None:
    client = client_of(response)
    if isinstance(response, dict) and "result" in response and response.get("error") is None:
        assert client.request("asking", "eth_call") == response["result"]
    else:
        with pytest.raises(LedgerError, match=r".") as caught:
            client.request("asking", "eth_call")
        codes = ("chain_refused", "chain_answer_unusable", "contract_refused")
        assert caught.value.code in codes


@given(RESPONSES)
def test_any_answer_is_a_number_or_a_named_error(response: object) -> None:
    try:
        found = client_of(response).request_quantity("asking", "eth_blockNumber")
    except LedgerError:
        return
    assert isinstance(found, int)


@pytest.mark.parametrize(("text", "number"), [("0x0", 0), ("0x1f", 31), ("0x0400", 1024)])
def test_quantities_are_read(text: str, number: int) -> None:
    assert parse_quantity(text, "asking") == number


@pytest.mark.parametrize("text", ["", "0x", "31", "0xg", "-0x1", "0x-1", None, 31, ["0x1"]])
def test_other_quantities_are_unusable(text: object) -> None:
    with pytest.raises(ChainUnavailableError, match="while asking: ") as caught:
        parse_quantity(text, "asking")
    assert caught.value.code == "chain_answer_unusable"


@pytest.mark.parametrize("text", ["", "00", "0x0", "0xgg", None, 5, ["0x"]])
def test_other_data_is_unusable(text: object) -> None:
    with pytest.raises(ChainUnavailableError):
        parse_data(text, "asking")


def test_requests_are_numbered_and_carry_what_was_asked() -> None:
    seen: list[dict[str, object]] = []

    def respond(request: dict[str, object]) -> object:
        seen.append(request)
        return {"jsonrpc": "2.0", "id": request["id"], "result": "0x2a"}

    client = ChainClient(respond)
    assert client.request_quantity("asking", "eth_chainId") == 42
    assert client.request_data("asking", "eth_getCode", "0xab", "latest") == b"\x2a"
    assert [request["id"] for request in seen] == [1, 2]
    assert seen[1] == {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "eth_getCode",
        "params": ["0xab", "latest"],
    }
