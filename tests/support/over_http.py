"""Has the library ask every embedded chain over HTTP, while its settings name a directory.

Nothing is imitated: the chain is opened as `connect` opens it, the node's own HTTP face serves it
for as long as it is open, and the library's own HTTP client asks it. Only the port is shared, by
all chains of the process: each is served below a path of its own.

Tests of some modules run both ways; with ZHENGLIAN_EVERY_MODULE_OVER_HTTP=1 those of the
others run over HTTP alone, since some of them use up what their tests share.
"""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
import uvicorn

import ledger.actions.founding
import ledger.workspace
from ledger.chain.client import ChainClient
from ledger.chain.engines import ChainLocation, connect
from local_chain.embedded import EmbeddedChain
from local_chain.server.application import Application, Event, Receive, Send

HTTP = "http"
WAYS = ("directory", HTTP)
IS_EVERY_MODULE = os.environ.get("ZHENGLIAN_EVERY_MODULE_OVER_HTTP") == "1"


class ChainServer:
    """Serves embedded chains over HTTP, in a thread, until the process ends."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._applications: dict[str, Application] = {}
        self._workers = ThreadPoolExecutor(4, "chain-call")
        # It names its protocol, or asyncio leaves Nagle's algorithm on.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self, loop="asyncio", ws="none", lifespan="off", log_config=None, access_log=False
        )
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, args=([listener],), daemon=True).start()

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        await self._applications[scope["path"]]({**scope, "path": "/"}, receive, send)

    @contextmanager
    def serve(self, chain: EmbeddedChain) -> Iterator[str]:
        """The chain's URL, for the length of a block."""
        path = f"/{next(self._numbers)}"
        self._applications[path] = Application(chain, self._workers)
        try:
            yield f"http://127.0.0.1:{self._port}{path}"
        finally:
            del self._applications[path]


@cache
def start_chain_server() -> ChainServer:
    """The one of this process."""
    return ChainServer()


@contextmanager
def connect_over_http(location: ChainLocation, **options: Any) -> Iterator[ChainClient]:
    """As `connect`, which opens the chain, but for the way to it."""
    with connect(location, **options) as client:
        if location.directory is None:
            yield client
            return
        chain = client._respond.__self__  # type: ignore[attr-defined]  # its method
        with start_chain_server().serve(chain) as url, connect(ChainLocation(None, url)) as far:
            yield far


@pytest.fixture(autouse=True)
def way_to_chain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How a test's homes ask their chain; what several tests share was made in this process."""
    if getattr(request, "param", None) == HTTP:
        for module in (ledger.workspace, ledger.actions.founding):
            monkeypatch.setattr(module, "connect", connect_over_http)


def take_both_ways(
    metafunc: pytest.Metafunc, fixtures: Collection[str], modules: Collection[str]
) -> None:
    """Runs a test both ways if its module is among these; the others, if asked for, by HTTP.

    Args:
        fixtures: only with one of them has a test a chain.
        modules: names of test modules, without their directories.
    """
    module = metafunc.module.__name__.rpartition(".")[2]
    ways = WAYS if module in modules else (HTTP,) if IS_EVERY_MODULE else ()
    if ways and not set(fixtures).isdisjoint(metafunc.fixturenames):
        metafunc.parametrize("way_to_chain", ways, indirect=True)
