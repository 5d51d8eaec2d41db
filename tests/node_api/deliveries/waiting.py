"""Loops that run, and waiting for what they do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from node_api.deliveries.loop import DeliveryLoop
from tests.node_api.deliveries.delivery_nodes import DeliveryNode

_LONGEST_S = 60.0


@contextmanager
def started(node: DeliveryNode) -> Iterator[DeliveryLoop]:
    """A node's own loop, for the length of a block."""
    loop = DeliveryLoop(node.workspace, node.settings)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()


def wait_until(holds: Callable[[], bool]) -> None:
    """Waits for what must come; how long it takes is no matter of the test."""
    end = time.monotonic() + _LONGEST_S
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)
