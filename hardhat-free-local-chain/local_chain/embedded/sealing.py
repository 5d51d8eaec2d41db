"""When a block is sealed: at once after a pause, else a while after the block before it.

`SealingClock` decides; `SealingThread` acts on it where no sender does.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from local_chain.embedded.errors import ChainStorageError

if TYPE_CHECKING:
    from local_chain.embedded.node import Node

_RETRY_INTERVAL_S = 1.0
_logger = logging.getLogger(__name__)


class SealingClock:
    """Keeps `interval_s` between the blocks of a busy chain, on the monotonic clock.

    A transaction that comes later than that after the last block is due at once, so that none
    waits longer than `interval_s`.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._due_at = time.monotonic()

    def note_attempt(self) -> None:
        """A block was sealed, or at least tried."""
        self._due_at = time.monotonic() + self._interval_s

    def compute_wait_s(self) -> float:
        """How long until a block with transactions is due, seconds; 0 if it is."""
        return max(0.0, self._due_at - time.monotonic())


class SealingThread:
    """Seals the blocks that no sender seals, until the node is closed."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._thread = threading.Thread(target=self._run, name="chain-sealing", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread, which ends when the node is closed."""
        self._thread.join()

    def _run(self) -> None:
        node = self._node
        with node.changed:
            while not node.is_closed:
                node.changed.wait(self._seal())

    def _seal(self) -> float | None:
        try:
            return self._node.seal_if_due()
        except ChainStorageError:  # the node has told of it
            return _RETRY_INTERVAL_S
        except Exception:
            _logger.exception("a block could not be sealed; it is kept and tried again")
            return _RETRY_INTERVAL_S
