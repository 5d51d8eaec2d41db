"""What one check found, and how several findings weigh."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from ledger.formats.evidence import Fact
from ledger.verification.reasons import Reason


class Outcome(StrEnum):
    """In the sense of ETSI EN 319 102-1: FAILED takes positive evidence."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"
    NOT_REQUIRED = "NOT_REQUIRED"

    __hash__ = str.__hash__  # as quick as a text's: every report asks it dozens of times


_NO_DETAIL: Final[Mapping[str, object]] = {}


class Finding(NamedTuple):
    """What one check found.

    Args:
        outcome: NOT_REQUIRED only where nothing was looked at.
        reason: why it did not pass, None if it passed.
        detail: values a person or program may want to see; bytes as hex.
        evidence: log indexes of the facts it rests on, rising.
    """

    outcome: Outcome
    reason: Reason | None = None
    detail: Mapping[str, object] = _NO_DETAIL
    evidence: tuple[int, ...] = ()


_PASSED: Final = Outcome.PASSED
_Parts: TypeAlias = tuple[Outcome, Reason | None, Mapping[str, object], tuple[int, ...]]
_make: Callable[[_Parts], Finding] = partial(tuple.__new__, Finding)
"""As `Finding(*parts)`, which is a call of a function in Python for every check."""


def passed(detail: Mapping[str, object] | None = None, *facts: Fact) -> Finding:
    """The check passed, resting on these facts."""
    return _make((_PASSED, None, detail or _NO_DETAIL, _indexes(facts)))


def failed(reason: Reason, detail: Mapping[str, object] | None = None, *facts: Fact) -> Finding:
    """There is evidence against the certificate."""
    return Finding(Outcome.FAILED, reason, detail or _NO_DETAIL, _indexes(facts))


def indeterminate(reason: Reason, detail: Mapping[str, object] | None = None) -> Finding:
    """There is not enough to tell."""
    return Finding(Outcome.INDETERMINATE, reason, detail or _NO_DETAIL)


def weigh(findings: Iterable[Finding | None], otherwise: Finding) -> Finding:
    """The first failure among the findings, else the first doubt, else the last word given."""
    doubt = None
    for finding in findings:
        if finding is None or finding.outcome is _PASSED:
            continue
        if finding.outcome is Outcome.FAILED:
            return finding
        doubt = doubt or finding
    return doubt or otherwise


def _indexes(facts: tuple[Fact, ...]) -> tuple[int, ...]:
    if len(facts) < 2:
        return (facts[0].index,) if facts else ()
    return tuple(sorted({fact.index for fact in facts}))
