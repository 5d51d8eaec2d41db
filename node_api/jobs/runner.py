"""One job after the other, each to its end, over restarts of the node.

A job that was running when the node ended is taken up again with the same bytes; what it had
staged is not sealed twice. What cannot be done for want of chain or disk is tried again.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from functools import partial
from types import TracebackType
from typing import Self

from ledger.actions.issuance.outcome import IssuanceProgress
from ledger.actions.issuance.tickets import OverloadedError
from ledger.errors import ChainUnavailableError, LedgerError, StorageError
from ledger.vault.jobs import JobRow, NewJob
from ledger.vault.request_tables import JobState
from ledger.workspace import Workspace
from node_api.jobs.orders import JobOrder
from node_api.jobs.spool import Spool, Upload
from node_api.jobs.work import JobCancelledError, JobStoppedError, carry_out
from node_api.observing.metrics import ISSUED

logger = logging.getLogger(__name__)

DIRECTORY = "uploads"
MOST_QUEUED = 100
_TOLD_EVERY_S = 1.0
_EXPIRED_EVERY_S = 3600.0
_DAMAGED = "file_damaged"


class JobRunner:
    """The jobs of a home. Use as a context manager.

    Args:
        retry_s: how long to wait before what could not be done is tried again.
        keep_days: how long reports are kept.
    """

    def __init__(self, workspace: Workspace, *, retry_s: float = 5.0, keep_days: int = 30) -> None:
        self._workspace = workspace
        self._retry_s = retry_s
        self._keep_days = keep_days
        self.spool = Spool(workspace.home / DIRECTORY, workspace.vault.row_cipher)
        self._woken = threading.Event()
        self._is_stopping = False
        self._lock = threading.Lock()
        self._running = ""
        self._cancelled: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def __enter__(self) -> Self:
        living = {row.job_id for row in self._workspace.vault.jobs.unfinished()}
        self.spool.tidy(living)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the job under way where it is; the next start takes it up."""
        self._is_stopping = True
        self._woken.set()
        self._thread.join()

    def require_room(self) -> None:
        """Raises OverloadedError when as many jobs wait as may."""
        waiting = len(self._workspace.vault.jobs.unfinished())
        if waiting >= MOST_QUEUED:
            raise OverloadedError(f"{waiting} jobs wait already", retry_after_s=60)

    def queue(
        self, job_id: str, order: JobOrder, upload: Upload, file_name: str, made_by: str
    ) -> JobRow:
        """Queues what has arrived whole. Raises StorageError."""
        digest = upload.finish()
        new = NewJob(
            job_id,
            order.kind.value,
            order.issuer,
            made_by,
            file_name,
            upload.size,
            digest,
            order.to_options(),
        )
        row = self._workspace.vault.jobs.add(new)
        upload.keep()
        self._woken.set()
        return row

    def cancel(self, job_id: str) -> JobRow:
        """Has a job end. One that is running ends only if nothing of it is anchored yet.

        Raises:
            NotFoundError: job_missing. ConflictError: job_ended.
        """
        jobs = self._workspace.vault.jobs
        with self._lock:
            row = jobs.get(job_id)
            if row.state is not JobState.RUNNING or job_id != self._running:
                row = jobs.change(job_id, JobState.CANCELLED, row.counts)
                self._remove(row)
                return row
            self._cancelled.add(job_id)
        return jobs.change(job_id, JobState.RUNNING, {**row.counts, "cancel_requested": 1})

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.clear()
            try:
                is_done = self._do_next()
            except LedgerError as error:
                logger.warning("job_waiting", extra={"code": error.code})
                self._woken.wait(self._retry_s)
            except Exception:
                logger.exception("job_failing")
                self._woken.wait(self._retry_s)
            else:
                if not is_done:
                    self.spool.expire(self._keep_days)
                    self._woken.wait(_EXPIRED_EVERY_S)

    def _do_next(self) -> bool:
        """Whether there was one."""
        jobs = self._workspace.vault.jobs
        with self._lock:
            row = next(iter(jobs.unfinished()), None)
            if row is None:
                return False
            if row.state is JobState.QUEUED:
                row = jobs.change(row.job_id, JobState.RUNNING)
            self._running = row.job_id
        try:
            state, counts, detail = self._carry_out(row)
            with self._lock:
                self._remove(jobs.change(row.job_id, state, counts, detail))
        finally:
            with self._lock:
                self._running = ""
        self._cancelled.discard(row.job_id)
        return True

    def _carry_out(self, row: JobRow) -> tuple[JobState, dict[str, int], str]:
        order = JobOrder.of(row)
        source = self.spool.file(row.job_id, order.suffix)
        report = partial(self.spool.write_report, row.job_id)
        told = _Progress(self, row)
        if not source.is_file():  # the vault was restored without it
            return JobState.FAILED, {}, "file_missing: upload it again; what was issued counts"
        try:
            outcome = carry_out(self._workspace, order, source, report, told)
        except JobStoppedError:
            raise ChainUnavailableError("this node stops", code="node_stopping") from None
        except JobCancelledError:
            return JobState.CANCELLED, told.counts, ""
        except (ChainUnavailableError, StorageError) as error:
            if error.code != _DAMAGED:
                raise
            return JobState.FAILED, told.counts, f"{_DAMAGED}: upload it again"
        except LedgerError as error:
            return JobState.FAILED, told.counts, f"{error.code}: {error.message}"
        except Exception:
            logger.exception("job_failed", extra={"job": row.job_id})
            return JobState.FAILED, told.counts, "unexpected: the node's log tells why"
        state = JobState.FAILED if outcome.detail else JobState.COMPLETED
        ISSUED.labels("file").inc(outcome.counts.get("issued", 0))
        return state, dict(outcome.counts), outcome.detail

    def require_wanted(self, job_id: str) -> None:
        """Raises JobCancelledError or JobStoppedError where a job under way is to end here."""
        if job_id in self._cancelled:
            raise JobCancelledError
        if self._is_stopping:
            raise JobStoppedError

    def note(self, job_id: str, counts: dict[str, int]) -> None:
        """Keeps how far a job is."""
        self._workspace.vault.jobs.change(job_id, JobState.RUNNING, counts)

    def _remove(self, row: JobRow) -> None:
        """A file whose job has ended is needed no more."""
        self.spool.remove(row.job_id)


class _Progress:
    """What a job is told to tell: kept once a second; ends it where that is asked for."""

    def __init__(self, runner: JobRunner, row: JobRow) -> None:
        self._runner = runner
        self._row = row
        self._told_s = 0.0
        self.counts: dict[str, int] = {}

    def __call__(self, progress: IssuanceProgress) -> None:
        if not progress.anchored:
            self._runner.require_wanted(self._row.job_id)
        self.counts = {
            "total_bytes": progress.total_bytes,
            "read_bytes": progress.read_bytes,
            "rows": progress.rows,
            "sealed": progress.sealed,
            "anchored": progress.anchored,
            "errors": progress.errors,
        }
        now_s = time.monotonic()
        if now_s - self._told_s >= _TOLD_EVERY_S:
            self._told_s = now_s
            self._runner.note(self._row.job_id, self.counts)


def make_job_id() -> str:
    """A fresh id, which nobody can guess. 32 hexadecimal digits."""
    return secrets.token_hex(16)
