"""What a front answers while the core is not there: that nothing was done, and why it is away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from node_api.doors import Receive, Scope, Send
from node_api.front.passing import CORE_AWAY, RETRY_AFTER_S
from node_api.hot.http import answer_problem
from node_api.observing.health import READY_PATH, Dependency, send_json, to_document
from node_api.observing.requests import name_operation
from node_api.serving.absence import find_absence


class AwayApp:
    """Plain ASGI. Args: home: of the node, in which the last core left word."""

    def __init__(self, home: Path) -> None:
        self._home = home

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """One request that needed the core."""
        found = find_absence(self._home)
        if scope["path"] == READY_PATH:
            name_operation(scope, "ready")
            missing = Dependency("core", is_there=False, code=found.code, detail=found.detail)
            retry = ((b"retry-after", str(RETRY_AFTER_S).encode()),)
            await send_json(send, *to_document([missing], is_stopping=False), retry)
            return
        problem = CORE_AWAY
        if found.code != problem.code:
            problem = replace(problem, errors=({"code": found.code, "detail": found.detail},))
        await answer_problem(scope, send, problem)
