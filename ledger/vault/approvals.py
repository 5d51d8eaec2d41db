"""Acts that await a second officer: what exactly was asked for, encrypted, and what came of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from ledger.errors import ConflictError, NotFoundError
from ledger.vault.access_tables import ApprovalState, approval_papers, approvals
from ledger.vault.cipher import RowCipher
from ledger.vault.database import Database

_REQUEST, _RESULT = "request", "result"


@dataclass(frozen=True, slots=True)
class Approval:
    """One request and what became of it.

    Attributes:
        approval_id: 32 digits of hexadecimal.
        digest: SHA-256 over operation and request, 32 bytes; who approves names it.
        made_by: subject of who asked.
        people: subjects of everybody who stands behind that.
        decided_by: subject of who approved or rejected it.
        reason: why it was rejected.
        error_code: why it could not be carried out.
    """

    approval_id: str
    operation: str
    digest: bytes
    state: ApprovalState
    made_by: str
    people: tuple[str, ...]
    created_at_unix: int
    expires_at_unix: int
    decided_by: str | None
    decided_at_unix: int | None
    reason: str
    ended_at_unix: int | None
    error_code: str


class Approvals:
    """The requests of a vault that needed, or need, a second officer."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def carrying_out(self, approval_id: str) -> Iterator[None]:
        """Only one thread of this process carries out a request at a time.

        Raises:
            ConflictError: approval_under_way.
        """
        with self._lock:
            if approval_id in self._under_way:
                raise ConflictError(
                    f"request {approval_id} is being carried out now", code="approval_under_way"
                )
            self._under_way.add(approval_id)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(approval_id)

    def add(
        self,
        operation: str,
        digest: bytes,
        request: bytes,
        *,
        made_by: str,
        people: Collection[str],
        lifetime_s: int,
    ) -> Approval:
        """Keep a request; the same by the same person, while it is pending, is the same request."""
        now_unix = self._clock()
        row = {
            "id": os.urandom(16).hex(),
            "operation": operation,
            "digest": digest,
            "state": ApprovalState.PENDING,
            "made_by": made_by,
            "people": sorted(people),
            "created_at_unix": now_unix,
            "expires_at_unix": now_unix + lifetime_s,
            "reason": "",
            "error_code": "",
        }
        self.expire()
        with self._database.write() as connection:
            known = _select(
                connection,
                approvals.c.made_by == made_by,
                approvals.c.digest == digest,
                approvals.c.state == ApprovalState.PENDING,
            )
            if known:
                return known[0]
            connection.execute(insert(approvals).values(row))
            self._keep(connection, str(row["id"]), _REQUEST, request)
            return _get(connection, str(row["id"]))

    def get(self, approval_id: str) -> Approval:
        """One request. Raises NotFoundError, code approval_unknown."""
        self.expire()
        with self._database.read() as connection:
            return _get(connection, approval_id)

    def in_state(self, *states: ApprovalState) -> list[Approval]:
        """Requests in any of the states, oldest first; every one where none is named."""
        self.expire()
        conditions = [approvals.c.state.in_(states)] if states else []
        with self._database.read() as connection:
            return _select(connection, *conditions)

    def read_request(self, approval_id: str) -> bytes:
        """What was asked for. Raises NotFoundError, code content_erased."""
        return self._read(approval_id, _REQUEST)

    def read_result(self, approval_id: str) -> bytes:
        """What came of it. Raises NotFoundError, code content_erased."""
        return self._read(approval_id, _RESULT)

    def decide(
        self, approval_id: str, state: ApprovalState, decided_by: str, reason: str = ""
    ) -> Approval:
        """Record the decision about a pending request, once.

        Raises:
            NotFoundError: approval_unknown.
            ConflictError: approval_decided.
        """
        self.expire()
        with self._database.write() as connection:
            changed = connection.execute(
                update(approvals)
                .where(approvals.c.id == approval_id, approvals.c.state == ApprovalState.PENDING)
                .values(
                    state=state, decided_by=decided_by, decided_at_unix=self._clock(), reason=reason
                )
            )
            found = _get(connection, approval_id)
            if not changed.rowcount:
                raise ConflictError(
                    f"request {approval_id} is {found.state} already", code="approval_decided"
                )
            return found

    def end(
        self, approval_id: str, state: ApprovalState, *, result: bytes = b"", error_code: str = ""
    ) -> Approval:
        """Record what carrying out an approved request came to; the first answer stays."""
        with self._database.write() as connection:
            changed = connection.execute(
                update(approvals)
                .where(approvals.c.id == approval_id, approvals.c.state == ApprovalState.APPROVED)
                .values(state=state, ended_at_unix=self._clock(), error_code=error_code)
            )
            if changed.rowcount and result:
                self._keep(connection, approval_id, _RESULT, result)
            return _get(connection, approval_id)

    def expire(self) -> None:
        """Ends every pending request whose time is up."""
        now_unix = self._clock()
        over = (approvals.c.state == ApprovalState.PENDING) & (
            approvals.c.expires_at_unix <= now_unix
        )
        with self._database.read() as connection:
            if connection.scalar(select(approvals.c.id).where(over).limit(1)) is None:
                return
        with self._database.write() as connection:
            connection.execute(
                update(approvals)
                .where(over)
                .values(state=ApprovalState.EXPIRED, ended_at_unix=now_unix)
            )

    def _keep(self, connection: Connection, approval_id: str, kind: str, content: bytes) -> None:
        row = self._cipher.encrypt(content, _binding(approval_id, kind))
        values = {"approval": approval_id, "kind": kind, **row._asdict()}
        connection.execute(insert(approval_papers).values(values))

    def _read(self, approval_id: str, kind: str) -> bytes:
        query = select(approval_papers).where(
            approval_papers.c.approval == approval_id, approval_papers.c.kind == kind
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFoundError(
                f"the {kind} of {approval_id} is not kept here", code="content_erased"
            )
        return self._cipher.decrypt(
            row["ciphertext"], row["wrapped_key"], _binding(approval_id, kind)
        )


def _get(connection: Connection, approval_id: str) -> Approval:
    found = _select(connection, approvals.c.id == approval_id)
    if not found:
        raise NotFoundError(
            f"this node has no request {approval_id!r} for approval",
            code="approval_unknown",
            field="approval_id",
        )
    return found[0]


def _select(connection: Connection, *conditions: ColumnElement[bool]) -> list[Approval]:
    query = (
        select(approvals).where(*conditions).order_by(approvals.c.created_at_unix, approvals.c.id)
    )
    return [_to_approval(row) for row in connection.execute(query).mappings()]


def _to_approval(row: RowMapping) -> Approval:
    values = {**row, "approval_id": row["id"], "state": ApprovalState(row["state"])}
    values["people"] = tuple(row["people"])
    del values["id"]
    return Approval(**values)


def _binding(approval_id: str, kind: str) -> bytes:
    return b"approval\x00" + approval_id.encode() + b"\x00" + kind.encode()
