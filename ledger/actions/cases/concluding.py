"""办结, 出证, 送达 and withdrawal."""

from __future__ import annotations

from ledger.actions.cases.acting import CaseResult
from ledger.actions.cases.advancing import Advance, advance, make_notice, require_text
from ledger.actions.holdings import find_stored
from ledger.chain.case_reading import fetch_case
from ledger.formats.case_documents import NoticeKind, make_salt
from ledger.formats.case_materials import CertificateReference
from ledger.identifiers import CertificateId
from ledger.records import CaseAct, CaseRecord, CaseState, StepOutcome
from ledger.workspace import Workspace


def conclude_case(
    workspace: Workspace,
    case_id: bytes,
    text: str,
    *,
    legal_basis: str = "",
    remedies: str = "",
    officer: str | None = None,
) -> CaseResult:
    """办结: grants or rejects, as the steps came out.

    Args:
        text: of the decision document.
        legal_basis, remedies: of a rejection, which must state them.

    Raises:
        MalformedInputError: a rejection without basis or remedies.
        ConflictError: CaseStateUnexpectedError: the steps are not decided.
    """
    record = fetch_case(workspace.gateway, case_id)
    rejected = {CaseState.REJECTED, CaseState.DELIVERED}
    is_rejected = record.outcome is StepOutcome.REJECTED or (
        record.state in rejected and record.outcome is not StepOutcome.APPROVED
    )
    if is_rejected:
        require_text(legal_basis, "legal_basis", 256)
        require_text(remedies, "remedies", 512)
    kind = NoticeKind.REJECTION if is_rejected else NoticeKind.GRANT

    def prepare(_: CaseRecord) -> Advance:
        notice = make_notice(case_id, kind, text)
        if not is_rejected:
            return Advance(notice.digest, (notice,))
        return Advance(notice.digest, (notice,), legal_basis=legal_basis, remedies=remedies)

    act = CaseAct.REJECT if is_rejected else CaseAct.GRANT
    request = {"text": text, "legal_basis": legal_basis, "remedies": remedies}
    return advance(workspace, case_id, act, request, officer, prepare)


def issue_result(
    workspace: Workspace,
    case_id: bytes,
    certificate_id: CertificateId,
    officer: str | None = None,
) -> CaseResult:
    """出证: commits the case to the certificate that this home issued for it.

    Raises:
        NotFoundError: certificate_unknown, not_anchored. ConflictError: CaseStateUnexpectedError.
    """

    def prepare(_: CaseRecord) -> Advance:
        stored = find_stored(workspace, certificate_id)
        result = CertificateReference(stored.batch.batch_key, stored.position, make_salt())
        return Advance(result.commitment, (), kept_references=(result,))

    request = {"certificate": str(certificate_id)}
    return advance(workspace, case_id, CaseAct.ISSUE_RESULT, request, officer, prepare)


def deliver_case(
    workspace: Workspace, case_id: bytes, text: str, officer: str | None = None
) -> CaseResult:
    """送达, by the department that has the material.

    Args:
        text: the applicant's receipt: how, when and to whom.
    """
    return _with_notice(workspace, case_id, CaseAct.DELIVER, NoticeKind.DELIVERY, text, officer)


def withdraw_case(
    workspace: Workspace, case_id: bytes, text: str, officer: str | None = None
) -> CaseResult:
    """撤回, on the applicant's request, before the case is concluded."""
    return _with_notice(workspace, case_id, CaseAct.WITHDRAW, NoticeKind.WITHDRAWAL, text, officer)


def _with_notice(
    workspace: Workspace,
    case_id: bytes,
    act: CaseAct,
    kind: NoticeKind,
    text: str,
    officer: str | None,
) -> CaseResult:
    def prepare(_: CaseRecord) -> Advance:
        notice = make_notice(case_id, kind, text)
        return Advance(notice.digest, (notice,))

    return advance(workspace, case_id, act, {"text": text}, officer, prepare)
