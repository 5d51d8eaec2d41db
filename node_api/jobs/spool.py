"""Uploaded files on their way to a job, and the reports of what was wrong with them.

They lie beside the vault, for this user alone, and encrypted under its key: neither a backup of the
directory nor a stolen disk tells whom a file names. A file is removed when its job has ended, a
report after some days, and whatever no job knows when the node begins.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.actions.issuance.clerk_files import REPORT_ENCODING, write_error_rows
from ledger.actions.issuance.row_errors import RowError
from ledger.errors import MalformedInputError
from ledger.vault.cipher import RowCipher
from ledger.vault.sealed_files import SealedFile, SealedWriter

FILE_SUFFIX = ".upload"
REPORT_SUFFIX = ".report"
_DAY_S = 86_400


class Spool:
    """The uploads of a home.

    Args:
        directory: made if it is not there.
        cipher: of the vault.
    """

    def __init__(self, directory: Path, cipher: RowCipher) -> None:
        self._directory = directory
        self._cipher = cipher
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)

    def begin(self, job_id: str, max_bytes: int) -> Upload:
        """A file that is about to arrive."""
        path = self._directory / f"{job_id}{FILE_SUFFIX}"
        writer = SealedWriter(path, self._cipher, _binding(FILE_SUFFIX, job_id))
        return Upload(path, writer, max_bytes)

    def file(self, job_id: str, suffix: str) -> SealedFile:
        """A job's file. Args: suffix: of what was uploaded, such as ".csv"."""
        path = self._directory / f"{job_id}{FILE_SUFFIX}"
        return SealedFile(path, self._cipher, _binding(FILE_SUFFIX, job_id), suffix)

    def remove(self, job_id: str) -> None:
        """A file whose job has ended is needed no more."""
        (self._directory / f"{job_id}{FILE_SUFFIX}").unlink(missing_ok=True)

    def write_report(self, job_id: str, errors: Iterable[RowError]) -> None:
        """Keeps what was wrong with a job's rows. Raises StorageError."""
        path = self._directory / f"{job_id}{REPORT_SUFFIX}"
        with SealedWriter(path, self._cipher, _binding(REPORT_SUFFIX, job_id)) as writer:
            text = io.TextIOWrapper(io.BufferedWriter(writer), REPORT_ENCODING, newline="")
            write_error_rows(text, errors)
            text.flush()
            writer.finish()

    def has_report(self, job_id: str) -> bool:
        """Whether there is one."""
        return (self._directory / f"{job_id}{REPORT_SUFFIX}").exists()

    def read_report(self, job_id: str) -> bytes:
        """All of a job's report. Raises StorageError, file_damaged."""
        path = self._directory / f"{job_id}{REPORT_SUFFIX}"
        with SealedFile(path, self._cipher, _binding(REPORT_SUFFIX, job_id)).open() as stream:
            return stream.read()

    def tidy(self, living: set[str]) -> None:
        """Removes what no job needs; only while nothing arrives. Args: living: have not ended."""
        for path in self._directory.iterdir():
            is_of_one = path.suffix == FILE_SUFFIX and path.stem in living
            if not is_of_one and path.suffix != REPORT_SUFFIX:
                path.unlink(missing_ok=True)

    def expire(self, keep_days: int) -> None:
        """Removes the reports that were kept for so long."""
        oldest = time.time() - keep_days * _DAY_S
        for path in self._directory.glob(f"*{REPORT_SUFFIX}"):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


class Upload:
    """One arriving file, which stays only if `keep` is called. Context manager.

    Args:
        path: where it will be.
        writer: to there.
        max_bytes: of it.
    """

    def __init__(self, path: Path, writer: SealedWriter, max_bytes: int) -> None:
        self.size = 0
        self._path = path
        self._writer = writer
        self._max_bytes = max_bytes
        self._digest = hashlib.sha256()
        self._is_kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()
        if not self._is_kept:
            self._path.unlink(missing_ok=True)

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
        self._writer.write(content)

    def finish(self) -> bytes:
        """Has it on the disk, whatever happens now; its SHA-256. Raises as `write` does."""
        self._writer.finish()
        return self._digest.digest()

    def keep(self) -> None:
        """A job is to remove it from now on."""
        self._is_kept = True


def _binding(suffix: str, job_id: str) -> bytes:
    """What ties a file to its job, and to what it is of it."""
    return b"job file\x00" + suffix.encode() + b"\x00" + job_id.encode()
