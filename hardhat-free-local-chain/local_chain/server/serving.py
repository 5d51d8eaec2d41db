"""Running the server: the port, the chain, the signals, and the way out."""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from local_chain.embedded import ChainError, EmbeddedChain
from local_chain.server.application import Application
from local_chain.server.filters import FilterMethods
from local_chain.server.refusals import refusals_by_name

WORKERS = 4  # the chain has one lock; the others decode, recover senders and encode meanwhile
BACKLOG = 1024
KEEP_ALIVE_S = 120
STOP_TIMEOUT_S = 5
LOCK_TIMEOUT_S = 2.0  # for the server before to close


class ServeError(Exception):
    """The chain cannot be served, or could not be closed as it should; says why in one line."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens: an IP address and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback


def serve(
    directory: Path,
    host: str,
    port: int,
    *,
    seal_interval_s: float = 0.2,
    announce: Callable[[Address, EmbeddedChain], None],
) -> None:
    """Serve a directory's chain until SIGTERM or SIGINT. To be called from the main thread.

    On such a signal requests under way are answered, pending transactions sealed, and the
    directory left to the next process.

    Args:
        port: 0 for any that is free.
        announce: called once, when requests are answered.

    Raises:
        ServeError: the port or the chain cannot be had, or the last block could not be written.
    """
    with _listen(host, port) as listener:
        try:
            with EmbeddedChain.open(
                directory, seal_interval_s=seal_interval_s, lock_timeout_s=LOCK_TIMEOUT_S
            ) as chain:
                _run(chain, listener, announce)
        except ChainError as problem:
            raise ServeError(str(problem)) from problem


def _run(
    chain: EmbeddedChain,
    listener: socket.socket,
    announce: Callable[[Address, EmbeddedChain], None],
) -> None:
    chain.rpc.extend(FilterMethods(chain.rpc).by_name() | refusals_by_name())
    chain.rpc.answer("eth_getBalance", [f"0x{0:040x}"])  # loads py-evm before anyone waits for it
    with _stop_signals() as stopping, ThreadPoolExecutor(WORKERS, "chain-call") as workers:
        config = uvicorn.Config(
            Application(chain, workers),
            http="httptools",
            loop="asyncio",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
        )
        name = listener.getsockname()
        server = _Server(config, stopping, lambda: announce(Address(name[0], name[1]), chain))
        server.run([listener])
        workers.shutdown(cancel_futures=True)


class _Server(uvicorn.Server):
    """uvicorn with our signals instead of its own, which would end the process by the signal."""

    def __init__(
        self, config: uvicorn.Config, stopping: threading.Event, announce: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stopping.is_set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """SIGTERM and SIGINT set the event, for as long as the block runs."""
    stopping = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in numbers}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. It names its protocol, or asyncio leaves Nagle's algorithm on."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ServeError(f"cannot listen on {host} port {port}: {reason}") from problem
    return listener
