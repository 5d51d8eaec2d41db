"""Certificates: staged all or nothing, found again, decrypted, and made unreadable for ever.

A certificate's leaf hash, place and identifier stay after its erasure, so that the proofs of the
others stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from ledger.errors import ConflictError, LedgerError, NotFoundError, StorageError
from ledger.vault.batches import MAX_BATCH_SIZE, BatchRow, fetch_batch
from ledger.vault.cipher import RowCipher, certificate_binding
from ledger.vault.database import Database, insert_many
from ledger.vault.failures import ConstraintViolatedError
from ledger.vault.tables import BatchState, batches, certificates, data_keys, erasures

INSERTED_AT_ONCE = 250  # what stays in the processor's cache
READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class StagedCertificate:
    """A sealed certificate on its way into the vault.

    Args:
        identifier: full, unique in the vault.
        position: place in its batch.
        leaf_hash: 32 bytes.
        content_mac: 16 bytes of `RowCipher.content_mac` over what was asked for, which recognises
            the same request again.
        ciphertext: of `RowCipher.encrypt`, bound by `certificate_binding`.
        wrapped_key: of the same, 60 bytes.
    """

    identifier: str
    position: int
    leaf_hash: bytes
    content_mac: bytes
    ciphertext: bytes
    wrapped_key: bytes


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


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a certificate's content was made unreadable, when (by this node's clock) and why."""

    identifier: str
    erased_at_unix: int
    reason: str


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
                _take_positions(connection, batch_pk, staged)
                first_id = (connection.scalar(select(func.max(certificates.c.id))) or 0) + 1
                for start in range(0, len(staged), INSERTED_AT_ONCE):
                    chunk = staged[start : start + INSERTED_AT_ONCE]
                    _insert(connection, batch_pk, first_id + start, chunk)
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
                for identifier, mac, state, pk, position in connection.execute(query):
                    known[identifier] = Known(mac, BatchState(state), pk, position)
        return known

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

    def erase_key(self, identifier: str, reason: str) -> Erasure:
        """Destroy a certificate's data key, and with it its content; the log of writes is emptied.

        Erasing again changes nothing but empties the log of writes once more.

        Raises:
            NotFoundError: certificate_missing.
            StorageError: erasure_incomplete when the content cannot be read any more, but a reader
                keeps the old bytes of the key in the write-ahead log: erase again.
        """
        with self._database.write() as connection:
            erasure = _erase(connection, identifier, reason, self._clock())
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
            return _find_erasure(connection, identifier)

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
_KNOWN = select(
    certificates.c.identifier,
    data_keys.c.content_mac,
    batches.c.state,
    certificates.c.batch,
    certificates.c.position,
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


def _take_positions(
    connection: Connection, batch_pk: int, staged: Sequence[StagedCertificate]
) -> None:
    """Move the end of an open batch past the staged certificates, which must begin there."""
    first, end = staged[0].position, staged[0].position + len(staged)
    if [certificate.position for certificate in staged] != list(range(first, end)):
        raise ConflictError("the staged positions do not follow each other", code="position_gap")
    if end > MAX_BATCH_SIZE:
        raise ConflictError(
            f"a batch has at most {MAX_BATCH_SIZE} certificates, not {end}", code="batch_full"
        )
    changed = connection.execute(
        update(batches)
        .where(
            batches.c.id == batch_pk,
            batches.c.state == BatchState.OPEN,
            batches.c.count == first,
        )
        .values(count=end)
    )
    if changed.rowcount:
        return
    query = select(batches.c.state, batches.c.count).where(batches.c.id == batch_pk)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFoundError(f"this vault has no batch number {batch_pk}", code="batch_missing")
    if found.state != BatchState.OPEN:
        raise ConflictError(
            f"batch {batch_pk} is {found.state} and takes no certificates", code="batch_state"
        )
    raise ConflictError(
        f"the next position of batch {batch_pk} is {found.count}, not {first}", code="position_gap"
    )


def _insert(
    connection: Connection, batch_pk: int, first_id: int, chunk: Sequence[StagedCertificate]
) -> None:
    insert_many(
        connection,
        certificates,
        [
            (key, row.identifier, batch_pk, row.position, row.leaf_hash, row.ciphertext)
            for key, row in enumerate(chunk, first_id)
        ],
    )
    insert_many(
        connection,
        data_keys,
        [(key, row.wrapped_key, row.content_mac) for key, row in enumerate(chunk, first_id)],
    )


def _erase(connection: Connection, identifier: str, reason: str, now_unix: int) -> Erasure:
    query = select(certificates.c.id).where(certificates.c.identifier == identifier)
    key = connection.scalar(query)
    if key is None:
        raise NotFoundError(
            f"this vault has no certificate {identifier}", code="certificate_missing"
        )
    erased = connection.execute(data_keys.delete().where(data_keys.c.certificate == key))
    earlier = _find_erasure(connection, identifier)
    if earlier is not None and not erased.rowcount:
        return earlier
    connection.execute(
        insert(erasures).values(identifier=identifier, erased_at_unix=now_unix, reason=reason)
    )
    return Erasure(identifier, now_unix, reason)


def _find_erasure(connection: Connection, identifier: str) -> Erasure | None:
    query = (
        select(erasures.c.identifier, erasures.c.erased_at_unix, erasures.c.reason)
        .where(erasures.c.identifier == identifier)
        .order_by(erasures.c.id.desc())
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else Erasure(*found)
