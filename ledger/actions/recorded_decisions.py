"""Which certificates a decision was carried out for, as the log and the vault tell it."""

from __future__ import annotations

from ledger.actions.batch_history import iterate_status_changes
from ledger.actions.decisions import Decision
from ledger.actions.status_targets import StatusTarget
from ledger.errors import NotFoundError
from ledger.formats.status_list import Status, get_status, word_index
from ledger.records import StatusStatement
from ledger.workspace import Workspace


def find_carried_out(
    workspace: Workspace, target: StatusTarget, status: Status, decision: Decision
) -> frozenset[int]:
    """The places that have a status because of this very decision. Asks the log only for those.

    It is the same if reason, legal basis, effective date and officer are.
    """
    places = [place for place in target.places if target.status(place) is status]
    if not places:
        return frozenset()
    workspace.sync_index()
    latest = _find_latest(workspace, target.batch_key, places)
    statements = {statement.sequence: statement for statement in latest.values()}
    same = {
        sequence
        for sequence, statement in statements.items()
        if _is_same(workspace, statement, decision)
    }
    return frozenset(place for place, statement in latest.items() if statement.sequence in same)


def _find_latest(
    workspace: Workspace, batch_key: bytes, places: list[int]
) -> dict[int, StatusStatement]:
    """The statement that last changed the status of each place, where there is one."""
    by_word: dict[int, list[int]] = {}
    for place in places:
        by_word.setdefault(word_index(place), []).append(place)
    latest = {}
    for _, statement in iterate_status_changes(workspace.index, batch_key):
        for change in statement.changes:
            for place in by_word.get(change.index, ()):
                before = get_status(change.word_before, place)
                if get_status(change.word_after, place) is not before:
                    latest[place] = statement
    return latest


def _is_same(workspace: Workspace, statement: StatusStatement, decision: Decision) -> bool:
    told = (statement.reason_code, statement.legal_basis, statement.effective_date)
    if told != (decision.reason_code, decision.legal_basis, decision.effective_number):
        return False
    if not any(statement.officer_commitment):
        return decision.officer is None
    try:
        officer = workspace.vault.acts.open_officer(statement.officer_commitment).officer
    except NotFoundError:
        return False
    return officer == decision.officer
