"""The papers of a case as its officers read them: which there are, and each as it was kept."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.actions.cases.papers import require_case
from ledger.errors import NotFoundError
from ledger.vault.case_rows import StoredPaper
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class KeptPaper:
    """A paper of a case. Attributes: kind: its format ("zhenglian-opinion/1")."""

    digest: bytes
    kind: str


def list_papers(workspace: Workspace, case_id: bytes) -> tuple[KeptPaper, ...]:
    """What papers of a case this home has, oldest first. Raises NotFoundError: case_missing."""
    require_case(workspace, case_id)
    stored = workspace.vault.cases.papers_of(case_id)
    return tuple(KeptPaper(each.digest, each.kind) for each in stored)


def read_paper(workspace: Workspace, case_id: bytes, digest: bytes) -> bytes:
    """One paper, exactly the bytes whose digest it is.

    Raises:
        NotFoundError: case_missing; paper_missing; content_erased. StorageError: row_damaged.
    """
    require_case(workspace, case_id)
    return workspace.vault.cases.read(_find(workspace, case_id, digest)).content


def _find(workspace: Workspace, case_id: bytes, digest: bytes) -> StoredPaper:
    for each in workspace.vault.cases.papers_of(case_id):
        if each.digest == digest:
            return each
    raise NotFoundError(
        f"this home has no paper {digest.hex()} of case {case_id.hex()}",
        code="paper_missing",
        field="digest",
    )
