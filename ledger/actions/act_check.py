"""Compares the acts that the vault keeps with their signatures and with the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.actions.batch_history import iterate_status_changes
from ledger.actions.decisions import STATUS_AFTER
from ledger.actions.seal_check import is_signed
from ledger.errors import LedgerError
from ledger.formats.status_list import Status, changed_positions
from ledger.records import StatusStatement
from ledger.vault.acts import ActRow
from ledger.vault.tables import ActState
from ledger.workspace import Workspace

OUTCOMES = ("settled", "reason")
"""Details that tell what became of an act, beside those of its statement."""
_ADVICE = "`zhenglian fsck --repair` takes over what was signed, else restore a backup"
_SETTLED = (ActState.RECORDED, ActState.REFUSED)
_KINDS = {status: act.value for act, status in STATUS_AFTER.items()}


def find_act_damage(workspace: Workspace) -> Iterator[tuple[ActRow, str]]:
    """Acts that are not what was signed or recorded, each with what is wrong.

    The index must be up to date. Raises ChainUnavailableError.
    """
    acts = workspace.vault.acts.in_state(*ActState)
    recorded = {act.statement for act in acts if act.state is ActState.RECORDED}
    for act in acts:
        statement = read_signed(workspace, act)
        if statement is None:
            yield act, f"its statement and signature are not of one another; {_ADVICE}"
            continue
        right = {**describe_act(statement), "details": describe_details(statement)}
        for name, value in right.items():
            found = getattr(act, name) if name != "details" else _without_outcome(act.details)
            if found != value:
                yield act, f"its {name} should be {_show(value)}, found {_show(found)}; {_ADVICE}"
        is_recorded = find_recorded(workspace, statement) == statement
        if act.state is ActState.REFUSED and act.statement in recorded:
            continue  # never sent; the same was decided again, and that is what the log has
        if is_recorded is not (act.state is ActState.RECORDED) and act.state in _SETTLED:
            yield act, f"it is {act.state} here, the log has it{'' if is_recorded else ' not'}"


def read_signed(workspace: Workspace, act: ActRow) -> StatusStatement | None:
    """The statement of an act; None if its signature is not over it."""
    try:
        statement = StatusStatement.decode(act.statement)
        return statement if is_signed(workspace, statement, act.signature) else None
    except (LedgerError, UnicodeDecodeError):
        return None


def find_recorded(workspace: Workspace, statement: StatusStatement) -> StatusStatement | None:
    """What the log has under the number of a statement, if anything."""
    changes = iterate_status_changes(workspace.index, statement.batch_key)
    same = (change for _, change in changes if change.sequence == statement.sequence)
    return next(same, None)


def describe_act(statement: StatusStatement) -> dict[str, object]:
    """What the vault must say of an act beside its statement, by column."""
    changed = _list_changed(statement)
    commitment = statement.officer_commitment
    return {
        "kind": _KINDS[changed[0][1]] if changed else "",
        "batch_key": statement.batch_key,
        "sequence": statement.sequence,
        "officer": commitment if any(commitment) else None,
    }


def describe_details(statement: StatusStatement) -> dict[str, object]:
    """What the vault shows of an act, beside its outcome."""
    number = str(statement.effective_date)
    return {
        "reason_code": statement.reason_code,
        "legal_basis": statement.legal_basis,
        "effective_date": f"{number[:4]}-{number[4:6]}-{number[6:]}",
        "positions": [position for position, _ in _list_changed(statement)],
    }


def _list_changed(statement: StatusStatement) -> list[tuple[int, Status]]:
    return [
        (position, after)
        for word in statement.changes
        for position, _, after in changed_positions(word.index, word.word_before, word.word_after)
    ]


def _without_outcome(details: Mapping[str, object]) -> dict[str, object]:
    return {name: details[name] for name in details if name not in OUTCOMES}


def _show(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)[:100]
