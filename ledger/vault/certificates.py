"""Certificates: staged all or nothing, found again, decrypted, and made unreadable for ever.

A certificate's leaf hash, place and identifier stay after its erasure, so that the proofs of the
others stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update

from ledger.errors import ConflictError, LedgerError, NotFoundError, StorageError
from ledger.vault.batches import MAX_BATCH_SIZE, BatchRow, to_batch
from ledger.vault.cipher import RowCipher, certificate_binding
from ledger.vault.database import Database
from ledger.vault.failures import ConstraintViolatedError
from ledger.vault.tables import BatchState, batches, certificates, data_keys, erasures

CHUNK = 1000


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
                for start in range(0, len(staged), CHUNK):
                    chunk = staged[start : start + CHUNK]
                    _insert(connection, batch_pk, first_id + start, chunk)
        except ConstraintViolatedError as error:
            raise self._explain_refusal(staged, error) from error

    def find(self, identifier: str) -> StoredCertificate | None:
        """The certificate of that identifier, if the vault has it."""
        return self._find_one(certificates.c.identifier == identifier)

    def by_position(self, batch_key: bytes, position: int) -> StoredCertificate | None:
        """The certificate at a place in a batch, if the vault has it."""
        return self._find_one(
            (batches.c.batch_key == batch_key) & (certificates.c.position == position)
        )

    def find_many(self, identifiers: Sequence[str]) -> dict[str, Known]:
        """Which of the identifiers the vault has, and where."""
        known: dict[str, Known] = {}
        with self._database.read() as connection:
            for start in range(0, len(identifiers), CHUNK):
                query = _KNOWN.where(
                    certificates.c.identifier.in_(identifiers[start : start + CHUNK])
                )
                for identifier, mac, state, pk, position in connection.execute(query):
                    known[identifier] = Known(mac, BatchState(state), pk, position)
        return known

    def iterate(self, batch_pk: int) -> Iterator[StoredCertificate]:
        """The certificates of a batch in order of position, read a thousand at a time."""
        position = 0
        while True:
            query = (
                _STORED.where(certificates.c.batch == batch_pk, certificates.c.position >= position)
                .order_by(certificates.c.position)
                .limit(CHUNK)
            )
            with self._database.read() as connection:
                chunk = [_to_stored(row) for row in connection.execute(query).mappings()]
            yield from chunk
            if len(chunk) < CHUNK:
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
        """The erasure of a certificate, if it was erased."""
        with self._database.read() as connection:
            return _find_erasure(connection, identifier)

    def _find_one(self, condition: ColumnElement[bool]) -> StoredCertificate | None:
        with self._database.read() as connection:
            found = connection.execute(_STORED.where(condition)).mappings().one_or_none()
        return None if found is None else _to_stored(found)

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


_BATCH = "batch_"
_STORED = select(
    certificates.c.identifier,
    certificates.c.position,
    certificates.c.leaf_hash,
    certificates.c.ciphertext,
    data_keys.c.content_mac,
    data_keys.c.wrapped_key,
    *(column.label(_BATCH + column.name) for column in batches.c),
).select_from(certificates.join(batches).outerjoin(data_keys))
_KNOWN = select(
    certificates.c.identifier,
    data_keys.c.content_mac,
    batches.c.state,
    certificates.c.batch,
    certificates.c.position,
).select_from(certificates.join(batches).outerjoin(data_keys))


def _to_stored(row: RowMapping) -> StoredCertificate:
    return StoredCertificate(
        identifier=row["identifier"],
        position=row["position"],
        leaf_hash=row["leaf_hash"],
        ciphertext=row["ciphertext"],
        content_mac=row["content_mac"],
        wrapped_key=row["wrapped_key"],
        batch=to_batch(row, _BATCH),
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
    connection.execute(
        insert(certificates),
        [
            {
                "id": key,
                "identifier": certificate.identifier,
                "batch": batch_pk,
                "position": certificate.position,
                "leaf_hash": certificate.leaf_hash,
                "ciphertext": certificate.ciphertext,
            }
            for key, certificate in enumerate(chunk, first_id)
        ],
    )
    connection.execute(
        insert(data_keys),
        [
            {
                "certificate": key,
                "wrapped_key": certificate.wrapped_key,
                "content_mac": certificate.content_mac,
            }
            for key, certificate in enumerate(chunk, first_id)
        ],
    )


def _erase(connection: Connection, identifier: str, reason: str, now_unix: int) -> Erasure:
    query = select(certificates.c.id).where(certificates.c.identifier == identifier)
    key = connection.scalar(query)
    if key is None:
        raise NotFoundError(
            f"this vault has no certificate {identifier}", code="certificate_missing"
        )
    if (earlier := _find_erasure(connection, identifier)) is not None:
        return earlier
    erasure = Erasure(identifier, now_unix, reason)
    connection.execute(data_keys.delete().where(data_keys.c.certificate == key))
    connection.execute(
        insert(erasures).values(identifier=identifier, erased_at_unix=now_unix, reason=reason)
    )
    return erasure


def _find_erasure(connection: Connection, identifier: str) -> Erasure | None:
    query = select(erasures.c.identifier, erasures.c.erased_at_unix, erasures.c.reason).where(
        erasures.c.identifier == identifier
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else Erasure(*found)
