"""The issuance loop: parse → place → seal → stage → close → submit → confirm.

Idempotent by the certificate's full identifier: a row that was issued before with the same content
counts as issued, with other content it is an error. Staged is not issued: batches are closed and
anchored only after the whole source has passed. The state is in the vault, so that the same
command after any interruption does what is left, and changes nothing when nothing is.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from ledger.actions.issuance.anchoring import (
    AnchoredBatch,
    anchor_batch,
    close_batch,
    settle_closed_batches,
)
from ledger.actions.issuance.row_errors import RowError, RowErrorCode
from ledger.actions.issuance.row_reader import RowResult
from ledger.actions.issuance.rows import read_rows
from ledger.actions.issuance.sealing import (
    PlacedDraft,
    SealingOrder,
    compute_content_mac,
    make_order,
    make_sealer,
    open_executor,
    seal_chunk,
)
from ledger.actions.issuers import find_department, find_seal_key
from ledger.actions.lost_batches import require_none_lost
from ledger.errors import ConflictError, NotFoundError, StorageError
from ledger.formats.certificate import compute_batch_key
from ledger.formats.civil_time import compute_civil_date
from ledger.formats.draft import CertificateDraft
from ledger.identifiers import CertificateId, CertificateType, Uscc
from ledger.records import IssuerNotMandatedError
from ledger.vault.batches import BatchRow, NewBatch
from ledger.vault.certificates import Known
from ledger.vault.key_files import SealKey
from ledger.vault.staged import StagedCertificate
from ledger.vault.tables import BatchState, RunState
from ledger.workspace import Workspace

_CHUNKS_IN_FLIGHT = 4


@dataclass(frozen=True, slots=True)
class IssuanceLimits:
    """How a source is cut into pieces.

    Attributes:
        batch_rows: of one batch; with 65,536 a status change of all of them stays under the gas
            limit of a transaction (EIP-7825).
        chunk_rows: sealed and staged together.
        errors: a file with more is not worth reading on.
        workers_from_bytes: size of a source from which sealing goes to worker processes; below,
            starting them takes longer.
    """

    batch_rows: int = 65_536
    chunk_rows: int = 1_024
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
class Succession:
    """A certificate that is issued in the place of another, which it cites."""

    replaced: CertificateId
    successor: CertificateId


ProgressCallback = Callable[[IssuanceProgress], None]


@dataclass(slots=True)
class _Run:
    """The state of one pass over a source."""

    workspace: Workspace
    run_id: int
    order: SealingOrder
    key: SealKey
    certificate_type: CertificateType
    header: bytes
    executor: Executor
    notify: ProgressCallback
    progress: IssuanceProgress
    sealed_at_unix: int
    limits: IssuanceLimits
    given_up: tuple[str, ...]
    batch: BatchRow | None = None
    position: int = 0
    pending: deque[tuple[int, Future[list[StagedCertificate]]]] = field(default_factory=deque)
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowError] = field(default_factory=list)
    already_issued: int = 0
    is_cut: bool = False


def issue_file(
    workspace: Workspace,
    source: Path,
    issuer: Uscc,
    certificate_type: CertificateType,
    *,
    skip_invalid: bool = False,
    succession: Succession | None = None,
    notify: ProgressCallback = lambda _: None,
    limits: IssuanceLimits = DEFAULT_LIMITS,
) -> IssuanceReport:
    """Issues every row of a clerk's file.

    Args:
        source: CSV whose columns are the titles of the type's schema.
        skip_invalid: issue the good rows although there are bad ones.
        succession: what the one row of the file is issued for.
        notify: told of progress after each chunk.

    Raises:
        NotFoundError: no such file, department, seal key or type.
        ConflictError: `batches_lost`, the chain has batches of this home that its vault has not;
            `not_the_successor`, a row is another than `succession` says.
        LedgerError: the contract's refusal of a batch, such as IssuerNotMandatedError.
        ChainUnavailableError: run the command again; nothing is lost or done twice.
        StorageError: the vault cannot be written, or a sealing worker was ended; likewise.
    """
    if not source.is_file():
        raise NotFoundError(f"no file {source}", field="file")
    schema = workspace.schema(certificate_type)
    department = find_department(workspace, issuer)
    key = find_seal_key(workspace, issuer)
    _require_mandate(workspace, issuer, certificate_type)
    settled = settle_closed_batches(workspace, issuer=issuer)
    require_none_lost(workspace, issuer)
    vault = workspace.vault
    order = make_order(key.private_key, key.x5c, issuer, department.name, vault.row_cipher)
    size = source.stat().st_size
    run_id, given_up = _begin_run(workspace, source, succession)
    in_workers = size >= limits.workers_from_bytes
    with source.open("rb") as stream, open_executor(in_workers=in_workers) as pool:
        run = _Run(
            workspace,
            run_id,
            order,
            key,
            certificate_type,
            make_sealer(order).header,
            pool,
            notify,
            IssuanceProgress(size),
            workspace.now_unix(),
            limits,
            given_up,
        )
        _take_up(run)
        today = compute_civil_date(run.sealed_at_unix)
        rows = read_rows(stream, schema, issuer=issuer, today=today)
        for chunk in _chunks(rows, limits.chunk_rows):
            _stage_chunk(run, chunk, succession, skip_invalid=skip_invalid)
            run.progress = replace(run.progress, read_bytes=stream.tell())
            notify(run.progress)
            if run.is_cut:
                break
        _drain(run, down_to=0)
    return _conclude(run, settled, skip_invalid=skip_invalid)


def _require_mandate(workspace: Workspace, issuer: Uscc, kind: CertificateType) -> None:
    """Asked before anything is sealed; the contract asks again."""
    registry = workspace.gateway.module("IssuerRegistry")
    now_unix = workspace.gateway.head().time_unix
    arguments = (issuer.to_chain(), kind.to_chain(), now_unix)
    if not workspace.gateway.call(registry, "isMandatedAt", *arguments):
        raise IssuerNotMandatedError(issuer, kind, now_unix)


def _begin_run(
    workspace: Workspace, source: Path, succession: Succession | None
) -> tuple[int, tuple[str, ...]]:
    """A run over this source: the interrupted one over the same bytes, or a new one.

    What other interrupted runs had staged is given up, so that no row of this source is held by a
    batch that may never be closed. Returns the run and the names of their sources.
    """
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    if succession is not None:
        digest = hashlib.sha256(digest + str(succession.replaced).encode()).digest()
    runs = workspace.vault.runs
    same: int | None = None
    given_up = []
    for unfinished in runs.unfinished():
        if unfinished.source_digest == digest and same is None:
            same = unfinished.id
            continue
        workspace.vault.batches.discard_open(unfinished.id)
        runs.finish(unfinished.id, RunState.CANCELLED, {})
        if unfinished.source_digest != digest:
            given_up.append(unfinished.source_name)
    return (runs.begin(source.name, digest).id if same is None else same), tuple(given_up)


def _take_up(run: _Run) -> None:
    """Continues the batch an interrupted run over the same source was filling."""
    for batch in run.workspace.vault.batches.of_run(run.run_id):
        if batch.state is not BatchState.OPEN:
            continue
        if (batch.key_id, batch.certificate_type) != (run.key.key_id, run.certificate_type):
            run.workspace.vault.batches.abandon(batch.pk)
        elif batch.count < run.limits.batch_rows:
            run.batch, run.position = batch, batch.count


def _stage_chunk(
    run: _Run, chunk: list[RowResult], succession: Succession | None, *, skip_invalid: bool
) -> None:
    related = succession.replaced if succession else None
    drafts = []
    for row in chunk:
        run.errors.extend(row.errors)
        run.warnings.extend(row.warnings)
        if row.draft is not None and not row.errors:
            _require_successor(row.draft, succession)
            mac = compute_content_mac(run.order.cipher, row.draft, related)
            drafts.append((row.line, PlacedDraft(row.draft, mac, related)))
    fresh = _drop_known(run, drafts)
    run.progress = replace(
        run.progress, rows=run.progress.rows + len(chunk), errors=len(run.errors)
    )
    if run.errors and not skip_invalid:
        run.is_cut = len(run.errors) >= run.limits.errors
        return  # nothing of this file will be issued; only its other errors are of interest
    while fresh:
        batch = _open_batch(run)
        room = run.limits.batch_rows - run.position
        part, fresh = fresh[:room], fresh[room:]
        run.pending.append(
            (
                batch.pk,
                run.executor.submit(
                    seal_chunk, run.order, part, batch.batch_key, run.position, run.sealed_at_unix
                ),
            )
        )
        run.position += len(part)
        _drain(run, down_to=_CHUNKS_IN_FLIGHT)


def _require_successor(draft: CertificateDraft, succession: Succession | None) -> None:
    if succession and str(draft.certificate_id) != str(succession.successor):
        raise ConflictError(
            f"expected {succession.successor} alone, the certificate that replaces "
            f"{succession.replaced}; the file has {draft.certificate_id}; nothing was issued",
            code="not_the_successor",
            field="file",
        )


def _drop_known(run: _Run, drafts: list[tuple[int, PlacedDraft]]) -> list[PlacedDraft]:
    """The drafts that were never issued. Others count as issued, or are errors."""
    identifiers = [str(placed.draft.certificate_id) for _, placed in drafts]
    known = run.workspace.vault.certificates.find_many(identifiers)
    fresh = []
    for identifier, (line, placed) in zip(identifiers, drafts, strict=True):
        found = known.get(identifier)
        if found is None:
            fresh.append(placed)
        elif found.batch_state is BatchState.CLOSED:
            raise ConflictError(
                f"{identifier} is in a batch that was closed but not anchored, and its anchoring "
                "is refused for now; nothing was issued",
                code="batch_unsettled",
            )
        elif found.content_mac == placed.content_mac:
            run.already_issued += found.batch_state is BatchState.ANCHORED
        else:
            run.errors.append(_refuse_known(run, found, identifier, line))
    return fresh


def _refuse_known(run: _Run, found: Known, identifier: str, line: int) -> RowError:
    """Why a row is not issued whose identifier was, with another content or one since erased."""
    erasure = None
    if found.content_mac is None:
        erasure = run.workspace.vault.certificates.find_erasure(identifier)
    if erasure is None:
        return RowError.of(RowErrorCode.CONFLICTING_CERTIFICATE, line, "证照标识", identifier)
    erased_on = compute_civil_date(erasure.erased_at_unix).isoformat()
    code = RowErrorCode.ERASED_CERTIFICATE
    return RowError.of(code, line, "证照标识", identifier, erased_on=erased_on)


def _open_batch(run: _Run) -> BatchRow:
    if run.batch is None or run.position >= run.limits.batch_rows:
        batch_id = secrets.token_bytes(32)
        run.batch = run.workspace.vault.batches.open(
            NewBatch(
                batch_id,
                compute_batch_key(run.key.issuer, batch_id),
                run.key.issuer,
                run.key.key_id,
                run.certificate_type,
                run.header,
                run.run_id,
            )
        )
        run.position = 0
    return run.batch


def _drain(run: _Run, *, down_to: int) -> None:
    """Stages sealed chunks in the order in which they were handed out."""
    while len(run.pending) > down_to:
        batch_pk, future = run.pending.popleft()
        try:
            staged = future.result()
        except BrokenProcessPool as error:
            raise StorageError(
                "a sealing worker was ended, perhaps for want of memory; run the command again: "
                "nothing is lost or done twice",
                code="sealing_interrupted",
            ) from error
        run.workspace.vault.certificates.stage(batch_pk, staged)
        run.progress = replace(run.progress, sealed=run.progress.sealed + len(staged))


def _conclude(run: _Run, settled: Iterable[AnchoredBatch], *, skip_invalid: bool) -> IssuanceReport:
    vault = run.workspace.vault
    anchored = list(settled)
    issued = 0
    if skip_invalid or not run.errors:
        for batch in vault.batches.of_run(run.run_id):
            if batch.state is BatchState.OPEN and batch.count:
                done = anchor_batch(run.workspace, close_batch(run.workspace, batch))
                anchored.append(done)
                issued += done.count
                run.progress = replace(run.progress, anchored=issued)
                run.notify(run.progress)
    vault.batches.discard_open(run.run_id)
    is_enough = skip_invalid and bool(issued or run.already_issued)
    state = RunState.COMPLETED if is_enough or not run.errors else RunState.FAILED
    counts = {
        "rows": run.progress.rows,
        "issued": issued,
        "already_issued": run.already_issued,
        "errors": len(run.errors),
    }
    vault.runs.finish(run.run_id, state, counts)
    return IssuanceReport(
        state,
        run.progress.rows,
        issued,
        run.already_issued,
        tuple(run.errors),
        tuple(run.warnings),
        tuple(anchored),
        run.is_cut,
        run.given_up,
    )


def _chunks(rows: Iterator[RowResult], size: int) -> Iterator[list[RowResult]]:
    while chunk := list(islice(rows, size)):
        yield chunk
