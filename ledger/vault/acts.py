"""Acts: signed statements of the department other than batches, and the officers behind them.

The chain sees only a commitment to the officer. Who it was stays here, encrypted under a data key
of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from ledger.errors import NotFoundError
from ledger.vault.cipher import RowCipher, officer_binding
from ledger.vault.database import Database
from ledger.vault.tables import ActState, acts, officers

SALT_SIZE = 32


@dataclass(frozen=True, slots=True)
class OfficerCommitment:
    """An officer, and the fresh salt under which the chain may know that there is one.

    Each act has its own, so that nobody learns from the chain that two acts were one officer's.

    Args:
        officer: name, post, number: any text.
        salt: 32 random bytes.
    """

    officer: str
    salt: bytes

    @classmethod
    def make(cls, officer: str) -> Self:
        """Commit to an officer."""
        return cls(officer, os.urandom(SALT_SIZE))

    @property
    def commitment(self) -> bytes:
        """SHA-256(salt ‖ officer in UTF-8), 32 bytes."""
        return sha256(self.salt + self.officer.encode()).digest()


@dataclass(frozen=True, slots=True)
class NewAct:
    """A signed statement about to be sent.

    Args:
        kind: of statement, such as "status".
        batch_key: 32 bytes of the batch it is about, if it is about one.
        sequence: the statement's sequence number.
        statement: its bytes, in the sender's encoding.
        signature: r ‖ s, 64 bytes.
        officer: who decided; its commitment stands in the statement.
        details: what to show of it (reason, legal basis, positions), as JSON values.
    """

    kind: str
    batch_key: bytes | None
    sequence: int
    statement: bytes
    signature: bytes
    officer: OfficerCommitment | None
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ActRow:
    """An act as the vault has it; `officer` is the commitment, 32 bytes."""

    pk: int
    kind: str
    batch_key: bytes | None
    sequence: int
    statement: bytes
    signature: bytes
    state: ActState
    officer: bytes | None
    details: Mapping[str, object]
    created_at_unix: int


class Acts:
    """The acts of a vault."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def record(self, new: NewAct) -> ActRow:
        """Record an act and its officer as prepared; only then may it be sent."""
        row = {
            "kind": new.kind,
            "batch_key": new.batch_key,
            "sequence": new.sequence,
            "statement": new.statement,
            "signature": new.signature,
            "state": ActState.PREPARED,
            "officer": None if new.officer is None else new.officer.commitment,
            "details": dict(new.details),
            "created_at_unix": self._clock(),
        }
        with self._database.write() as connection:
            if new.officer is not None:
                keep_officer(connection, self._cipher, new.officer)
            key = connection.scalar(insert(acts).values(row).returning(acts.c.id))
            return self.get(key)

    def mark(self, pk: int, state: ActState, details: Mapping[str, object] | None = None) -> None:
        """Record what became of an act.

        Args:
            pk: its number.
            state: its new one.
            details: added to those it has.

        Raises:
            NotFoundError: act_missing.
        """
        with self._database.write() as connection:
            act = self.get(pk)
            connection.execute(
                update(acts)
                .where(acts.c.id == pk)
                .values(state=ActState(state), details={**act.details, **(details or {})})
            )

    def get(self, pk: int) -> ActRow:
        """One act. Raises NotFoundError act_missing."""
        found = self._select(acts.c.id == pk)
        if not found:
            raise NotFoundError(f"this vault has no act {pk}", code="act_missing")
        return found[0]

    def for_batch(self, batch_key: bytes) -> list[ActRow]:
        """The acts about a batch, oldest first."""
        return self._select(acts.c.batch_key == batch_key)

    def in_state(self, *states: ActState) -> list[ActRow]:
        """The acts in any of the states, oldest first."""
        return self._select(acts.c.state.in_(states))

    def all(self) -> list[ActRow]:
        """Every act, oldest first."""
        return self._select()

    def commitments(self) -> list[bytes]:
        """The commitments to every officer that the vault knows, 32 bytes each."""
        with self._database.read() as connection:
            return list(connection.execute(select(officers.c.commitment)).scalars())

    def open_officer(self, commitment: bytes) -> OfficerCommitment:
        """Who stands behind a commitment, with the salt that proves it.

        Raises:
            NotFoundError: officer_missing.
            StorageError: row_damaged.
        """
        query = select(officers).where(officers.c.commitment == commitment)
        with self._database.read() as connection:
            found = connection.execute(query).mappings().one_or_none()
        if found is None:
            raise NotFoundError(
                f"this vault knows no officer behind {commitment.hex()}", code="officer_missing"
            )
        content = self._cipher.decrypt(
            found["ciphertext"], found["wrapped_key"], officer_binding(commitment)
        )
        return OfficerCommitment(content[SALT_SIZE:].decode(), content[:SALT_SIZE])

    def _select(self, *conditions: ColumnElement[bool]) -> list[ActRow]:
        query = select(acts).where(*conditions).order_by(acts.c.id)
        with self._database.read() as connection:
            return [_to_act(row) for row in connection.execute(query).mappings()]


def keep_officer(connection: Connection, cipher: RowCipher, officer: OfficerCommitment) -> None:
    """Keep who stands behind a commitment, encrypted, inside the caller's transaction."""
    commitment = officer.commitment
    known = select(officers.c.commitment).where(officers.c.commitment == commitment)
    if connection.scalar(known) is None:
        row = cipher.encrypt(officer.salt + officer.officer.encode(), officer_binding(commitment))
        connection.execute(insert(officers).values(commitment=commitment, **row._asdict()))


def _to_act(row: RowMapping) -> ActRow:
    values = {**row, "pk": row["id"], "state": ActState(row["state"])}
    del values["id"]
    return ActRow(**values)
