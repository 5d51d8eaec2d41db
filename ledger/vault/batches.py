"""Batches: what was placed in them, signed for them and became of them. Never deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select, update

from ledger.errors import ConflictError, LedgerError, NotFoundError
from ledger.identifiers import CertificateType, Uscc
from ledger.vault.database import Database
from ledger.vault.failures import ConstraintViolatedError
from ledger.vault.tables import BatchState, batches, certificates

MAX_BATCH_SIZE = 65_536
_KEYS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch about to take certificates.

    Args:
        batch_id: 32 random bytes.
        batch_key: 32 bytes, SHA-256 of issuer and batch id.
        issuer: the department that seals.
        key_id: of its seal key.
        certificate_type: of every certificate in it.
        header: the JWT header as base64url, the same for every certificate in it.
        run_id: the run it belongs to, if any.
    """

    batch_id: bytes
    batch_key: bytes
    issuer: Uscc
    key_id: bytes
    certificate_type: CertificateType
    header: bytes
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as the vault has it.

    Args:
        pk: its number in this vault. The seven fields after it are those of `NewBatch`.
        state: see `BatchState`.
        count: certificates in it; while it is open, so far. An abandoned batch keeps its count.
        root: 32 bytes, once closed.
        valid_until_unix: until when its statement may be anchored, once closed.
        signature: r ‖ s of its newest statement, 64 bytes, once closed.
        opened_at_unix: by this node's clock.
        closed_at_unix: by this node's clock.
        anchored_at_unix: by the chain's clock, once anchored.
        log_index: of its log entry, once anchored.
        transaction_hash: 32 bytes, once anchored.
    """

    pk: int
    batch_id: bytes
    batch_key: bytes
    issuer: Uscc
    key_id: bytes
    certificate_type: CertificateType
    header: bytes
    run_id: int | None
    state: BatchState
    count: int
    root: bytes | None
    valid_until_unix: int | None
    signature: bytes | None
    opened_at_unix: int
    closed_at_unix: int | None
    anchored_at_unix: int | None
    log_index: int | None
    transaction_hash: bytes | None


class Batches:
    """The batches of a vault."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def open(self, new: NewBatch) -> BatchRow:
        """Begin a batch.

        Raises:
            ConflictError: batch_exists when its key is taken.
            NotFoundError: run_missing.
        """
        row = {
            "batch_id": new.batch_id,
            "batch_key": new.batch_key,
            "issuer": str(new.issuer),
            "key_id": new.key_id,
            "certificate_type": str(new.certificate_type),
            "header": new.header,
            "run_id": new.run_id,
            "state": BatchState.OPEN,
            "count": 0,
            "opened_at_unix": self._clock(),
        }
        try:
            with self._database.write() as connection:
                key = connection.scalar(insert(batches).values(row).returning(batches.c.id))
                return fetch_batch(connection, key)
        except ConstraintViolatedError as error:
            raise self._explain_refusal(new, error) from error

    def get(self, batch_key: bytes) -> BatchRow:
        """One batch by its key.

        Raises:
            NotFoundError: batch_missing.
        """
        query = select(batches).where(batches.c.batch_key == batch_key)
        with self._database.read() as connection:
            found = connection.execute(query).mappings().one_or_none()
        if found is None:
            raise NotFoundError(f"this vault has no batch {batch_key.hex()}", code="batch_missing")
        return _to_batch(found)

    def in_state(self, *states: BatchState) -> list[BatchRow]:
        """The batches in any of the states, oldest first."""
        query = select(batches).where(batches.c.state.in_(states)).order_by(batches.c.id)
        with self._database.read() as connection:
            return [_to_batch(row) for row in connection.execute(query).mappings()]

    def states(self, batch_keys: Sequence[bytes]) -> dict[bytes, BatchState]:
        """The states of those of the batches that this vault has."""
        found: dict[bytes, BatchState] = {}
        with self._database.read() as connection:
            for start in range(0, len(batch_keys), _KEYS_AT_ONCE):
                part = batch_keys[start : start + _KEYS_AT_ONCE]
                query = select(batches.c.batch_key, batches.c.state)
                for key, state in connection.execute(query.where(batches.c.batch_key.in_(part))):
                    found[key] = BatchState(state)
        return found

    def of_run(self, run_id: int) -> list[BatchRow]:
        """The batches of a run, oldest first."""
        query = select(batches).where(batches.c.run_id == run_id).order_by(batches.c.id)
        with self._database.read() as connection:
            return [_to_batch(row) for row in connection.execute(query).mappings()]

    def close(
        self, pk: int, root: bytes, count: int, valid_until_unix: int, signature: bytes
    ) -> BatchRow:
        """End an open batch with its signed statement. The same call again changes nothing.

        Args:
            pk: its number.
            root: 32 bytes.
            count: certificates in it; all must be staged.
            valid_until_unix: until when the statement may be anchored.
            signature: r ‖ s, 64 bytes.

        Raises:
            NotFoundError: batch_missing.
            ConflictError: batch_state, batch_count.
        """
        statement = {
            "root": root,
            "valid_until_unix": valid_until_unix,
            "signature": signature,
        }
        with self._database.write() as connection:
            batch = fetch_batch(connection, pk)
            if batch.count != count or not count:
                raise ConflictError(
                    f"batch {pk} has {batch.count} certificates staged, and cannot be closed "
                    f"with {count}",
                    code="batch_count",
                )
            if _has(batch, BatchState.CLOSED, statement):
                return batch
            _require_state(batch, BatchState.OPEN)
            return _change(
                connection,
                pk,
                {**statement, "state": BatchState.CLOSED, "closed_at_unix": self._clock()},
            )

    def renew(self, pk: int, valid_until_unix: int, signature: bytes) -> BatchRow:
        """Put a new statement of the same content in the place of a closed batch's old one.

        Raises:
            NotFoundError: batch_missing.
            ConflictError: batch_state.
        """
        with self._database.write() as connection:
            _require_state(fetch_batch(connection, pk), BatchState.CLOSED)
            return _change(
                connection, pk, {"valid_until_unix": valid_until_unix, "signature": signature}
            )

    def mark_anchored(
        self, pk: int, anchored_at_unix: int, log_index: int, transaction_hash: bytes
    ) -> BatchRow:
        """Record where the chain has a closed batch. The same call again changes nothing.

        Args:
            pk: its number.
            anchored_at_unix: the log entry's time.
            log_index: of the log entry.
            transaction_hash: 32 bytes.

        Raises:
            NotFoundError: batch_missing.
            ConflictError: batch_state.
        """
        facts = {
            "anchored_at_unix": anchored_at_unix,
            "log_index": log_index,
            "transaction_hash": transaction_hash,
        }
        with self._database.write() as connection:
            batch = fetch_batch(connection, pk)
            if _has(batch, BatchState.ANCHORED, facts):
                return batch
            _require_state(batch, BatchState.CLOSED)
            return _change(connection, pk, {**facts, "state": BatchState.ANCHORED})

    def abandon(self, pk: int) -> BatchRow:
        """Give up a batch that is not anchored; its certificates and their keys are dropped.

        Whether it can still be anchored is for the caller to know: only final chain time past its
        statement's validity excludes it. The same call again changes nothing.

        Raises:
            NotFoundError: batch_missing.
            ConflictError: batch_state.
        """
        with self._database.write() as connection:
            batch = fetch_batch(connection, pk)
            if batch.state is BatchState.ABANDONED:
                return batch
            _require_state(batch, BatchState.OPEN, BatchState.CLOSED)
            connection.execute(certificates.delete().where(certificates.c.batch == pk))
            return _change(connection, pk, {"state": BatchState.ABANDONED})

    def discard_open(self, run_id: int) -> int:
        """Abandon the open batches of a run; answers how many there were."""
        with self._database.write():
            still_open = [b for b in self.of_run(run_id) if b.state is BatchState.OPEN]
            for batch in still_open:
                self.abandon(batch.pk)
        return len(still_open)

    def leaf_hashes(self, pk: int) -> list[bytes]:
        """The leaf hashes of a batch in order of position, 32 bytes each."""
        query = (
            select(certificates.c.leaf_hash)
            .where(certificates.c.batch == pk)
            .order_by(certificates.c.position)
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def _explain_refusal(self, new: NewBatch, error: ConstraintViolatedError) -> LedgerError:
        with self._database.read() as connection:
            query = select(batches.c.id).where(batches.c.batch_key == new.batch_key)
            taken = connection.execute(query).scalar()
        if taken is not None:
            return ConflictError(
                f"batch {new.batch_key.hex()} is in this vault already", code="batch_exists"
            )
        if "FOREIGN KEY" in error.message.upper():
            return NotFoundError(f"this vault has no run {new.run_id}", code="run_missing")
        return error


def fetch_batch(connection: Connection, pk: int) -> BatchRow:
    """One batch by its number, inside a transaction.

    Raises:
        NotFoundError: batch_missing.
    """
    found = connection.execute(select(batches).where(batches.c.id == pk)).mappings().one_or_none()
    if found is None:
        raise NotFoundError(f"this vault has no batch number {pk}", code="batch_missing")
    return _to_batch(found)


def _to_batch(row: RowMapping) -> BatchRow:
    values = dict(row)
    return BatchRow(
        pk=values.pop("id"),
        issuer=Uscc(values.pop("issuer")),
        certificate_type=CertificateType(values.pop("certificate_type")),
        state=BatchState(values.pop("state")),
        **values,
    )


def _change(connection: Connection, pk: int, values: dict[str, object]) -> BatchRow:
    connection.execute(update(batches).where(batches.c.id == pk).values(values))
    return fetch_batch(connection, pk)


def _has(batch: BatchRow, state: BatchState, values: dict[str, object]) -> bool:
    return batch.state is state and all(
        getattr(batch, name) == value for name, value in values.items()
    )


def _require_state(batch: BatchRow, *allowed: BatchState) -> None:
    if batch.state not in allowed:
        raise ConflictError(
            f"batch {batch.pk} is {batch.state}, and this needs it {' or '.join(allowed)}",
            code="batch_state",
        )
