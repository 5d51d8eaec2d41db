"""Replacing a certificate: its successor is issued citing it, and only then is it superseded.

Interrupted in between, the same call does what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ledger.actions.decisions import Decision, LifecycleAct
from ledger.actions.holdings import find_stored, read_certificate
from ledger.actions.issuance.loop import issue_file
from ledger.actions.issuance.outcome import Citation, IssuanceReport, ProgressCallback
from ledger.actions.issuance.row_errors import RowError
from ledger.actions.issuance.rows import read_rows
from ledger.actions.lifecycle import Affected, StatusResult, change_status, preview
from ledger.actions.status_targets import fetch_status
from ledger.errors import ConflictError, MalformedInputError, NotFoundError
from ledger.formats.civil_time import compute_civil_date
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ReplacementPlan:
    """What a replacement would do.

    Attributes:
        successor: identifier of the new certificate, None if its row has errors.
        errors: what is wrong with the file; nothing can be done then.
        affected: the certificate that would be superseded, None if that was done before.
        is_issued: whether the successor was issued before.
    """

    replaced: CertificateId
    successor: CertificateId | None
    errors: tuple[RowError, ...]
    affected: Affected | None
    is_issued: bool


@dataclass(frozen=True, slots=True)
class Replacement:
    """What was done.

    Attributes:
        issuance: of the successor; None if its row has errors.
        change: of the old certificate's status; None if the successor was not issued because of
            errors, or if all had been done before.
    """

    plan: ReplacementPlan
    issuance: IssuanceReport | None
    change: StatusResult | None


def plan_replacement(
    workspace: Workspace, replaced: CertificateId, source: Path, decision: Decision
) -> ReplacementPlan:
    """What replacing a certificate by the one row of a file would do, without doing it.

    Raises:
        NotFoundError: no such file, or no such certificate of this home.
        MalformedInputError: the file has more than one row.
        ConflictError: the certificate is not in a status from which it can be superseded, the
            row has its own identifier, or another successor was issued and is in force.
    """
    if not source.is_file():
        raise NotFoundError(f"no file {source}", field="file")
    old = find_stored(workspace, replaced)
    batch = old.batch
    schema = workspace.schema(batch.certificate_type)
    today = compute_civil_date(workspace.now_unix())
    rows = list(islice(read_rows(source, schema, issuer=batch.issuer, today=today), 2))
    if len(rows) > 1:
        raise MalformedInputError(
            "expected a file of one row, the new certificate; it has more",
            code="replacement_rows",
            field="file",
        )
    draft = rows[0].draft
    if draft is None:
        return ReplacementPlan(replaced, None, rows[0].errors, None, is_issued=False)
    successor = draft.certificate_id
    if str(successor) == str(replaced):
        raise ConflictError(
            f"{replaced}: the new certificate has the identifier of the old one; give it the next "
            "version or another serial",
            code="successor_is_replaced",
            field="证照标识",
        )
    is_issued = _is_issued(workspace, successor, replaced)
    if fetch_status(workspace, old) is Status.SUPERSEDED:
        if is_issued:
            return ReplacementPlan(replaced, successor, (), None, is_issued)
        raise ConflictError(
            f"{replaced} was replaced before, by another certificate; nothing was changed",
            code="status_not_allowed",
            field="identifier",
        )
    _require_no_other(workspace, replaced, successor)
    (affected,) = preview(workspace, LifecycleAct.SUPERSEDE, [replaced], decision).affected
    return ReplacementPlan(replaced, successor, (), affected, is_issued)


def replace_certificate(
    workspace: Workspace,
    replaced: CertificateId,
    source: Path,
    decision: Decision,
    *,
    notify: ProgressCallback = lambda _: None,
) -> Replacement:
    """Issues the one row of a file citing the old certificate, and then supersedes that.

    Raises:
        As `plan_replacement`, `issue_file` and `change_status`; run again, it does what is left.
    """
    plan = plan_replacement(workspace, replaced, source, decision)
    if plan.successor is None:
        return Replacement(plan, None, None)
    workspace.vault.successions.choose(str(replaced), str(plan.successor))
    batch = find_stored(workspace, replaced).batch
    issuance = issue_file(
        workspace,
        source,
        batch.issuer,
        batch.certificate_type,
        citation=Citation(replaced, expected=plan.successor),
        notify=notify,
    )
    if issuance.errors or plan.affected is None:
        return Replacement(plan, issuance, None)
    changes = change_status(workspace, LifecycleAct.SUPERSEDE, [replaced], decision)
    return Replacement(plan, issuance, changes[0] if changes else None)


def _require_no_other(
    workspace: Workspace, replaced: CertificateId, successor: CertificateId
) -> None:
    """An interrupted replacement is finished, or its successor revoked, before another begins."""
    chosen = workspace.vault.successions.find(str(replaced))
    stored = workspace.vault.certificates.find(chosen) if chosen else None
    if stored is None or chosen == str(successor) or stored.batch.state is BatchState.OPEN:
        return
    if stored.batch.state is BatchState.ANCHORED and fetch_status(workspace, stored).is_final:
        return
    raise ConflictError(
        f"{replaced} is being replaced by {chosen}, which was issued before an interruption: run "
        f"that replacement again to finish it, or revoke {chosen} first; nothing was changed",
        code="replacement_unfinished",
        field="identifier",
    )


def _is_issued(workspace: Workspace, successor: CertificateId, replaced: CertificateId) -> bool:
    """Whether the successor is on the chain and cites the old certificate."""
    stored = workspace.vault.certificates.find(str(successor))
    if stored is None or stored.batch.state is not BatchState.ANCHORED:
        return False
    try:
        related = read_certificate(workspace, stored).related_certificate_id
    except NotFoundError:
        return False  # its content was erased; issuing will say what is known of it
    return related is not None and str(related) == str(replaced)
