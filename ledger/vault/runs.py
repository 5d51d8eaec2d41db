"""Runs: the issuing of one source (a file, an upload, a stream of requests) from first to last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import RowMapping, insert, select, update

from ledger.errors import NotFoundError
from ledger.vault.database import Database
from ledger.vault.tables import RunState, runs

_ENDED = tuple(state for state in RunState if state.has_ended)


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Args:
        id: number of the run in this vault.
        source_name: for people, such as a file's name.
        source_digest: what recognises the same source again.
        state: how far it has come.
        started_at_unix: by this node's clock.
        ended_at_unix: by this node's clock; None while it has not ended.
        counts: how many rows met which fate.
    """

    id: int
    source_name: str
    source_digest: bytes
    state: RunState
    started_at_unix: int
    ended_at_unix: int | None
    counts: Mapping[str, int]


class Runs:
    """The runs of a vault."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._live: set[int] = set()

    @contextmanager
    def live(self, run_id: int) -> Iterator[None]:
        """While the block runs, this process is at that run, and nobody else may settle it."""
        self._live.add(run_id)
        try:
            yield
        finally:
            self._live.discard(run_id)

    def is_live(self, run_id: int | None) -> bool:
        """Whether this process, which alone writes the vault, is at that run now."""
        return run_id in self._live

    def begin(self, source_name: str, source_digest: bytes) -> Run:
        """Record a new run as running."""
        row = {
            "source_name": source_name,
            "source_digest": source_digest,
            "state": RunState.RUNNING,
            "started_at_unix": self._clock(),
            "counts": {},
        }
        with self._database.write() as connection:
            key = connection.scalar(insert(runs).values(row).returning(runs.c.id))
            return self.get(key)

    def finish(self, run_id: int, state: RunState, counts: Mapping[str, int]) -> None:
        """Record how far a run has come; one that is completed, failed or cancelled has ended.

        Raises:
            NotFoundError: there is no such run.
        """
        values: dict[str, object] = {"state": RunState(state), "counts": dict(counts)}
        if RunState(state).has_ended:
            values["ended_at_unix"] = self._clock()
        with self._database.write() as connection:
            changed = connection.execute(update(runs).where(runs.c.id == run_id).values(values))
            if not changed.rowcount:
                raise _missing(run_id)

    def get(self, run_id: int) -> Run:
        """One run.

        Raises:
            NotFoundError: there is no such run.
        """
        with self._database.read() as connection:
            query = select(runs).where(runs.c.id == run_id)
            found = connection.execute(query).mappings().one_or_none()
        if found is None:
            raise _missing(run_id)
        return _to_run(found)

    def all(self) -> list[Run]:
        """Every run, oldest first."""
        with self._database.read() as connection:
            return [_to_run(row) for row in connection.execute(_ALL).mappings()]

    def unfinished(self) -> list[Run]:
        """The runs that have not ended, oldest first."""
        query = select(runs).where(runs.c.state.not_in(_ENDED)).order_by(runs.c.id)
        with self._database.read() as connection:
            return [_to_run(row) for row in connection.execute(query).mappings()]

    def newest(self, limit: int) -> list[Run]:
        """At most `limit` runs, newest first."""
        query = select(runs).order_by(runs.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [_to_run(row) for row in connection.execute(query).mappings()]


_ALL = select(runs).order_by(runs.c.id)


def _to_run(row: RowMapping) -> Run:
    return Run(**{**row, "state": RunState(row["state"])})


def _missing(run_id: int) -> NotFoundError:
    return NotFoundError(f"this vault has no run {run_id}", code="run_missing")
