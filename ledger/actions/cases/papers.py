"""The papers of a case in this home's vault, read and compared with what the log has of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from ledger.errors import ConflictError, NotFoundError
from ledger.formats.case_documents import Application, CaseDocument
from ledger.formats.case_dossier import KINDS, Dossier, parse_document
from ledger.formats.case_materials import JudgedMaterials, MaterialFile, MaterialsList
from ledger.identifiers import ItemCode
from ledger.index.store import IndexStore
from ledger.records import (
    CaseAct,
    CaseAdvanced,
    CaseOpened,
    CaseOpeningStatement,
    CaseRecord,
)
from ledger.vault.case_rows import StoredCase
from ledger.workspace import Workspace

D = TypeVar("D", bound=CaseDocument)
_FORMATS = frozenset(kind.FORMAT for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision is about: the applicant, and the materials of the present round."""

    application: Application
    listed: MaterialsList
    files: tuple[MaterialFile, ...]


def require_case(workspace: Workspace, case_id: bytes) -> StoredCase:
    """A case whose papers this home has. Raises NotFoundError, code case_missing."""
    found = workspace.vault.cases.find(case_id)
    if found is None:
        raise NotFoundError(
            f"this home has no papers of case {case_id.hex()}; take over its package first",
            code="case_missing",
            field="case",
        )
    return found


def resolve_case(workspace: Workspace, text: str) -> bytes:
    """The one case of the log whose id begins so (hex).

    Raises:
        NotFoundError: case_unknown. ConflictError: case_ambiguous.
    """
    workspace.sync_index()
    prefix = text.lower()
    ids = {row.subject for row in workspace.index.entries_of_kind(CaseOpened.TOPIC)}
    found = [case_id for case_id in ids if prefix and case_id.hex().startswith(prefix)]
    if not found:
        raise NotFoundError(f"the log has no case {text!r}", code="case_unknown", field="case")
    if len(found) > 1:
        raise ConflictError(
            f"{len(found)} cases begin with {text!r}; give more of it",
            code="case_ambiguous",
            field="case",
        )
    return found[0]


def read_papers(workspace: Workspace, case_id: bytes) -> Dossier:
    """Every paper of a case in this vault.

    Raises:
        NotFoundError: case_missing; content_erased.
        StorageError: row_damaged.
    """
    require_case(workspace, case_id)
    cases = workspace.vault.cases
    stored = [each for each in cases.papers_of(case_id) if each.kind in _FORMATS]
    return Dossier(tuple([parse_document(cases.read(each).content) for each in stored]))


def read_grounds(workspace: Workspace, record: CaseRecord, case_id: bytes) -> Grounds:
    """Applicant and materials of the present round, as the log has their digests.

    Raises:
        As `read_papers`; NotFoundError: paper_missing.
    """
    workspace.sync_index()
    return find_grounds(workspace.index, read_papers(workspace, case_id), case_id, record.round)


def find_grounds(index: IndexStore, dossier: Dossier, case_id: bytes, round_: int) -> Grounds:
    """The same from a dossier. Raises NotFoundError, code paper_missing."""
    opening = find_opening(index, case_id)
    digest = find_materials_digest(index, case_id)
    application = next(
        (a for a in dossier.of(Application) if a.commitment == opening.applicant_commitment), None
    )
    listed = next((each for each in dossier.of(MaterialsList) if each.digest == digest), None)
    if application is None or listed is None or listed.round != round_:
        missing = "application" if application is None else f"materials of round {round_}"
        raise _missing(case_id, missing)
    by_commitment = {file.listed.commitment: file for file in dossier.of(MaterialFile)}
    for material in listed.materials:
        if material.commitment not in by_commitment:
            raise _missing(case_id, material.name)
    files = tuple([by_commitment[material.commitment] for material in listed.materials])
    return Grounds(application, listed, files)


def find_judged(workspace: Workspace, record: CaseRecord, case_id: bytes) -> JudgedMaterials | None:
    """The materials with their verdicts that the case was accepted on, if it was."""
    papers = read_papers(workspace, case_id)
    return next(
        (each for each in papers.of(JudgedMaterials) if each.digest == record.materials_digest),
        None,
    )


def find_opening(index: IndexStore, case_id: bytes) -> CaseOpeningStatement:
    """How a case was opened. Raises NotFoundError, code case_unknown."""
    for row in index.entries_of(case_id):
        if row.kind == CaseOpened.TOPIC and row.payload is not None:
            return CaseOpened.decode_payload(row.payload).statement
    raise NotFoundError(f"the log has no case {case_id.hex()}", code="case_unknown", field="case")


def find_materials_digest(index: IndexStore, case_id: bytes) -> bytes:
    """Digest of the list of materials of the newest round, as it was opened or supplemented."""
    digest = find_opening(index, case_id).materials_digest
    for row in index.entries_of(case_id):
        if row.kind == CaseAdvanced.TOPIC and row.payload is not None:
            statement = CaseAdvanced.decode_payload(row.payload).statement
            if statement.act is CaseAct.SUPPLEMENT:
                digest = statement.digest
    return digest


def parse_item(stored: StoredCase) -> ItemCode:
    """The matter of a case."""
    return ItemCode.parse(stored.item_code)


def _missing(case_id: bytes, what: str) -> NotFoundError:
    return NotFoundError(
        f"this home lacks a paper of case {case_id.hex()}: {what}; ask for a package with it",
        code="paper_missing",
        field="case",
    )
