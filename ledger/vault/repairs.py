"""Putting right what was damaged in a vault and is known from elsewhere. Nothing else may do so.

Whoever calls this has proof of what is right: an authenticated content, or the chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Update, update

from ledger.vault.batches import BatchRow, fetch_batch
from ledger.vault.database import Database
from ledger.vault.tables import BatchState, batches, certificates


@dataclass(frozen=True, slots=True)
class RowIdentity:
    """What a certificate's row must say of it; the leaf hash has 32 bytes."""

    identifier: str
    position: int
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class AnchoringFacts:
    """What the chain has of a batch.

    Args:
        root: 32 bytes.
        log_index: of its log entry; `anchored_at_unix` is that entry's time.
        transaction_hash: 32 bytes.
    """

    root: bytes
    anchored_at_unix: int
    log_index: int
    transaction_hash: bytes


class Repairs:
    """The repairs of a vault."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rewrite_rows(self, batch_pk: int, rows: Mapping[int, RowIdentity]) -> None:
        """Give certificates of a batch the identity they were sealed with, all or none.

        Args:
            batch_pk: the batch's number.
            rows: by the position each is at now.

        Raises:
            ConflictError: vault_constraint when another row has the place or the identifier.
        """
        with self._database.write() as connection:
            for now in rows:  # two may have to change places
                connection.execute(_row(batch_pk, now).values(position=-1 - now))
            for now, right in rows.items():
                connection.execute(_row(batch_pk, -1 - now).values(asdict(right)))

    def correct_batch(self, pk: int, facts: AnchoringFacts) -> BatchRow:
        """Mark a batch as anchored as the chain has it. Raises NotFoundError batch_missing."""
        with self._database.write() as connection:
            fetch_batch(connection, pk)
            connection.execute(
                update(batches)
                .where(batches.c.id == pk)
                .values({**asdict(facts), "state": BatchState.ANCHORED})
            )
            return fetch_batch(connection, pk)


def _row(batch_pk: int, position: int) -> Update:
    condition = (certificates.c.batch == batch_pk) & (certificates.c.position == position)
    return update(certificates).where(condition)
