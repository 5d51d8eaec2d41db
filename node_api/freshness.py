"""How old an answer is, in its headers: the same for every read that the index answers.

    Zhenglian-Index-Block  the newest block that the answer takes into account
    Zhenglian-Index-Time   unix seconds up to which nothing is missing from it
    Zhenglian-Index-Age    seconds from then to when it was answered
    Zhenglian-Index-Stale  only where it is not as new as the chain: the code of why

They are no part of HTTP's caching, whose `Age` (RFC 9111 §5.1) tells how long a copy was kept; of
an answer that was kept, `Zhenglian-Index-Time` still tells the truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from ledger.index.reading import AsOf, find_age
from ledger.index.store import Cursor

RawHeaders: TypeAlias = tuple[tuple[bytes, bytes], ...]

BLOCK: Final = "zhenglian-index-block"
TIME: Final = "zhenglian-index-time"
AGE: Final = "zhenglian-index-age"
STALE: Final = "zhenglian-index-stale"
DESCRIBED: Final[Mapping[str, tuple[str, str]]] = {
    "Zhenglian-Index-Block": ("integer", "The newest block that the answer takes into account."),
    "Zhenglian-Index-Time": ("integer", "Unix seconds up to which nothing is missing from it."),
    "Zhenglian-Index-Age": ("integer", "Seconds from then to when it was answered."),
    "Zhenglian-Index-Stale": ("string", "Why it is not as new as the chain; absent if it is."),
}
"""Each header with its JSON type and what it says."""
_CODE: Final = re.compile("[a-z0-9_]{1,64}")
_NUMBER: Final = re.compile("-?[0-9]{1,15}")


def to_headers(as_of: AsOf | None) -> dict[str, str]:
    """The headers of an answer; none where the index was not asked."""
    if as_of is None:
        return {}
    told = {BLOCK: str(as_of.block), TIME: str(as_of.time_unix), AGE: str(as_of.age_s)}
    return told | {STALE: as_of.problem} if as_of.problem else told


def from_headers(headers: Mapping[str, str]) -> AsOf | None:
    """What the headers of an answer say; None if they say nothing.

    Args:
        headers: by name in lower case, or in any case if the mapping does not mind.

    >>> from_headers(to_headers(AsOf(7, 1767578400, 3, "chain_unavailable")))
    AsOf(block=7, time_unix=1767578400, age_s=3, problem='chain_unavailable')
    """
    found = [headers.get(name, "") for name in (BLOCK, TIME, AGE)]
    if not all(_NUMBER.fullmatch(each) for each in found):
        return None
    problem = headers.get(STALE, "")
    block, time_unix, age_s = map(int, found)
    return AsOf(block, time_unix, age_s, problem if _CODE.fullmatch(problem) else "")


class AgeTeller:
    """The same headers for who answers by one known state thousands of times a second.

    They are made once for each state and second, not for each answer. Safe for threads.

    Args:
        clock: unix seconds.
        stale_after_s: so old it is stale, see `find_age`.
    """

    def __init__(self, clock: Callable[[], float], stale_after_s: float | None) -> None:
        self._clock = clock
        self._stale_after_s = stale_after_s
        self._made: tuple[tuple[Cursor, int], RawHeaders] | None = None

    def tell(self, cursor: Cursor | None) -> RawHeaders:
        """The headers of what is answered now. Args: cursor: None where nothing is known."""
        if cursor is None:
            return ()
        now, made = int(self._clock()), self._made
        if made is None or made[0][1] != now or made[0][0] is not cursor:
            as_of = find_age(cursor, now, stale_after_s=self._stale_after_s)
            told = tuple((name.encode(), each.encode()) for name, each in to_headers(as_of).items())
            made = self._made = ((cursor, now), told)
        return made[1]
