"""Compares what the outbox says became of transactions with their receipts."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.vault.outbox import OutboxRow
from ledger.vault.tables import TransactionState
from ledger.workspace import Workspace

_EXPECTED = {
    TransactionState.MINED: True,
    TransactionState.REVERTED: False,
    TransactionState.SUPERSEDED: None,
}


def find_outbox_damage(workspace: Workspace) -> Iterator[tuple[OutboxRow, bool | None]]:
    """Resolved transactions of which the chain says something else: whether they succeeded.

    Asks for one receipt a transaction. Raises ChainUnavailableError.
    """
    for row in workspace.vault.outbox.in_state(*_EXPECTED):
        found = workspace.gateway.was_carried_out(row.transaction_hash)
        if found is not _EXPECTED[row.state]:
            yield row, found


def describe_outcome(outcome: bool | None) -> str:
    """What a receipt says, in words."""
    return {True: "it was carried out", False: "it was refused", None: "there is no receipt"}[
        outcome
    ]
