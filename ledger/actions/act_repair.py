"""Gives acts and transactions what their own signed bytes, and the log, say of them."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions.act_check import (
    OUTCOMES,
    describe_act,
    describe_details,
    find_recorded,
    read_signed,
)
from ledger.actions.batch_history import iterate_status_events
from ledger.actions.outbox_check import describe_transaction
from ledger.chain.transactions import parse_call
from ledger.errors import ConflictError, MalformedInputError
from ledger.records import StatusChanged, StatusStatement
from ledger.vault.acts import ActRow
from ledger.vault.tables import ActState, TransactionState
from ledger.workspace import Workspace


def repair_acts(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """What each act that was put right is, and how. The index must be up to date."""
    for act in workspace.vault.acts.all():
        right = _find_right(workspace, act)
        wrong = {name: value for name, value in right.items() if getattr(act, name) != value}
        if wrong:
            workspace.vault.repairs.rewrite_act(act.pk, wrong)
            yield f"acts {act.pk}", f"put right: {', '.join(wrong)}"


def repair_transactions(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """What each transaction that was put right is, and how."""
    for row in workspace.vault.outbox.in_state(*TransactionState):
        try:
            sent = parse_call(row.raw_transaction, workspace.gateway.chain_id)
        except MalformedInputError:
            continue  # its bytes are kept nowhere else: `fsck` names it
        right = describe_transaction(workspace, sent, row)
        wrong = {name: value for name, value in right.items() if getattr(row, name) != value}
        is_own = sent.account == workspace.submitter.account
        if not wrong or not (is_own or sent.transaction_hash == row.transaction_hash):
            continue
        try:
            workspace.vault.repairs.rewrite_transaction(row.pk, wrong)
        except ConflictError:
            continue  # another row claims its nonce: `fsck` names them
        yield f"transaction 0x{sent.transaction_hash.hex()}", f"put right: {', '.join(wrong)}"


def _find_right(workspace: Workspace, act: ActRow) -> dict[str, object]:
    """What must stand in the columns of an act, as far as its signature or the log tells."""
    right: dict[str, object] = {}
    statement = read_signed(workspace, act)
    if statement is None:
        event = _find_event(workspace, act)
        if event is None:
            return {}
        statement = event.statement
        right = {"statement": statement.encode(), "signature": event.seal.r + event.seal.s}
    right |= describe_act(statement)
    outcome = {name: act.details[name] for name in OUTCOMES if name in act.details}
    right["details"] = {**describe_details(statement), **outcome}
    is_refused = act.state is ActState.REFUSED  # of others `settle_acts` finds out
    if is_refused and find_recorded(workspace, statement) == statement:
        right["state"] = ActState.RECORDED
    return right


def _find_event(workspace: Workspace, act: ActRow) -> StatusChanged | None:
    """The event under the number of an act, if what is left of the act agrees with it."""
    if act.batch_key is None:
        return None
    for _, event in iterate_status_events(workspace.index, act.batch_key):
        statement = event.statement
        is_same = act.statement == statement.encode()
        if is_same or (statement.sequence == act.sequence and _agrees(act, statement)):
            return event
    return None


def _agrees(act: ActRow, statement: StatusStatement) -> bool:
    """Whether an act is the one that a statement was made for, by what the vault says of it."""
    right = describe_act(statement)
    return all(getattr(act, name) == right[name] for name in ("kind", "officer"))
