"""Which certificate was chosen to replace which, kept before the successor is issued.

An interrupted replacement is so known before anybody can begin another of the same certificate.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete, insert, select

from ledger.vault.database import Database
from ledger.vault.tables import successions


class Successions:
    """The successions of a vault: at most one successor for each certificate."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def choose(self, replaced: str, successor: str) -> None:
        """Keep that one certificate is to replace another; an earlier choice is forgotten."""
        row = {"replaced": replaced, "successor": successor, "chosen_at_unix": self._clock()}
        with self._database.write() as connection:
            connection.execute(delete(successions).where(successions.c.replaced == replaced))
            connection.execute(insert(successions).values(row))

    def all(self) -> list[tuple[str, str]]:
        """Each certificate to be replaced, with its chosen successor."""
        query = select(successions.c.replaced, successions.c.successor)
        with self._database.read() as connection:
            return [(replaced, successor) for replaced, successor in connection.execute(query)]

    def find(self, replaced: str) -> str | None:
        """Identifier of the certificate chosen to replace another, if one was."""
        query = select(successions.c.successor).where(successions.c.replaced == replaced)
        with self._database.read() as connection:
            return connection.scalar(query)
