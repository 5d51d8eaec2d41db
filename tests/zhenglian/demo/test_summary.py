"""A demonstration that only looks as if it had succeeded is told to have failed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from zhenglian.demo.summary import (
    NOTHING,
    Attack,
    CaseOutcome,
    Recognition,
    Summary,
    Verdict,
    judge,
)

REFUSED = Recognition(
    "before any policy",
    "510100",
    "500000",
    "W011",
    "FAILED",
    "not_recognised",
    "",
    "not_recognised",
)
CITED = Recognition(
    "signed by both",
    "510000",
    "500000",
    "W011",
    "PASSED",
    "",
    "policy 510000 → 500000, version 1",
    "PASSED",
    "500000",
)
CASE = CaseOutcome("transfer", "0a" * 32, "delivered in round 2", "", 1, "delivered in round 2")
RIGHT = Summary(
    input="own.csv",
    rows=2,
    certificates=2,
    batches=1,
    log_size=9,
    chain_log_root="0b" * 32,
    index_log_root="0b" * 32,
    verdicts=(Verdict("shown", "PASSED", "", "PASSED"),),
    attacks=(
        Attack("altered field", "seal_signature: seal_invalid", "seal_signature: seal_invalid"),
    ),
    recognitions=(REFUSED, CITED),
    cases=(CASE,),
    problems=(),
    seconds=1.0,
)


def test_what_came_out_as_it_must_has_no_failures() -> None:
    assert judge(RIGHT) == ()
    assert json.loads(RIGHT.to_json())["failures"] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outcome": "PASSED", "reason": ""}, "before any policy: PASSED by nothing"),
        (
            {"outcome": "PASSED", "reason": "", "policy": CITED.policy},
            "before any policy: PASSED by policy 510000 → 500000, version 1",
        ),
        ({"policy": CITED.policy}, "before any policy: FAILED not_recognised by policy 510000"),
        ({"outcome": "INDETERMINATE", "reason": "stale"}, "before any policy: INDETERMINATE stale"),
    ],
)
def test_recognition_without_a_policy_fails_the_demonstration(
    changes: dict[str, str], told: str
) -> None:
    altered = replace(RIGHT, recognitions=(replace(REFUSED, **changes), CITED))
    (failure,) = judge(altered)
    assert failure.startswith(told)
    assert failure.endswith(", expected not_recognised by nothing")


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": ""},
        {"policy": "own_province"},
        {"policy": "policy @CHUANYU-9 → @CHUANYU-9, version 1"},
        {"outcome": "FAILED", "reason": "not_recognised"},
        {"outcome": "FAILED", "reason": "not_recognised", "policy": ""},
        {"outcome": "INDETERMINATE"},
    ],
)
def test_recognition_by_another_policy_or_by_none_fails_the_demonstration(
    changes: dict[str, str],
) -> None:
    (failure,) = judge(replace(RIGHT, recognitions=(REFUSED, replace(CITED, **changes))))
    assert failure.startswith("signed by both: ")
    assert failure.endswith(", expected PASSED by 500000")


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "delivered in round 1"},
        {"outcome": "withdrawn"},
        {"outcome": NOTHING, "expected": NOTHING},
        {"case_id": ""},
        {"expected": "rejected"},
    ],
)
def test_case_that_came_out_otherwise_fails_the_demonstration(changes: dict[str, Any]) -> None:
    altered = replace(CASE, **changes)
    assert judge(replace(RIGHT, cases=(altered,))) == (
        f"transfer: {altered.outcome}, expected {altered.expected}",
    )


@pytest.mark.parametrize("left_out", ["recognitions", "cases"])
def test_second_act_that_was_not_played_fails_the_demonstration(left_out: str) -> None:
    changes: dict[str, Any] = {left_out: ()}
    assert judge(replace(RIGHT, **changes)) == ("nothing was recognised, or no case was played",)


def test_every_failure_is_told() -> None:
    altered = replace(
        RIGHT,
        recognitions=(replace(CITED, policy=""),),
        cases=(replace(CASE, outcome="received"),),
        problems=("case_differs 0a0a: …",),
    )
    assert [failure.split(":")[0] for failure in judge(altered)] == [
        "signed by both",
        "transfer",
        "case_differs 0a0a",
    ]
