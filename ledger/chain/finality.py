"""When a block counts as final: it will not be replaced any more.

Engines whose validators vote on each block (QBFT, Istanbul BFT, the embedded chain) are final at
once. Others name their final block by a tag, or are trusted after a number of further blocks.
Source: Ethereum JSON-RPC specification (execution-apis), block tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ledger.errors import MalformedInputError

_TAGS = ("finalized", "safe")
MAX_CONFIRMATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Finality:
    """How a chain's newest final block is found.

    Attributes:
        tag: that names it, empty if none does.
        confirmations: blocks that must follow a block before it counts.
    """

    tag: str = ""
    confirmations: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Args: text: `instant`, `tag:finalized`, `tag:safe` or `confirmations:N`; empty means
        instant. Raises: MalformedInputError.
        """
        kind, _, value = text.partition(":")
        if text in ("", "instant"):
            return cls()
        if kind == "tag" and value in _TAGS:
            return cls(tag=value)
        if kind == "confirmations" and value.isascii() and value.isdigit():
            number = int(value)
            if 1 <= number <= MAX_CONFIRMATIONS:
                return cls(confirmations=number)
        raise MalformedInputError(
            "expected instant, tag:finalized, tag:safe or confirmations:N with N from 1 to "
            f"{MAX_CONFIRMATIONS}, got {text!r}",
            field="finality",
        )

    @property
    def is_instant(self) -> bool:
        return not self.tag and not self.confirmations

    def __str__(self) -> str:
        if self.is_instant:
            return "instant"
        return f"tag:{self.tag}" if self.tag else f"confirmations:{self.confirmations}"


INSTANT = Finality()
