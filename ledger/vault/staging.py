"""Placing rows at the end of an open batch, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from ledger.errors import ConflictError, NotFoundError
from ledger.vault.batches import MAX_BATCH_SIZE
from ledger.vault.database import insert_many
from ledger.vault.staged import StagedCertificate
from ledger.vault.tables import BatchState, batches, certificates, data_keys

INSERTED_AT_ONCE = 250  # what stays in the processor's cache


def insert_staged(
    connection: Connection, batch_pk: int, staged: Sequence[StagedCertificate]
) -> None:
    """Store certificates, at least one, at the next positions of an open batch.

    Raises:
        NotFoundError: batch_missing.
        ConflictError: position_gap, batch_full, batch_state.
        ConstraintViolatedError: an identifier is taken.
    """
    _take_positions(connection, batch_pk, staged)
    first_id = (connection.scalar(select(func.max(certificates.c.id))) or 0) + 1
    for start in range(0, len(staged), INSERTED_AT_ONCE):
        chunk = staged[start : start + INSERTED_AT_ONCE]
        _insert(connection, batch_pk, first_id + start, chunk)


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
