"""How an act on a case is carried out: sealed, kept, sent, and done once however often it is asked.

An act that the newest entry of the case already is, by the same request, is told as done and not
made again. Papers and officer are in the vault before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import rfc8785

from ledger.abi import Statement
from ledger.actions.cases.settlement import (
    decode_statement,
    find_entry,
    keep_under_way,
    name_function,
    settle_case_acts,
)
from ledger.actions.issuers import find_seal_key
from ledger.chain.case_reading import CASE_LEDGER, fetch_case
from ledger.errors import ChainUnavailableError, LedgerError, NotFoundError, StorageError
from ledger.formats.case_documents import CaseDocument
from ledger.formats.case_materials import CertificateReference
from ledger.formats.seals import sign_digest
from ledger.formats.statements import compute_digest
from ledger.identifiers import Uscc
from ledger.records import CaseRecord, CaseState, Signature
from ledger.vault.acts import OfficerCommitment
from ledger.vault.case_rows import CaseActRow, NewCaseAct, Paper
from ledger.vault.tables import ActState
from ledger.workspace import Workspace

NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """An act on a case that is on the chain.

    Attributes:
        act: what was done ("accept").
        state: of the case now.
        due_at_unix: what was set for it with this act, 0 if nothing was.
        was_done: whether it was on the chain before this call, which changed nothing then.
    """

    case_id: bytes
    act: str
    state: CaseState
    due_at_unix: int
    log_index: int
    recorded_at_unix: int
    was_done: bool = False


@dataclass(frozen=True, slots=True)
class ActPlan:
    """An act that a department wants.

    Attributes:
        request: what was asked for, as JSON values; the same again is the same act.
        build: makes the statement of the seal key's id, the sequence number and the officer's
            commitment.
        papers: kept with it.
        due_at_unix: for the result.
    """

    case_id: bytes
    kind: str
    department: Uscc
    request: Mapping[str, object]
    officer: str | None
    build: Callable[[bytes, int, bytes], Statement]
    papers: Sequence[CaseDocument | Paper] = ()
    references: Sequence[CertificateReference] = field(default_factory=tuple)
    sequence: int = 0
    due_at_unix: int = 0


def begin(workspace: Workspace) -> None:
    """Finds out what became of everything unfinished. Comes before every act."""
    workspace.submitter.resolve_unfinished()
    settle_case_acts(workspace)


def find_done(
    workspace: Workspace, case_id: bytes, kind: str, request: Mapping[str, object]
) -> CaseResult | None:
    """The act by which just this was asked for, if it is the newest act on the case."""
    act = find_recorded(workspace, case_id, kind, request)
    record = fetch_case(workspace.gateway, case_id)
    if act is None or act.sequence != record.sequence:
        return None
    return to_done(workspace, act, record)


def find_recorded(
    workspace: Workspace, case_id: bytes | None, kind: str, request: Mapping[str, object]
) -> CaseActRow | None:
    """The newest recorded act by which just this was asked for."""
    return workspace.vault.cases.find_act(case_id, kind, encode_request(kind, request))


def to_done(workspace: Workspace, act: CaseActRow, record: CaseRecord) -> CaseResult:
    """The result of an act that was carried out before."""
    workspace.sync_index()
    found = find_entry(workspace.index, act.case_id, act.statement)
    if found is None:
        raise StorageError(
            f"the log has no entry of act {act.pk} on case {act.case_id.hex()}, which the vault "
            "says is recorded; run `zhenglian fsck`",
            code="act_not_in_log",
        )
    statement = decode_statement(act)
    due = int(getattr(statement, "due_at", 0) or getattr(statement, "accept_by", 0))
    return CaseResult(act.case_id, act.kind, record.state, due, *found, was_done=True)


def encode_request(kind: str, request: Mapping[str, object]) -> bytes:
    """The bytes by which a request is recognised."""
    return rfc8785.dumps({"act": kind, **request})  # type: ignore[dict-item] # JSON values


def carry_out(workspace: Workspace, plan: ActPlan) -> CaseResult:
    """Seals, keeps and sends one act.

    Raises:
        LedgerError: the contract's refusal; then nothing of the act is kept.
        ChainUnavailableError: outcome_unknown; ask again, and it is done once.
        NotFoundError: seal_key_missing.
    """
    key = find_seal_key(workspace, plan.department)
    officer = OfficerCommitment.make(plan.officer) if plan.officer else None
    statement = plan.build(key.key_id, plan.sequence, officer.commitment if officer else NOTHING)
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    signature = sign_digest(key.private_key, digest)
    function = name_function(plan.kind)
    with keep_under_way(
        workspace, lambda: _keep(workspace, plan, statement, signature, officer)
    ) as kept:
        try:
            receipt = workspace.submitter.submit(
                CASE_LEDGER,
                function,
                statement.to_abi(),
                signature.to_abi(),
                purpose=function,
                reference=digest.hex(),
            )
        except (ChainUnavailableError, StorageError):
            raise  # it may be recorded yet: `settle_case_acts` finds out
        except LedgerError:
            workspace.vault.cases.mark(kept.pk, ActState.REFUSED)
            raise
        workspace.vault.cases.mark(kept.pk, ActState.RECORDED)
    entry = receipt.entries[0]
    record = fetch_case(workspace.gateway, plan.case_id)
    return CaseResult(
        plan.case_id,
        plan.kind,
        record.state,
        plan.due_at_unix,
        entry.index,
        entry.entry.time_unix,
    )


def choose_department(workspace: Workspace, *candidates: Uscc | None) -> Uscc:
    """The first of the departments whose seal key this home holds.

    Raises NotFoundError, code not_our_case.
    """
    for candidate in candidates:
        if candidate is not None and workspace.keys.seal_key_ids(candidate):
            return candidate
    named = ", ".join(str(each) for each in candidates if each is not None)
    raise NotFoundError(
        f"this home holds no seal key of {named}: the act is another department's",
        code="not_our_case",
        field="case",
    )


def _keep(
    workspace: Workspace,
    plan: ActPlan,
    statement: Statement,
    signature: Signature,
    officer: OfficerCommitment | None,
) -> CaseActRow:
    return workspace.vault.cases.record(
        NewCaseAct(
            plan.case_id,
            plan.kind,
            plan.sequence,
            encode_request(plan.kind, plan.request),
            statement.encode(),
            signature.r + signature.s,
            officer,
            tuple([to_paper(each) for each in plan.papers]),
            tuple(plan.references),
        )
    )


def to_paper(document: CaseDocument | Paper) -> Paper:
    """A document as the vault keeps it."""
    if isinstance(document, Paper):
        return document
    return Paper(document.FORMAT, document.to_json())
