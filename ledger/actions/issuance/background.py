"""Anchors batches one after the other, while the next are being sealed."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from ledger.actions.issuance.anchoring import AnchoredBatch, anchor_batch, close_batch
from ledger.vault.batches import BatchRow
from ledger.workspace import Workspace


class BackgroundAnchoring:
    """A thread that closes and anchors what it is given. Use as a context manager.

    While it is in use, nobody else may send transactions of the workspace. On the way out the
    batch it is at is finished; those behind it stay staged.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._executor = ThreadPoolExecutor(1, "anchoring")
        self._waiting: deque[Future[AnchoredBatch]] = deque()
        self._anchored: list[AnchoredBatch] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._executor.shutdown(cancel_futures=True)

    def put(self, batch: BatchRow) -> None:
        """Has a batch anchored that takes no more certificates and is staged whole."""
        self._waiting.append(self._executor.submit(self._anchor, batch))

    @property
    def anchored(self) -> tuple[AnchoredBatch, ...]:
        """What is on the chain so far, in order. Raises what kept a batch from it."""
        while self._waiting and self._waiting[0].done():
            self._anchored.append(self._waiting.popleft().result())
        return tuple(self._anchored)

    def wait_for_next(self) -> bool:
        """Waits until one more is on the chain; False if none is left. Raises as `anchored`."""
        if not self._waiting:
            return False
        self._anchored.append(self._waiting.popleft().result())
        return True

    def _anchor(self, batch: BatchRow) -> AnchoredBatch:
        return anchor_batch(self._workspace, close_batch(self._workspace, batch))
