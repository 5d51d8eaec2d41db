"""A node of one home in a process of its own, which kills itself where it is told to.

The sender ends when its delivery is acknowledged; the receiver serves until it is stopped.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.chain.submitter import Submitter
from ledger.vault.deliveries import Deliveries
from ledger.vault.delivery_tables import DeliveryState
from node_api.deliveries.loop import DeliveryLoop
from tests.node_api.deliveries.delivery_nodes import DeliveryNode, Listener
from tests.support.consortium import CHONGQING, SICHUAN, Consortium

SOON = {"interval_s": 0.02, "first_pause_s": 0.1, "longest_pause_s": 0.2, "timeout_s": 5.0}
OWNERS = {"submit": Submitter}


@dataclass(frozen=True, slots=True)
class Kill:
    """When a process kills itself.

    Attributes:
        function: of the vault's deliveries, or "submit" to the chain.
        is_after: once it has done that, not before.
        occurrence: at which call of it, counted from 1.
    """

    function: str
    is_after: bool
    occurrence: int = 1

    def __str__(self) -> str:
        return f"{'after' if self.is_after else 'before'} {self.function} {self.occurrence}"


def serve(directory: Path, port: int, kill: Kill | None) -> None:
    """The receiver's node, until it is stopped."""
    if kill:
        _arm(kill)
    with Consortium(directory).open(SICHUAN, lock_timeout_s=10) as workspace:
        node = DeliveryNode(workspace, Listener(), dict(SOON))
        node.listener.port = port
        node.listen()
        loop = DeliveryLoop(workspace, node.settings)
        loop.start()
        signal.pause()


def send(directory: Path, port: int, delivery_id: bytes, kill: Kill | None) -> None:
    """The sender's node, until the delivery is acknowledged."""
    if kill:
        _arm(kill)
    with Consortium(directory).open(CHONGQING, lock_timeout_s=10) as workspace:
        node = DeliveryNode(workspace, Listener(), dict(SOON))
        node.peers = {str(SICHUAN): f"http://127.0.0.1:{port}"}
        loop = DeliveryLoop(workspace, node.settings)
        loop.start()
        wanted = DeliveryState.ACKNOWLEDGED
        while workspace.vault.deliveries.get(delivery_id).state is not wanted:
            time.sleep(0.02)
        os._exit(0)


def _arm(kill: Kill) -> None:
    owner: Any = OWNERS.get(kill.function, Deliveries)
    real: Callable[..., Any] = getattr(owner, kill.function)
    calls = 0

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        is_it = calls == kill.occurrence
        if is_it and not kill.is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, kill.function, deadly)
