"""Filters: each poll gives what came since the last one, nothing twice and nothing left out."""

from __future__ import annotations

import dataclasses

import pytest

from local_chain.embedded import EmbeddedChain, RpcError, queries
from local_chain.embedded.log_search import LogLimits
from local_chain.server import filters
from local_chain.server.filters import IDLE_LIMIT_S, FilterMethods
from tests.local_chain.conftest import SteppedClock
from tests.local_chain.embedded.contracts import word
from tests.local_chain.embedded.session import Session, hex_of


@pytest.fixture(autouse=True)
def extended(chain: EmbeddedChain, clock: SteppedClock) -> EmbeddedChain:
    chain.rpc.extend(FilterMethods(chain.rpc, clock).by_name())
    return chain


def write(session: Session, notebook: str, *slots: int) -> None:
    """One block with a note in each of the slots."""
    for slot in slots:
        session.note(notebook, slot, slot + 100)
    session.chain.seal()


def values(session: Session, identifier: str) -> list[int]:
    return [int(log["data"], 16) for log in session.ask("eth_getFilterChanges", identifier)]


def test_block_filter_gives_each_block_once(session: Session, notebook: str) -> None:
    identifier = session.ask("eth_newBlockFilter")
    assert session.ask("eth_getFilterChanges", identifier) == []
    write(session, notebook, 1)
    write(session, notebook, 2)
    expected = [session.ask("eth_getBlockByNumber", number)["hash"] for number in ("0x2", "0x3")]
    assert session.ask("eth_getFilterChanges", identifier) == expected
    assert session.ask("eth_getFilterChanges", identifier) == []


def test_log_filter_gives_each_matching_log_once(session: Session, notebook: str) -> None:
    other = session.deploy()
    write(session, notebook, 1)
    identifier = session.ask("eth_newFilter", {"address": notebook})
    write(session, notebook, 2, 3)
    write(session, other, 9)
    assert values(session, identifier) == [102, 103]
    write(session, notebook, 4)
    assert values(session, identifier) == [104]
    assert values(session, identifier) == []


def test_pending_transaction_is_no_change_yet(session: Session, notebook: str) -> None:
    identifier = session.ask("eth_newFilter", {})
    session.note(notebook, 1, 101)
    assert values(session, identifier) == []
    session.chain.seal()
    assert values(session, identifier) == [101]


def test_change_is_told_as_eth_get_logs_tells_it(session: Session, notebook: str) -> None:
    identifier = session.ask("eth_newFilter", {"topics": [hex_of(word(5))]})
    write(session, notebook, 4, 5)
    assert session.ask("eth_getFilterChanges", identifier) == session.ask(
        "eth_getLogs", {"topics": [hex_of(word(5))]}
    )


def test_bounds_of_a_log_filter_hold(session: Session, notebook: str) -> None:
    late = session.ask("eth_newFilter", {"fromBlock": "0x3"})
    short = session.ask("eth_newFilter", {"fromBlock": "earliest", "toBlock": "0x2"})
    past = session.ask("eth_newFilter", {"fromBlock": "0x0", "toBlock": "0x1"})
    for slot in (2, 3, 4):
        write(session, notebook, slot)
    assert values(session, late) == [103, 104]
    assert values(session, short) == [102]
    assert values(session, past) == []


def test_all_logs_of_a_filter_include_those_before_it(session: Session, notebook: str) -> None:
    write(session, notebook, 1)
    identifier = session.ask("eth_newFilter", {"fromBlock": "earliest", "address": notebook})
    write(session, notebook, 2)
    logs = session.ask("eth_getFilterLogs", identifier)
    assert [int(log["data"], 16) for log in logs] == [101, 102]
    assert values(session, identifier) == [102]


def test_too_many_changes_come_in_several_polls(
    session: Session, notebook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = session.ask("eth_newFilter", {})
    for first in range(0, 30, 3):
        write(session, notebook, first, first + 1, first + 2)
    limits = dataclasses.replace(LogLimits(), logs=7)
    monkeypatch.setattr(queries, "LOG_LIMITS", limits)
    polls = []
    while found := values(session, identifier):
        polls.append(found)
    assert all(len(found) <= 7 for found in polls)
    assert [value for found in polls for value in found] == [slot + 100 for slot in range(30)]


def test_uninstalled_filter_is_unknown(session: Session) -> None:
    identifier = session.ask("eth_newBlockFilter")
    assert session.ask("eth_uninstallFilter", identifier) is True
    assert session.ask("eth_uninstallFilter", identifier) is False
    with pytest.raises(RpcError, match="filter not found"):
        session.ask("eth_getFilterChanges", identifier)


def pass_time(clock: SteppedClock, part_of_limit: float) -> None:
    clock.now_unix += part_of_limit * IDLE_LIMIT_S


def test_filter_whose_news_nobody_fetches_makes_room(
    session: Session, notebook: str, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MAX_FILTERS", 2)
    polled, left = session.ask("eth_newBlockFilter"), session.ask("eth_newBlockFilter")
    for slot in range(3):
        write(session, notebook, slot)
        pass_time(clock, 0.6)
        assert len(session.ask("eth_getFilterChanges", polled)) == 1
    assert session.ask("eth_newBlockFilter")
    with pytest.raises(RpcError, match="filter not found"):
        session.ask("eth_getFilterChanges", left)
    assert session.ask("eth_getFilterChanges", polled) == []


def test_filter_outlives_any_time_without_news(
    session: Session, notebook: str, clock: SteppedClock
) -> None:
    identifier = session.ask("eth_newFilter", {})
    pass_time(clock, 1_000)
    assert session.ask("eth_newBlockFilter")
    write(session, notebook, 1)
    assert session.ask("eth_newBlockFilter")
    assert values(session, identifier) == [101]


def test_number_of_filters_is_bounded(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MAX_FILTERS", 3)
    for _ in range(3):
        session.ask("eth_newBlockFilter")
    with pytest.raises(RpcError, match="3 filters already") as refusal:
        session.ask("eth_newFilter", {})
    assert refusal.value.code == -32005


def test_many_blocks_come_in_several_polls(
    session: Session, notebook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MAX_BLOCKS", 2)
    identifier = session.ask("eth_newBlockFilter")
    for slot in range(5):
        write(session, notebook, slot)
    polls = [session.ask("eth_getFilterChanges", identifier) for _ in range(4)]
    assert [len(found) for found in polls] == [2, 2, 1, 0]
    assert len({one for found in polls for one in found}) == 5


@pytest.mark.parametrize("criteria", [1, {"blockHash": "0x" + "00" * 32}, {"address": "0x12"}])
def test_filter_of_nonsense_is_refused(session: Session, criteria: object) -> None:
    with pytest.raises(RpcError) as refusal:
        session.ask("eth_newFilter", criteria)
    assert refusal.value.code == -32602


@pytest.mark.parametrize("identifier", ["0x1", "", None, 5, ["0x1"], {}])
def test_unknown_identifier_is_refused(session: Session, identifier: object) -> None:
    for method in ("eth_getFilterChanges", "eth_getFilterLogs"):
        with pytest.raises(RpcError, match="filter not found"):
            session.ask(method, identifier)
    assert session.ask("eth_uninstallFilter", identifier) is False


def test_block_filter_has_no_logs(session: Session) -> None:
    identifier = session.ask("eth_newBlockFilter")
    with pytest.raises(RpcError, match="of blocks, not of logs"):
        session.ask("eth_getFilterLogs", identifier)
