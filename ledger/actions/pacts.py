"""Pacts by their documents: what one side drafts, every side signs, and who has."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.actions.pact_file import parse_pact
from ledger.actions.policies import Pact, find_pact
from ledger.actions.recognition import Terms, draft_pact, sign_pact
from ledger.identifiers import CertificateType, PartyId
from ledger.workspace import Workspace


def draft_pact_document(
    workspace: Workspace,
    party_a: PartyId,
    party_b: PartyId,
    types: Sequence[CertificateType] = (),
    terms: Terms = Terms(),  # noqa: B008 - frozen
    sign_until_unix: int | None = None,
) -> bytes:
    """The document of a pact for every side to sign; nothing is recorded.

    Args:
        party_a, party_b: two parties, or twice the same group.
        types: none for every type.
        sign_until_unix: when signing ends, by default in 30 days.
    """
    drafted = draft_pact(workspace, party_a, party_b, types, terms, sign_until_unix=sign_until_unix)
    return drafted.to_json()


def sign_pact_document(workspace: Workspace, document: bytes) -> Pact:
    """Signs a pact for this home's member; the last signature writes its policies.

    Raises:
        MalformedInputError: it is no pact, or one of another ledger; and as `sign_pact`.
    """
    return sign_pact(workspace, parse_pact(document))


def check_pact_document(workspace: Workspace, document: bytes) -> None:  # noqa: ARG001
    """Refuses what is no pact, and signs nothing. Raises MalformedInputError, as `parse_pact`."""
    parse_pact(document)


def show_pact(workspace: Workspace, pact_id: str) -> Pact:
    """Who has signed a pact and who has not.

    Args:
        pact_id: hexadecimal, or the beginning of it.

    Raises:
        NotFoundError: pact_unknown. ConflictError: several begin so.
    """
    workspace.sync_index()
    return find_pact(workspace.index, pact_id, workspace.latest_unix())
