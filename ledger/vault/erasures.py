"""Erasures: deleting data keys and recording it, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from ledger.errors import NotFoundError
from ledger.vault.tables import certificates, data_keys, erasures


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a certificate's content was made unreadable, when (by this node's clock) and why."""

    identifier: str
    erased_at_unix: int
    reason: str


def erase(connection: Connection, identifier: str, reason: str, now_unix: int) -> Erasure:
    """Delete a certificate's data key and record it; one erased already keeps its record.

    Raises:
        NotFoundError: certificate_missing.
    """
    query = select(certificates.c.id).where(certificates.c.identifier == identifier)
    key = connection.scalar(query)
    if key is None:
        raise NotFoundError(
            f"this vault has no certificate {identifier}", code="certificate_missing"
        )
    erased = connection.execute(data_keys.delete().where(data_keys.c.certificate == key))
    earlier = find_erasure(connection, identifier)
    if earlier is not None and not erased.rowcount:
        return earlier
    connection.execute(
        insert(erasures).values(identifier=identifier, erased_at_unix=now_unix, reason=reason)
    )
    return Erasure(identifier, now_unix, reason)


def find_erasure(connection: Connection, identifier: str) -> Erasure | None:
    """The newest erasure under that identifier, if there was one."""
    query = (
        select(erasures.c.identifier, erasures.c.erased_at_unix, erasures.c.reason)
        .where(erasures.c.identifier == identifier)
        .order_by(erasures.c.id.desc())
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else Erasure(*found)
