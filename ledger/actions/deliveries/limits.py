"""How much of others a node takes in, and for how long it tries to send its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """Limits of one node.

    Attributes:
        max_size: bytes of one body.
        max_open: deliveries of one department that are coming in at once.
        max_open_bytes: of those together.
        max_part: bytes of one request.
        unfinished_s: how long one may take to come in.
        oldest_s: how long ago one may have been announced that is not known here.
        give_up_s: how long a delivery of our own is tried.
    """

    max_size: int = 256 * 1024 * 1024
    max_open: int = 64
    max_open_bytes: int = 2 * 1024 * 1024 * 1024
    max_part: int = 1024 * 1024
    unfinished_s: int = 7 * DAY_S
    oldest_s: int = 30 * DAY_S
    give_up_s: int = 14 * DAY_S


DEFAULT_LIMITS: Final = DeliveryLimits()
CLOCK_SKEW_S: Final = 300
