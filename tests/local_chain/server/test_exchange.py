"""JSON-RPC 2.0: whatever the body, the answer is one that its sender can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_chain.embedded import EmbeddedChain
from local_chain.server import exchange
from local_chain.server.exchange import MAX_BATCH_REQUESTS, Exchange


def echo(request: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request.get("id"), "result": request["method"]}


def answer(body: object, respond: exchange.Respond = echo) -> Any:
    """What a body is answered with, None for nothing; text is sent as it is."""
    encoded = body if isinstance(body, str) else json.dumps(body)
    under_way = Exchange(respond, encoded.encode())
    while not under_way.advance():
        pass
    return json.loads(under_way.reply) if under_way.reply else None


def call(number: object, method: str = "ping", **more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method} | more


def code(response: Mapping[str, Any]) -> int:
    return int(response["error"]["code"])


@pytest.mark.parametrize("number", [1, 0, -1, 1.5, "one", "", None])
def test_response_bears_the_id_of_its_request(number: object) -> None:
    assert answer(call(number)) == {"jsonrpc": "2.0", "id": number, "result": "ping"}


@pytest.mark.parametrize("body", ["", "{", '{"jsonrpc": "2.0", "method"', "[1,", "\x00", "NaN"])
def test_body_that_is_no_json_is_a_parse_error(body: str) -> None:
    response = answer(body)
    assert code(response) == -32700
    assert response["id"] is None


@pytest.mark.parametrize(
    "body",
    [
        1,
        "text",
        None,
        {},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "method": 1},
        {"jsonrpc": "1.0", "id": 1, "method": "ping"},
        {"id": 1, "method": "ping"},
        call({}),
        call([1]),
        call(True),
    ],
)
def test_what_is_no_request_is_an_invalid_request(body: object) -> None:
    response = answer(json.dumps(body))
    assert code(response) == -32600
    assert set(response) == {"jsonrpc", "id", "error"}


def test_id_that_can_be_read_is_answered_even_if_the_rest_is_invalid() -> None:
    assert answer({"id": 7, "method": "ping"})["id"] == 7
    assert answer(call({"not": "one"}))["id"] is None


def test_notification_is_carried_out_and_not_answered() -> None:
    seen: list[Any] = []

    def note(request: Any) -> dict[str, Any]:
        seen.append(request["method"])
        return echo(request)

    assert answer({"jsonrpc": "2.0", "method": "ping"}, note) is None
    assert answer([{"jsonrpc": "2.0", "method": "pong"}] * 2, note) is None
    assert seen == ["ping", "pong", "pong"]


def test_batch_is_answered_by_one_array_in_order() -> None:
    body = [call(1, "one"), {"jsonrpc": "2.0", "method": "silent"}, 5, call("b", "two")]
    first, invalid, second = answer(body)
    assert (first["id"], first["result"]) == (1, "one")
    assert (invalid["id"], code(invalid)) == (None, -32600)
    assert (second["id"], second["result"]) == ("b", "two")


def test_batch_of_one_is_answered_by_an_array() -> None:
    assert answer([call(1)]) == [{"jsonrpc": "2.0", "id": 1, "result": "ping"}]


def test_empty_batch_is_an_invalid_request() -> None:
    assert code(answer([])) == -32600


def test_batch_beyond_the_limit_is_refused_whole() -> None:
    whole = [call(number) for number in range(MAX_BATCH_REQUESTS)]
    assert len(answer(whole)) == MAX_BATCH_REQUESTS
    response = answer([*whole, call(0)])
    assert code(response) == -32600
    assert "limit 1000" in response["error"]["message"]


def test_answers_that_grow_too_large_end_in_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_REPLY_BYTES", 10_000)
    carried_out: list[int] = []

    def respond(request: Any) -> dict[str, Any]:
        carried_out.append(request["id"])
        return {"jsonrpc": "2.0", "id": request["id"], "result": "x" * 4_000}

    responses = answer([call(number) for number in range(6)], respond)
    assert [response["id"] for response in responses] == list(range(6))
    assert carried_out == [0, 1, 2]
    assert all("result" in response for response in responses[:3])
    assert {code(response) for response in responses[3:]} == {-32003}


def test_long_batch_is_answered_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "SLICE_S", 0.0)
    under_way = Exchange(echo, json.dumps([call(number) for number in range(5)]).encode())
    slices = 1
    while not under_way.advance():
        slices += 1
    assert slices == 5
    assert [response["id"] for response in json.loads(under_way.reply)] == list(range(5))


def test_fault_of_ours_is_an_internal_error_of_that_request_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def respond(request: Any) -> dict[str, Any]:
        if request["method"] == "broken":
            raise KeyError("secret")
        return echo(request)

    broken, whole = answer([call(1, "broken"), call(2)], respond)
    assert broken["error"] == {"code": -32603, "message": "internal error"}
    assert whole["result"] == "ping"
    assert "broken could not be answered" in caplog.text


def test_chain_tells_method_and_parameter_errors_apart(chain: EmbeddedChain) -> None:
    unknown, by_name, too_many, malformed = answer(
        [
            call(1, "eth_unknown"),
            call(2, "eth_getBalance", params={"address": "0x"}),
            call(3, "eth_blockNumber", params=[1]),
            call(4, "eth_getBalance", params=["0x12", "latest"]),
        ],
        chain.respond,
    )
    assert code(unknown) == -32601
    assert [code(response) for response in (by_name, too_many, malformed)] == [-32602] * 3


def test_message_of_an_error_does_not_repeat_a_megabyte(chain: EmbeddedChain) -> None:
    parameters: list[Any] = ["x" * 10**6, ["y" * 10**6], {"z": "z" * 10**6}, [["0x"] * 10**5]]
    for parameter in parameters:
        for method in ("eth_getBalance", "eth_call", "eth_getLogs", "eth_getBlockByNumber"):
            reply = answer(call(1, method, params=[parameter]), chain.respond)
            assert len(json.dumps(reply)) < 2_000
    assert len(json.dumps(answer(call(1, "m" * 10**6), chain.respond))) < 2_000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(body=st.one_of(anything.map(json.dumps), st.text()))
def test_any_body_gets_well_formed_responses(body: str) -> None:
    encoded = body.encode(errors="replace")
    under_way = Exchange(echo, encoded)
    while not under_way.advance():
        pass
    if under_way.reply:
        reply = json.loads(under_way.reply)
        for response in reply if isinstance(reply, list) else [reply]:
            assert response["jsonrpc"] == "2.0"
            assert ("result" in response) != ("error" in response)
