"""The outbox: every transaction is here before it is sent, so that none is ever forgotten.

Of an account's unresolved transactions no two have one nonce. Whoever replaces a transaction, or
drops one that the chain can no longer take, marks it superseded first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update

from ledger.errors import ConflictError, LedgerError, NotFoundError
from ledger.vault.database import Database
from ledger.vault.failures import ConstraintViolatedError
from ledger.vault.tables import TransactionState, outbox

_UNRESOLVED = (TransactionState.PREPARED, TransactionState.SENT)


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """A signed transaction about to be sent.

    Args:
        purpose: what it is for, such as "anchor".
        reference: what it is about, in the sender's terms, such as a batch key in hexadecimal.
        account: 20 bytes.
        nonce: the account's.
        raw_transaction: signed and encoded.
        transaction_hash: 32 bytes.
    """

    purpose: str
    reference: str
    account: bytes
    nonce: int
    raw_transaction: bytes
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A transaction as the vault has it; `detail` says why it is in its state."""

    pk: int
    purpose: str
    reference: str
    account: bytes
    nonce: int
    raw_transaction: bytes
    transaction_hash: bytes
    state: TransactionState
    created_at_unix: int
    detail: str


class Outbox:
    """The transactions of a vault."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def add(self, new: NewTransaction) -> OutboxRow:
        """Record a transaction as prepared; only then may it be sent.

        Raises:
            ConflictError: nonce_taken, transaction_exists.
        """
        row = {
            "purpose": new.purpose,
            "reference": new.reference,
            "account": new.account,
            "nonce": new.nonce,
            "raw_transaction": new.raw_transaction,
            "transaction_hash": new.transaction_hash,
            "state": TransactionState.PREPARED,
            "created_at_unix": self._clock(),
            "detail": "",
        }
        try:
            with self._database.write() as connection:
                key = connection.scalar(insert(outbox).values(row).returning(outbox.c.id))
                return self.get(key)
        except ConstraintViolatedError as error:
            raise self._explain_refusal(new, error) from error

    def mark_sent(self, pk: int) -> None:
        """An engine has taken it. Says nothing of one that is resolved."""
        self._mark(pk, TransactionState.SENT, "", only_from=_UNRESOLVED)

    def mark_all_sent(self, pks: Sequence[int]) -> None:
        """As `mark_sent`, of several in one write."""
        self._mark_all(pks, TransactionState.SENT)

    def mark_all_mined(self, pks: Sequence[int]) -> None:
        """As `mark_mined`, of several in one write. Says nothing of those that are resolved."""
        self._mark_all(pks, TransactionState.MINED)

    def mark_mined(self, pk: int, detail: str = "") -> None:
        """It has a final receipt of success. Raises NotFoundError."""
        self._mark(pk, TransactionState.MINED, detail)

    def mark_reverted(self, pk: int, detail: str) -> None:
        """It has a final receipt of failure. Raises NotFoundError."""
        self._mark(pk, TransactionState.REVERTED, detail)

    def mark_superseded(self, pk: int, detail: str) -> None:
        """Its nonce is free for another. Raises NotFoundError."""
        self._mark(pk, TransactionState.SUPERSEDED, detail)

    def replace(self, pk: int, new: NewTransaction, detail: str) -> OutboxRow:
        """Supersede one transaction by another, both or neither. Raises as `add` does."""
        with self._database.write():
            self.mark_superseded(pk, detail)
            return self.add(new)

    def get(self, pk: int) -> OutboxRow:
        """One transaction. Raises NotFoundError transaction_missing."""
        found = self._select(outbox.c.id == pk)
        if not found:
            raise _missing(pk)
        return found[0]

    def unresolved(self, account: bytes) -> list[OutboxRow]:
        """The account's transactions whose fate is unknown, in order of nonce."""
        return self._select(outbox.c.account == account, outbox.c.state.in_(_UNRESOLVED))

    def about(self, purpose: str, reference: str) -> list[OutboxRow]:
        """The transactions of a purpose about one thing, in order of nonce."""
        return self._select(outbox.c.purpose == purpose, outbox.c.reference == reference)

    def in_state(self, *states: TransactionState) -> list[OutboxRow]:
        """The transactions of every account in any of the states, in order of nonce."""
        return self._select(outbox.c.state.in_(states))

    def highest_nonce(self, account: bytes) -> int | None:
        """The highest nonce of the account that is not free again, or None if it has none."""
        query = select(func.max(outbox.c.nonce)).where(
            outbox.c.account == account, outbox.c.state != TransactionState.SUPERSEDED
        )
        with self._database.read() as connection:
            highest: int | None = connection.scalar(query)
        return highest

    def _mark_all(self, pks: Sequence[int], state: TransactionState) -> None:
        change = update(outbox).where(outbox.c.id.in_(pks), outbox.c.state.in_(_UNRESOLVED))
        with self._database.write() as connection:
            connection.execute(change.values(state=state))

    def _mark(
        self,
        pk: int,
        state: TransactionState,
        detail: str,
        only_from: tuple[TransactionState, ...] = tuple(TransactionState),
    ) -> None:
        change = update(outbox).where(outbox.c.id == pk, outbox.c.state.in_(only_from))
        with self._database.write() as connection:
            changed = connection.execute(change.values(state=state, detail=detail))
        if not changed.rowcount:
            self.get(pk)

    def _select(self, *conditions: ColumnElement[bool]) -> list[OutboxRow]:
        query = select(outbox).where(*conditions).order_by(outbox.c.nonce, outbox.c.id)
        with self._database.read() as connection:
            return [_to_row(row) for row in connection.execute(query).mappings()]

    def _explain_refusal(self, new: NewTransaction, error: ConstraintViolatedError) -> LedgerError:
        if self._select(outbox.c.transaction_hash == new.transaction_hash):
            return ConflictError(
                f"transaction {new.transaction_hash.hex()} is in the outbox already",
                code="transaction_exists",
            )
        holders = self._select(outbox.c.account == new.account, outbox.c.nonce == new.nonce)
        for holder in holders:
            if holder.state in _UNRESOLVED:
                return ConflictError(
                    f"nonce {new.nonce} of account {new.account.hex()} belongs to the unresolved "
                    f"transaction {holder.transaction_hash.hex()}",
                    code="nonce_taken",
                )
        return error


def _to_row(row: RowMapping) -> OutboxRow:
    values = {**row, "pk": row["id"], "state": TransactionState(row["state"])}
    del values["id"]
    return OutboxRow(**values)


def _missing(pk: int) -> NotFoundError:
    return NotFoundError(f"the outbox has no transaction {pk}", code="transaction_missing")
