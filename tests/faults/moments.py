"""Moments of a process at which it is killed, told from outside.

Only here does anything know of them: methods of the product are wrapped, and do all that they
otherwise do.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple


class Moment(NamedTuple):
    """Before or after a method is carried out."""

    owner: type
    method: str
    is_before: bool = False


def stop_at(moment: Moment, occurrence: int) -> None:
    """Ends this process, without any farewell, when the moment comes that many times."""
    left = occurrence

    def note() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    wrap(moment, note)


def count_all(moments: Mapping[str, Moment]) -> Counter[str]:
    """Counts every moment from now on."""
    counts: Counter[str] = Counter()
    for name, moment in moments.items():
        wrap(moment, partial(counts.update, [name]))
    return counts


def wrap(moment: Moment, note: Callable[[], None]) -> None:
    """Has every occurrence of the moment noted."""
    original: Callable[..., Any] = getattr(moment.owner, moment.method)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if moment.is_before:
            note()
        result = original(*args, **kwargs)
        if not moment.is_before:
            note()
        return result

    setattr(moment.owner, moment.method, wrapped)
