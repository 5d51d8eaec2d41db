"""Sees that the core is still its vault's one writer, and has the core end when it is not.

A vault in the home cannot be lost. One on a server is when the server lets another process write,
after a restart or a cut: the lock is taken again here at once where nobody took it. Where somebody
did, nothing that this process knows of the vault can be relied on, and only opening it anew helps.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ledger.errors import StorageError
from ledger.vault.store import Vault
from node_api.loops import Loop

logger = logging.getLogger(__name__)

IN_USE = "vault_in_use"
INTERVAL_S = 1.0
GIVEN_UP_AFTER_S = 20.0
"""So long the lock may be held by somebody who has not written: it may be our own lost connection,
which the server has not noticed yet."""


class WriterWatch:
    """Looks at intervals.

    Args:
        vault: open for writing.
        on_lost: called once, from a thread.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        vault: Vault,
        on_lost: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vault = vault
        self._on_lost = on_lost
        self._clock = clock
        self._refused_since: float | None = None
        self.is_lost = False
        self.loop = Loop("writer", self.look, interval_s=INTERVAL_S)

    def look(self) -> None:
        """One look. Raises StorageError while the vault cannot be written."""
        if self.is_lost:
            return
        try:
            self._vault.confirm_writer()
        except StorageError as error:
            if error.code == IN_USE:
                self._count_refusal(error)
            else:
                self._refused_since = None
            raise
        self._refused_since = None

    def _count_refusal(self, error: StorageError) -> None:
        now = self._clock()
        if self._refused_since is None:
            self._refused_since = now
        is_over = now - self._refused_since >= GIVEN_UP_AFTER_S
        if self._vault.is_taken_over or is_over:
            self.is_lost = True
            logger.critical("vault_taken_over", extra={"code": IN_USE, "detail": error.message})
            self._on_lost()
