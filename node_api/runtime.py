"""A home that is open for a node: its workspace, its threads, and what it does by itself.

Nothing here knows HTTP. What cannot be had at the start (a chain that is down) is asked for again:
a node comes up without it and says so.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from ledger.actions.settlement import settle_acts
from ledger.index.sync import SyncResult
from ledger.workspace import Workspace
from node_api.loops import Loop
from node_api.settings import NodeSettings

logger = logging.getLogger(__name__)

R = TypeVar("R")

OUTAGE_S = 10.0
"""So long a transaction that is under way outlives a chain that does not answer."""


class NodeRuntime:
    """One open home. Use as a context manager.

    Args:
        workspace: with a passphrase; opened and closed by the caller.
        settings: of the node.
    """

    def __init__(self, workspace: Workspace, settings: NodeSettings) -> None:
        self.workspace = workspace
        self.settings = settings
        workspace.stale_after_s = settings.stalled_after_s
        self.executor = ThreadPoolExecutor(settings.threads, "action")
        self.index_loop = Loop(
            "index", self.sync_index, interval_s=settings.sync_interval_s, clock=workspace.clock
        )
        self.loops: list[Loop] = [self.index_loop]
        self.is_stopping = threading.Event()
        self._on_sync: list[Callable[[SyncResult], None]] = []
        self._is_settled = False
        self._stack = ExitStack()

    @property
    def home(self) -> Path:
        """Directory of the home."""
        return self.workspace.home

    def open(self) -> Self:
        """Opens the vault, and begins to follow the chain.

        Raises:
            NotAuthorizedError: wrong_passphrase.
            StorageError: vault_in_use, and whatever else is wrong with the vault.
        """
        _ = self.workspace.vault, self.workspace.keys
        for loop in self.loops:
            loop.start()
        return self

    def close(self) -> None:
        """Ends the loops and what is under way."""
        self.is_stopping.set()
        for loop in self.loops:
            loop.stop()
        self._stack.close()
        self.executor.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add_loop(self, loop: Loop) -> None:
        """One more thing that goes on by itself; begins at once, ends with the runtime."""
        self.loops.append(loop)
        loop.start()

    async def run(self, work: Callable[[], R]) -> R:
        """Does something that blocks in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, work)

    def at_close(self, close: Callable[[], None]) -> None:
        """Has something closed with the runtime, the last first."""
        self._stack.callback(close)

    def on_sync(self, notify: Callable[[SyncResult], None]) -> None:
        """Has somebody told after each look at the chain that found something new."""
        self._on_sync.append(notify)

    def sync_index(self) -> None:
        """One round of following the chain; the first also settles what a former run left."""
        result = self.workspace.sync_index()
        if not self._is_settled:
            self.workspace.submitter.be_patient(OUTAGE_S)
            self.workspace.submitter.resolve_unfinished()
            settle_acts(self.workspace)
            self._is_settled = True
            logger.info("former_run_settled")
        if result.added:
            for notify in self._on_sync:
                notify(result)
