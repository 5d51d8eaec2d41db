"""What issuing a source takes and gives: limits, progress, report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ledger.actions.issuance.anchoring import AnchoredBatch
from ledger.actions.issuance.row_errors import RowError
from ledger.actions.issuance.sealing import WORKERS
from ledger.identifiers import CertificateId
from ledger.vault.tables import RunState

STREAM_NAME = "requests"
STREAM_DIGEST = b"single requests"
"""Of the runs of a node that issues single requests. Their batches are never left open."""


@dataclass(frozen=True, slots=True)
class IssuanceLimits:
    """How a source is cut into pieces.

    Attributes:
        batch_rows: of one batch; with 65,536 a status change of all of them stays under the gas
            limit of a transaction (EIP-7825).
        batch_age_s: after which a batch takes no more rows, where it may be anchored before the
            whole source was read.
        chunk_rows: sealed together.
        chunks_in_flight: handed out for sealing and not staged yet; bounds memory.
        chunks_staged_together: in one transaction, which costs two waits for the disk.
        errors: a file with more is not worth reading on.
        workers_from_bytes: size of a source from which sealing goes to worker processes; below,
            starting them takes longer.
    """

    batch_rows: int = 65_536
    batch_age_s: float = 60.0
    chunk_rows: int = 1_024
    chunks_in_flight: int = 4 * WORKERS
    chunks_staged_together: int = 4
    errors: int = 10_000
    workers_from_bytes: int = 2_000_000


DEFAULT_LIMITS = IssuanceLimits()


@dataclass(frozen=True, slots=True)
class IssuanceProgress:
    """How far a run is. Attributes: total_bytes: of the source; read_bytes: of it read so far."""

    total_bytes: int
    read_bytes: int = 0
    rows: int = 0
    sealed: int = 0
    anchored: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class IssuanceReport:
    """What became of a source.

    Attributes:
        state: completed, or failed when there were errors and nothing was issued.
        rows: rows read.
        issued: certificates anchored by this run.
        already_issued: rows that were issued before with the same content.
        errors: rows' errors; warnings: what was accepted all the same.
        batches: what this run anchored, batches left over by an interrupted run included.
        given_up: names of other sources whose issuing was interrupted: issue them again.
    """

    state: RunState
    rows: int
    issued: int
    already_issued: int
    errors: tuple[RowError, ...]
    warnings: tuple[RowError, ...]
    batches: tuple[AnchoredBatch, ...]
    is_cut: bool = False
    given_up: tuple[str, ...] = ()

    @property
    def invalid_rows(self) -> int:
        return len({error.line for error in self.errors})


@dataclass(frozen=True, slots=True)
class Citation:
    """What the one certificate of a file cites.

    Attributes:
        related: 关联证照标识: the certificate it replaces or continues, of whichever province.
        case_id: of the case whose result it is, 32 bytes.
        expected: which certificate it must be, None for whichever the file describes.
    """

    related: CertificateId | None = None
    case_id: bytes | None = None
    expected: CertificateId | None = None

    def to_bytes(self) -> bytes:
        """What tells two citations apart."""
        return f"{self.related or ''} {(self.case_id or b'').hex()}".encode()


ProgressCallback = Callable[[IssuanceProgress], None]
