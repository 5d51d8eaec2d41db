"""The events of a case in words and plain values, for whoever shows them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ledger.abi import Event
from ledger.records import (
    AcceptanceDeemed,
    CaseAdvanced,
    CaseAttested,
    CaseHandedOver,
    CaseOpened,
    CaseTakenOver,
    StepAssigned,
    StepDecided,
    StepTimeEnded,
)

CASE_EVENTS: Final[dict[type[Event], str]] = {
    CaseOpened: "open",
    CaseAdvanced: "advance",
    CaseHandedOver: "hand_over",
    CaseTakenOver: "take_over",
    AcceptanceDeemed: "acceptance_deemed",
    StepAssigned: "assign",
    StepDecided: "decide",
    StepTimeEnded: "step_time_ended",
    CaseAttested: "case_attested",
}
_SHOWN: Final = (
    *("item_code", "matter_version", "channel", "taker", "mode", "step", "round", "decision"),
    *("outcome", "state_after", "procedure", "accept_by", "due_at", "named", "legal_basis"),
    *("remedies", "reliances", "digest", "materials_digest", "preceding_digest"),
)
_TIMES: Final = frozenset({"accept_by", "due_at"})
_NUMBERS: Final = frozenset({"step", "round"})


def name_act(event: Event) -> str:
    """What happened, in snake_case: "accept", "decide"; empty if it is no event of a case."""
    if isinstance(event, CaseAdvanced):
        return event.statement.act.name.lower()
    return CASE_EVENTS.get(type(event), "")


def describe(event: Event) -> dict[str, object]:
    """The values of an event that a person wants to see, by name; times end in "_unix"."""
    statement = getattr(event, "statement", None)
    told: dict[str, object] = {}
    for name in _SHOWN:
        value = getattr(event, name, getattr(statement, name, None))
        shown = _to_plain(value)
        if shown or (name in _NUMBERS and shown is not None):
            told[f"{name}_unix" if name in _TIMES else name] = shown
    return told


def _to_plain(value: object) -> object:
    """As JSON has it; None for what says nothing."""
    if isinstance(value, IntEnum):
        return None if value.name == "NONE" else value.name.lower()
    if isinstance(value, bytes):
        return value.hex() if any(value) else None
    if isinstance(value, tuple):
        return [_to_plain(each) for each in value]
    return value if value is None or isinstance(value, int | str) else str(value)
