"""What a caller is told of a transaction that was not carried out, or of which nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger.errors import ChainUnavailableError
from ledger.vault.outbox import OutboxRow

NAMED = ("transaction_refused", "chain_busy")
"""Codes that a caller is told as they are; any other on the way makes the outcome unknown."""


@contextmanager
def telling_unknown(row: OutboxRow) -> Iterator[None]:
    """Whatever the chain fails to tell of a stored transaction: it may be carried out yet."""
    try:
        yield
    except ChainUnavailableError as error:
        raise to_unknown(row, error.message) from error


def to_refused(row: OutboxRow, what: str) -> ChainUnavailableError:
    """The node does not take it."""
    return ChainUnavailableError(
        f"{row.purpose}: the node does not take transaction 0x{row.transaction_hash.hex()}, number "
        f"{row.nonce} of the account: {what}; nothing after it can be sent. If that passes (an "
        "account without funds), run the command again. If the node refuses it for ever, "
        "`zhenglian fsck --repair` gives it up, and its act can be decided anew",
        code="transaction_refused",
    )


def to_busy(what: str, row: OutboxRow | None = None) -> ChainUnavailableError:
    """The chain has no room for so long. Args: row: what is stored and waits, if anything is."""
    begun = (
        f"{row.purpose}: the chain has no room now for transaction 0x{row.transaction_hash.hex()}, "
        "which is kept and sent by the next act"
        if row
        else "the chain has no room now for a further transaction, and nothing was sent"
    )
    return ChainUnavailableError(f"{begun}: {what}; try again later", code="chain_busy")


def to_unknown(row: OutboxRow, what: str) -> ChainUnavailableError:
    """It is stored, and may be carried out yet."""
    return ChainUnavailableError(
        f"{row.purpose}: the outcome of transaction 0x{row.transaction_hash.hex()} is unknown, not "
        f"failed: {what}; run the command again to find out",
        code="outcome_unknown",
    )
