"""Answers that are given a page at a time.

A page is a frozen dataclass with `items` and with `next`: what to ask for to read on, None at the
end. A cursor is a place in what is listed, never a number of items, so that what is added meanwhile
is neither missed nor told twice.
"""

from __future__ import annotations

from ledger.errors import MalformedInputError

DEFAULT_LIMIT = 50
MAX_LIMIT = 1_000


def require_limit(limit: int, maximum: int = MAX_LIMIT) -> int:
    """How many items a page may have.

    >>> require_limit(50)
    50

    Raises:
        MalformedInputError: limit_out_of_range.
    """
    if not 1 <= limit <= maximum:
        raise MalformedInputError(
            f"limit: expected 1 to {maximum}, got {limit}", code="limit_out_of_range", field="limit"
        )
    return limit
