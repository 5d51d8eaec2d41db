"""The issuance loop: parse → place → seal → stage → close → submit → confirm.

Idempotent by the certificate's full identifier: a row that was issued before with the same content
counts as issued, with other content it is an error. Staged is not issued: unless invalid rows are
to be skipped, batches are closed and anchored only after the whole source has passed. The state is
in the vault, so that the same command after any interruption does what is left, and changes
nothing when nothing is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from ledger.actions.issuance.anchoring import AnchoredBatch, settle_closed_batches
from ledger.actions.issuance.background import BackgroundAnchoring
from ledger.actions.issuance.known import sort_known
from ledger.actions.issuance.outcome import (
    DEFAULT_LIMITS,
    STREAM_DIGEST,
    Citation,
    IssuanceLimits,
    IssuanceProgress,
    IssuanceReport,
    ProgressCallback,
)
from ledger.actions.issuance.pipeline import BatchTerms, SealingPipeline
from ledger.actions.issuance.row_errors import RowError
from ledger.actions.issuance.row_reader import RowResult
from ledger.actions.issuance.rows import read_rows
from ledger.actions.issuance.sealing import (
    PlacedDraft,
    compute_content_mac,
    filled_process,
    make_order,
    open_executor,
)
from ledger.actions.issuance.source_file import SourceFile, as_source, compute_digest
from ledger.actions.issuance.standing import require_newest
from ledger.actions.issuers import find_department, find_seal_key
from ledger.actions.lost_batches import require_none_lost
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.civil_time import compute_civil_date
from ledger.formats.draft import CertificateDraft
from ledger.identifiers import CertificateType, Uscc
from ledger.records import IssuerNotMandatedError
from ledger.vault.tables import BatchState, RunState
from ledger.workspace import Workspace

_UNPACKED = {".xlsx": 4}  # a workbook takes about a quarter of the bytes of the same rows as CSV


@dataclass(slots=True)
class _Run:
    """The state of one pass over a source.

    Attributes:
        settled: what an interrupted run had closed and this one anchored.
        released: numbers of the batches given to the anchoring.
    """

    workspace: Workspace
    run_id: int
    pipeline: SealingPipeline
    anchoring: BackgroundAnchoring
    skip_invalid: bool
    citation: Citation | None
    max_errors: int
    notify: ProgressCallback
    progress: IssuanceProgress
    settled: tuple[AnchoredBatch, ...]
    given_up: tuple[str, ...]
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowError] = field(default_factory=list)
    already_issued: int = 0
    released: set[int] = field(default_factory=set)
    is_cut: bool = False

    def tell(self, **changes: int) -> None:
        """Tells how far it is."""
        self.progress = replace(
            self.progress,
            sealed=self.pipeline.staged,
            anchored=_count(self.anchoring.anchored),
            errors=len(self.errors),
            **changes,
        )
        self.notify(self.progress)


def issue_file(
    workspace: Workspace,
    source: Path | SourceFile,
    issuer: Uscc,
    certificate_type: CertificateType,
    *,
    skip_invalid: bool = False,
    citation: Citation | None = None,
    notify: ProgressCallback = lambda _: None,
    limits: IssuanceLimits = DEFAULT_LIMITS,
) -> IssuanceReport:
    """Issues every row of a clerk's file.

    Args:
        source: CSV or xlsx whose columns are the titles of the type's schema.
        skip_invalid: issue the good rows although there are bad ones.
        citation: what the one certificate of the file cites.
        notify: told of progress after each chunk.

    Raises:
        NotFoundError: no such file, department, seal key or type.
        ConflictError: `schema_outdated`, the catalogue has another version of the type than this
            home would issue by; `batches_lost`, the chain has batches of this home that its vault
            has not; `not_the_successor`, `not_one_row`: the file is not what `citation` says.
        LedgerError: the contract's refusal of a batch, such as IssuerNotMandatedError.
        ChainUnavailableError: run the command again; nothing is lost or done twice.
        StorageError: the vault cannot be written, or a sealing worker was ended; likewise.
    """
    if not (source := as_source(source)).is_file():
        raise NotFoundError(f"no file {source}", field="file")
    schema = workspace.schema(certificate_type)
    size = source.measure()
    is_large = size * _UNPACKED.get(source.suffix.lower(), 1) >= limits.workers_from_bytes
    with ExitStack() as stack:
        # Workers first: they start while chain and vault are opened.
        pool = stack.enter_context(open_executor(in_workers=is_large))
        if is_large:
            stack.enter_context(filled_process())
        department = find_department(workspace, issuer)
        key = find_seal_key(workspace, issuer)
        _require_mandate(workspace, issuer, certificate_type)
        require_newest(workspace, schema)
        settled = settle_closed_batches(workspace, issuer=issuer)
        require_none_lost(workspace, issuer)
        vault, now_unix = workspace.vault, workspace.now_unix()
        order = make_order(key.private_key, key.x5c, issuer, department.name, vault.row_cipher)
        run_id, given_up = _begin_run(workspace, source, issuer, citation)
        stack.enter_context(vault.runs.live(run_id))
        terms = BatchTerms(run_id, key.key_id, certificate_type, now_unix)
        stream = stack.enter_context(source.open())
        run = _Run(
            workspace,
            run_id,
            SealingPipeline(vault, order, terms, pool, limits),
            stack.enter_context(BackgroundAnchoring(workspace)),
            skip_invalid,
            citation,
            limits.errors,
            notify,
            IssuanceProgress(size),
            tuple(settled),
            given_up,
        )
        run.pipeline.take_up()
        today = compute_civil_date(now_unix)
        rows = read_rows(stream, schema, issuer=issuer, today=today)
        for chunk in _chunks(rows, limits.chunk_rows):
            _take(run, chunk)
            run.tell(read_bytes=stream.tell(), rows=run.progress.rows + len(chunk))
            if run.is_cut:
                break
        return _conclude(run)


def _require_mandate(workspace: Workspace, issuer: Uscc, kind: CertificateType) -> None:
    """Asked before anything is sealed; the contract asks again."""
    registry = workspace.gateway.module("IssuerRegistry")
    now_unix = workspace.gateway.head().time_unix
    arguments = (issuer.to_chain(), kind.to_chain(), now_unix)
    if not workspace.gateway.call(registry, "isMandatedAt", *arguments):
        raise IssuerNotMandatedError(issuer, kind, now_unix)


def _begin_run(
    workspace: Workspace, source: SourceFile, issuer: Uscc, citation: Citation | None
) -> tuple[int, tuple[str, ...]]:
    """A run over this source: the interrupted one over the same bytes, or a new one.

    What other interrupted runs of the department had staged is given up, so that no row of this
    source is held by a batch that may never be closed. Returns the run and the names of their
    sources. What this process is at meanwhile, and other departments' runs, are left alone.
    """
    digest = _digest(source, citation)
    runs = workspace.vault.runs
    same: int | None = None
    given_up = []
    for unfinished in runs.unfinished():
        if runs.is_live(unfinished.id) or unfinished.source_digest == STREAM_DIGEST:
            continue
        batches = workspace.vault.batches.of_run(unfinished.id)
        if any(batch.issuer != issuer for batch in batches):
            continue
        if unfinished.source_digest == digest and same is None:
            same = unfinished.id
            continue
        workspace.vault.batches.discard_open(unfinished.id)
        runs.finish(unfinished.id, RunState.CANCELLED, {})
        if unfinished.source_digest != digest:
            given_up.append(unfinished.source_name)
    return (runs.begin(source.name, digest).id if same is None else same), tuple(given_up)


def _take(run: _Run, chunk: list[RowResult]) -> None:
    """Has the rows of a chunk sealed that are right and new."""
    cited = run.citation or Citation()
    if run.citation and not cited.expected and run.progress.rows + len(chunk) > 1:
        raise _too_many_rows()
    cipher = run.workspace.vault.row_cipher
    drafts = []
    for row in chunk:
        run.errors.extend(row.errors)
        run.warnings.extend(row.warnings)
        if row.draft is not None and not row.errors:
            _require_expected(row.draft, cited)
            mac = compute_content_mac(cipher, row.draft, cited.related, cited.case_id)
            placed = PlacedDraft(row.draft, mac, cited.related, cited.case_id)
            drafts.append((row.line, placed))
    found = sort_known(run.workspace.vault, drafts, run.run_id)
    run.errors.extend(found.errors)
    run.already_issued += found.already_issued
    if run.skip_invalid:
        run.pipeline.put(found.fresh)
        run.pipeline.close_old()
        _release(run)
    elif not run.errors:
        run.pipeline.put(found.fresh)
    else:  # nothing of this file will be issued; only its other errors are of interest
        run.is_cut = len(run.errors) >= run.max_errors


def _require_expected(draft: CertificateDraft, cited: Citation) -> None:
    if cited.expected and str(draft.certificate_id) != str(cited.expected):
        raise ConflictError(
            f"expected {cited.expected} alone, the certificate that replaces "
            f"{cited.related}; the file has {draft.certificate_id}; nothing was issued",
            code="not_the_successor",
            field="file",
        )


def _too_many_rows() -> ConflictError:
    return ConflictError(
        "expected a file of one row, whose certificate cites what was named; it has more; "
        "nothing was issued",
        code="not_one_row",
        field="file",
    )


def _release(run: _Run, *, is_end: bool = False) -> None:
    """Has the batches anchored that are complete; at the end, all that have certificates."""
    complete = set(run.pipeline.pop_full())
    if not complete and not is_end:
        return
    for batch in run.workspace.vault.batches.of_run(run.run_id):
        is_left = batch.state is BatchState.OPEN and batch.count and batch.pk not in run.released
        if is_left and (is_end or batch.pk in complete):
            run.released.add(batch.pk)
            run.anchoring.put(batch)


def _conclude(run: _Run) -> IssuanceReport:
    """Anchors what is left, or gives it up because of errors."""
    vault = run.workspace.vault
    if run.skip_invalid or not run.errors:
        _release(run)
        run.pipeline.drain()
        _release(run, is_end=True)
        while run.anchoring.wait_for_next():
            run.tell()
    vault.batches.discard_open(run.run_id)
    issued = _count(run.anchoring.anchored)
    is_enough = run.skip_invalid and bool(issued or run.already_issued)
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
        _in_order_of_lines(run.errors),
        _in_order_of_lines(run.warnings),
        run.settled + run.anchoring.anchored,
        run.is_cut,
        run.given_up,
    )


def _in_order_of_lines(problems: Iterable[RowError]) -> tuple[RowError, ...]:
    """What the vault finds, such as that a certificate was issued before, comes after the rest."""
    return tuple(sorted(problems, key=lambda problem: problem.line))


def _count(batches: Iterable[AnchoredBatch]) -> int:
    return sum(batch.count for batch in batches)


def _chunks(rows: Iterator[RowResult], size: int) -> Iterator[list[RowResult]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _digest(source: SourceFile, citation: Citation | None) -> bytes:
    """What tells a run from others: the bytes of its file, and what they are to cite."""
    digest = compute_digest(source)
    return digest if citation is None else hashlib.sha256(digest + citation.to_bytes()).digest()


def give_up_file(
    workspace: Workspace, source: Path | SourceFile, issuer: Uscc, citation: Citation | None = None
) -> None:
    """Gives up what an interrupted run over a file has staged and not closed."""
    digest = _digest(as_source(source), citation)
    vault = workspace.vault
    for run in vault.runs.unfinished():
        batches = vault.batches.of_run(run.id)
        is_own = all(batch.issuer == issuer for batch in batches)
        if run.source_digest == digest and is_own and not vault.runs.is_live(run.id):
            vault.batches.discard_open(run.id)
            vault.runs.finish(run.id, RunState.CANCELLED, {})
