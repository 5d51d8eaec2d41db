"""Jobs: what is to be done with an uploaded file, from its arrival to its end.

Options may name an officer, and a file's name its holder: both are encrypted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update

from ledger.errors import ConflictError, NotFoundError
from ledger.identifiers import Uscc
from ledger.vault.cipher import RowCipher
from ledger.vault.database import Database
from ledger.vault.request_tables import JobState, jobs

_FILE_NAME = "file_name"
"""Among the options; the column of that name has what earlier versions kept there."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job about to be queued.

    Args:
        job_id: 32 hexadecimal digits, random.
        kind: what is to be done.
        issuer: the department it is for, if it is for one.
        made_by: subject of who made it.
        file_name: as the uploader called it, for people.
        size, digest: of the file; SHA-256.
        options: values that JSON has.
    """

    job_id: str
    kind: str
    issuer: Uscc | None
    made_by: str
    file_name: str
    size: int
    digest: bytes
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the vault has it.

    Attributes:
        number: its turn. The eight fields after it are those of `NewJob`.
        counts: what it has done, by name.
        detail: why it failed; empty otherwise.
    """

    number: int
    job_id: str
    kind: str
    issuer: Uscc | None
    made_by: str
    file_name: str
    size: int
    digest: bytes
    options: Mapping[str, object]
    state: JobState
    created_at_unix: int
    ended_at_unix: int | None
    counts: Mapping[str, int]
    detail: str


class Jobs:
    """The jobs of a vault."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def add(self, new: NewJob) -> JobRow:
        """Queue a job behind all others."""
        private = {**new.options, _FILE_NAME: new.file_name}
        row = self._cipher.encrypt(orjson.dumps(private), _binding(new.job_id))
        with self._database.write() as connection:
            last = connection.scalar(select(func.max(jobs.c.number))) or 0
            connection.execute(
                insert(jobs).values(
                    id=new.job_id,
                    number=last + 1,
                    kind=new.kind,
                    issuer=None if new.issuer is None else str(new.issuer),
                    made_by=new.made_by,
                    file_name="",
                    size=new.size,
                    digest=new.digest,
                    options=row.ciphertext,
                    wrapped_key=row.wrapped_key,
                    state=JobState.QUEUED,
                    created_at_unix=self._clock(),
                    counts={},
                    detail="",
                )
            )
            return self.get(new.job_id)

    def get(self, job_id: str) -> JobRow:
        """One job. Raises NotFoundError, code `job_missing`."""
        found = self._select(jobs.c.id == job_id)
        if not found:
            raise NotFoundError(f"there is no job {job_id[:40]}", code="job_missing")
        return found[0]

    def all(self) -> list[JobRow]:
        """Every job, oldest first."""
        return self._select()

    def unfinished(self) -> list[JobRow]:
        """The jobs that have not ended, in their turn."""
        return self._select(jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]))

    def change(
        self,
        job_id: str,
        state: JobState,
        counts: Mapping[str, int] | None = None,
        detail: str = "",
    ) -> JobRow:
        """Record how far a job has come.

        Raises:
            NotFoundError: job_missing.
            ConflictError: job_ended; what has ended stays as it is.
        """
        with self._database.write() as connection:
            before = self.get(job_id)
            if before.state.has_ended:
                raise ConflictError(f"job {job_id} is {before.state} already", code="job_ended")
            values: dict[str, object] = {"state": state, "detail": detail}
            if counts is not None:
                values["counts"] = dict(counts)
            if state.has_ended:
                values["ended_at_unix"] = self._clock()
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
            return self.get(job_id)

    def _select(self, *conditions: ColumnElement[bool]) -> list[JobRow]:
        query = select(jobs).where(*conditions).order_by(jobs.c.number)
        with self._database.read() as connection:
            return [self._to_row(row) for row in connection.execute(query).mappings()]

    def _to_row(self, row: RowMapping) -> JobRow:
        values = dict(row)
        job_id, issuer = values.pop("id"), values.pop("issuer")
        content = self._cipher.decrypt(
            values.pop("options"), values.pop("wrapped_key"), _binding(job_id)
        )
        options = orjson.loads(content)
        values["file_name"] = options.pop(_FILE_NAME, values["file_name"])
        return JobRow(
            job_id=job_id,
            issuer=None if issuer is None else Uscc(issuer),
            state=JobState(values.pop("state")),
            options=options,
            **values,
        )


def _binding(job_id: str) -> bytes:
    """What ties a job's options to its row."""
    return b"job\x00" + job_id.encode()
