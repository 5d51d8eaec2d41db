"""Whether a node lives, whether it can do its work, and if not, what is missing.

`GET /health/live` says that the process answers. `GET /health/ready` looks at each thing a node
depends on and names those that are missing: 503 while any of them is needed and not there. Both
are open to anybody and tell nothing but names, ages and codes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import orjson

from ledger.errors import LedgerError
from node_api.doors import Receive, Scope, Send
from node_api.observing.requests import name_operation
from node_api.runtime import NodeRuntime

READY_PATH: Final = "/health/ready"
VERSION_PATH: Final = "/v1/version"
MIN_FREE_BYTES: Final = 256 << 20
VERSION_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["version"],
    "properties": {"version": {"type": "string"}},
}
_DEPENDENCY_SCHEMA: Final = {
    "type": "object",
    "required": ["name", "ok", "needed"],
    "properties": {
        "name": {"type": "string"},
        "ok": {"type": "boolean"},
        "needed": {"type": "boolean"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "age_s": {"type": "number"},
    },
}
READY_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["ready", "missing", "dependencies", "version", "time_unix"],
    "properties": {
        "ready": {"type": "boolean"},
        "missing": {"type": "array", "items": {"type": "string"}},
        "dependencies": {"type": "array", "items": _DEPENDENCY_SCHEMA},
        "version": {"type": "string"},
        "time_unix": {"type": "integer"},
    },
}
"""Of the answers, for the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing that a node needs.

    Attributes:
        is_needed: whether the node is not ready without it.
        code: why it is missing; empty if it is there.
        detail: for a person; no personal data, no addresses.
        age_s: of what is known by it.
    """

    name: str
    is_there: bool
    is_needed: bool = True
    code: str = ""
    detail: str = ""
    age_s: float | None = None

    def to_json(self) -> dict[str, object]:
        """As it is answered."""
        told: dict[str, object] = {"name": self.name, "ok": self.is_there}
        told |= {"needed": self.is_needed}
        more = {"code": self.code, "detail": self.detail}
        told |= {name: value for name, value in more.items() if value}
        return told if self.age_s is None else told | {"age_s": round(self.age_s, 1)}


Check = Callable[[], Dependency]


class Readiness:
    """The dependencies of one node.

    Args:
        runtime: the open home.
    """

    def __init__(self, runtime: NodeRuntime) -> None:
        self._runtime = runtime
        self._checks: list[Check] = [
            self._check_vault,
            self._check_index,
            self._check_disk,
            self._check_running,
        ]

    def add(self, check: Check) -> None:
        """One more thing that is needed."""
        self._checks.append(check)

    def check(self) -> tuple[Dependency, ...]:
        """Looks at all of them; blocks for as long as a database takes to answer."""
        return tuple(check() for check in self._checks)

    def index_age_s(self) -> float | None:
        """Seconds since the index was last known to be complete; None if it cannot be read."""
        try:
            synced_to = self._runtime.workspace.index.cursor().synced_to_unix
        except LedgerError:
            return None
        return max(0.0, self._runtime.workspace.now_unix() - synced_to)

    def _check_vault(self) -> Dependency:
        try:
            self._runtime.workspace.vault.runs.newest(1)
        except LedgerError as error:
            return Dependency("vault", is_there=False, code=error.code, detail=_brief(error))
        return Dependency("vault", is_there=True)

    def _check_index(self) -> Dependency:
        health = self._runtime.index_loop.health
        age_s = self.index_age_s()
        if health.problem is not None:
            return Dependency("index", False, True, *health.problem, age_s=age_s)
        if health.succeeded_at_unix is None:
            return Dependency("index", False, True, "not_synced_yet", age_s=age_s)
        return Dependency("index", is_there=True, age_s=age_s)

    def _check_disk(self) -> Dependency:
        found = os.statvfs(self._runtime.home)
        free = found.f_bavail * found.f_frsize
        told = f"{free >> 20} MiB free"
        if free < MIN_FREE_BYTES:
            return Dependency("disk", is_there=False, code="disk_nearly_full", detail=told)
        return Dependency("disk", is_there=True, detail=told)

    def _check_running(self) -> Dependency:
        failing = [
            loop.health.name
            for loop in self._runtime.loops
            if loop is not self._runtime.index_loop and loop.health.problem is not None
        ]
        if failing:
            told = ", ".join(failing)
            return Dependency("loops", False, False, "loop_failing", told)
        return Dependency("loops", is_there=True, is_needed=False)


def _brief(error: LedgerError) -> str:
    return error.message.splitlines()[0][:200]


def to_document(found: Iterable[Dependency], *, is_stopping: bool) -> tuple[int, bytes]:
    """Status and body of the answer about readiness."""
    dependencies = tuple(found)
    missing = [each.name for each in dependencies if each.is_needed and not each.is_there]
    if is_stopping:
        missing.append("stopping")
    document = {
        "ready": not missing,
        "missing": missing,
        "dependencies": [each.to_json() for each in dependencies],
        "version": version("zhenglian"),
        "time_unix": int(time.time()),
    }
    return 503 if missing else 200, orjson.dumps(document) + b"\n"


async def answer_version(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    """The product's version."""
    name_operation(scope, "version")
    await send_json(send, 200, orjson.dumps({"version": version("zhenglian")}) + b"\n")


async def send_json(
    send: Send, status: int, body: bytes, more: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Sends a whole JSON answer that must not be kept. Args: more: headers."""
    headers = [
        *more,
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
