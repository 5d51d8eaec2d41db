"""Acts on a case that need no statement of their own kind: `CaseAct`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledger.actions.cases.acting import (
    ActPlan,
    CaseResult,
    begin,
    carry_out,
    choose_department,
    find_done,
)
from ledger.actions.cases.papers import require_case
from ledger.actions.turns import take_turn
from ledger.chain.case_reading import fetch_case
from ledger.errors import MalformedInputError
from ledger.formats.case_documents import CaseDocument, Notice, NoticeKind, make_salt
from ledger.formats.case_materials import CertificateReference
from ledger.identifiers import Uscc
from ledger.records import CaseAct, CaseRecord, CaseStatement, SpecialProcedure
from ledger.vault.case_rows import Paper
from ledger.workspace import Workspace

_OF_EITHER = frozenset({CaseAct.SUPPLEMENT, CaseAct.DELIVER, CaseAct.WITHDRAW})


@dataclass(frozen=True, slots=True)
class Advance:
    """What one act puts into its statement, and the papers behind it.

    Attributes:
        references: certificates relied on, whose commitments go into the statement.
        kept_references: those of which only the vault knows.
    """

    digest: bytes
    papers: tuple[CaseDocument | Paper, ...]
    due_at_unix: int = 0
    legal_basis: str = ""
    remedies: str = ""
    procedure: SpecialProcedure = SpecialProcedure.NONE
    references: tuple[CertificateReference, ...] = ()
    kept_references: tuple[CertificateReference, ...] = ()


def advance(
    workspace: Workspace,
    case_id: bytes,
    act: CaseAct,
    request: Mapping[str, object],
    officer: str | None,
    prepare: Callable[[CaseRecord], Advance],
) -> CaseResult:
    """Carries out one act, or tells that it was.

    Args:
        request: what was asked for, as JSON values.
        prepare: makes what goes into the statement; only called when the act is to be made.

    Raises:
        NotFoundError: not_our_case, case_missing, and as `carry_out`.
    """
    with take_turn(workspace, case_id):
        return _advance(workspace, case_id, act, request, officer, prepare)


def _advance(
    workspace: Workspace,
    case_id: bytes,
    act: CaseAct,
    request: Mapping[str, object],
    officer: str | None,
    prepare: Callable[[CaseRecord], Advance],
) -> CaseResult:
    begin(workspace)
    kind = act.name.lower()
    if (done := find_done(workspace, case_id, kind, request)) is not None:
        return done
    require_case(workspace, case_id)
    record = fetch_case(workspace.gateway, case_id)
    department = _choose(workspace, act, record)
    prepared = prepare(record)

    def build(key_id: bytes, sequence: int, officer_commitment: bytes) -> CaseStatement:
        return CaseStatement(
            department,
            key_id,
            case_id,
            sequence,
            act,
            prepared.procedure,
            prepared.due_at_unix,
            prepared.digest,
            officer_commitment,
            prepared.legal_basis,
            prepared.remedies,
            tuple(each.commitment for each in prepared.references),
        )

    plan = ActPlan(
        case_id,
        kind,
        department,
        request,
        officer,
        build,
        prepared.papers,
        (*prepared.references, *prepared.kept_references),
        record.sequence + 1,
        prepared.due_at_unix,
    )
    return carry_out(workspace, plan)


def make_notice(case_id: bytes, kind: NoticeKind, text: str, items: Sequence[str] = ()) -> Notice:
    """A notice under a fresh salt. Raises MalformedInputError for an empty text."""
    if not text.strip():
        raise MalformedInputError("text: expected what the notice says", field="text")
    return Notice(make_salt(), case_id, kind, text, tuple(items))


def require_text(text: str, name: str, max_bytes: int) -> None:
    """Raises MalformedInputError unless the contract takes it."""
    if not 0 < len(text.encode()) <= max_bytes:
        raise MalformedInputError(
            f"{name}: expected 1 to {max_bytes} bytes of UTF-8, got {len(text.encode())}",
            field=name,
        )


def _choose(workspace: Workspace, act: CaseAct, record: CaseRecord) -> Uscc:
    """Who of this home may act: the handler; for some acts whoever has the material."""
    if act not in _OF_EITHER:
        return choose_department(workspace, record.handler)
    if act is CaseAct.DELIVER:
        return choose_department(workspace, record.custodian)
    return choose_department(workspace, record.receiver, record.handler)
