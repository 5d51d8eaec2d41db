"""Waiting for the log to grow: one look at the index for all who wait, however many they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ledger.errors import LedgerError

POLL_S = 0.25


class LogWatch:
    """Tells coroutines of one event loop when the log has more entries than they know.

    Looks only while somebody waits.

    Args:
        read_size: entries of the log now.
        is_ending: whether nobody shall wait any more.
        poll_s: between two looks.
    """

    def __init__(
        self,
        read_size: Callable[[], Awaitable[int]],
        is_ending: Callable[[], bool] = lambda: False,
        poll_s: float = POLL_S,
    ) -> None:
        self._read_size = read_size
        self._is_ending = is_ending
        self._poll_s = poll_s
        self._waiting: set[asyncio.Future[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._size = 0

    async def wait_beyond(self, size: int, timeout_s: float) -> bool:
        """Waits until the log has more than `size` entries. False if it had not by then."""
        if self._size > size:
            return True
        deadline = asyncio.get_running_loop().time() + timeout_s
        while (left_s := deadline - asyncio.get_running_loop().time()) > 0:
            grown = asyncio.get_running_loop().create_future()
            self._waiting.add(grown)
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await grown
            finally:
                self._waiting.discard(grown)
            if self._size > size:
                return True
            if self._is_ending():
                return False
        return False

    async def _look(self) -> None:
        while self._waiting:
            with suppress(LedgerError):  # readiness tells what is wrong with the index
                size = await self._read_size()
                if size != self._size or self._is_ending():
                    self._size = size
                    for each in tuple(self._waiting):
                        if not each.done():
                            each.set_result(None)
            await asyncio.sleep(self._poll_s)
