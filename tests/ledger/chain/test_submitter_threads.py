"""Many threads submit at once: they share blocks, and no act is lost or done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import following
from ledger.chain.client import Respond
from ledger.chain.submitter import Receipt, Submitter
from ledger.errors import ChainUnavailableError
from ledger.vault.tables import TransactionState
from ledger.workspace import Workspace
from tests.faults.chain_process import ChainProcess, open_listener
from tests.ledger.chain.acts import (
    Act,
    Crowd,
    count_anchored,
    make_submitter,
    unresolved,
    wait_until,
)
from tests.ledger.chain.faulty_node import (
    FaultyNode,
    KilledError,
    answer,
    lose_request,
    refuse,
    stand_between,
)
from tests.support.consortium import Consortium
from tests.support.served_chain import serve_chain

ROOT = Path(__file__).parents[3]
RECEIPT, SEND = "eth_getTransactionReceipt", "eth_sendRawTransaction"


@pytest.fixture
def workspace(consortium: Consortium) -> Iterator[Workspace]:
    with consortium.open() as opened:
        opened.submitter  # noqa: B018 - opens the vault, and with it the outbox
        yield opened


@pytest.fixture
def node(workspace: Workspace) -> FaultyNode:
    return stand_between(workspace)


def require_all_once(workspace: Workspace, acts: list[Act]) -> None:
    assert count_anchored(workspace, acts) == [1] * len(acts)
    assert unresolved(workspace) == []
    assert workspace.submitter.in_flight == 0
    assert workspace.sync_index().size == workspace.gateway.log_size()


def test_transactions_of_threads_share_blocks(consortium: Consortium) -> None:
    with serve_chain(consortium.chain, seal_interval_s=0.5) as chain:
        consortium.set_chain(chain.url)
        with consortium.open() as workspace:
            acts = [Act(workspace) for _ in range(12)]
            Act(workspace).submit(workspace.submitter)
            receipts = Crowd(acts, workspace.submitter).wait().values()
            blocks = {each.block_number for each in receipts if isinstance(each, Receipt)}
            assert len(receipts) == 12
            assert len(blocks) < 6
            require_all_once(workspace, acts)


def hold_receipts(node: FaultyNode) -> tuple[threading.Event, set[int]]:
    """None are given until the event; and which threads ask for them."""
    released, asking = threading.Event(), set()

    def hold(request: dict[str, Any], respond: Respond) -> object:
        if released.is_set():
            return respond(request)
        asking.add(threading.get_ident())
        return answer(None)(request, respond)

    node.faults[RECEIPT] = hold
    return released, asking


def test_one_thread_asks_for_all(workspace: Workspace, node: FaultyNode) -> None:
    released, asking = hold_receipts(node)
    acts = [Act(workspace) for _ in range(10)]
    crowd = Crowd(acts, workspace.submitter)
    wait_until(lambda: workspace.submitter.in_flight == 10 and node.asked[RECEIPT] > 3)
    before = node.asked[RECEIPT]
    wait_until(lambda: node.asked[RECEIPT] > before)
    assert len(asking) == 1
    assert workspace.submitter.oldest_wait_s > 0
    released.set()
    assert all(isinstance(each, Receipt) for each in crowd.wait().values())
    require_all_once(workspace, acts)


def test_no_more_are_in_flight_than_may_be(workspace: Workspace, node: FaultyNode) -> None:
    released, _ = hold_receipts(node)
    submitter = make_submitter(workspace, in_flight=3)
    acts = [Act(workspace) for _ in range(8)]
    crowd = Crowd(acts, submitter)
    wait_until(lambda: submitter.in_flight == 3 and node.asked[RECEIPT] > 5)
    assert len(unresolved(workspace)) == 3
    hasty = make_submitter(workspace, in_flight=3, timeout_s=0.05)
    hasty._following = submitter._following
    with pytest.raises(ChainUnavailableError, match="nothing was sent") as caught:
        Act(workspace).submit(hasty)
    assert caught.value.code == "chain_busy"
    released.set()
    assert all(isinstance(each, Receipt) for each in crowd.wait().values())
    require_all_once(workspace, acts)


@pytest.mark.parametrize("fault", [refuse("insufficient funds"), lose_request])
def test_one_that_is_not_taken_holds_up_what_follows_and_nothing_before(
    workspace: Workspace, node: FaultyNode, fault: Any
) -> None:
    released, _ = hold_receipts(node)
    first = [Act(workspace) for _ in range(3)]
    crowd = Crowd(first, workspace.submitter)
    wait_until(lambda: node.asked[SEND] == 3)
    node.faults[SEND] = fault
    refused, after = Act(workspace), Act(workspace)
    for act in (refused, after):
        with pytest.raises(ChainUnavailableError):
            act.submit(workspace.submitter)
    assert len(unresolved(workspace)) == 4  # what would follow was not even stored
    released.set()
    assert all(isinstance(each, Receipt) for each in crowd.wait().values())
    assert count_anchored(workspace, [*first, refused]) == [1, 1, 1, 0]
    del node.faults[SEND]
    after.submit(workspace.submitter)
    require_all_once(workspace, [*first, refused, after])


def test_what_a_node_took_and_forgot_is_sent_again_in_order(
    workspace: Workspace, node: FaultyNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "CARE_S", 0.05)
    node.faults[SEND] = answer("0x" + "00" * 32)
    acts = [Act(workspace) for _ in range(5)]
    crowd = Crowd(acts, workspace.submitter)
    wait_until(lambda: workspace.submitter.in_flight == 5)
    del node.faults[SEND]
    assert all(isinstance(each, Receipt) for each in crowd.wait().values())
    require_all_once(workspace, acts)


def test_act_after_those_that_a_node_forgot_brings_them_back(
    workspace: Workspace, node: FaultyNode
) -> None:
    """Its number is too high for the node until they are there again."""
    node.faults[SEND] = answer("0x" + "00" * 32)
    hasty, lost = make_submitter(workspace, timeout_s=0.05), [Act(workspace) for _ in range(3)]
    for act in lost:
        with pytest.raises(ChainUnavailableError):
            act.submit(hasty)
    del node.faults[SEND]
    further = Act(workspace)
    further.submit(hasty)
    require_all_once(workspace, [*lost, further])


def test_chain_that_is_restarted_and_lost_what_waited_gets_it_again(
    consortium: Consortium,
) -> None:
    with open_listener() as listener:
        consortium.set_chain("http://{}:{}".format(*listener.getsockname()))
        with (
            ChainProcess(consortium.chain, listener, seal_interval_s=3_600.0) as chain,
            consortium.open() as workspace,
        ):
            submitter = make_submitter(workspace, outage_s=60.0)
            Act(workspace).submit(submitter)  # a chain that was idle seals at once
            acts = [Act(workspace) for _ in range(6)]
            crowd = Crowd(acts, submitter)
            wait_until(lambda: submitter.in_flight == 6)
            chain.kill()
            with ChainProcess(consortium.chain, listener):
                assert all(isinstance(each, Receipt) for each in crowd.wait().values())
                require_all_once(workspace, acts)


def test_outage_ends_all_waiting_and_the_next_run_settles_it(
    workspace: Workspace, node: FaultyNode
) -> None:
    hold_receipts(node)
    acts = [Act(workspace) for _ in range(5)]
    crowd = Crowd(acts, workspace.submitter)
    wait_until(lambda: workspace.submitter.in_flight == 5)
    node.faults["*"] = node.faults[RECEIPT] = lose_request
    codes = {getattr(each, "code", each) for each in crowd.wait().values()}
    assert codes == {"outcome_unknown"}
    node.faults.clear()
    assert len(workspace.submitter.resolve_unfinished()) == 5
    require_all_once(workspace, acts)


def test_short_outage_is_waited_out_by_who_is_patient(
    workspace: Workspace, node: FaultyNode
) -> None:
    workspace.submitter.be_patient(60.0)
    lost = 0

    def lose_some(request: dict[str, Any], respond: Respond) -> object:
        nonlocal lost
        lost += 1
        return (lose_request if lost < 5 else lambda *_: respond(request))(request, respond)

    node.faults[RECEIPT] = lose_some
    acts = [Act(workspace) for _ in range(3)]
    assert all(isinstance(e, Receipt) for e in Crowd(acts, workspace.submitter).wait().values())
    require_all_once(workspace, acts)


def test_thread_that_is_killed_while_it_asks_leaves_the_asking_to_another(
    workspace: Workspace, node: FaultyNode
) -> None:
    killed = threading.Event()

    def kill_one(request: dict[str, Any], respond: Respond) -> object:
        if workspace.submitter.in_flight < 4:
            return answer(None)(request, respond)
        if not killed.is_set():
            killed.set()
            raise KilledError
        return respond(request)

    node.faults[RECEIPT] = kill_one
    acts = [Act(workspace) for _ in range(4)]
    results = list(Crowd(acts, workspace.submitter).wait().values())
    assert sum(isinstance(each, KilledError) for each in results) == 1
    assert sum(isinstance(each, Receipt) for each in results) == 3
    workspace.submitter.resolve_unfinished()
    require_all_once(workspace, acts)


def test_receipt_of_nonsense_is_told_to_its_own_thread_alone(
    workspace: Workspace, node: FaultyNode
) -> None:
    nonsense = threading.Event()
    chosen: list[str] = []

    def spoil(request: dict[str, Any], respond: Respond) -> object:
        if workspace.submitter.in_flight < 4 and not chosen:
            return answer(None)(request, respond)
        [sought] = request["params"]
        chosen.append(sought)
        if sought == chosen[0] and not nonsense.is_set():
            return answer({"status": "good"})(request, respond)
        return respond(request)

    node.faults[RECEIPT] = spoil
    acts = [Act(workspace) for _ in range(4)]
    results = list(Crowd(acts, workspace.submitter).wait().values())
    assert sum(isinstance(each, Receipt) for each in results) == 3
    assert [row.transaction_hash.hex() for row in unresolved(workspace)] == [chosen[0][2:]]
    nonsense.set()
    workspace.submitter.resolve_unfinished()
    require_all_once(workspace, acts)


def test_resolving_waits_for_what_other_threads_have_in_flight(
    workspace: Workspace, node: FaultyNode
) -> None:
    released, _ = hold_receipts(node)
    acts = [Act(workspace) for _ in range(3)]
    crowd = Crowd(acts, workspace.submitter)
    wait_until(lambda: workspace.submitter.in_flight == 3)
    found: list[Receipt] = []
    resolving = threading.Thread(
        target=lambda: found.extend(workspace.submitter.resolve_unfinished())
    )
    resolving.start()
    released.set()
    resolving.join()
    crowd.wait()
    assert len(found) <= 3
    require_all_once(workspace, acts)


def test_refusal_of_one_is_told_to_it_alone(workspace: Workspace, node: FaultyNode) -> None:
    """Two threads submit the same act: it is done once, the other learns why not."""
    released, _ = hold_receipts(node)
    same, other = Act(workspace), Act(workspace)
    twin = Act(workspace)
    twin.statement, twin.seal = same.statement, same.seal
    crowd = Crowd([same, twin, other], workspace.submitter)
    wait_until(lambda: workspace.submitter.in_flight == 3 or len(crowd.results) > 0)
    released.set()
    results = crowd.wait()
    codes = sorted(getattr(each, "code", "") for each in results.values())
    assert codes == ["", "", "batch_exists"]
    require_all_once(workspace, [same, other])


KILLED = """
import os, signal, sys, threading
from pathlib import Path
from tests.ledger.chain.acts import Act, Crowd
from tests.ledger.chain.faulty_node import answer, stand_between
from tests.support.consortium import Consortium

method, count = sys.argv[2], int(sys.argv[3])
with Consortium(Path(sys.argv[1])).open() as workspace:
    acts = [Act(workspace) for _ in range(6)]
    workspace.submitter
    node = stand_between(workspace)

    def die(request, respond):
        if node.asked[method] == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return respond(request)

    node.faults[method] = die
    node.faults.setdefault("eth_getTransactionReceipt", answer(None))
    Crowd(acts, workspace.submitter).wait()
"""


@pytest.mark.parametrize(("method", "count"), [(SEND, 1), (SEND, 4), (RECEIPT, 1)])
def test_kill_9_with_several_in_flight_is_settled_by_the_next_run(
    consortium: Consortium, method: str, count: int
) -> None:
    search_path = os.pathsep.join([str(ROOT), str(ROOT / "hardhat-free-local-chain")])
    arguments = [sys.executable, "-c", KILLED, str(consortium.directory), method, str(count)]
    run = subprocess.run(arguments, env=os.environ | {"PYTHONPATH": search_path}, check=False)
    assert run.returncode == -signal.SIGKILL
    with consortium.open() as workspace:
        left = unresolved(workspace)
        assert left
        resolved = workspace.submitter.resolve_unfinished()
        assert len(resolved) == len(left)
        states = {workspace.vault.outbox.get(row.pk).state for row in left}
        assert states == {TransactionState.MINED}
        act = Act(workspace)
        act.submit(workspace.submitter)
        require_all_once(workspace, [act])


def test_second_process_of_the_account_makes_some_superseded_and_none_wrong(
    workspace: Workspace, node: FaultyNode
) -> None:
    """Of two restored homes; here, two submitters that know nothing of each other's nonces."""
    rival = Submitter(
        workspace.gateway,
        workspace.submitter._account,
        workspace.vault.outbox,
    )
    acts = [Act(workspace) for _ in range(8)]
    crowds = [Crowd(acts[:4], workspace.submitter), Crowd(acts[4:], rival)]
    done = [
        act
        for crowd in crowds
        for act, result in crowd.wait().items()
        if isinstance(result, Receipt)
    ]
    workspace.submitter.resolve_unfinished()
    assert count_anchored(workspace, done) == [1] * len(done)
    assert max(count_anchored(workspace, acts)) == 1
    assert unresolved(workspace) == []
