"""Holds: while one is in force, a certificate's content must not be erased (a lawsuit, an audit).

Several may be in force on one certificate, each for its own reason. None is ever deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from ledger.errors import ConflictError, NotFoundError
from ledger.vault.acts import OfficerCommitment, keep_officer
from ledger.vault.cipher import RowCipher
from ledger.vault.database import Database
from ledger.vault.tables import holds


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold.

    Args:
        number: of the hold in this vault.
        officer: commitment to who placed it, 32 bytes, None if nobody is named.
        placed_at_unix: by this node's clock.
        released_at_unix: the same; None while it is in force.
        release_reason: why it ended.
        release_officer: as `officer`.
    """

    number: int
    identifier: str
    reason: str
    officer: bytes | None
    placed_at_unix: int
    released_at_unix: int | None
    release_reason: str | None
    release_officer: bytes | None


class Holds:
    """The holds of a vault."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def place(self, identifier: str, reason: str, officer: OfficerCommitment | None) -> Hold:
        """Begin a hold; while one for the same reason is in force, that one."""
        with self._database.write() as connection:
            for hold in _select(connection, _is_in_force(identifier)):
                if hold.reason == reason:
                    return hold
            row = {
                "identifier": identifier,
                "reason": reason,
                "officer": self._keep(connection, officer),
                "placed_at_unix": self._clock(),
            }
            number = connection.scalar(insert(holds).values(row).returning(holds.c.id))
            return _select(connection, holds.c.id == number)[0]

    def release(self, number: int, reason: str, officer: OfficerCommitment | None) -> Hold:
        """End a hold; one that has ended stays as it was.

        Raises:
            NotFoundError: hold_missing.
        """
        with self._database.write() as connection:
            row = {
                "released_at_unix": self._clock(),
                "release_reason": reason,
                "release_officer": None if officer is None else officer.commitment,
            }
            in_force = holds.c.released_at_unix.is_(None)
            change = update(holds).where(holds.c.id == number, in_force)
            if connection.execute(change.values(row)).rowcount:
                self._keep(connection, officer)
            found = _select(connection, holds.c.id == number)
            if not found:
                raise NotFoundError(f"this vault has no hold number {number}", code="hold_missing")
            return found[0]

    def in_force(self, identifier: str) -> list[Hold]:
        """The holds on a certificate that have not ended, oldest first."""
        with self._database.read() as connection:
            return _select(connection, _is_in_force(identifier))

    def require_none(self, identifier: str) -> None:
        """Raises ConflictError, code certificate_held, naming every hold in force."""
        with self._database.read() as connection:
            require_not_held(connection, identifier)

    def of(self, identifier: str) -> list[Hold]:
        """Every hold there ever was on a certificate, oldest first."""
        with self._database.read() as connection:
            return _select(connection, holds.c.identifier == identifier)

    def all(self) -> list[Hold]:
        """Every hold, oldest first."""
        with self._database.read() as connection:
            return _select(connection, holds.c.id > 0)

    def _keep(self, connection: Connection, officer: OfficerCommitment | None) -> bytes | None:
        if officer is None:
            return None
        keep_officer(connection, self._cipher, officer)
        return officer.commitment


def require_not_held(connection: Connection, identifier: str) -> None:
    """Raises ConflictError, code certificate_held, naming every hold in force."""
    found = _select(connection, _is_in_force(identifier))
    if found:
        told = "; ".join(f"number {hold.number}: {hold.reason}" for hold in found)
        raise ConflictError(
            f"{identifier} is on hold and cannot be erased before its release ({told})",
            code="certificate_held",
            field="identifier",
        )


def _is_in_force(identifier: str) -> ColumnElement[bool]:
    return (holds.c.identifier == identifier) & holds.c.released_at_unix.is_(None)


def _select(connection: Connection, condition: ColumnElement[bool]) -> list[Hold]:
    rows = connection.execute(select(holds).where(condition).order_by(holds.c.id)).mappings()
    return [_to_hold(row) for row in rows]


def _to_hold(row: RowMapping) -> Hold:
    values = {**row, "number": row["id"]}
    del values["id"]
    return Hold(**values)
