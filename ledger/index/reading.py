"""How old an answer from the index may be, and is.

A read asks the chain for what is new, as everything does. Where the chain is away it goes on with
what the index has, and says how old that is; a write never does. What was not compared with the
chain is never answered from. `ledger.workspace` puts this to use; nothing here asks a chain.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final

from ledger.errors import ChainUnavailableError, LedgerError
from ledger.index.store import Cursor

CHAIN_LOST_BLOCKS: Final = "chain_lost_blocks"
INDEX_OLD: Final = "index_old"
"""The problem of an index that no error explains: the chain answers and does not go on, or nobody
has asked it."""
STALE_AFTER_S: Final = 60.0
RETRY_AFTER_S: Final = 15.0
SLOW_S: Final = 2.0
LOOKING_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class AsOf:
    """Up to where an answer goes.

    Attributes:
        block: the newest block that the index has; -1 before any.
        time_unix: up to when nothing is missing from it.
        age_s: of that time when the answer was made, never below 0.
        problem: code of why it is not as new as the chain; empty if it is.
    """

    block: int
    time_unix: int
    age_s: int
    problem: str = ""

    @property
    def is_stale(self) -> bool:
        return bool(self.problem)


def find_age(
    cursor: Cursor, now: float, problem: str = "", *, stale_after_s: float | None = STALE_AFTER_S
) -> AsOf:
    """How old what an index tells is.

    Args:
        now: unix seconds.
        problem: why it could not be brought up to the chain.
        stale_after_s: so old it is stale without an error, too; None for never.
    """
    age_s = max(0, int(now) - cursor.synced_to_unix)
    if not problem and stale_after_s is not None and age_s > stale_after_s:
        problem = INDEX_OLD
    return AsOf(cursor.next_block - 1, cursor.synced_to_unix, age_s, problem)


def is_away(error: LedgerError) -> bool:
    """Whether an error says that the chain cannot be asked, or is not the one it was."""
    return isinstance(error, ChainUnavailableError)


class Reading:
    """One read: with what of the index it was answered.

    Args:
        owner: whose index it is.
        describe: how old an index at a cursor is, given why it was not brought up.

    Attributes:
        as_of: None while the index was not asked.
    """

    def __init__(self, owner: object, describe: Callable[[Cursor, str], AsOf]) -> None:
        self.owner = owner
        self._describe = describe
        self.as_of: AsOf | None = None

    def note(self, cursor: Cursor, problem: str) -> None:
        """Notes the index as it is asked; the oldest that was asked counts."""
        if self.as_of is None:
            self.as_of = self._describe(cursor, problem)
        elif problem and not self.as_of.problem:
            self.as_of = replace(self.as_of, problem=problem)


class ChainOutage:
    """Whether the chain answered when it was last asked, so that not everybody waits. Thread-safe.

    Args:
        clock: seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._looks: dict[int, float] = {}
        self._numbers = 0
        self._problem = ""
        self._failed_at = 0.0
        self._room = threading.BoundedSemaphore(LOOKING_AT_ONCE)

    @property
    def problem(self) -> str:
        """Why reads do not ask the chain now; empty if they do."""
        now = self._clock()
        with self._lock:
            if self._problem and now - self._failed_at < RETRY_AFTER_S:
                return self._problem
            if any(now - began > SLOW_S for began in self._looks.values()):
                return self._problem or "chain_unavailable"
        return ""

    def end(self) -> None:
        """The chain was found to be well."""
        with self._lock:
            self._problem = ""

    @contextmanager
    def looking(self, *, is_whole: bool = True) -> Iterator[None]:
        """Around whatever asks the chain.

        Args:
            is_whole: whether the chain is well if this succeeds.
        """
        with self._lock:
            self._numbers += 1
            number = self._numbers
            self._looks[number] = self._clock()
        problem: str | None = None
        try:
            yield
            problem = "" if is_whole else None
        except LedgerError as error:
            problem = error.code if is_away(error) else None
            raise
        finally:
            with self._lock:
                del self._looks[number]
                if problem is not None:
                    self._problem, self._failed_at = problem, self._clock()

    @contextmanager
    def reading(self) -> Iterator[bool]:
        """The same for a read: few of them wait for a chain at once.

        Yields:
            Whether there is room to ask.
        """
        has_room = self._room.acquire(timeout=SLOW_S)
        try:
            yield has_room
        finally:
            if has_room:
                self._room.release()


CURRENT: ContextVar[Reading | None] = ContextVar("reading", default=None)
"""The read that this thread is at."""
