"""What a demonstration came to, and whether all of it is as it must be."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

NOTHING = "nothing"  # what stopped an attack that succeeded
_CASE_ID_DIGITS = 64


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
class Recognition:
    """Whether one region recognised another's certificate.

    Attributes:
        case: its name in the story.
        relying, source: regions. type: of the certificate.
        reason: why not.
        policy: what recognised it, in words: a policy with its version.
        expected: what it had to be: a reason, or PASSED.
        expected_policy: a party that the policy must speak of, or nothing.
    """

    case: str
    relying: str
    source: str
    type: str
    outcome: str
    reason: str
    policy: str
    expected: str
    expected_policy: str = ""

    @property
    def is_right(self) -> bool:
        """Nothing is recognised without a policy, or by another than the one expected."""
        return (
            self.expected == (self.reason or self.outcome)
            and bool(self.policy) == bool(self.expected_policy) == (self.outcome == "PASSED")
            and self.expected_policy in self.policy
        )


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What became of a case, or was found of it.

    Attributes:
        case: its name in the story. case_id: in hex.
        outcome: what became of it. detail: for the reader: due dates, identifiers.
        reliances: how many certificates it rests on instead of paper.
        expected: what had to become of it.
    """

    case: str
    case_id: str
    outcome: str
    detail: str
    reliances: int
    expected: str

    @property
    def is_right(self) -> bool:
        return self.expected == self.outcome != NOTHING and len(self.case_id) == _CASE_ID_DIGITS


@dataclass(frozen=True, slots=True)
class Summary:
    """What is written down of a demonstration.

    Attributes:
        input: name of the clerk's file, which had so many `rows`.
        certificates: issued from it.
        chain_log_root, index_log_root: of the log, in hex, by the contract and by an own copy.
        problems: what checking Chongqing's and Sichuan's homes found wrong.
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
    recognitions: tuple[Recognition, ...]
    cases: tuple[CaseOutcome, ...]
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
    return (*failures, *_judge_second_act(summary), *summary.problems)


def _judge_second_act(summary: Summary) -> tuple[str, ...]:
    failures = []
    if not (summary.recognitions and summary.cases):
        failures.append("nothing was recognised, or no case was played")
    failures += [
        f"{each.case}: {each.outcome} {each.reason}".rstrip()
        + f" by {each.policy or NOTHING}, expected {each.expected}"
        + f" by {each.expected_policy or NOTHING}"
        for each in summary.recognitions
        if not each.is_right
    ]
    failures += [
        f"{each.case}: {each.outcome}, expected {each.expected}"
        for each in summary.cases
        if not each.is_right
    ]
    return tuple(failures)
