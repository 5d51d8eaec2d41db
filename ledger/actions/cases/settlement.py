"""Finds out what became of acts on cases whose outcome was unknown when they were sent.

As `ledger.actions.settlement` for status acts: an act is signed and kept before it is sent, and
after an interruption only the log knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from ledger.abi import Event, Statement
from ledger.actions.settlement import is_dead
from ledger.formats.statements import compute_digest
from ledger.index.store import IndexStore
from ledger.records import (
    EVENTS_BY_TOPIC,
    AssignmentStatement,
    CaseOpeningStatement,
    CaseStatement,
    DecisionStatement,
    HandOverStatement,
    TakeOverStatement,
)
from ledger.vault.case_rows import CaseActRow
from ledger.vault.tables import ActState
from ledger.workspace import Workspace

STATEMENTS: dict[str, type[Statement]] = {
    "open": CaseOpeningStatement,
    "hand_over": HandOverStatement,
    "take_over": TakeOverStatement,
    "assign": AssignmentStatement,
    "decide": DecisionStatement,
}
_FUNCTIONS = {
    "open": "openCase",
    "hand_over": "handOver",
    "take_over": "takeOver",
    "assign": "assignStep",
    "decide": "decideStep",
}


_guard = Lock()
_under_way: set[tuple[Path, int]] = set()


@contextmanager
def keep_under_way(workspace: Workspace, keep: Callable[[], CaseActRow]) -> Iterator[CaseActRow]:
    """From the keeping of an act until its outcome is noted.

    Meanwhile `settle_case_acts` in another thread does not take it for one that an interrupted run
    never sent, whose papers it would drop.
    """
    with _guard:
        kept = keep()
        _under_way.add((workspace.home, kept.pk))
    try:
        yield kept
    finally:
        with _guard:
            _under_way.discard((workspace.home, kept.pk))


def name_function(kind: str) -> str:
    """The function that records an act; in the outbox, what its transaction is for."""
    return _FUNCTIONS.get(kind, "advanceCase")


def decode_statement(act: CaseActRow) -> Statement:
    """The statement of an act. Raises MalformedInputError."""
    return STATEMENTS.get(act.kind, CaseStatement).decode(act.statement)


def settle_case_acts(workspace: Workspace) -> list[CaseActRow]:
    """Marks the acts whose outcome the chain tells as recorded or refused; sends nothing.

    Returns:
        The acts whose outcome is still unknown: a transaction with them may be carried out yet.

    Raises:
        ChainUnavailableError: the chain does not answer.
    """
    with _guard:
        open_acts = [
            act
            for act in workspace.vault.cases.open_acts()
            if (workspace.home, act.pk) not in _under_way
        ]
    if open_acts:
        workspace.sync_index()
    unknown = []
    for act in open_acts:
        state = _find_outcome(workspace, act)
        if state is None:
            unknown.append(act)
        else:
            workspace.vault.cases.mark(act.pk, state)
    return unknown


def find_entry(index: IndexStore, case_id: bytes, statement: bytes) -> tuple[int, int] | None:
    """Log index and time of the entry that has this very statement about a case, if one has."""
    for row in index.entries_of(case_id):
        event = EVENTS_BY_TOPIC.get(row.kind)
        if event is None or row.payload is None:
            continue
        if _encode_statement(event.decode_payload(row.payload)) == statement:
            return row.entry_index, row.time_unix
    return None


def _encode_statement(event: Event) -> bytes | None:
    statement = getattr(event, "statement", None)
    return statement.encode() if isinstance(statement, Statement) else None


def _find_outcome(workspace: Workspace, act: CaseActRow) -> ActState | None:
    if find_entry(workspace.index, act.case_id, act.statement) is not None:
        return ActState.RECORDED
    digest = compute_digest(decode_statement(act), workspace.gateway.ledger_id)
    carriers = workspace.vault.outbox.about(name_function(act.kind), digest.hex())
    return ActState.REFUSED if all(is_dead(workspace, row) for row in carriers) else None
