"""How often somebody may ask: counted in this process's memory, by address and by principal.

Each process counts for itself, so that fronts need nobody to answer; a limit by address is that of
one process. Windows are fixed: at most twice a limit passes around the end of one. Source of the
header fields: draft-ietf-httpapi-ratelimit-headers (RateLimit, RateLimit-Policy), RFC 9110 §10.2.3.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from node_api.auth.addresses import find_counted
from node_api.auth.failures import TooManyRequestsError
from node_api.auth.hardening import Refuse
from node_api.auth.principals import Principal, PrincipalKind
from node_api.auth.settings import LimitSettings
from node_api.doors import Application, Door, Receive, Scope, Send, door_of

MAX_COUNTED: Final = 100_000
"""How many counters are kept; beyond, the oldest are forgotten."""


class RateClass(StrEnum):
    """What is limited, each by its own setting."""

    ANONYMOUS = "anonymous"
    READS = "reads"
    WRITES = "writes"
    ADDRESS = "address"
    FAILED_LOGINS = "failed_logins"


class CountingStorage(Storage):
    """Counters of fixed windows, bounded in number, without threads of its own."""

    STORAGE_SCHEME = ["zhenglian-memory"]  # noqa: RUF012 - as the base class has it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._counters: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, in the window that is open or in a new one of so many seconds."""
        now = time.time()
        with self._lock:
            count, ends = self._counters.pop(key, (0, 0.0))
            if ends <= now:
                count, ends = 0, now + expiry
            self._counters[key] = (count + amount, ends)
            if len(self._counters) > MAX_COUNTED:
                del self._counters[next(iter(self._counters))]
        return count + amount

    def get(self, key: str) -> int:
        """The count of the window that is open."""
        count, ends = self._counters.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends."""
        _, ends = self._counters.get(key, (0, 0.0))
        return ends or time.time()

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        with self._lock:
            count = len(self._counters)
            self._counters.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with self._lock:
            self._counters.pop(key, None)


class RateLimits:
    """The limits of one process. Safe for threads.

    Args:
        settings: of the limits.
    """

    def __init__(self, settings: LimitSettings) -> None:
        self._storage = CountingStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._items: Mapping[RateClass, tuple[RateLimitItem, ...]] = {
            each: tuple(parse_many(text)) if (text := getattr(settings, each.value)) else ()
            for each in RateClass
        }

    def count(self, which: RateClass, who: str) -> None:
        """Counts one request.

        Raises:
            TooManyRequestsError: that was one too many.
        """
        for item in self._items[which]:
            if not self._limiter.hit(item, which.value, who):
                raise self._refusal(item, which, who)

    def require_room(self, which: RateClass, who: str) -> None:
        """As `count`, without counting."""
        for item in self._items[which]:
            if not self._limiter.test(item, which.value, who):
                raise self._refusal(item, which, who)

    def admit(self, principal: Principal, address: str, *, is_change: bool) -> None:
        """Counts one request of a principal; its address was counted before it was known.

        Args:
            address: of who asks.
            is_change: whether it changes something.

        Raises:
            TooManyRequestsError: that was one too many.
        """
        if principal.kind is PrincipalKind.ANONYMOUS:
            self.count(RateClass.ANONYMOUS, address)
        elif principal.kind is not PrincipalKind.LOCAL:
            which = RateClass.WRITES if is_change else RateClass.READS
            self.count(which, principal.subject)

    def is_limited(self, which: RateClass) -> bool:
        """Whether there is a limit at all."""
        return bool(self._items[which])

    def items(self, which: RateClass) -> tuple[RateLimitItem, ...]:
        """The limits of a class, none if it has none."""
        return self._items[which]

    def _refusal(self, item: RateLimitItem, which: RateClass, who: str) -> TooManyRequestsError:
        ends, _ = self._limiter.get_window_stats(item, which.value, who)
        return refuse_more(item, which, ends - time.time())


def refuse_more(item: RateLimitItem, which: RateClass, left_s: float) -> TooManyRequestsError:
    """What is told to who asks too often. Args: left_s: until the window ends."""
    wait_s = max(1, math.ceil(left_s))
    policy = f'"{which.value}";q={item.amount};w={item.get_expiry()}'
    return TooManyRequestsError(
        f"more than {item.amount} {which.value.replace('_', ' ')} in {item.get_expiry()} s; "
        f"try again in {wait_s} s",
        retry_after_s=wait_s,
        headers={
            "Retry-After": str(wait_s),
            "RateLimit-Policy": policy,
            "RateLimit": f'"{which.value}";r=0;t={wait_s}',
        },
    )


class Window:
    """One count for each of many in a window that is the same for all, cheap enough for hot reads.

    Args:
        item: how many in how long.
        clock: monotonic seconds.
    """

    def __init__(self, item: RateLimitItem, clock: Callable[[], float] = time.monotonic) -> None:
        self.item = item
        self._clock = clock
        self._ends_s = 0.0
        self._counts: dict[str, int] = {}

    def count(self, who: str) -> bool:
        """Counts one. Whether it was not too many."""
        now_s = self._clock()
        if now_s >= self._ends_s:
            self._counts.clear()
            self._ends_s = now_s + self.item.get_expiry()
        count = self._counts.get(who, 0)
        if count >= self.item.amount:
            return False
        if not count and len(self._counts) >= MAX_COUNTED:
            del self._counts[next(iter(self._counts))]
        self._counts[who] = count + 1
        return True

    @property
    def left_s(self) -> float:
        """Until it ends."""
        return self._ends_s - self._clock()


class AddressLimits:
    """ASGI around everything: counts each request by its address, before it is known who asks.

    At the port alone: what a front passes on, it has counted; the local socket is not limited, nor
    is this machine's own address, from which a gateway or a command comes and no attacker does.

    Args:
        limits: of this process.
        refuse: answers a refusal as a problem.
    """

    def __init__(self, app: Application, limits: RateLimits, refuse: Refuse) -> None:
        self._app = app
        self._windows = tuple(Window(item) for item in limits.items(RateClass.ADDRESS))
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "http" and door_of(scope) is Door.PUBLIC:
            client = scope.get("client")
            who = find_counted(client[0]) if client else ""
            for window in self._windows:
                if who and not window.count(who):
                    error = refuse_more(window.item, RateClass.ADDRESS, window.left_s)
                    await self._refuse(error, scope, send)
                    return
        await self._app(scope, receive, send)
