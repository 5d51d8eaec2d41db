"""分配 and 审批: who decides a step, and what each decides, alone or jointly with others."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.actions.cases.acting import (
    NOTHING,
    ActPlan,
    CaseResult,
    begin,
    carry_out,
    choose_department,
    find_done,
    find_recorded,
    to_done,
)
from ledger.actions.cases.deadlines import compute_due
from ledger.actions.cases.papers import require_case
from ledger.actions.turns import take_turn
from ledger.chain.case_reading import (
    CASE_LEDGER,
    fetch_case,
    fetch_deciders,
    fetch_decision_digest,
    fetch_step,
)
from ledger.errors import ConflictError, MalformedInputError, NotFoundError
from ledger.formats.case_documents import Opinion, make_salt
from ledger.identifiers import Uscc
from ledger.records import (
    AssignmentStatement,
    CaseRecord,
    CaseState,
    Decision,
    DecisionStatement,
    StepRule,
)
from ledger.workspace import Workspace

DECISION_VALIDITY_S = 3600


def assign_step(
    workspace: Workspace,
    case_id: bytes,
    named: Sequence[Uscc] = (),
    officer: str | None = None,
) -> CaseResult:
    """分配: opens the next step of a case.

    Args:
        named: the deciders that the matter leaves to be named, in order.

    Raises:
        ConflictError: CaseStateUnexpectedError and others.
        MalformedInputError: DecidersMalformedError.
    """
    with take_turn(workspace, case_id):
        return _assign(workspace, case_id, named, officer)


def _assign(
    workspace: Workspace, case_id: bytes, named: Sequence[Uscc], officer: str | None
) -> CaseResult:
    begin(workspace)
    record = fetch_case(workspace.gateway, case_id)
    request = {"step": record.step, "named": [str(each) for each in named]}
    if (done := find_done(workspace, case_id, "assign", request)) is not None:
        return done
    require_case(workspace, case_id)
    department = choose_department(workspace, record.handler)
    due = _compute_step_due(workspace, record)

    def build(key_id: bytes, sequence: int, officer_commitment: bytes) -> AssignmentStatement:
        return AssignmentStatement(
            department,
            key_id,
            case_id,
            sequence,
            record.step,
            due,
            tuple(named),
            officer_commitment,
        )

    plan = ActPlan(
        case_id,
        "assign",
        department,
        request,
        officer,
        build,
        sequence=record.sequence + 1,
        due_at_unix=due,
    )
    return carry_out(workspace, plan)


def decide_step(
    workspace: Workspace,
    case_id: bytes,
    decision: Decision,
    text: str,
    *,
    department: Uscc | None = None,
    officer: str | None = None,
) -> CaseResult:
    """审批: a department's decision, sealed over exactly what it decides about.

    Args:
        text: the opinion with its reasons.
        department: of this home; by default the one whose decision is missing.

    Raises:
        NotFoundError: not_our_case; paper_missing: this home lacks what is to be decided about.
        NotAuthorizedError: DepartmentNotCompetentError. ConflictError: DecisionTooLateError,
            DecisionOutOfTurnError, CasePausedError and others.
    """
    if not text.strip():
        raise MalformedInputError("text: expected the opinion with its reasons", field="text")
    with take_turn(workspace, case_id):
        return _decide(workspace, case_id, decision, text, department, officer)


def _decide(
    workspace: Workspace,
    case_id: bytes,
    decision: Decision,
    text: str,
    department: Uscc | None,
    officer: str | None,
) -> CaseResult:
    begin(workspace)
    record = fetch_case(workspace.gateway, case_id)
    deciders = fetch_deciders(workspace.gateway, case_id, record.step)
    missing = _find_missing(workspace, case_id, record, deciders)
    chosen = department or _choose_decider(workspace, deciders, missing)
    request = {"department": str(chosen), "decision": decision.name, "text": text}
    if chosen not in missing:
        earlier = find_recorded(workspace, case_id, "decide", request)
        if earlier is not None:
            return to_done(workspace, earlier, record)
    _require_grounds(workspace, case_id, record)
    preceding = _find_preceding(workspace, case_id, record, deciders, chosen)
    opinion = Opinion(make_salt(), case_id, record.step, record.round, chosen, decision, text)
    valid_until = workspace.latest_unix() + DECISION_VALIDITY_S

    def build(key_id: bytes, _: int, officer_commitment: bytes) -> DecisionStatement:
        return DecisionStatement(
            chosen,
            key_id,
            case_id,
            record.step,
            record.round,
            decision,
            record.matter_version,
            record.materials_digest,
            opinion.digest,
            preceding,
            officer_commitment,
            valid_until,
        )

    plan = ActPlan(case_id, "decide", chosen, request, officer, build, (opinion,))
    return carry_out(workspace, plan)


def end_step_time(workspace: Workspace, case_id: bytes) -> CaseResult:
    """Has the chain conclude a step whose veto holders let their time pass. Anyone may.

    Raises:
        ConflictError: StepStillOpenError.
    """
    begin(workspace)
    receipt = workspace.submitter.submit(
        CASE_LEDGER, "endStepTime", case_id, purpose="endStepTime", reference=case_id.hex()
    )
    entry, record = receipt.entries[0], fetch_case(workspace.gateway, case_id)
    return CaseResult(case_id, "end_step_time", record.state, 0, entry.index, entry.entry.time_unix)


def _compute_step_due(workspace: Workspace, record: CaseRecord) -> int:
    """0 where there is no step to open, which the contract refuses by its state."""
    if record.state is not CaseState.ACCEPTED or record.item_code is None:
        return 0
    step = fetch_step(workspace.gateway, record.item_code, record.matter_version, record.step)
    return compute_due(workspace, step.limit_days)


def _find_missing(
    workspace: Workspace, case_id: bytes, record: CaseRecord, deciders: Sequence[Uscc]
) -> list[Uscc]:
    """The deciders of the open step that have not decided."""
    if record.state is not CaseState.REVIEWING:
        return []
    return [
        each
        for each in deciders
        if fetch_decision_digest(workspace.gateway, case_id, record.step, each) is None
    ]


def _choose_decider(
    workspace: Workspace, deciders: Sequence[Uscc], missing: Sequence[Uscc]
) -> Uscc:
    own = [each for each in (missing or deciders) if workspace.keys.seal_key_ids(each)]
    if len(own) > 1 and missing:
        raise ConflictError(
            f"several departments of this home decide here; name one of "
            f"{', '.join(str(each) for each in own)}",
            code="department_ambiguous",
            field="department",
        )
    return choose_department(workspace, *(own or deciders))


def _require_grounds(workspace: Workspace, case_id: bytes, record: CaseRecord) -> None:
    """Nobody decides about what it has not got."""
    require_case(workspace, case_id)
    kept = {paper.digest for paper in workspace.vault.cases.papers_of(case_id)}
    if record.materials_digest not in kept:
        raise NotFoundError(
            f"this home lacks the judged materials {record.materials_digest.hex()} of case "
            f"{case_id.hex()}; ask the department in charge for a package",
            code="paper_missing",
            field="case",
        )


def _find_preceding(
    workspace: Workspace,
    case_id: bytes,
    record: CaseRecord,
    deciders: Sequence[Uscc],
    department: Uscc,
) -> bytes:
    """Digest of the decision before this one, where they are ordered."""
    if record.item_code is None or department not in deciders:
        return NOTHING
    step = fetch_step(workspace.gateway, record.item_code, record.matter_version, record.step)
    place = deciders.index(department)
    if step.rule is not StepRule.ORDERED or place == 0:
        return NOTHING
    before = deciders[place - 1]
    digest = fetch_decision_digest(workspace.gateway, case_id, record.step, before)
    return digest or NOTHING
