"""Who is to be called: nobody, the network's people, or the validators'."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from ledger.chain.client import Respond
from ledger.chain.gateway import Gateway
from ledger.chain.health import ChainCondition, HealthLimits, check_health
from ledger.errors import ChainUnavailableError
from ledger.workspace import Workspace
from tests.ledger.chain.acts import Act, make_submitter
from tests.ledger.chain.faulty_node import FaultyNode, answer, lose_request, refuse, stand_between
from tests.support.consortium import Consortium


@pytest.fixture
def workspace(consortium: Consortium) -> Iterator[Workspace]:
    with consortium.open() as opened:
        opened.submitter  # noqa: B018 - opens the vault, and with it the outbox
        yield opened


@pytest.fixture
def node(workspace: Workspace) -> FaultyNode:
    return stand_between(workspace)


def test_chain_that_goes_on_is_well(workspace: Workspace) -> None:
    found = check_health(workspace.gateway, workspace.submitter)
    newest = workspace.gateway.newest()
    assert found.condition is ChainCondition.WELL
    assert (found.is_well, found.is_stalled, found.is_reachable) == (True, False, True)
    assert (found.block_number, found.block_time_unix) == (newest.block_number, newest.time_unix)
    assert found.age_s is None  # its blocks are made when there is something to record
    assert (found.waiting, found.oldest_wait_s, found.problem) == (0, 0.0, "")


def call_it_besu(workspace: Workspace, node: FaultyNode) -> None:
    node.faults["web3_clientVersion"] = answer("besu/v25.1.0")
    vars(workspace.gateway).pop("seals_on_demand", None)


def test_chain_with_regular_blocks_that_makes_none_is_stalled(
    workspace: Workspace, node: FaultyNode
) -> None:
    call_it_besu(workspace, node)
    made_at = workspace.gateway.newest().time_unix
    limits = HealthLimits(block_s=30.0)
    for age, condition in ((29, ChainCondition.WELL), (31, ChainCondition.STALLED)):
        found = check_health(workspace.gateway, limits=limits, clock=lambda age=age: made_at + age)
        assert (found.condition, found.age_s) == (condition, age)
        assert found.is_reachable
    behind = check_health(workspace.gateway, limits=limits, clock=lambda: made_at - 5.0)
    assert (behind.age_s, behind.is_well) == (0.0, True)  # this machine's clock is late


def test_transaction_that_waits_too_long_is_told_though_blocks_are_made(
    workspace: Workspace, node: FaultyNode
) -> None:
    node.faults["eth_getTransactionReceipt"] = answer(None)
    hasty = make_submitter(workspace, timeout_s=0.05)
    with pytest.raises(ChainUnavailableError):
        Act(workspace).submit(hasty)
    well = check_health(workspace.gateway, hasty)
    assert (well.condition, well.waiting) == (ChainCondition.WELL, 1)
    stuck = check_health(workspace.gateway, hasty, limits=HealthLimits(transaction_s=0.01))
    assert stuck.condition is ChainCondition.TRANSACTION_STUCK
    assert stuck.is_stalled
    assert stuck.oldest_wait_s > 0.01
    node.faults.clear()
    hasty.resolve_unfinished()
    assert check_health(workspace.gateway, hasty).waiting == 0


def crash(_request: dict, _respond: Respond) -> object:
    raise RuntimeError("a defect")


@pytest.mark.parametrize(
    ("fault", "condition", "problem"),
    [
        (lose_request, ChainCondition.UNREACHABLE, "chain_unavailable"),
        (refuse("not synchronised"), ChainCondition.REFUSING, "chain_refused"),
        (answer("nonsense"), ChainCondition.REFUSING, "chain_answer_unusable"),
        (answer({"number": "0x"}), ChainCondition.REFUSING, "chain_answer_unusable"),
        (crash, ChainCondition.REFUSING, "chain_answer_unusable"),
    ],
)
def test_whatever_a_node_does_it_is_told_and_never_raised(
    workspace: Workspace,
    node: FaultyNode,
    fault: Callable[..., object],
    condition: ChainCondition,
    problem: str,
) -> None:
    node.faults["*"] = fault
    found = check_health(workspace.gateway, workspace.submitter)
    assert (found.condition, found.problem) == (condition, problem)
    assert (found.block_number, found.is_stalled) == (None, False)
    assert found.is_reachable == (condition is not ChainCondition.UNREACHABLE)


def test_several_nodes_are_told_one_by_one(consortium: Consortium) -> None:
    from tests.ledger.chain.http_node import serve

    with serve(consortium.chain) as node:
        nowhere = "http://127.0.0.1:9"
        consortium.set_chain(f"{nowhere} {node.url}")
        with consortium.open() as workspace:
            gateway: Gateway = workspace.gateway
            found = check_health(gateway, clock=time.time)
    assert found.is_well
    assert [(each.is_in_use, each.is_answering) for each in found.nodes] == [
        (False, False),
        (True, True),
    ]
