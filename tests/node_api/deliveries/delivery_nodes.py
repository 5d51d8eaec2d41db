"""Two nodes over loopback HTTP, each with its home, its routes and its loop, on one served chain.

The loops are not started unless a test says so: it calls their rounds itself, one after the other.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from ledger.actions.deliveries.inbox import show_delivery
from ledger.actions.deliveries.queueing import queue_delivery
from ledger.formats.envelope import DeliveryKind
from ledger.identifiers import MemberId
from ledger.vault.delivery_tables import DeliveryState
from ledger.workspace import Workspace
from node_api.deliveries.loop import DeliveryLoop
from node_api.deliveries.routes import DeliveryRoutes
from node_api.deliveries.settings import DeliverySettings, PeerSettings
from tests.support.certificates import TlsFiles
from tests.support.consortium import CHONGQING, ISSUERS, SICHUAN, Consortium

PART = 16 * 1024


class TestClock:
    """Seconds since the epoch, set ahead by a test."""

    __test__ = False

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return self._clock() + self.ahead_s


class Listener:
    """Serves one ASGI application on a port that stays the same when it is down for a while.

    Args:
        tls: its certificate and key, if it is to speak TLS.
    """

    def __init__(self, tls: TlsFiles | None = None) -> None:
        self.port = 0
        self._pair = (None, None) if tls is None else tls.pair
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http{'s' if self._pair[0] else ''}://127.0.0.1:{self.port}"

    def start(self, app: Any) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            ssl_certfile=self._pair[0],
            ssl_keyfile=self._pair[1],
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._server = self._thread = None


@dataclass(eq=False)
class DeliveryNode:
    """One member's node.

    Attributes:
        options: settings besides the peers.
    """

    workspace: Workspace
    listener: Listener
    options: dict[str, Any] = field(default_factory=dict)
    peers: dict[str, PeerSettings | str] = field(default_factory=dict)

    @property
    def member(self) -> MemberId:
        return self.workspace.member

    @property
    def settings(self) -> DeliverySettings:
        peers = {
            code: PeerSettings(url=peer) if isinstance(peer, str) else peer
            for code, peer in self.peers.items()
        }
        return DeliverySettings(peers=peers, **{"part_size": PART, **self.options})

    def listen(self) -> None:
        self.executor = ThreadPoolExecutor(4)
        routes = DeliveryRoutes(self.workspace, self.settings.limits, self.executor)
        self.listener.start(routes)

    def stop_listening(self) -> None:
        self.listener.stop()
        self.executor.shutdown()

    def send_due(self) -> None:
        """One round of sending."""
        loop = DeliveryLoop(self.workspace, self.settings, jitter=lambda: 0.0)
        try:
            loop.send_due()
            loop.finish()
        finally:
            loop.stop()

    def settle(self) -> None:
        """One round of what has to do with the chain."""
        loop = DeliveryLoop(self.workspace, self.settings)
        try:
            loop.settle()
        finally:
            loop.stop()


@dataclass(frozen=True, slots=True)
class Pair:
    """A sender in Chongqing, a receiver in Sichuan."""

    sender: DeliveryNode
    receiver: DeliveryNode
    clock: TestClock

    def queue(self, content: bytes = b"content", **changes: Any) -> bytes:
        """Queues something for the receiver; its id."""
        kind = changes.pop("kind", DeliveryKind.MATERIALS)
        queued = queue_delivery(self.sender.workspace, kind, ISSUERS[SICHUAN], content, **changes)
        return queued.delivery.delivery_id

    def state_at_sender(self, delivery_id: bytes) -> DeliveryState:
        return show_delivery(self.sender.workspace, delivery_id).state

    def state_at_receiver(self, delivery_id: bytes) -> DeliveryState:
        return show_delivery(self.receiver.workspace, delivery_id).state

    def wait_for_next_attempt(self) -> None:
        """Lets the time of every pause pass."""
        self.clock.ahead_s += 3600


@contextmanager
def open_pair(consortium: Consortium, clock: Callable[[], float]) -> Iterator[Pair]:
    """Both nodes, the receiver listening."""
    told = TestClock(clock)
    with (
        consortium.open(CHONGQING, clock=told) as chongqing,
        consortium.open(SICHUAN, clock=told) as sichuan,
    ):
        sender = DeliveryNode(chongqing, Listener())
        receiver = DeliveryNode(sichuan, Listener())
        receiver.listen()
        sender.peers = {str(SICHUAN): receiver.listener.url}
        try:
            yield Pair(sender, receiver, told)
        finally:
            receiver.stop_listening()
