"""Finds out what became of status acts whose outcome was unknown when they were sent.

An act is signed and kept before it is sent. After an interruption only the chain knows whether it
was recorded: status changes of a batch are numbered, and the log has the statement of each number.
"""

from __future__ import annotations

from threading import RLock
from typing import Final

from ledger.actions.batch_history import iterate_status_changes
from ledger.chain.submitter import GIVE_UP
from ledger.formats.statements import compute_digest
from ledger.records import StatusStatement
from ledger.vault.acts import ActRow
from ledger.vault.outbox import OutboxRow
from ledger.vault.tables import ActState, TransactionState
from ledger.workspace import Workspace

STATUS_ACTS: Final = RLock()
"""Held from the keeping of a status act until its outcome is noted, and while acts are settled: one
that another thread is about to send is not taken for one that an interrupted run never sent."""
_RESOLVED = (TransactionState.MINED, TransactionState.REVERTED, TransactionState.SUPERSEDED)


def status_purpose(kind: str) -> str:
    """What a transaction that carries a status act of this kind is for, in the outbox."""
    return f"status {kind}"


def settle_acts(workspace: Workspace) -> list[ActRow]:
    """Marks the acts whose outcome the chain tells as recorded or refused; sends nothing.

    Returns:
        The acts whose outcome is still unknown: a transaction with them may be carried out yet.

    Raises:
        ChainUnavailableError: the chain does not answer.
    """
    with STATUS_ACTS:
        return _settle(workspace)


def _settle(workspace: Workspace) -> list[ActRow]:
    acts = workspace.vault.acts
    open_acts = acts.in_state(ActState.PREPARED, ActState.SENT)
    if open_acts:
        workspace.sync_index()
    unknown = []
    for act in open_acts:
        outcome = _find_outcome(workspace, act)
        if outcome is None:
            unknown.append(act)
        else:
            state, reason = outcome
            acts.mark(act.pk, state, {"settled": reason})
    return unknown


def _find_outcome(workspace: Workspace, act: ActRow) -> tuple[ActState, str] | None:
    """The state of an act and why, None if it is unknown."""
    for _, change in iterate_status_changes(workspace.index, act.batch_key or b""):
        if change.encode() == act.statement:
            return ActState.RECORDED, "in_log"
        if change.sequence == act.sequence:
            return ActState.REFUSED, "number_taken"
    carriers = _transactions_of(workspace, act)
    if not carriers:
        return ActState.REFUSED, "never_sent"
    if not all(is_dead(workspace, row) for row in carriers):
        return None
    is_reverted = any(row.state is TransactionState.REVERTED for row in carriers)
    return ActState.REFUSED, "reverted" if is_reverted else "superseded"


def is_dead(workspace: Workspace, row: OutboxRow) -> bool:
    """Whether a transaction was refused, or given up and nothing about that is under way."""
    if row.state is TransactionState.SUPERSEDED:
        giving_up = workspace.vault.outbox.about(GIVE_UP, row.transaction_hash.hex())
        return all(empty.state in _RESOLVED for empty in giving_up)
    return row.state is TransactionState.REVERTED


def _transactions_of(workspace: Workspace, act: ActRow) -> list[OutboxRow]:
    statement = StatusStatement.decode(act.statement)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    return workspace.vault.outbox.about(status_purpose(act.kind), digest.hex())
