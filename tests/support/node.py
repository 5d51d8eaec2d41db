"""A node in this process: the real application on a real home, asked without a network.

Requests go through the whole ASGI application in one event loop of its own thread, by the door that
they name: `local` is the command line's, `public` anybody's.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from ledger.workspace import Workspace
from node_api.assembly import Node, assemble
from node_api.client import NodeClient
from node_api.doors import Door, DoorApp
from node_api.runtime import NodeRuntime
from node_api.settings import NodeSettings

PURPOSE = "for tests"
ANSWER_WITHIN_S = 120.0


class AsgiBridge(httpx.BaseTransport):
    """Answers a synchronous client's requests by an ASGI application.

    Args:
        loop: running in another thread; the application's own.
    """

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 50_000))
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        future = asyncio.run_coroutine_threadsafe(self._answer(request), self._loop)
        return future.result(ANSWER_WITHIN_S)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        whole = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.read()
        )
        answer = await self._transport.handle_async_request(whole)
        body = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@dataclass(frozen=True)
class RunningNode:
    """A node that answers.

    Attributes:
        local: asks as the command line of this machine does, with the passphrase.
        public: asks as anybody, with the headers that a test gives.
        client: the typed client, by the local door.
    """

    node: Node
    local: httpx.Client
    public: httpx.Client
    client: NodeClient

    @property
    def workspace(self) -> Workspace:
        return self.node.runtime.workspace

    def get(self, path: str, *, status: int = 200, **query: object) -> Any:
        """The JSON of an answer, which must have this status."""
        return self.ask("GET", path, status=status, params=_to_text(query))

    def post(self, path: str, *, status: int = 200, **members: object) -> Any:
        """The same of a request with a JSON body."""
        return self.ask("POST", path, status=status, json=members)

    def ask(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        """The same of any request."""
        answer = self.local.request(method, path, **options)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None


@contextmanager
def run_node(
    workspace: Workspace, passphrase: str, settings: NodeSettings | None = None
) -> Iterator[RunningNode]:
    """A node on an opened home."""
    with (
        workspace,
        NodeRuntime(workspace, settings or NodeSettings()) as runtime,
        _run_loop() as loop,
    ):
        node = asyncio.run_coroutine_threadsafe(_assemble(runtime), loop).result(30)
        encoded = base64.b64encode(passphrase.encode()).decode()
        own = {"authorization": f"Passphrase {encoded}", "purpose": PURPOSE}
        with (
            _ask_by(node, Door.LOCAL, loop, own) as local,
            _ask_by(node, Door.PUBLIC, loop, {}) as public,
        ):
            yield RunningNode(node, local, public, NodeClient(local))


async def _assemble(runtime: NodeRuntime) -> Node:
    """In the event loop to which its parts will belong."""
    return assemble(runtime)


def _ask_by(
    node: Node, door: Door, loop: asyncio.AbstractEventLoop, headers: Mapping[str, str]
) -> httpx.Client:
    bridge = AsgiBridge(DoorApp(node.app, door), loop)
    return httpx.Client(transport=bridge, base_url="http://localhost", headers=headers)


@contextmanager
def _run_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="node-loop", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def _to_text(query: Mapping[str, object]) -> dict[str, str | list[str]]:
    return {
        name: [str(each) for each in value] if isinstance(value, (list, tuple)) else str(value)
        for name, value in query.items()
        if value is not None
    }
