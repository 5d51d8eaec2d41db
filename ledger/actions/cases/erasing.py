"""Erasing what this home has of a case about people: its papers, and what it relied on.

The digests on the chain stay, and so does who acted when; nothing can be made of them any more.
"""

from __future__ import annotations

from ledger.actions.cases.history import read_standing
from ledger.actions.cases.opening import FINAL_STATES
from ledger.errors import ConflictError
from ledger.vault.acts import OfficerCommitment
from ledger.vault.erasures import Erasure
from ledger.workspace import Workspace


def erase_case(
    workspace: Workspace, case_id: bytes, reason: str, *, officer: str | None = None
) -> Erasure:
    """Destroys the papers of a case that has ended. Done before, it only makes sure of it.

    Raises:
        NotFoundError: case_unknown, case_missing.
        ConflictError: case_not_ended.
        StorageError: log_in_use; call it again.
    """
    workspace.sync_index()
    standing = read_standing(workspace.index, case_id)
    if standing.state not in FINAL_STATES:
        raise ConflictError(
            f"case {case_id.hex()} is {standing.state.name.lower()}: its papers are needed until "
            "it is delivered, refused or withdrawn",
            code="case_not_ended",
            field="case",
        )
    committed = OfficerCommitment.make(officer) if officer else None
    return workspace.vault.cases.erase(case_id, reason, committed)
