"""Compares the outbox with its own transactions, and what it says became of them with receipts."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions.act_check import describe_act
from ledger.actions.settlement import status_purpose
from ledger.chain.submitter import GIVE_UP
from ledger.chain.transactions import SentCall, parse_call
from ledger.errors import MalformedInputError
from ledger.formats.certificate import compute_batch_key
from ledger.formats.statements import compute_digest
from ledger.records import BatchStatement, DeliveryStatement, StatusStatement
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


def find_altered_transactions(workspace: Workspace) -> Iterator[tuple[OutboxRow, str]]:
    """Transactions that are not as the outbox describes them, each with what is wrong."""
    for row in workspace.vault.outbox.in_state(*TransactionState):
        try:
            sent = parse_call(row.raw_transaction, workspace.gateway.chain_id)
        except MalformedInputError as error:
            yield row, error.message
            continue
        for name, value in describe_transaction(workspace, sent, row).items():
            if (found := getattr(row, name)) != value:
                yield row, f"its {name} should be {_show(value)}, found {_show(found)}"


def describe_transaction(workspace: Workspace, sent: SentCall, row: OutboxRow) -> dict[str, object]:
    """What the outbox must say of a transaction, by column."""
    purpose, reference = _find_purpose(workspace, sent, row)
    return {
        "transaction_hash": sent.transaction_hash,
        "account": sent.account,
        "nonce": sent.nonce,
        "purpose": purpose,
        "reference": reference,
    }


def _find_purpose(workspace: Workspace, sent: SentCall, row: OutboxRow) -> tuple[str, str]:
    statement = sent.statement
    if sent.function is None and not sent.arguments:
        return GIVE_UP, row.reference
    if sent.function is None:
        is_deployment = row.purpose.startswith("deploy ")
        return row.purpose if is_deployment else "deploy a contract", ""
    if statement is None:
        return sent.function, sent.arguments[:32].hex()
    if isinstance(statement, BatchStatement):
        return "anchor", compute_batch_key(statement.issuer, statement.batch_id).hex()
    if isinstance(statement, DeliveryStatement):
        return sent.function, statement.delivery_id.hex()
    reference = compute_digest(statement, workspace.gateway.ledger_id).hex()
    if isinstance(statement, StatusStatement):
        return status_purpose(str(describe_act(statement)["kind"])), reference
    return sent.function, reference


def describe_outcome(outcome: bool | None) -> str:
    """What a receipt says, in words."""
    return {True: "it was carried out", False: "it was refused", None: "there is no receipt"}[
        outcome
    ]


def _show(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
