"""The trail of one case, across the provinces that have part in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ledger.actions.audit.steps import AuditStep, Trail, to_step, to_unreadable_step
from ledger.actions.cases.history import CaseStanding, iterate_events, iterate_standings
from ledger.actions.facts import current_head, to_fact
from ledger.errors import NotFoundError
from ledger.index.projector import EntryRow
from ledger.index.store import IndexStore
from ledger.records import MatterDefined
from ledger.workspace import Workspace


def audit_case(workspace: Workspace, case_id: bytes, *, show_officers: bool = True) -> Trail:
    """The trail of a case, begun by the version of the matter that it is decided by.

    Each step's `detail` says in which state and round the case was after it, whether its clock
    stood, by which version of the matter it was done, and as what its department acted: 收件地
    ("receiver"), 办理地 ("handler"; also where it is both) or "decider".

    Args:
        show_officers: open the vault for the officers of this home's own acts.

    Raises:
        NotFoundError: case_unknown.
    """
    workspace.sync_index()
    index = workspace.index
    head = current_head(index)
    standings = {
        each.row.entry_index: standing
        for each, standing in iterate_standings(iterate_events(index, case_id))
    }
    if not standings:
        raise NotFoundError(
            f"the log has no case {case_id.hex()}", code="case_unknown", field="case"
        )
    rows = [*_rules(index, next(iter(standings.values()))), *index.entries_of(case_id)]
    steps = []
    for row in rows:
        if row.entry_index >= head.size:
            break
        step = _tell(workspace, row, head.size, show_officers=show_officers)
        if (standing := standings.get(row.entry_index)) is not None:
            told = _describe_standing(standing, step.actor)
            step = replace(step, detail=step.detail | told)
        steps.append(step)
    return Trail(case_id.hex(), head, tuple(steps))


def _tell(workspace: Workspace, row: EntryRow, size: int, *, show_officers: bool) -> AuditStep:
    path = workspace.index.inclusion_path(row.entry_index, size)
    fact = to_fact(row, path)
    if fact is None:
        return to_unreadable_step(row, path)
    return to_step(workspace, fact, None, show_officers=show_officers)


def _rules(index: IndexStore, standing: CaseStanding) -> Iterator[EntryRow]:
    """The entry of the matter's version that the case cites."""
    for row in index.entries_of(standing.item_code.to_chain().ljust(32, b"\0")):
        if row.kind == MatterDefined.TOPIC and row.payload is not None:
            statement = MatterDefined.decode_payload(row.payload).statement
            if statement.version == standing.matter_version:
                yield row


def _describe_standing(standing: CaseStanding, actor: str) -> dict[str, object]:
    """Where the case stood after a step, who acted as what, and by which version of the rule."""
    places = {str(standing.receiver): "receiver", str(standing.handler): "handler"}
    detail: dict[str, object] = {
        "state": standing.state.name.lower(),
        "round": standing.round,
        "matter_version": standing.matter_version,
    }
    if actor:
        detail["place"] = places.get(actor, "decider")
    if standing.paused_at_unix:
        detail["paused_since_unix"] = standing.paused_at_unix
    return detail
