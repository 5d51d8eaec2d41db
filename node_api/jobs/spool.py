"""Uploaded files on their way to a job, and the reports of what was wrong with them.

They lie beside the vault, for this user alone, and in clear, as a clerk's file does on the clerk's
machine: a file is removed when its job has ended, a report after some days.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.errors import MalformedInputError
from ledger.vault.failures import translate_disk

REPORT_SUFFIX = ".errors.csv"
_DAY_S = 86_400


class Spool:
    """The uploads of a home.

    Args:
        directory: made if it is not there.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)

    def begin(self, job_id: str, suffix: str, max_bytes: int) -> Upload:
        """A file that is about to arrive."""
        return Upload(self._directory / f"{job_id}{suffix}", max_bytes)

    def path(self, job_id: str, suffix: str) -> Path:
        """Where a job's file is."""
        return self._directory / f"{job_id}{suffix}"

    def report(self, job_id: str) -> Path:
        """Where a job's report is, if it has one."""
        return self._directory / f"{job_id}{REPORT_SUFFIX}"

    def tidy(self, living: set[str], keep_days: int) -> None:
        """Removes what no job needs any more. Args: living: jobs that have not ended."""
        oldest = time.time() - keep_days * _DAY_S
        for path in self._directory.iterdir():
            is_report = path.name.endswith(REPORT_SUFFIX)
            if path.name.partition(".")[0] in living:
                continue
            if not is_report or path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


class Upload:
    """One arriving file: whole and on the disk after `finish`, gone otherwise. Context manager."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.size = 0
        self._max_bytes = max_bytes
        self._digest = hashlib.sha256()
        self._is_finished = False
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise translate_disk(error, path) from error
        self._file = os.fdopen(descriptor, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        if not self._is_finished:
            self.path.unlink(missing_ok=True)

    def write(self, content: bytes) -> None:
        """Adds to it.

        Raises:
            MalformedInputError: body_too_large.
            StorageError: disk_full and others.
        """
        self.size += len(content)
        if self.size > self._max_bytes:
            raise MalformedInputError(
                f"expected a file of at most {self._max_bytes} bytes", code="body_too_large"
            )
        self._digest.update(content)
        try:
            self._file.write(content)
        except OSError as error:
            raise translate_disk(error, self.path) from error

    def finish(self) -> bytes:
        """Has it on the disk, whatever happens now; its SHA-256. Raises as `write` does."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise translate_disk(error, self.path) from error
        self._is_finished = True
        return self._digest.digest()
