"""Between node and chain stands a network: whatever it does, an act is done once and is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.chain import following
from ledger.chain.submitter import Receipt
from ledger.errors import ChainUnavailableError, LedgerError
from ledger.index.checking import find_damage
from ledger.workspace import Workspace
from tests.ledger.chain.acts import Act, Crowd, count_anchored, unresolved
from tests.support.consortium import Consortium
from tests.support.fault_proxy import (
    ANY,
    Fault,
    FaultProxy,
    answer,
    cut_before,
    cut_within,
    delay,
    delay_answer,
    duplicate,
    fault_proxy,
    lose_response,
    refuse,
    unavailable,
)
from tests.support.served_chain import serve_chain

CALL, SEND, RECEIPT = "eth_call", "eth_sendRawTransaction", "eth_getTransactionReceipt"
LOGS, BLOCK = "eth_getLogs", "eth_getBlockByNumber"
PATIENCE_S = 30.0
FAULTS = {
    "late there": delay(0.15),
    "late back": delay_answer(0.15),
    "cut before": cut_before,
    "response lost": lose_response,
    "cut within": cut_within,
    "twice": duplicate,
    "gateway down": unavailable(),
    "gateway at its limit": unavailable(429),
    "engine error": refuse("internal error"),
    "no room": refuse("txpool is full: 5120"),
    "nothing": answer(None),
    "nonsense": answer("nonsense"),
    "zeros": answer("0x" + "00" * 32),
}


@dataclass(frozen=True)
class World:
    workspace: Workspace
    proxy: FaultProxy


@pytest.fixture(scope="module")
def shared(
    founded_consortium: Consortium, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """One home on one served chain for all the faults; none leaves anything behind."""
    consortium = founded_consortium.copy(tmp_path_factory.mktemp("proxied") / "consortium")
    with (
        serve_chain(consortium.chain, seal_interval_s=0.05) as chain,
        fault_proxy(chain.url) as proxy,
    ):
        consortium.set_chain(proxy.url)
        with consortium.open() as workspace:
            workspace.submitter.be_patient(PATIENCE_S)
            workspace.sync_index()
            yield World(workspace, proxy)


@pytest.fixture
def world(shared: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(following, "CARE_S", 0.2)
    yield shared
    shared.proxy.clear()
    shared.workspace.submitter.resolve_unfinished()


def settle(world: World, act: Act) -> None:
    """What one does after an error: find out, and ask again if the act was not done."""
    world.proxy.clear()
    world.workspace.submitter.resolve_unfinished()
    if count_anchored(world.workspace, [act]) == [0]:
        act.submit(world.workspace.submitter)


def require_once(world: World, *acts: Act) -> None:
    workspace = world.workspace
    assert count_anchored(workspace, acts) == [1] * len(acts)
    assert unresolved(workspace) == []
    result = workspace.sync_index()
    assert result.size == workspace.gateway.log_size() == workspace.index.cursor().size
    assert result.root == workspace.gateway.log_root() == workspace.index.root()


@pytest.mark.parametrize("method", [CALL, SEND, RECEIPT])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_act_through_a_fault_is_carried_out_once(world: World, fault: Fault, method: str) -> None:
    act = Act(world.workspace)
    world.proxy.script(method, fault, times=2)
    try:
        act.submit(world.workspace.submitter)
    except LedgerError:
        settle(world, act)
    world.proxy.clear()
    require_once(world, act)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_index_through_a_fault_is_right_or_says_that_it_is_not(world: World, fault: Fault) -> None:
    for method in (BLOCK, CALL, LOGS):
        act = Act(world.workspace)
        act.submit(world.workspace.submitter)
        before = world.workspace.index.cursor()
        world.proxy.script(method, fault)
        try:
            world.workspace.sync_index()
        except LedgerError:
            assert world.workspace.index.cursor().synced_to_unix == before.synced_to_unix
        world.proxy.clear()
        require_once(world, act)
    assert list(find_damage(world.workspace.index)) == []


RECOVERING = {
    name: FAULTS[name]
    for name in ("late back", "response lost", "cut within", "twice", "no room", "zeros")
}


@pytest.mark.parametrize("fault", RECOVERING.values(), ids=RECOVERING.keys())
def test_acts_of_threads_through_a_fault_need_nobody(world: World, fault: Fault) -> None:
    """Of each way to lose what was sent, two of eight."""
    acts = [Act(world.workspace) for _ in range(8)]
    world.proxy.script(SEND, fault, times=2)
    world.proxy.script(RECEIPT, lose_response, times=2)
    results = Crowd(acts, world.workspace.submitter).wait().values()
    assert [each for each in results if not isinstance(each, Receipt)] == []
    require_once(world, *acts)


def test_outage_of_a_while_is_waited_out(world: World) -> None:
    acts = [Act(world.workspace) for _ in range(4)]
    world.proxy.script(RECEIPT, delay(0.05), times=1)
    world.proxy.script(RECEIPT, unavailable(), for_s=0.8)
    results = Crowd(acts, world.workspace.submitter).wait().values()
    assert all(isinstance(each, Receipt) for each in results)
    require_once(world, *acts)


def test_chain_that_is_away_refuses_acts_before_anything_is_stored(world: World) -> None:
    world.proxy.script(ANY, unavailable(), times=None)
    rows = world.workspace.vault.outbox.highest_nonce(world.workspace.submitter.account)
    with pytest.raises(ChainUnavailableError):
        world.workspace.submitter.submit("CertificateLedger", "nothing", purpose="test")
    assert world.workspace.vault.outbox.highest_nonce(world.workspace.submitter.account) == rows


def test_home_opened_over_a_bad_line_belongs_to_its_ledger(
    consortium: Consortium, tmp_path: Path
) -> None:
    with serve_chain(consortium.chain) as chain, fault_proxy(chain.url) as proxy:
        consortium.set_chain(proxy.url)
        proxy.script(ANY, lose_response, times=1)
        proxy.script(ANY, delay(0.1), times=2)
        with consortium.open() as workspace:
            act = Act(workspace)
            act.submit(workspace.submitter)
            require_once(World(workspace, proxy), act)
