"""Who looked at what and what for, and what happened to credentials: appended, never altered.

Each row has the SHA-256 of the row before it and its own content; both ends of the chain are kept
beside it under a MAC of the vault key, so that neither a row in the middle nor the newest rows can
be altered or taken away unseen by who has the database alone. Rows leave only from the old end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Any

import rfc8785
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, select, update

from ledger.vault.access_tables import access_log, access_log_ends
from ledger.vault.cipher import RowCipher
from ledger.vault.database import Database

_NOTHING = bytes(32)
_READ_AT_ONCE = 1000
_ONE_WRITER = int.from_bytes(b"zhlaccs")  # the number of an advisory lock, of 63 bits
_MAC_PURPOSE = b"ends of the access log\x00"


class RecordKind(StrEnum):
    """What a row is about."""

    ACCESS = "access"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class NewRecord:
    """One access or event to be remembered.

    Attributes:
        event: id of the operation, or name of what happened.
        subject: of who did it.
        roles: in which roles, joined by commas.
        object_kind: "certificate", "case", "key" and others; empty for none.
        purpose: why, in the words of who asked.
        outcome: "allowed", or the code of the refusal.
    """

    kind: RecordKind
    event: str
    subject: str
    roles: str = ""
    object_kind: str = ""
    object_id: str = ""
    purpose: str = ""
    outcome: str = "allowed"
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A row of the log; `number` counts from 1 without gaps, `hash` has 32 bytes."""

    number: int
    at_unix: int
    kind: RecordKind
    event: str
    subject: str
    roles: str
    object_kind: str
    object_id: str
    purpose: str
    outcome: str
    request_id: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class LogCondition:
    """Which rows are wanted; None and empty ask for any.

    Attributes:
        since_unix, until_unix: from, and before.
        before_number: only older rows, for reading on.
    """

    kind: RecordKind | None = None
    event: str = ""
    subject: str = ""
    object_id: str = ""
    since_unix: int | None = None
    until_unix: int | None = None
    before_number: int | None = None


@dataclass(frozen=True, slots=True)
class _Ends:
    first_id: int
    before_first: bytes
    last_id: int
    last_hash: bytes

    def to_bytes(self) -> bytes:
        numbers = self.first_id.to_bytes(8) + self.last_id.to_bytes(8)
        return _MAC_PURPOSE + numbers + self.before_first + self.last_hash


_EMPTY = _Ends(1, _NOTHING, 0, _NOTHING)


class AccessLog:
    """The access log of a vault."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def append(self, records: Sequence[NewRecord]) -> None:
        """Remember what happened, durably, in this order, with one fsync."""
        if not records:
            return
        with self._database.write() as connection:
            ends = self._lock(connection)
            number, previous, at_unix = ends.last_id, ends.last_hash, self._clock()
            rows = []
            for record in records:
                number += 1
                row = _to_row(number, at_unix, record)
                previous = row["hash"] = compute_hash(previous, row)
                rows.append(row)
            connection.execute(insert(access_log), rows)
            self._keep(connection, _Ends(ends.first_id, ends.before_first, number, previous))

    def read(self, condition: LogCondition, limit: int) -> list[LogRecord]:
        """Rows, newest first."""
        query = (
            select(access_log)
            .where(*_conditions(condition))
            .order_by(access_log.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_to_record(row) for row in connection.execute(query).mappings()]

    def count(self) -> int:
        """How many rows there are."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(access_log)) or 0

    def find_damage(self) -> list[str]:
        """What was altered or taken away, for people; empty if nothing. Reads all of it."""
        with self._database.read() as connection:
            return list(self._find_damage(connection))

    def forget_before(self, before_unix: int) -> int:
        """Remove what is older from the old end, and remember that in the log itself.

        Answers how many rows went. The newest row always stays.
        """
        with self._database.write() as connection:
            ends = self._lock(connection)
            kept = connection.scalar(
                select(func.min(access_log.c.id)).where(access_log.c.at_unix >= before_unix)
            )
            last_gone = min(ends.last_id, kept or ends.last_id) - 1
            if last_gone < ends.first_id:
                return 0
            query = select(access_log.c.hash).where(access_log.c.id == last_gone)
            before_first = connection.execute(query).scalar_one()
            connection.execute(delete(access_log).where(access_log.c.id <= last_gone))
            self._keep(connection, _Ends(last_gone + 1, before_first, ends.last_id, ends.last_hash))
            self.append(
                [
                    NewRecord(
                        RecordKind.SECURITY,
                        "log_rows_expired",
                        "node",
                        object_kind="log_rows",
                        object_id=f"{ends.first_id}-{last_gone}",
                        purpose=before_first.hex(),
                    )
                ]
            )
            return last_gone - ends.first_id + 1

    def _find_damage(self, connection: Connection) -> Iterator[str]:
        found = _read_ends(connection)
        if found is None:
            if connection.scalar(select(func.count()).select_from(access_log)):
                yield "the ends of the access log are missing"
            return
        ends, mac = found
        if not compare_digest(self._cipher.content_mac(ends.to_bytes()), mac):
            yield "the ends of the access log were altered"
        number, previous = ends.first_id - 1, ends.before_first
        while True:
            query = (
                select(access_log)
                .where(access_log.c.id > number)
                .order_by(access_log.c.id)
                .limit(_READ_AT_ONCE)
            )
            rows = connection.execute(query).mappings().all()
            for row in rows:
                if row["id"] != number + 1:
                    yield f"rows {number + 1} to {row['id'] - 1} of the access log are missing"
                    previous = b""  # of the missing row: nothing to compare with
                expected = compute_hash(previous, dict(row)) if previous else row["hash"]
                if row["hash"] != expected:
                    yield f"row {row['id']} of the access log was altered"
                number, previous = row["id"], row["hash"]
            if len(rows) < _READ_AT_ONCE:
                break
        if (number, previous) != (ends.last_id, ends.last_hash):
            yield f"the access log should end with row {ends.last_id} and ends with row {number}"
        before = select(func.count()).select_from(access_log).where(access_log.c.id < ends.first_id)
        if connection.scalar(before):
            yield f"the access log has rows before row {ends.first_id}, where it begins"

    def _lock(self, connection: Connection) -> _Ends:
        """The ends, held until the transaction ends, so that two writers come one by one.

        SQLite has one writer anyway; PostgreSQL has none wait for a row that is not there yet.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_WRITER)))
        found = _read_ends(connection)
        return _EMPTY if found is None else found[0]

    def _keep(self, connection: Connection, ends: _Ends) -> None:
        values = {
            "first_id": ends.first_id,
            "before_first": ends.before_first,
            "last_id": ends.last_id,
            "last_hash": ends.last_hash,
            "mac": self._cipher.content_mac(ends.to_bytes()),
        }
        if not connection.execute(update(access_log_ends).values(values)).rowcount:
            connection.execute(insert(access_log_ends).values(id=1, **values))


def compute_hash(previous: bytes, row: dict[str, Any]) -> bytes:
    """SHA-256(hash of the row before ‖ RFC 8785 JSON of the row's other columns), 32 bytes."""
    content = {name: value for name, value in row.items() if name != "hash"}
    return sha256(previous + rfc8785.dumps(content)).digest()


def _to_row(number: int, at_unix: int, record: NewRecord) -> dict[str, Any]:
    return {
        "id": number,
        "at_unix": at_unix,
        "kind": record.kind.value,
        "event": record.event,
        "subject": record.subject,
        "roles": record.roles,
        "object_kind": record.object_kind,
        "object_id": record.object_id,
        "purpose": record.purpose,
        "outcome": record.outcome,
        "request_id": record.request_id,
    }


def _to_record(row: RowMapping) -> LogRecord:
    values = {**row, "number": row["id"], "kind": RecordKind(row["kind"])}
    del values["id"]
    return LogRecord(**values)


def _read_ends(connection: Connection) -> tuple[_Ends, bytes] | None:
    row = connection.execute(select(access_log_ends)).mappings().first()
    if row is None:
        return None
    ends = _Ends(row["first_id"], row["before_first"], row["last_id"], row["last_hash"])
    return ends, row["mac"]


def _conditions(wanted: LogCondition) -> list[ColumnElement[bool]]:
    columns = access_log.c
    found = [
        None if wanted.kind is None else columns.kind == wanted.kind.value,
        columns.event == wanted.event if wanted.event else None,
        columns.subject == wanted.subject if wanted.subject else None,
        columns.object_id == wanted.object_id if wanted.object_id else None,
        None if wanted.since_unix is None else columns.at_unix >= wanted.since_unix,
        None if wanted.until_unix is None else columns.at_unix < wanted.until_unix,
        None if wanted.before_number is None else columns.id < wanted.before_number,
    ]
    return [each for each in found if each is not None]
