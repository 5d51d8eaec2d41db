"""The report as a document, and what follows from its checks."""

from __future__ import annotations

import orjson
import pytest

from ledger.formats.status_list import Status
from ledger.verification.finding import Outcome
from ledger.verification.policy import DEFAULT_POLICY
from ledger.verification.report import (
    CHECK_NAMES,
    RELIANCE,
    compute_outcome,
)
from ledger.verification.verifier import verify_document
from tests.support.ledger_world import prepare

P, F, D, N = Outcome.PASSED, Outcome.FAILED, Outcome.INDETERMINATE, Outcome.NOT_REQUIRED


@pytest.mark.parametrize(
    ("required", "others", "expected"),
    [
        ([P, P], [], P),
        ([P, F, D], [], F),
        ([P, D], [], D),
        ([D, F], [P], F),
        ([P], [F, D, N], P),
        ([P, N], [], P),
        ([], [F], N),
        ([], [], N),
    ],
)
def test_required_checks_alone_decide(
    required: list[Outcome], others: list[Outcome], expected: Outcome
) -> None:
    flags = [True] * len(required) + [False] * len(others)
    assert compute_outcome(flags, required + others) is expected


def test_checks_are_numbered_as_in_the_plan() -> None:
    assert [name.number for name in CHECK_NAMES] == list(range(1, 12))
    assert [name.number for name in CHECK_NAMES[RELIANCE]] == [7, 8, 9, 10]


def test_document_says_everything_a_reader_needs() -> None:
    world, batch = prepare()
    world.change_status(batch, 0, Status.SUSPENDED)
    world.pass_time(60)
    report = world.verify(world.evidence(batch))
    document = orjson.loads(report.to_json())
    assert document["format"] == "zhenglian-report/1"
    assert document["outcome"] == document["reliance"] == "FAILED"
    assert document["authenticity"] == "PASSED"
    assert document["policy_version"] == DEFAULT_POLICY.version
    assert document["verified_at_unix"] == document["as_of_unix"] == world.now_unix
    assert document["log"] == {
        "ledger_id": world.ledger_id.hex(),
        "size": len(world.entries),
        "time_unix": world.now_unix,
    }
    assert document["certificate"]["issuer"] == str(batch.department.issuer)
    assert document["certificate"]["fields"]["holder_name"] == "张三"
    assert document["anchored_at_unix"] == report.anchored_at_unix
    assert document["presentation"] == "bearer"
    status = document["checks"][7]
    assert (status["number"], status["name"], status["required"]) == (8, "status", True)
    assert (status["outcome"], status["reason"]) == ("FAILED", "certificate_suspended")
    assert status["evidence"] == sorted({batch.anchoring, len(world.entries) - 1})


def test_document_of_an_unreadable_certificate_says_so() -> None:
    document = orjson.loads(verify_document(b"", DEFAULT_POLICY, 1_760_000_000).to_json())
    assert document["certificate"] is None
    assert document["log"] is None
    assert document["checks"][0]["reason"] == "not_well_formed"
