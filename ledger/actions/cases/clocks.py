"""The clock of a case: stopped only for a special procedure, and extended once."""

from __future__ import annotations

from ledger.actions.cases.acting import CaseResult
from ledger.actions.cases.advancing import Advance, advance, make_notice, require_text
from ledger.actions.cases.deadlines import (
    compute_extended_due,
    compute_resumed_due,
    load_calendar,
)
from ledger.errors import MalformedInputError
from ledger.formats.case_documents import NoticeKind
from ledger.records import CaseAct, CaseRecord, SpecialProcedure
from ledger.workspace import Workspace


def pause_case(
    workspace: Workspace,
    case_id: bytes,
    procedure: SpecialProcedure,
    text: str,
    officer: str | None = None,
) -> CaseResult:
    """Stops the clock for a 听证, 检验, 检测, 鉴定 or 专家评审 (行政许可法 art. 45).

    Raises:
        MalformedInputError: no procedure. ConflictError: CasePausedError and others.
    """
    if procedure is SpecialProcedure.NONE:
        raise MalformedInputError("procedure: expected a special procedure", field="procedure")

    def prepare(_: CaseRecord) -> Advance:
        notice = make_notice(case_id, NoticeKind.PAUSE, text)
        return Advance(notice.digest, (notice,), procedure=procedure)

    request = {"procedure": procedure.name, "text": text}
    return advance(workspace, case_id, CaseAct.PAUSE, request, officer, prepare)


def resume_case(
    workspace: Workspace, case_id: bytes, text: str, officer: str | None = None
) -> CaseResult:
    """Lets the clock run again, with as many working days left as when it was stopped.

    Args:
        text: what the special procedure came to.

    Raises:
        NotFoundError: calendar_not_published. ConflictError: CaseNotPausedError.
    """

    def prepare(record: CaseRecord) -> Advance:
        notice = make_notice(case_id, NoticeKind.PROCEDURE_RECORD, text)
        due = 0
        if record.paused_at:  # else the contract refuses
            now_unix = workspace.latest_unix()
            due = compute_resumed_due(load_calendar(workspace), record, now_unix)
        return Advance(notice.digest, (notice,), due_at_unix=due)

    return advance(workspace, case_id, CaseAct.RESUME, {"text": text}, officer, prepare)


def extend_case(
    workspace: Workspace,
    case_id: bytes,
    working_days: int,
    text: str,
    legal_basis: str,
    officer: str | None = None,
) -> CaseResult:
    """延期: gives the decision up to ten working days more, once (行政许可法 art. 42).

    Args:
        text: the approval, with its reasons.

    Raises:
        MalformedInputError: more days than the law allows. ConflictError: ExtendedBeforeError.
    """
    require_text(legal_basis, "legal_basis", 256)

    def prepare(record: CaseRecord) -> Advance:
        notice = make_notice(case_id, NoticeKind.EXTENSION, text)
        due = compute_extended_due(load_calendar(workspace), record, working_days)
        return Advance(notice.digest, (notice,), due_at_unix=due, legal_basis=legal_basis)

    request = {"days": working_days, "text": text, "legal_basis": legal_basis}
    return advance(workspace, case_id, CaseAct.EXTEND, request, officer, prepare)
