"""Judging distinct evidence on one core: whole documents, and what is parsed already."""

from __future__ import annotations

import time
from itertools import cycle

from ledger.formats.evidence import parse_evidence
from ledger.verification.finding import Outcome
from ledger.verification.policy import VerificationPolicy
from ledger.verification.verifier import verify
from tests.benches.limits import rate_of, raw_verification
from tests.benches.result import Result
from tests.support.ledger_world import HOUR_S, SCHEMA, found_world, issue

DISTINCT = 500


def run() -> Result:
    world = found_world()
    batch = issue(world, count=DISTINCT)
    world.pass_time(HOUR_S)
    world.attest_all(batch)
    documents = [world.evidence(batch, position).to_json() for position in range(DISTINCT)]
    policy = VerificationPolicy(
        trusted_log=world.head,
        has_complete_facts=True,
        schemas={SCHEMA.schema_hash: SCHEMA},
    )
    now_unix = world.now_unix
    for document in documents:
        if verify(parse_evidence(document), policy, now_unix).outcome is not Outcome.PASSED:
            raise RuntimeError("a genuine certificate was not accepted")
    supply, parsed = cycle(documents), cycle([parse_evidence(document) for document in documents])
    limit = raw_verification()
    rate = rate_of(lambda: verify(parse_evidence(next(supply)), policy, now_unix))
    parsed_rate = rate_of(lambda: verify(next(parsed), policy, now_unix))
    latencies = sorted(_time_one(document, policy, now_unix) for document in documents)
    details: dict[str, object] = {
        "distinct": DISTINCT,
        "document_bytes": len(documents[0]),
        "parsed_evidence_per_s": parsed_rate,
        "parsed_evidence_ratio": parsed_rate / limit.value,
        "p50_ms": latencies[len(latencies) // 2] * 1e3,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1e3,
    }
    return Result(
        "verify",
        "documents parsed and verified/s, one core",
        rate,
        limit,
        rate / limit.value,
        details,
    )


def _time_one(document: bytes, policy: VerificationPolicy, now_unix: int) -> float:
    started = time.perf_counter()
    verify(parse_evidence(document), policy, now_unix)
    return time.perf_counter() - started
