"""The steps of a case: who decides each, who has decided what, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ledger.actions.cases.history import CaseEvent, CaseStanding
from ledger.actions.catalogue_listing import MatterVersion
from ledger.identifiers import Uscc
from ledger.records import (
    CaseState,
    Decision,
    StepAssigned,
    StepDecided,
    StepOutcome,
    StepRule,
    StepTimeEnded,
)


@dataclass(frozen=True, slots=True)
class ShownDecider:
    """A department that decides in a step. Attributes: decision: None while it is missing."""

    department: Uscc
    has_veto: bool
    decision: Decision | None = None
    decided_at_unix: int = 0
    decision_digest: bytes = b""


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of a case.

    Attributes:
        number: from 1.
        unnamed: how many of its deciders are to be named when it is assigned.
        is_open: whether it waits for decisions now.
    """

    number: int
    name: str
    rule: StepRule
    threshold: int
    deciders: tuple[ShownDecider, ...]
    unnamed: int
    is_open: bool
    outcome: StepOutcome


def list_steps(
    events: Iterable[CaseEvent], standing: CaseStanding, matter: MatterVersion | None
) -> tuple[ShownStep, ...]:
    """The steps of a case, each with its deciders in their order; none without the matter."""
    steps = [] if matter is None else _list_defined(matter)
    for each in events:
        match each.event:
            case StepAssigned(statement=assigned) if assigned.step < len(steps):
                vetoes = matter.steps[assigned.step].vetoes if matter else 0
                steps[assigned.step] = _assign(steps[assigned.step], assigned.named, vetoes)
            case StepDecided(statement=told) if told.step < len(steps):
                steps[told.step] = _decide(steps[told.step], each)
            case StepTimeEnded(step=step, outcome=outcome) if step < len(steps):
                steps[step] = replace(steps[step], outcome=outcome)
    if standing.state is CaseState.REVIEWING and standing.step < len(steps):
        steps[standing.step] = replace(steps[standing.step], is_open=True)
    return tuple(steps)


def _list_defined(matter: MatterVersion) -> list[ShownStep]:
    return [
        ShownStep(
            number,
            step.name,
            step.rule,
            step.threshold,
            tuple(
                _to_decider(department, place, step.vetoes)
                for place, department in enumerate(step.deciders)
            ),
            step.named,
            False,
            StepOutcome.OPEN,
        )
        for number, step in enumerate(matter.steps, 1)
    ]


def _to_decider(department: Uscc, place: int, vetoes: int) -> ShownDecider:
    return ShownDecider(department, bool(vetoes >> place & 1))


def _assign(step: ShownStep, named: Iterable[Uscc], vetoes: int) -> ShownStep:
    """With those behind the matter's own deciders who were named."""
    added = [
        _to_decider(department, place, vetoes)
        for place, department in enumerate(named, len(step.deciders))
    ]
    return replace(step, deciders=(*step.deciders, *added), unnamed=0)


def _decide(step: ShownStep, each: CaseEvent) -> ShownStep:
    event = each.event
    assert isinstance(event, StepDecided)  # noqa: S101 - as matched above
    told = event.statement
    deciders = tuple(
        replace(
            decider,
            decision=told.decision,
            decided_at_unix=each.row.time_unix,
            decision_digest=event.decision_digest,
        )
        if decider.department == told.department
        else decider
        for decider in step.deciders
    )
    return replace(step, deciders=deciders, outcome=event.outcome)
