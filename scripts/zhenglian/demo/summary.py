"""What a demonstration came to, and whether all of it is as it must be."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

NOTHING = "nothing"  # what stopped an attack that succeeded


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict of the story. `expected` is what it had to be: a reason, or an outcome alone."""

    case: str
    outcome: str
    reason: str
    expected: str

    @property
    def is_right(self) -> bool:
        return self.expected == (self.reason or self.outcome)


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack and what stopped it. `expected` is what had to stop it."""

    name: str
    refused_by: str
    expected: str

    @property
    def is_right(self) -> bool:
        return self.refused_by == self.expected != NOTHING


@dataclass(frozen=True, slots=True)
class Summary:
    """What is written down of a demonstration.

    Attributes:
        input: name of the clerk's file, which had so many `rows`.
        certificates: issued from it.
        chain_log_root, index_log_root: of the log, in hex, by the contract and by an own copy.
        problems: what checking the issuer's home found wrong.
        seconds: from the first act to the last.
    """

    input: str
    rows: int
    certificates: int
    batches: int
    log_size: int
    chain_log_root: str
    index_log_root: str
    verdicts: tuple[Verdict, ...]
    attacks: tuple[Attack, ...]
    problems: tuple[str, ...]
    seconds: float

    def to_json(self) -> bytes:
        """The members by their names, and `failures`."""
        document = asdict(self) | {"failures": judge(self)}
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def judge(summary: Summary) -> tuple[str, ...]:
    """What is not as it must be, in words; nothing if the demonstration succeeded."""
    failures = []
    if not summary.certificates == summary.rows > 0:
        failures.append(f"{summary.certificates} of {summary.rows} rows were issued")
    if summary.chain_log_root != summary.index_log_root:
        failures.append("chain and index have different log roots")
    if not (summary.verdicts and summary.attacks):
        failures.append("nothing was verified, or nothing was attacked")
    failures += [
        f"{verdict.case}: {verdict.outcome} {verdict.reason}".rstrip()
        + f", expected {verdict.expected}"
        for verdict in summary.verdicts
        if not verdict.is_right
    ]
    failures += [
        f"{attack.name}: stopped by {attack.refused_by}, expected {attack.expected}"
        for attack in summary.attacks
        if not attack.is_right
    ]
    return (*failures, *summary.problems)
