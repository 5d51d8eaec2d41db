"""Several nodes are asked as one: an outage of one is not noticed, old answers are not taken."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from ledger.chain.client import ChainClient
from ledger.chain.endpoints import LOOK_AROUND_S, RETRY_AFTER_S, Endpoint, Endpoints
from ledger.chain.engines import ChainLocation, connect
from ledger.errors import ChainUnavailableError, ConflictError, LedgerError, MalformedInputError
from local_chain.embedded import EmbeddedChain
from tests.ledger.chain.http_node import HttpNode, serve
from tests.support.consortium import Consortium, anchor
from tests.support.fault_proxy import ANY, cut_before, fault_proxy, lose_response, unavailable


class Node:
    """What a node tells of itself; a chain of nothing but numbers."""

    def __init__(self, name: str, *, chain_id: int = 7, height: int = 100) -> None:
        self.name, self.chain_id, self.height = name, chain_id, height
        self.is_away = False
        self.error: dict[str, object] | None = None
        self.asked: Counter[str] = Counter()

    def respond(self, request: dict) -> object:
        method = request["method"]
        self.asked[method] += 1
        if self.is_away:
            raise ConnectionError("connection refused")
        if self.error:
            return {"error": self.error}
        answers = {"eth_chainId": hex(self.chain_id), "eth_blockNumber": hex(self.height)}
        return {"result": answers.get(method, self.name)}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def join(clock: Clock, *nodes: Node) -> ChainClient:
    endpoints = [Endpoint(node.name, node.respond) for node in nodes]
    return ChainClient(Endpoints(endpoints, max_behind=5, clock=clock))


def ask(client: ChainClient) -> object:
    """Whose answer it is."""
    return client.request("asking", "eth_call")


def test_next_node_answers_when_one_does_not_and_goes_on_to(clock: Clock) -> None:
    first, second = Node("first"), Node("second")
    client = join(clock, first, second)
    assert ask(client) == "first"
    first.is_away = True
    assert ask(client) == "second"
    first.is_away = False
    clock.now += RETRY_AFTER_S
    assert ask(client) == "second"
    assert first.asked["eth_call"] == 2


def test_node_that_failed_is_asked_again_after_a_pause_or_when_no_other_is_left(
    clock: Clock,
) -> None:
    first, second, third = Node("first"), Node("second"), Node("third")
    client = join(clock, first, second, third)
    first.is_away = second.is_away = True
    assert ask(client) == "third"
    first.is_away = False
    third.is_away = True
    assert ask(client) == "first"  # the last that is left, after the second failed again
    first.is_away = True
    second.is_away = third.is_away = False
    clock.now += RETRY_AFTER_S
    assert ask(client) == "second"


def test_no_node_answers(clock: Clock) -> None:
    nodes = [Node("first"), Node("second")]
    client = join(clock, *nodes)
    for node in nodes:
        node.is_away = True
    with pytest.raises(ChainUnavailableError):
        ask(client)
    assert [state.is_answering for state in client.nodes()] == [False, False]
    nodes[0].is_away = False
    assert ask(client) == "first"


def test_error_is_an_answer(clock: Clock) -> None:
    first, second = Node("first"), Node("second")
    client = join(clock, first, second)
    ask(client)
    first.error = {"code": -32000, "message": "txpool is full"}
    with pytest.raises(LedgerError, match="txpool is full"):
        client.request("sending", "eth_sendRawTransaction", "0x")
    assert second.asked.total() == 0


def test_nodes_of_different_chains_are_refused(clock: Clock) -> None:
    client = join(clock, Node("first"), Node("second", chain_id=8))
    with pytest.raises(ConflictError, match="expected nodes of one chain: second is of chain 8"):
        client._respond.check_all()  # type: ignore[attr-defined]


def test_node_that_was_away_at_first_must_be_of_the_same_chain_too(clock: Clock) -> None:
    first, second = Node("first"), Node("second", chain_id=8)
    second.is_away = True
    client = join(clock, first, second)
    client._respond.check_all()  # type: ignore[attr-defined]
    first.is_away, second.is_away = True, False
    with pytest.raises(ConflictError) as caught:
        ask(client)
    assert caught.value.code == "another_chain"
    assert second.asked["eth_call"] == 0


def test_node_that_is_far_behind_is_passed_over(clock: Clock) -> None:
    first, second, third = Node("first"), Node("second", height=94), Node("third", height=95)
    client = join(clock, first, second, third)
    ask(client)
    first.is_away = True
    assert ask(client) == "third"
    third.is_away = True
    with pytest.raises(ChainUnavailableError):
        ask(client)
    second.height = 96  # it has caught up
    assert ask(client) == "second"


def test_node_in_use_that_no_longer_follows_the_chain_is_left(clock: Clock) -> None:
    first, second = Node("first"), Node("second")
    client = join(clock, first, second)
    client.request("asking", "eth_blockNumber")
    second.height = 120
    assert ask(client) == "first"
    clock.now += LOOK_AROUND_S
    assert ask(client) == "second"
    assert [state.newest_block for state in client.nodes()] == [100, 120]
    clock.now += RETRY_AFTER_S
    second.is_away = True
    with pytest.raises(ChainUnavailableError):  # what is left would say what is old
        ask(client)
    first.height = 116
    assert ask(client) == "first"


def test_what_must_go_together_is_asked_of_one_node(clock: Clock) -> None:
    first, second = Node("first"), Node("second")
    client = join(clock, first, second)
    with client.pinned():
        assert ask(client) == "first"
        first.is_away = True
        with pytest.raises(ChainUnavailableError):
            ask(client)
    assert ask(client) == "second"


def test_pin_holds_one_thread_alone(clock: Clock) -> None:
    first, second = Node("first"), Node("second")
    client = join(clock, first, second)
    answers = []
    with client.pinned():
        first.is_away = True
        other = threading.Thread(target=lambda: answers.append(ask(client)))
        other.start()
        other.join()
    assert answers == ["second"]


@pytest.mark.parametrize("divider", [" ", ";", " ; ", "\n"])
def test_location_may_name_several_nodes(divider: str) -> None:
    location = ChainLocation.parse(divider.join(["http://a:1", "https://b/c"]))
    assert location.urls == ("http://a:1", "https://b/c")
    assert ChainLocation.parse(str(location)) == location


@pytest.mark.parametrize("text", ["http://a /b", "http://a;ws://b", "http://a;http://a"])
def test_location_of_nodes_and_something_else_is_refused(text: str) -> None:
    with pytest.raises(MalformedInputError):
        ChainLocation.parse(text)


def test_directory_may_have_blanks_in_its_name(tmp_path: Path) -> None:
    assert ChainLocation.parse(f"{tmp_path}/a b;c").directory == tmp_path / "a b;c"


def test_ledger_goes_on_over_the_second_node(consortium: Consortium) -> None:
    with (
        serve(consortium.chain) as node,
        fault_proxy(node.url) as one,
        fault_proxy(node.url) as two,
    ):
        consortium.set_chain(f"{one.url} {two.url}")
        with consortium.open() as workspace:
            anchor(workspace)
            one.script(ANY, cut_before, times=None)
            anchor(workspace)
            two.script("eth_sendRawTransaction", lose_response, times=2)
            two.script("eth_call", unavailable(), times=1)
            one.clear()
            anchor(workspace)
            assert workspace.sync_index().size == workspace.gateway.log_size()
        assert one.passed["eth_sendRawTransaction"] >= 2


def test_nodes_over_http_of_two_chains_are_refused(tmp_path: Path) -> None:
    with (
        EmbeddedChain.open(tmp_path / "a") as a,
        EmbeddedChain.open(tmp_path / "b", chain_id=9) as b,
    ):
        nodes = [HttpNode(chain) for chain in (a, b)]
        for node in nodes:
            node.start()
        location = ChainLocation.parse(" ".join(node.url for node in nodes))
        try:
            with pytest.raises(ConflictError, match=r"127\.0\.0\.1:"), connect(location):
                pass
        finally:
            for node in nodes:
                node.stop()
