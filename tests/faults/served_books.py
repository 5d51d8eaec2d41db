"""What must be true of a node, its home and its chain once nobody has anything left to do."""

from __future__ import annotations

from tests.faults.node_load import NodeLoad, verify_over_http
from tests.faults.served_world import BEFORE, ServedWorld
from tests.ledger.actions.homes import identify
from tests.support.history_checker import check_history
from tests.support.status_history import check_orders


def require_balanced(world: ServedWorld, load: NodeLoad, *, ahead_s: float = 0.0) -> None:
    """Over HTTP first, as anybody would see it; then the node is stopped, and its books are read.

    Args:
        ahead_s: how much the chain's time is ahead of the clients'.
    """
    assert load.strange == [], load.strange[:5]
    world.node.wait_until_ready()
    verify_over_http(load, [*load.acknowledged, *load.others], find_suspended(load))
    assert world.stop_node() == 0
    beside = {str(identify(number)) for number in range(BEFORE)} | load.others
    for job in load.jobs:
        beside |= job.identifiers
    with world.open() as workspace:
        check_history(workspace, load.attempts, verified=0, beside=beside, ahead_s=ahead_s)
        check_orders(workspace, load.orders)
    world.require_sound()
    assert [event for event in world.node.events() if "trace" in event] == []


def find_suspended(load: NodeLoad) -> set[str]:
    """Identifiers of the certificates that were suspended and not restored."""
    found: set[str] = set()
    for order in load.orders:
        if order.act == "suspend":
            found.add(order.identifier)
        else:
            found.discard(order.identifier)
    return found
