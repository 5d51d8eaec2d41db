"""Who passes to an operation: everything that stands between a request and its action.

Puts the parts of `node_api.auth` together in the one order that `dispatch` and the plain ASGI
handlers share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from node_api.auth.access import Access, require_admission, require_objects
from node_api.auth.principals import ANONYMOUS, LOCAL, Principal
from node_api.auth.targets import TargetResolver
from node_api.doors import Door, Scope, door_of
from node_api.runtime import NodeRuntime


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what, and why.

    Attributes:
        purpose: what personal data is looked at for; empty where none was given.
    """

    principal: Principal
    operation: str
    access: Access
    request_id: str
    client: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A request that awaits a second officer. Attributes: document: its JSON."""

    document: bytes
    location: str


class Gate:
    """Lets requests pass, or refuses them by name.

    Args:
        runtime: the open home.
    """

    def __init__(self, runtime: NodeRuntime) -> None:
        self._targets = TargetResolver(runtime.workspace)

    async def admit(self, scope: Scope, access: Access, operation: str) -> Principal:
        """Who asks, if they may ask so often and may call the operation at all."""
        principal = LOCAL if door_of(scope) is Door.LOCAL else ANONYMOUS
        require_admission(principal, access, operation)
        return principal

    @contextmanager
    def passing(
        self,
        asking: Asking,
        arguments: Mapping[str, Any],
    ) -> Iterator[Awaiting | None]:
        """Around the action: its objects are checked before, what became of it is logged after."""
        targets = self._targets.resolve(asking.principal, asking.access, arguments)
        require_objects(asking.principal, asking.access, targets)
        yield None
