"""A report with the words of `wording` beside its codes, for whoever shows it to people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from typing import Final

import orjson

from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason
from ledger.verification.report import Check, CheckName, Report
from ledger.verification.wording import CHECK_WORDING, OUTCOME_WORDING, REASON_WORDING

_CHECKS: Final = {
    name: orjson.Fragment(orjson.dumps(asdict(words))) for name, words in CHECK_WORDING.items()
}
_OUTCOMES: Final = {
    outcome: orjson.Fragment(orjson.dumps(asdict(words)))
    for outcome, words in OUTCOME_WORDING.items()
}
_REASONS: Final = {
    reason: orjson.Fragment(orjson.dumps(asdict(words))) for reason, words in REASON_WORDING.items()
}
_NEXT: Final = {
    reason: orjson.Fragment(orjson.dumps({"zh": words.next_zh, "en": words.next_en}))
    for reason, words in REASON_WORDING.items()
}


def to_worded_document(report: Report) -> dict[str, object]:
    """The report's document with `words`, in Chinese and English: of the whole the outcomes and
    what to do next, of each check its name, outcome and reason."""
    document = report.summarise()
    document["checks"] = [_describe(check) for check in report.checks]
    document["words"] = {
        "outcome": _OUTCOMES[report.outcome],
        "authenticity": _OUTCOMES[report.authenticity],
        "reliance": _OUTCOMES[report.reliance],
        "reasons": [_REASONS[reason] for reason in decisive_reasons(report)],
        "next": [_NEXT[reason] for reason in _steps(report)],
    }
    return document


def decisive_reasons(report: Report) -> tuple[Reason, ...]:
    """Why the outcome is what it is: reasons of the required checks that have it, each once."""
    found = [
        check.reason
        for check in report.checks
        if check.is_required and check.reason is not None and check.outcome is report.outcome
    ]
    return tuple(dict.fromkeys(found))


def _steps(report: Report) -> Iterator[Reason]:
    """One reason for each different next step."""
    told = set()
    for reason in decisive_reasons(report):
        words = REASON_WORDING[reason]
        if words.next_zh not in told:
            told.add(words.next_zh)
            yield reason


def _describe(check: Check) -> dict[str, object] | orjson.Fragment:
    name, is_required, outcome, reason, detail, evidence = check
    if not detail and not evidence:
        return _write_bare(name, is_required, outcome, reason)
    number, words = _word(name, outcome, reason)
    return {
        "number": number,
        "name": name,
        "required": is_required,
        "outcome": outcome,
        "reason": reason,
        "detail": detail,
        "evidence": evidence,
        "words": words,
    }


@cache
def _write_bare(
    name: CheckName, is_required: bool, outcome: Outcome, reason: Reason | None
) -> orjson.Fragment:
    """A check that has nothing to tell beside its words."""
    number, words = _word(name, outcome, reason)
    document = {
        "number": number,
        "name": name,
        "required": is_required,
        "outcome": outcome,
        "reason": reason,
        "detail": {},
        "evidence": (),
        "words": words,
    }
    return orjson.Fragment(orjson.dumps(document))


@cache
def _word(name: CheckName, outcome: Outcome, reason: Reason | None) -> tuple[int, orjson.Fragment]:
    """A check's number and its words."""
    words = {
        "name": _CHECKS[name],
        "outcome": _OUTCOMES[outcome],
        "reason": None if reason is None else _REASONS[reason],
    }
    return name.number, orjson.Fragment(orjson.dumps(words))
