"""One action, two doors: done on the home that is opened here, or by the node that holds it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from node_api.doors import LOCAL_SOCKET
from node_api.presence import is_node_answering, is_node_there
from node_api.sockets import is_answered

if TYPE_CHECKING:
    from ledger.index.reading import AsOf
    from ledger.workspace import Workspace

P = ParamSpec("P")
R = TypeVar("R")


class Door(Protocol):
    """Where an action is done."""

    def call(
        self, action: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Does an action; `args` and `kwargs` are its own, without the home or index."""


class LocalDoor:
    """Does actions on a home that this process has opened.

    Args:
        tell_age: told of what is answered from an index that is older than the chain.
    """

    def __init__(
        self, workspace: Workspace, tell_age: Callable[[AsOf], object] | None = None
    ) -> None:
        self.workspace = workspace
        self._tell_age = tell_age

    def call(
        self, action: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """See `Door`. An index is brought up to the chain first, as a node's always is.

        What only reads is done again on the index as it stands where the chain is away.
        """
        from ledger.errors import LedgerError
        from ledger.index.reading import is_away

        if not (self.workspace.outage.problem and _only_reads(action)):
            try:
                return self._do(action, *args, **kwargs)
            except LedgerError as error:
                if not is_away(error) or not _only_reads(action):
                    raise
        with self.workspace.reading() as reading:
            found = self._do(action, *args, **kwargs)
        if self._tell_age is not None and reading.as_of is not None and reading.as_of.is_stale:
            self._tell_age(reading.as_of)
        return found

    def _do(self, action: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        if not takes_index(action):
            return action(self.workspace, *args, **kwargs)
        self.workspace.sync_index()
        return action(self.workspace.index, *args, **kwargs)


def _only_reads(action: Callable[..., Any]) -> bool:
    """Whether an action changes nothing, by the table that nodes serve by."""
    from node_api.operations.table import by_action  # loads what is needed by nobody else here

    operation = by_action().get(action)
    return operation is not None and not operation.access.is_change


def takes_index(action: Callable[..., Any]) -> bool:
    """Whether an action's first parameter is the index instead of the home."""
    first = next(iter(inspect.signature(action).parameters.values()))
    return str(getattr(first.annotation, "__name__", first.annotation)) == "IndexStore"


def is_remote(door: Door) -> bool:
    """Whether a node does what is called."""
    return not isinstance(door, LocalDoor)


def require_no_node(home: Path) -> None:
    """For what needs the files themselves. Raises ConflictError, code node_running."""
    if is_answered(home / LOCAL_SOCKET) or is_node_there(home):
        from ledger.errors import ConflictError

        raise ConflictError(
            f"a node holds {home}, and this needs the files themselves: stop the node (Ctrl-C, or "
            "`systemctl stop` its unit), run this again, and start the node",
            code="node_running",
        )


def is_held_by_node(home: Path) -> bool:
    """Whether a node does what commands ask; one that starts is waited for.

    Raises:
        ConflictError: node_starting.
    """
    return is_node_answering(home)
