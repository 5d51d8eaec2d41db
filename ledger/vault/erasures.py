"""Erasures: deleting data keys and recording it, and the register of all that were.

The register is kept for ever: after a backup is restored, it says which contents must not come
back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, Select, insert, select

from ledger.errors import NotFoundError
from ledger.vault.case_erasing import destroy_case, find_readable_cases
from ledger.vault.database import Database
from ledger.vault.delivery_erasing import destroy_delivery, find_readable_deliveries
from ledger.vault.holds import require_not_held
from ledger.vault.tables import certificates, data_keys, erasures


@dataclass(frozen=True, slots=True)
class Erasure:
    """That the content of a certificate was made unreadable, of a case, or of a delivery.

    Args:
        erased_at_unix: by this node's clock.
        officer: commitment to who decided, 32 bytes, None if nobody is named.
    """

    identifier: str
    erased_at_unix: int
    reason: str
    officer: bytes | None = None


class ErasureRegister:
    """Every erasure that a vault knows of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Erasure]:
        """The erasures, oldest first."""
        with self._database.read() as connection:
            return [_to_erasure(row) for row in connection.execute(_ALL).mappings()]

    def reapply(self, known: Sequence[Erasure]) -> int:
        """Erase again what another copy of this vault had erased, holds or not.

        A record stays even of a certificate that this vault does not have.

        Returns:
            How many records were new here.
        """
        with self._database.write() as connection:
            have = {(e.identifier, e.erased_at_unix) for e in self.all()}
            fresh = [e for e in known if (e.identifier, e.erased_at_unix) not in have]
            for erasure in fresh:
                record_erasure(connection, erasure)
            for identifier in {e.identifier for e in known}:
                _delete_key(connection, identifier)
        self._database.truncate_log()
        return len(fresh)

    def undone(self) -> list[Erasure]:
        """Erasures of what can be read nevertheless, oldest first."""
        returned = select(certificates.c.identifier).join(data_keys)
        query = _ALL.where(erasures.c.identifier.in_(returned))
        with self._database.read() as connection:
            undone = [_to_erasure(row) for row in connection.execute(query).mappings()]
            readable = find_readable_cases(connection) | find_readable_deliveries(connection)
        return undone + [each for each in self.all() if each.identifier in readable]

    def unknown(self) -> list[Erasure]:
        """Erasures under identifiers that no certificate of this vault has, oldest first."""
        query = _ALL.where(erasures.c.identifier.not_in(select(certificates.c.identifier)))
        with self._database.read() as connection:
            return [_to_erasure(row) for row in connection.execute(query).mappings()]


def erase(
    connection: Connection, identifier: str, reason: str, officer: bytes | None, now_unix: int
) -> Erasure:
    """Delete a certificate's data key and record it; one erased already keeps its record.

    Raises:
        NotFoundError: certificate_missing.
        ConflictError: certificate_held.
    """
    query = select(certificates.c.id).where(certificates.c.identifier == identifier)
    if connection.scalar(query) is None:
        raise NotFoundError(
            f"this vault has no certificate {identifier}", code="certificate_missing"
        )
    key = select(data_keys.c.certificate).join(certificates)
    has_key = connection.scalar(key.where(certificates.c.identifier == identifier)) is not None
    earlier = find_erasure(connection, identifier)
    if earlier is not None and not has_key:
        return earlier
    require_not_held(connection, identifier)
    _delete_key(connection, identifier)
    return record_erasure(connection, Erasure(identifier, now_unix, reason, officer))


def record_erasure(connection: Connection, erasure: Erasure) -> Erasure:
    """Enter one in the register, and give it back."""
    connection.execute(insert(erasures).values(_to_row(erasure)))
    return erasure


def find_erasure(connection: Connection, identifier: str) -> Erasure | None:
    """The newest erasure under that identifier, if there was one."""
    found = connection.execute(
        _select().where(erasures.c.identifier == identifier).order_by(erasures.c.id.desc()).limit(1)
    )
    row = found.mappings().one_or_none()
    return None if row is None else _to_erasure(row)


def _select() -> Select[tuple[str, int, str, bytes]]:
    columns = erasures.c
    return select(columns.identifier, columns.erased_at_unix, columns.reason, columns.officer)


_ALL = _select().order_by(erasures.c.id)


def _delete_key(connection: Connection, identifier: str) -> None:
    of_certificate = select(certificates.c.id).where(certificates.c.identifier == identifier)
    connection.execute(
        data_keys.delete().where(data_keys.c.certificate == of_certificate.scalar_subquery())
    )
    destroy_case(connection, identifier)
    destroy_delivery(connection, identifier)


def _to_erasure(row: RowMapping) -> Erasure:
    return Erasure(**row)


def _to_row(erasure: Erasure) -> dict[str, object]:
    return {
        "identifier": erasure.identifier,
        "erased_at_unix": erasure.erased_at_unix,
        "reason": erasure.reason,
        "officer": erasure.officer,
    }
