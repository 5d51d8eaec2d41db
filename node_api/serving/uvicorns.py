"""Uvicorn as our processes use it: several doors in one event loop, and signals that are ours."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from node_api.doors import Application
from node_api.serving.guarded import GuardedProtocol
from node_api.serving.sharing import ConnectionCounts, SharedListener
from node_api.serving.whole_answers import WholeAnswersProtocol

logger = logging.getLogger(__name__)

KEEP_ALIVE_S = 75
GRACE_S = 20
BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Listening:
    """An application and the socket it answers at.

    Attributes:
        tls: files of certificate and key.
        counts: of the processes that accept from the socket too.
    """

    app: Application
    listener: socket.socket
    tls: tuple[str, str] | None = None
    counts: ConnectionCounts | None = None


class _Protocol(GuardedProtocol, WholeAnswersProtocol):
    """Both. Attributes: on_lost: told when the connection has ended."""

    on_lost: Callable[[], None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        super().connection_lost(exc)
        if self.on_lost is not None:
            self.on_lost()


class _Server(uvicorn.Server):
    def __init__(self, listening: Listening) -> None:
        super().__init__(_configure(listening))
        self._counts = listening.counts
        self._shared: list[SharedListener] = []

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._counts is None:
            await super().startup(sockets)
            return
        await super().startup([])
        for each in sockets or []:
            self._shared.append(SharedListener(each, self._counts, self._make, self.config.ssl))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in self._shared:
            each.close()
        await super().shutdown(sockets)

    def _make(self, on_lost: Callable[[], None]) -> asyncio.Protocol:
        protocol = _Protocol(self.config, self.server_state, self.lifespan.state)
        protocol.on_lost = on_lost
        return protocol


async def serve_until_stopped(doors: Sequence[Listening], stopping: asyncio.Event) -> None:
    """Serves all doors until the event is set; requests under way are answered first."""
    servers = [_Server(each) for each in doors]
    _reload_on_hangup(servers)
    running = [
        asyncio.create_task(server.serve([each.listener]))
        for server, each in zip(servers, doors, strict=True)
    ]
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    waiting.cancel()
    await asyncio.gather(*running)


def _configure(listening: Listening) -> uvicorn.Config:
    certificate, key = listening.tls or (None, None)
    return uvicorn.Config(
        listening.app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )


def _reload_on_hangup(servers: Sequence[uvicorn.Server]) -> None:
    """SIGHUP has the files of TLS read again; connections that there are go on as they are."""

    def reload() -> None:
        for config in [server.config for server in servers if server.config.ssl_certfile]:
            pair = (str(config.ssl_certfile), config.ssl_keyfile)
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair)  # a pair at all
                if config.ssl is not None:
                    config.ssl.load_cert_chain(*pair)
            except OSError as error:  # an SSLError is one
                logger.error("tls_not_reloaded", extra={"detail": str(error)})  # noqa: TRY400
            else:
                logger.info("tls_reloaded")

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)


def stop_on_signals(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """SIGTERM and SIGINT set the event."""
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)


def stop_with_parent(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """The event is set when the parent's end of standard input closes: nobody outlives it."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(stopping.set)

    threading.Thread(target=watch, name="parent", daemon=True).start()
