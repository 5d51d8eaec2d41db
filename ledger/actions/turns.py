"""One at a time about one thing: acts that a process makes in several threads at once.

What the same request asks for twice at once is to be done once, and two acts on one case, or two of
the member, would take the same number. Acts on different things do not wait for each other. Between
processes there is nothing to be done: a vault has one writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.workspace import Workspace


class _Turn:
    """Attributes: wanted_by: how many threads have it or wait for it."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.wanted_by = 0


_guard = Lock()
_turns: dict[tuple[Path, bytes], _Turn] = {}


@contextmanager
def take_turn(workspace: Workspace, about: bytes) -> Iterator[None]:
    """Waits until nobody else in this process acts on something in a home, and lets others wait.

    Args:
        about: what it is, such as a case's id. The same thread may take its turn again.
    """
    key = (workspace.home, about)
    with _guard:
        turn = _turns.setdefault(key, _Turn())
        turn.wanted_by += 1
    try:
        with turn.lock:
            yield
    finally:
        with _guard:
            turn.wanted_by -= 1
            if not turn.wanted_by:
                del _turns[key]
