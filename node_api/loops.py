"""What a node does by itself, again and again: a thread each, that never dies of an error."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ledger.errors import LedgerError

logger = logging.getLogger(__name__)

STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class LoopHealth:
    """How a loop fares.

    Attributes:
        succeeded_at_unix: when it last did its work; None if it never did.
        problem: why it last could not, as code and message; None if it could.
        failures: in a row.
    """

    name: str
    succeeded_at_unix: float | None = None
    problem: tuple[str, str] | None = None
    failures: int = 0


class Loop:
    """Calls one function at intervals until it is stopped.

    Args:
        name: for logs and metrics.
        work: one round; what it raises is noted and it is called again after a pause.
        interval_s: between the end of a round and the next.
        longest_pause_s: after failures in a row the pause grows up to this.
        clock: unix seconds.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], object],
        *,
        interval_s: float,
        longest_pause_s: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._work = work
        self._interval_s = interval_s
        self._longest_pause_s = max(longest_pause_s, interval_s)
        self._clock = clock
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.health = LoopHealth(name)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def wake(self) -> None:
        """Has the next round begin at once."""
        self._woken.set()

    def stop(self) -> None:
        """Ends it after the round under way."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._do_round()
            pause_s = self._interval_s * 2 ** min(self.health.failures, 10)
            self._woken.wait(min(pause_s, self._longest_pause_s))

    def _do_round(self) -> None:
        before = self.health
        try:
            self._work()
        except LedgerError as error:
            problem = (error.code, error.message)
            if before.problem is None or before.problem[0] != error.code:
                told = {"loop": before.name, "code": error.code}
                logger.warning("loop_failing", extra=told)
        except Exception:  # a loop that ended would leave a node that looks well and does nothing
            problem = ("unexpected", "see the log")
            logger.exception("loop_failing", extra={"loop": before.name, "code": "unexpected"})
        else:
            if before.problem is not None:
                logger.info("loop_recovered", extra={"loop": before.name})
            self.health = LoopHealth(before.name, self._clock())
            return
        self.health = LoopHealth(
            before.name, before.succeeded_at_unix, problem, before.failures + 1
        )
