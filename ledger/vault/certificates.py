"""Certificates: staged all or nothing, found again, decrypted, and made unreadable for ever.

A certificate's leaf hash, place and identifier stay after its erasure, so that the proofs of the
others stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, func, select

from ledger.errors import ConflictError, LedgerError, NotFoundError, StorageError
from ledger.vault.acts import OfficerCommitment, keep_officer
from ledger.vault.batches import BatchRow, fetch_batch
from ledger.vault.cipher import RowCipher, certificate_binding
from ledger.vault.database import Database
from ledger.vault.erasures import Erasure, erase, find_erasure
from ledger.vault.failures import ConstraintViolatedError
from ledger.vault.staged import StagedCertificate
from ledger.vault.staging import insert_staged
from ledger.vault.tables import BatchState, batches, certificates, data_keys

__all__ = [
    "Certificates",
    "Erasure",
    "Known",
    "Placed",
    "StagedCertificate",
    "StoredCertificate",
]

READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A certificate in the vault; `content_mac` and `wrapped_key` are None once it is erased."""

    identifier: str
    position: int
    leaf_hash: bytes
    ciphertext: bytes
    content_mac: bytes | None
    wrapped_key: bytes | None
    batch: BatchRow


@dataclass(frozen=True, slots=True)
class Known:
    """What tells whether a certificate was issued before; `content_mac` is None once erased."""

    content_mac: bytes | None
    batch_state: BatchState
    batch_pk: int
    position: int
    run_id: int | None


class Placed(NamedTuple):
    """Where a certificate stands in its batch, and whether its content can still be read."""

    identifier: str
    position: int
    is_erased: bool


class Certificates:
    """The certificates of a vault."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def stage(self, batch_pk: int, staged: Sequence[StagedCertificate]) -> None:
        """Store certificates at the next positions of an open batch, all of them or none.

        Args:
            batch_pk: the batch's number.
            staged: in order of position, beginning where the batch ends now.

        Raises:
            NotFoundError: batch_missing.
            ConflictError: certificate_exists naming the identifier, position_gap, batch_full,
                batch_state.
            StorageError: disk_full and others; nothing of the call is stored then.
        """
        if not staged:
            return
        try:
            with self._database.write() as connection:
                insert_staged(connection, batch_pk, staged)
        except ConstraintViolatedError as error:
            raise self._explain_refusal(staged, error) from error

    def find(self, identifier: str) -> StoredCertificate | None:
        """The certificate of that identifier, if the vault has it."""
        return self._find_one(certificates.c.identifier == identifier)

    def by_position(self, batch_key: bytes, position: int) -> StoredCertificate | None:
        """The certificate at a place in a batch, if the vault has it."""
        batch = select(batches.c.id).where(batches.c.batch_key == batch_key).scalar_subquery()
        return self._find_one(
            (certificates.c.batch == batch) & (certificates.c.position == position)
        )

    def find_many(self, identifiers: Sequence[str]) -> dict[str, Known]:
        """Which of the identifiers the vault has, and where."""
        known: dict[str, Known] = {}
        with self._database.read() as connection:
            for start in range(0, len(identifiers), READ_AT_ONCE):
                query = _KNOWN.where(
                    certificates.c.identifier.in_(identifiers[start : start + READ_AT_ONCE])
                )
                for identifier, mac, state, pk, position, run_id in connection.execute(query):
                    known[identifier] = Known(mac, BatchState(state), pk, position, run_id)
        return known

    def fetch_many(self, identifiers: Sequence[str]) -> Iterator[StoredCertificate]:
        """Those certificates that the vault has, in no order, read a thousand at a time."""
        found_batches: dict[int, BatchRow] = {}
        for start in range(0, len(identifiers), READ_AT_ONCE):
            chunk = identifiers[start : start + READ_AT_ONCE]
            query = _CONTENT.add_columns(certificates.c.batch)
            with self._database.read() as connection:
                rows = connection.execute(query.where(certificates.c.identifier.in_(chunk))).all()
                for pk in {row.batch for row in rows} - found_batches.keys():
                    found_batches[pk] = fetch_batch(connection, pk)
            yield from (_to_stored(row, found_batches[row.batch]) for row in rows)

    def iterate(self, batch_pk: int) -> Iterator[StoredCertificate]:
        """The certificates of a batch in order of position, read a thousand at a time.

        Raises:
            NotFoundError: batch_missing.
        """
        position = 0
        while True:
            query = (
                _CONTENT.where(
                    certificates.c.batch == batch_pk, certificates.c.position >= position
                )
                .order_by(certificates.c.position)
                .limit(READ_AT_ONCE)
            )
            with self._database.read() as connection:
                batch = fetch_batch(connection, batch_pk)
                chunk = [_to_stored(row, batch) for row in connection.execute(query)]
            yield from chunk
            if len(chunk) < READ_AT_ONCE:
                return
            position = chunk[-1].position + 1

    def iterate_places(self, batch_pk: int, position: int = 0) -> Iterator[Placed]:
        """A batch's certificates from a position on, in order, without their contents."""
        while True:
            query = (
                _PLACES.where(certificates.c.batch == batch_pk, certificates.c.position >= position)
                .order_by(certificates.c.position)
                .limit(READ_AT_ONCE)
            )
            with self._database.read() as connection:
                chunk = [Placed(*row) for row in connection.execute(query)]
            yield from chunk
            if len(chunk) < READ_AT_ONCE:
                return
            position = chunk[-1].position + 1

    def decrypt(self, stored: StoredCertificate) -> bytes:
        """The content of a certificate.

        Raises:
            NotFoundError: content_erased.
            StorageError: row_damaged when its row was altered or moved.
        """
        if stored.wrapped_key is None:
            raise NotFoundError(
                f"the content of certificate {stored.identifier} was erased",
                code="content_erased",
            )
        return self._cipher.decrypt(
            stored.ciphertext,
            stored.wrapped_key,
            certificate_binding(stored.leaf_hash, stored.identifier),
        )

    def count_by_batch_state(self) -> dict[BatchState, int]:
        """How many certificates the vault has in batches of each state."""
        query = (
            select(batches.c.state, func.sum(batches.c.count))
            .where(batches.c.state != BatchState.ABANDONED)
            .group_by(batches.c.state)
        )
        counts = dict.fromkeys(BatchState, 0)
        with self._database.read() as connection:
            for state, total in connection.execute(query):
                counts[BatchState(state)] = int(total)
        return counts

    def erase_key(
        self, identifier: str, reason: str, officer: OfficerCommitment | None = None
    ) -> Erasure:
        """Destroy a certificate's data key, and with it its content.

        On SQLite no file holds the key's bytes afterwards; erasing again changes nothing but makes
        sure of that. On PostgreSQL they go with the next VACUUM, and from its archived log as that
        expires. Backups are the operator's to expire.

        Raises:
            NotFoundError: certificate_missing.
            ConflictError: certificate_held.
            StorageError: erasure_incomplete when the content cannot be read any more, but a reader
                keeps the old bytes of the key in the write-ahead log: erase again.
        """
        with self._database.write() as connection:
            commitment = None if officer is None else officer.commitment
            erasure = erase(connection, identifier, reason, commitment, self._clock())
            if officer is not None and erasure.officer == commitment:
                keep_officer(connection, self._cipher, officer)
        try:
            self._database.truncate_log()
        except StorageError as error:
            raise StorageError(
                f"{identifier} is erased, but the bytes of its key stay in the write-ahead log "
                "while a reader needs it: erase again once readers have finished",
                code="erasure_incomplete",
            ) from error
        return erasure

    def find_erasure(self, identifier: str) -> Erasure | None:
        """The newest erasure under that identifier, if there was one."""
        with self._database.read() as connection:
            return find_erasure(connection, identifier)

    def _find_one(self, condition: ColumnElement[bool]) -> StoredCertificate | None:
        with self._database.read() as connection:
            query = _CONTENT.add_columns(certificates.c.batch).where(condition)
            found = connection.execute(query).one_or_none()
            if found is None:
                return None
            return _to_stored(found, fetch_batch(connection, found.batch))

    def _explain_refusal(
        self, staged: Sequence[StagedCertificate], error: ConstraintViolatedError
    ) -> LedgerError:
        seen: set[str] = set()
        for certificate in staged:
            if certificate.identifier in seen:
                return ConflictError(
                    f"certificate {certificate.identifier} comes twice",
                    code="certificate_exists",
                    field="identifier",
                )
            seen.add(certificate.identifier)
        for identifier, known in self.find_many([c.identifier for c in staged]).items():
            return ConflictError(
                f"certificate {identifier} is in the vault already, at position {known.position} "
                f"of batch {known.batch_pk}",
                code="certificate_exists",
                field="identifier",
            )
        return error


_CONTENT = select(
    certificates.c.identifier,
    certificates.c.position,
    certificates.c.leaf_hash,
    certificates.c.ciphertext,
    data_keys.c.content_mac,
    data_keys.c.wrapped_key,
).select_from(certificates.outerjoin(data_keys))
_PLACES = select(
    certificates.c.identifier,
    certificates.c.position,
    data_keys.c.certificate.is_(None),
).select_from(certificates.outerjoin(data_keys))
_KNOWN = select(
    certificates.c.identifier,
    data_keys.c.content_mac,
    batches.c.state,
    certificates.c.batch,
    certificates.c.position,
    batches.c.run_id,
).select_from(certificates.join(batches).outerjoin(data_keys))


def _to_stored(row: Row[*tuple[Any, ...]], batch: BatchRow) -> StoredCertificate:
    return StoredCertificate(
        identifier=row.identifier,
        position=row.position,
        leaf_hash=row.leaf_hash,
        ciphertext=row.ciphertext,
        content_mac=row.content_mac,
        wrapped_key=row.wrapped_key,
        batch=batch,
    )
