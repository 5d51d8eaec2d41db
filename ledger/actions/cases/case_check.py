"""Checks what the vault keeps of cases against the log: for `fsck`.

Every act against the log's entry, its signature's statement and its state; every paper against its
digest, and those of acts against what the act says; every reference against its commitment.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.abi import Statement
from ledger.actions.batch_check import Problem
from ledger.actions.cases.papers import find_opening
from ledger.actions.cases.settlement import decode_statement, find_entry
from ledger.errors import LedgerError, NotFoundError
from ledger.formats.case_dossier import KINDS, parse_document
from ledger.formats.seals import SUITE_P256, verify_digest
from ledger.formats.statements import compute_digest
from ledger.records import CaseStatement, Signature
from ledger.vault.case_rows import CaseActRow, StoredCase, StoredPaper
from ledger.vault.tables import ActState
from ledger.workspace import Workspace

_ADVICE = "restore a backup"
_FORMATS = frozenset(kind.FORMAT for kind in KINDS)


def check_cases(workspace: Workspace) -> Iterator[Problem]:
    """What is wrong with the cases of a vault. The index must be up to date."""
    cases = workspace.vault.cases
    acts = {act.pk: act for act in cases.all_acts()}
    for case in cases.all():
        yield from _check_case(workspace, case)
        is_erased = cases.find_erasure(case.case_id) is not None
        for paper in cases.papers_of(case.case_id):
            yield from _check_paper(workspace, paper, acts, is_erased=is_erased)
    for act in acts.values():
        told = _explain_act(workspace, act)
        if told:
            yield Problem("case_act_damaged", f"case_acts {act.pk}", f"{told}; {_ADVICE}")
    yield from _check_references(workspace, acts)


def list_officers(workspace: Workspace) -> list[tuple[bytes, str]]:
    """Commitments to the officers behind acts on cases, with where they are named."""
    return [
        (act.officer, f"case act {act.pk}")
        for act in workspace.vault.cases.all_acts()
        if act.officer is not None
    ]


def _check_case(workspace: Workspace, case: StoredCase) -> Iterator[Problem]:
    where = case.case_id.hex()
    try:
        opening = find_opening(workspace.index, case.case_id)
    except NotFoundError:
        acts = workspace.vault.cases.acts_of(case.case_id)
        if any(act.state is ActState.RECORDED for act in acts):
            yield Problem("case_not_in_log", where, f"the log has no such case; {_ADVICE}")
        return
    told = (str(opening.item_code), opening.matter_version)
    if told != (case.item_code, case.matter_version):
        yield Problem(
            "case_differs",
            where,
            f"the log has it under {told[0]} version {told[1]}, the vault under {case.item_code} "
            f"version {case.matter_version}; {_ADVICE}",
        )


def _check_paper(
    workspace: Workspace, stored: StoredPaper, acts: dict[int, CaseActRow], *, is_erased: bool
) -> Iterator[Problem]:
    where = f"case_documents {stored.pk}"
    if stored.act is not None:
        act = acts.get(stored.act)
        if act is None or act.case_id != stored.case_id:
            told = f"it came with an act that is not its case's; {_ADVICE}"
            yield Problem("case_paper_damaged", where, told)
    if stored.wrapped_key is None:
        if not is_erased:
            told = f"its data key is missing, and there is no record of an erasure; {_ADVICE}"
            yield Problem("data_key_missing", where, told)
        return
    try:
        paper = workspace.vault.cases.read(stored)
        if paper.digest != stored.digest:
            yield Problem("case_paper_damaged", where, f"it has another digest; {_ADVICE}")
        if stored.kind in _FORMATS and stored.kind != parse_document(paper.content).FORMAT:
            yield Problem("case_paper_damaged", where, f"it is no {stored.kind}; {_ADVICE}")
    except LedgerError as error:
        yield Problem("case_paper_unreadable", where, f"{error.message}; {_ADVICE}")


def _explain_act(workspace: Workspace, act: CaseActRow) -> str:
    """What is wrong with an act; empty if nothing is."""
    try:
        statement = decode_statement(act)
    except LedgerError as error:
        return f"its statement is no {act.kind}: {error.message}"
    if isinstance(statement, CaseStatement) and statement.act.name.lower() != act.kind:
        return f"it is said to be {act.kind}, and its statement is {statement.act.name.lower()}"
    if getattr(statement, "case_id", act.case_id) != act.case_id:
        return "its statement is about another case"
    if getattr(statement, "sequence", act.sequence) != act.sequence:
        return f"its number is {act.sequence}, its statement's is another"
    if (act.officer or bytes(32)) != getattr(statement, "officer_commitment", bytes(32)):
        return "its officer is not the one that its statement commits to"
    if not _is_sealed(workspace, act, statement):
        return "its signature is not of the seal key that its statement names"
    is_in_log = find_entry(workspace.index, act.case_id, act.statement) is not None
    if (act.state is ActState.RECORDED) is not is_in_log and act.state in (
        ActState.RECORDED,
        ActState.REFUSED,
    ):
        return f"the vault says it is {act.state}, the log has it {'' if is_in_log else 'not'}"
    return ""


def _is_sealed(workspace: Workspace, act: CaseActRow, statement: Statement) -> bool:
    department = next(
        getattr(statement, name)
        for name in ("department", "giver", "taker")
        if hasattr(statement, name)
    )
    key = workspace.gateway.seal_key(department, statement.key_id)  # type: ignore[attr-defined] # all have it
    digest = compute_digest(statement, workspace.gateway.ledger_id)
    signature = Signature(SUITE_P256, act.signature[:32], act.signature[32:])
    return verify_digest(key.x, key.y, digest, signature)


def _check_references(workspace: Workspace, acts: dict[int, CaseActRow]) -> Iterator[Problem]:
    cases = workspace.vault.cases
    for stored, commitment in cases.all_references():
        where = f"reliance {commitment.hex()}"
        if stored.reference.commitment != commitment:
            told = f"batch, position or salt are not those that were committed to; {_ADVICE}"
            yield Problem("reliance_damaged", where, told)
        act = acts.get(stored.act)
        if act is None or commitment not in act.statement or act.case_id != stored.case_id:
            told = f"the act that it came with does not commit to it; {_ADVICE}"
            yield Problem("reliance_damaged", where, told)
