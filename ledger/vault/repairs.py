"""Putting right what was damaged in a vault and is known from elsewhere. Nothing else may do so.

Whoever calls this has proof of what is right: an authenticated content, or the chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Update, func, select, update

from ledger.identifiers import CertificateType, Uscc
from ledger.vault.batches import BatchRow, fetch_batch
from ledger.vault.database import Database
from ledger.vault.tables import BatchState, acts, batches, certificates, data_keys, outbox


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
        batch_id, batch_key, key_id, root: 32 bytes each.
        valid_until_unix: until when its statement could be anchored.
        signature: r ‖ s of that statement, 64 bytes.
        log_index: of its log entry; `anchored_at_unix` is that entry's time.
        transaction_hash: 32 bytes.
    """

    batch_id: bytes
    batch_key: bytes
    issuer: Uscc
    key_id: bytes
    certificate_type: CertificateType
    root: bytes
    count: int
    valid_until_unix: int
    signature: bytes
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
            values = {
                **{name: getattr(facts, name) for name in facts.__slots__},
                "issuer": str(facts.issuer),
                "certificate_type": str(facts.certificate_type),
                "state": BatchState.ANCHORED,
                "closed_at_unix": func.coalesce(batches.c.closed_at_unix, batches.c.opened_at_unix),
            }
            connection.execute(update(batches).where(batches.c.id == pk).values(values))
            return fetch_batch(connection, pk)

    def rewrite_content_macs(self, batch_pk: int, macs: Mapping[int, bytes]) -> None:
        """Give data keys what recognises their contents, 16 bytes each, by position."""
        with self._database.write() as connection:
            for position, mac in macs.items():
                found = select(certificates.c.id).where(_is_at(batch_pk, position))
                connection.execute(
                    update(data_keys)
                    .where(data_keys.c.certificate == found.scalar_subquery())
                    .values(content_mac=mac)
                )

    def rewrite_act(self, pk: int, values: Mapping[str, object]) -> None:
        """Give an act the values that were signed or recorded, by column."""
        with self._database.write() as connection:
            connection.execute(update(acts).where(acts.c.id == pk).values(dict(values)))

    def rewrite_transaction(self, pk: int, values: Mapping[str, object]) -> None:
        """Give a transaction what its own bytes say, by column.

        Raises:
            ConflictError: vault_constraint when another row has the nonce or the hash.
        """
        with self._database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.id == pk).values(dict(values)))


def _row(batch_pk: int, position: int) -> Update:
    return update(certificates).where(_is_at(batch_pk, position))


def _is_at(batch_pk: int, position: int) -> ColumnElement[bool]:
    return (certificates.c.batch == batch_pk) & (certificates.c.position == position)
