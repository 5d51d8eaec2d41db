"""Cases: the signed acts of this home's departments, the papers, and what was relied on.

Papers are encrypted, one data key each; erasing a case destroys the keys and what it relied on.
Which acts there were stays, and so do the digests that the chain has anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from ledger.errors import NotFoundError
from ledger.formats.case_materials import CertificateReference
from ledger.vault.acts import OfficerCommitment, keep_officer
from ledger.vault.case_erasing import case_identifier, destroy_case
from ledger.vault.case_rows import (
    CaseActRow,
    CaseRole,
    NewCaseAct,
    Paper,
    StoredCase,
    StoredPaper,
    StoredReference,
)
from ledger.vault.case_tables import case_acts, case_documents, case_keys, cases, reliances
from ledger.vault.cipher import RowCipher
from ledger.vault.database import Database
from ledger.vault.erasures import Erasure, find_erasure, record_erasure
from ledger.vault.tables import ActState

OPEN_STATES = (ActState.PREPARED, ActState.SENT)


class Cases:
    """The cases of a vault."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def add(self, case_id: bytes, role: CaseRole, item_code: str, matter_version: int) -> bool:
        """Begin to keep a case. False if it is kept already; then nothing changes."""
        with self._database.write() as connection:
            if _find_case(connection, case_id) is not None:
                return False
            row = StoredCase(case_id, role, item_code, matter_version, self._clock())
            values = {name: getattr(row, name) for name in StoredCase.__slots__}
            connection.execute(insert(cases).values(values))
            return True

    def find(self, case_id: bytes) -> StoredCase | None:
        """A case of this home."""
        with self._database.read() as connection:
            return _find_case(connection, case_id)

    def all(self) -> list[StoredCase]:
        """Every case of this home, oldest first."""
        query = select(cases).order_by(cases.c.created_at_unix, cases.c.case_id)
        with self._database.read() as connection:
            return [_to_case(dict(row)) for row in connection.execute(query).mappings()]

    def record(self, new: NewCaseAct) -> CaseActRow:
        """Keep an act as prepared with its officer, papers and references, all or nothing.

        Only then may it be sent.
        """
        with self._database.write() as connection:
            if new.officer is not None:
                keep_officer(connection, self._cipher, new.officer)
            row = {
                "case_id": new.case_id,
                "kind": new.kind,
                "sequence": new.sequence,
                "request_mac": self.compute_mac(new.request),
                "statement": new.statement,
                "signature": new.signature,
                "state": ActState.PREPARED,
                "officer": None if new.officer is None else new.officer.commitment,
                "created_at_unix": self._clock(),
            }
            pk = connection.scalar(insert(case_acts).values(row).returning(case_acts.c.id))
            self._keep_papers(connection, new.case_id, pk, new.papers)
            for each in new.references:
                connection.execute(
                    insert(reliances).values(
                        commitment=each.commitment,
                        case_id=new.case_id,
                        act=pk,
                        batch_key=each.batch_key,
                        position=each.position,
                        salt=each.salt,
                    )
                )
            return self._acts(case_acts.c.id == pk)[0]

    def mark(self, pk: int, state: ActState) -> None:
        """Say what became of an act. One that was refused takes what came with it along."""
        with self._database.write() as connection:
            connection.execute(update(case_acts).where(case_acts.c.id == pk).values(state=state))
            if state is ActState.REFUSED:
                connection.execute(delete(reliances).where(reliances.c.act == pk))
                of_act = select(case_documents.c.id).where(case_documents.c.act == pk)
                connection.execute(delete(case_keys).where(case_keys.c.document.in_(of_act)))
                connection.execute(delete(case_documents).where(case_documents.c.act == pk))

    def keep(self, case_id: bytes, papers: Iterable[Paper]) -> None:
        """Keep papers that came from elsewhere; those that are here stay as they are."""
        with self._database.write() as connection:
            self._keep_papers(connection, case_id, None, papers)

    def acts_of(self, case_id: bytes) -> list[CaseActRow]:
        """The acts of this home on a case, oldest first."""
        return self._acts(case_acts.c.case_id == case_id)

    def open_acts(self) -> list[CaseActRow]:
        """The acts of which nobody has said what became of them, oldest first."""
        return self._acts(case_acts.c.state.in_(OPEN_STATES))

    def all_acts(self) -> list[CaseActRow]:
        """Every act, oldest first."""
        return self._acts()

    def find_act(self, case_id: bytes | None, kind: str, request: bytes) -> CaseActRow | None:
        """The newest act by which just this was asked for, if it is on the chain."""
        conditions = [
            case_acts.c.kind == kind,
            case_acts.c.request_mac == self.compute_mac(request),
            case_acts.c.state == ActState.RECORDED,
        ]
        if case_id is not None:
            conditions.append(case_acts.c.case_id == case_id)
        found = self._acts(*conditions)
        return found[-1] if found else None

    def compute_mac(self, request: bytes) -> bytes:
        """16 bytes that recognise a request, and tell nothing of it without the vault key."""
        return self._cipher.content_mac(request)

    def papers_of(self, case_id: bytes) -> list[StoredPaper]:
        """The papers of a case, oldest first, not decrypted."""
        query = (
            select(case_documents, case_keys.c.wrapped_key)
            .outerjoin(case_keys)
            .where(case_documents.c.case_id == case_id)
            .order_by(case_documents.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [StoredPaper(pk=row["id"], **_without(dict(row), "id")) for row in rows]

    def read(self, stored: StoredPaper) -> Paper:
        """A paper in clear.

        Raises:
            NotFoundError: content_erased.
            StorageError: row_damaged.
        """
        if stored.wrapped_key is None:
            raise NotFoundError(
                f"the papers of case {stored.case_id.hex()} were erased", code="content_erased"
            )
        content = self._cipher.decrypt(
            stored.ciphertext, stored.wrapped_key, _binding(stored.case_id, stored.digest)
        )
        return Paper(stored.kind, content)

    def references_of(self, case_id: bytes) -> list[StoredReference]:
        """What a case relied on or ended in; empty once it is erased."""
        return self._references(reliances.c.case_id == case_id)

    def references_to(self, batch_key: bytes, position: int | None = None) -> list[StoredReference]:
        """Where the certificates of a batch, or the one at a position, were relied on."""
        condition = reliances.c.batch_key == batch_key
        if position is not None:
            condition &= reliances.c.position == position
        return self._references(condition)

    def referenced_batches(self) -> list[bytes]:
        """Keys of the batches that any case refers to."""
        query = select(reliances.c.batch_key).distinct()
        with self._database.read() as connection:
            return sorted(connection.scalars(query))

    def all_references(self) -> list[tuple[StoredReference, bytes]]:
        """Every reference, with the commitment under which it is kept."""
        query = select(reliances).order_by(reliances.c.commitment)
        with self._database.read() as connection:
            return [(_to_reference(row), row.commitment) for row in connection.execute(query)]

    def erase(self, case_id: bytes, reason: str, officer: OfficerCommitment | None) -> Erasure:
        """Destroy a case's papers and what it relied on; its acts stay. Again, it changes nothing.

        Raises:
            NotFoundError: case_missing.
            StorageError: log_in_use when a reader keeps the old bytes: erase again.
        """
        with self._database.write() as connection:
            if _find_case(connection, case_id) is None:
                raise NotFoundError(f"this vault has no case {case_id.hex()}", code="case_missing")
            identifier = case_identifier(case_id)
            destroy_case(connection, identifier)
            erasure = find_erasure(connection, identifier)
            if erasure is None:
                if officer is not None:
                    keep_officer(connection, self._cipher, officer)
                commitment = None if officer is None else officer.commitment
                erasure = Erasure(identifier, self._clock(), reason, commitment)
                record_erasure(connection, erasure)
        self._database.truncate_log()
        return erasure

    def find_erasure(self, case_id: bytes) -> Erasure | None:
        """How a case was erased, if it was."""
        with self._database.read() as connection:
            return find_erasure(connection, case_identifier(case_id))

    def _keep_papers(
        self, connection: Connection, case_id: bytes, act: int | None, papers: Iterable[Paper]
    ) -> None:
        for paper in papers:
            known = select(case_documents.c.id).where(
                case_documents.c.case_id == case_id, case_documents.c.digest == paper.digest
            )
            if connection.scalar(known) is not None:
                continue
            row = self._cipher.encrypt(paper.content, _binding(case_id, paper.digest))
            pk = connection.scalar(
                insert(case_documents)
                .values(
                    case_id=case_id,
                    act=act,
                    kind=paper.kind,
                    digest=paper.digest,
                    ciphertext=row.ciphertext,
                    created_at_unix=self._clock(),
                )
                .returning(case_documents.c.id)
            )
            connection.execute(insert(case_keys).values(document=pk, wrapped_key=row.wrapped_key))

    def _acts(self, *conditions: ColumnElement[bool]) -> list[CaseActRow]:
        query = select(case_acts).where(*conditions).order_by(case_acts.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            CaseActRow(
                pk=row["id"], **_without(dict(row), "id", "state"), state=ActState(row["state"])
            )
            for row in rows
        ]

    def _references(self, condition: ColumnElement[bool]) -> list[StoredReference]:
        query = select(reliances).where(condition).order_by(reliances.c.act, reliances.c.commitment)
        with self._database.read() as connection:
            return [_to_reference(row) for row in connection.execute(query)]


def _to_reference(row: Row[*tuple[Any, ...]]) -> StoredReference:
    reference = CertificateReference(row.batch_key, row.position, row.salt)
    return StoredReference(row.case_id, row.act, reference)


def _find_case(connection: Connection, case_id: bytes) -> StoredCase | None:
    query = select(cases).where(cases.c.case_id == case_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _to_case(dict(row))


def _to_case(row: dict[str, Any]) -> StoredCase:
    return StoredCase(**{**row, "role": CaseRole(row["role"])})


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _binding(case_id: bytes, digest: bytes) -> bytes:
    """What ties a paper's ciphertext to its row: two values of 32 bytes."""
    return b"case\x00" + case_id + digest
