"""Counting requests together: all that one turn of the event loop began or answered.

Several processes share a node's metrics through files; a request that is counted by itself writes
there five times. Under load one turn answers dozens, and what they add up to is written once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import lru_cache

from prometheus_client import Counter

from node_api.observing.metrics import DURATION, IN_FLIGHT, REQUESTS, GatheredHistogram


class RequestTally:
    """The requests of one event loop, counted in memory until its turn ends.

    A request that comes alone is in the metrics before its client can ask again.
    """

    def __init__(self) -> None:
        self._more_in_flight = 0
        self._answered: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        self._written_by: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """One more is being answered."""
        self._more_in_flight += 1
        self._write_soon()

    def end(self, operation: str, status: int, seconds: float) -> None:
        """One has been answered, or its client has gone."""
        self._more_in_flight -= 1
        self._answered[operation, status].append(seconds)
        self._write_soon()

    def _write_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a request that was dropped when its loop had ended
            self._write()
            return
        if self._written_by is not loop:
            self._written_by = loop
            loop.call_soon(self._write)

    def _write(self) -> None:
        self._written_by = None
        more, self._more_in_flight = self._more_in_flight, 0
        if more:
            IN_FLIGHT.inc(more)
        for (operation, status), seconds in self._answered.items():
            requests, duration = _find_metrics(operation, status)
            requests.inc(len(seconds))
            duration.observe_all(seconds)
        self._answered.clear()


@lru_cache(maxsize=1024)
def _find_metrics(operation: str, status: int) -> tuple[Counter, GatheredHistogram]:
    return REQUESTS.labels(operation, str(status)), DURATION.labels(operation)
