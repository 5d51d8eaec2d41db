"""A node between the product and a real chain, which can lose, refuse and answer what it likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ledger.chain.client import Respond
from ledger.workspace import Workspace

Fault = Callable[[dict[str, Any], Respond], object]
"""Gets a request and the way on; answers or raises in the node's place."""


class KilledError(BaseException):
    """The process ends here. Nothing of ours handles it."""


class FaultyNode:
    """Passes requests on, but for the methods that have a fault.

    Attributes:
        faults: by method.
        asked: how often each method was asked.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self.faults: dict[str, Fault] = {}
        self.asked: Counter[str] = Counter()

    def __call__(self, request: dict[str, Any]) -> object:
        method = request["method"]
        self.asked[method] += 1
        fault = self.faults.get(method) or self.faults.get("*")
        return fault(request, self._respond) if fault else self._respond(request)

    def fail_once(self, method: str, fault: Fault) -> None:
        """The next request only."""

        def first(request: dict[str, Any], respond: Respond) -> object:
            del self.faults[method]
            return fault(request, respond)

        self.faults[method] = first


def stand_between(workspace: Workspace) -> FaultyNode:
    """From now on, everything this workspace asks its chain goes through the node."""
    client = workspace.gateway.client
    node = FaultyNode(client._respond)
    client._respond = node
    return node


def lose_request(_request: dict[str, Any], _respond: Respond) -> object:
    """The connection fails before the node has the request."""
    raise ConnectionError("connection refused")


def lose_response(request: dict[str, Any], respond: Respond) -> object:
    """The node has done it, and the connection fails before it can say so."""
    respond(request)
    raise ConnectionError("connection reset by peer")


def die_before(_request: dict[str, Any], _respond: Respond) -> object:
    """The process is killed before the request leaves it."""
    raise KilledError


def die_after(request: dict[str, Any], respond: Respond) -> object:
    """The process is killed before it sees the response."""
    respond(request)
    raise KilledError


def answer(result: object) -> Fault:
    """The node answers this, whatever it is asked."""
    return lambda _request, _respond: {"jsonrpc": "2.0", "id": 0, "result": result}


def refuse(message: str, code: int = -32000) -> Fault:
    """The node answers with an error, and does nothing."""
    return lambda _request, _respond: {"error": {"code": code, "message": message}}


def do_and_refuse(message: str) -> Fault:
    """The node does it (as somebody else's request did before), and answers with an error."""

    def fault(request: dict[str, Any], respond: Respond) -> object:
        respond(request)
        return refuse(message)(request, respond)

    return fault
