"""Checks 1, 2, 5 and 6: form, seal, and the place in batch and log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.formats.certificate import Placement, parse_certificate
from ledger.formats.evidence import BatchProof, Evidence, LogHead
from ledger.identifiers import CertificateType
from ledger.records import BatchAnchored, TypeDefined
from ledger.schemas import parse_schema
from ledger.verification.finding import Outcome
from ledger.verification.policy import CLOCK_SKEW_S, DEFAULT_REQUIRED
from ledger.verification.reasons import Reason
from ledger.verification.report import Check, CheckName
from tests.support.departments import (
    CHONGQING_HOUSING,
    MINISTRY,
    SICHUAN_HOUSING,
    create_draft,
)
from tests.support.ledger_world import (
    HOUR_S,
    SCHEMA,
    LedgerWorld,
    found_world,
    issue,
    prepare,
)

WORLD, BATCH = prepare()
EVIDENCE = WORLD.evidence(BATCH, 1)
CERTIFICATE = EVIDENCE.certificate


def anchored(evidence: Evidence, **rules: object) -> Check:
    return WORLD.verify(evidence, **rules).check(CheckName.ANCHORED)


def with_proof(change: Callable[[BatchProof], BatchProof]) -> Evidence:
    assert EVIDENCE.batch_proof is not None
    return replace(EVIDENCE, batch_proof=change(EVIDENCE.batch_proof))


def with_log(change: Callable[[LogHead], LogHead]) -> Evidence:
    assert EVIDENCE.log is not None
    return replace(EVIDENCE, log=change(EVIDENCE.log))


# 1 and 2: form and seal.


def test_certificate_of_an_unreadable_chain_is_not_well_formed() -> None:
    broken = replace(CERTIFICATE, x5c=(b"\x30\x00", CERTIFICATE.x5c[1]))
    report = WORLD.verify(EVIDENCE.with_certificate(broken))
    check = report.check(CheckName.WELL_FORMED)
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.NOT_WELL_FORMED)
    assert check.detail["code"] == "x5c_malformed"
    for name in (CheckName.SEAL_SIGNATURE, CheckName.SIGNING_CERTIFICATE):
        assert report.check(name).reason is Reason.CERTIFICATE_UNREADABLE
    assert report.check(CheckName.VALIDITY_PERIOD).outcome is Outcome.PASSED
    assert report.outcome is Outcome.FAILED


def test_seal_over_other_content_is_rejected() -> None:
    other = BATCH.certificates[0]
    forged = replace(CERTIFICATE, signature=other.signature)
    check = WORLD.verify(EVIDENCE.with_certificate(forged)).check(CheckName.SEAL_SIGNATURE)
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.SEAL_INVALID)


# 5: the batch.


def test_anchored_certificate_passes_and_is_issued_when_anchored() -> None:
    report = WORLD.verify(EVIDENCE)
    check = report.check(CheckName.ANCHORED)
    assert check.outcome is Outcome.PASSED
    assert check.evidence == (BATCH.anchoring,)
    assert report.anchored_at_unix == WORLD.entries[BATCH.anchoring][0].time_unix
    assert report.anchored_at_unix != CERTIFICATE.sealed_at_unix


def test_certificate_that_was_never_anchored_is_rejected_by_who_knows_the_whole_log() -> None:
    unanchored = WORLD.seal_batch(CHONGQING_HOUSING, [create_draft(CHONGQING_HOUSING.issuer)])
    evidence = WORLD.evidence(unanchored)
    known = anchored(evidence, has_complete_facts=True)
    assert (known.outcome, known.reason) == (Outcome.FAILED, Reason.NOT_ANCHORED)
    offered = anchored(evidence)
    assert (offered.outcome, offered.reason) == (Outcome.INDETERMINATE, Reason.MISSING_ANCHORING)
    assert WORLD.verify(evidence).anchored_at_unix is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda proof: replace(proof, position=0), Reason.POSITION_MISMATCH),
        (lambda proof: BATCH.proof(0), Reason.POSITION_MISMATCH),
        (lambda proof: replace(proof, batch_id=bytes(32)), Reason.BATCH_KEY_MISMATCH),
        (lambda proof: replace(proof, count=4), Reason.BATCH_COUNT_MISMATCH),
        (lambda proof: replace(proof, count=1), Reason.BATCH_COUNT_MISMATCH),
        (lambda proof: replace(proof, path=()), Reason.PROOF_ROOT_MISMATCH),
        (lambda proof: replace(proof, path=proof.path[::-1]), Reason.PROOF_ROOT_MISMATCH),
        (lambda proof: replace(proof, path=BATCH.proof(0).path), Reason.PROOF_ROOT_MISMATCH),
        (lambda proof: replace(proof, path=(*proof.path, bytes(32))), Reason.PROOF_ROOT_MISMATCH),
    ],
)
def test_proof_for_something_else_is_rejected(
    change: Callable[[BatchProof], BatchProof], reason: Reason
) -> None:
    check = anchored(with_proof(change))
    assert (check.outcome, check.reason) == (Outcome.FAILED, reason)


def test_proof_for_another_root_is_rejected() -> None:
    world = found_world()
    batch, other = issue(world), issue(world)
    evidence = replace(world.evidence(batch, 1), batch_proof=other.proof(1))
    check = world.verify(evidence).check(CheckName.ANCHORED)
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.BATCH_KEY_MISMATCH)


def test_certificate_put_where_another_was_anchored_is_rejected() -> None:
    """The issuer seals a second certificate for a place that is taken."""
    sealer = CHONGQING_HOUSING.sealer
    taken = Placement(BATCH.batch_key, 1)
    sealed = sealer.seal(create_draft(CHONGQING_HOUSING.issuer, "2099"), taken, WORLD.now_unix)
    forged = parse_certificate(sealed.to_compact(sealer.header))
    check = anchored(EVIDENCE.with_certificate(forged))
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.PROOF_ROOT_MISMATCH)


def test_missing_batch_proof_leaves_it_in_doubt() -> None:
    check = anchored(replace(EVIDENCE, batch_proof=None))
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.MISSING_BATCH_PROOF)


def test_batch_of_another_issuer_under_the_same_key_is_rejected() -> None:
    world = found_world()
    batch = world.seal_batch(CHONGQING_HOUSING, [create_draft(CHONGQING_HOUSING.issuer)])
    world.anchor(batch, anchored_by=SICHUAN_HOUSING)
    check = world.verify(world.evidence(batch)).check(CheckName.ANCHORED)
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.ISSUER_MISMATCH)


def test_batch_of_another_type_is_rejected() -> None:
    world = found_world()
    batch = world.seal_batch(CHONGQING_HOUSING, [create_draft(CHONGQING_HOUSING.issuer)])
    world.anchor(batch, certificate_type=CertificateType.parse("11100000000013338W012"))
    check = world.verify(world.evidence(batch)).check(CheckName.ANCHORED)
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.TYPE_MISMATCH)


@pytest.mark.parametrize(
    ("ahead_s", "outcome"), [(CLOCK_SKEW_S, Outcome.PASSED), (CLOCK_SKEW_S + 1, Outcome.FAILED)]
)
def test_seal_time_may_run_ahead_of_the_ledger_by_the_skew_and_no_more(
    ahead_s: int, outcome: Outcome
) -> None:
    world = found_world()
    drafts = [create_draft(CHONGQING_HOUSING.issuer)]
    batch = world.seal_batch(CHONGQING_HOUSING, drafts, sealed_at_unix=world.now_unix + ahead_s)
    world.anchor(batch)
    check = world.verify(world.evidence(batch)).check(CheckName.ANCHORED)
    assert check.outcome is outcome
    if outcome is Outcome.FAILED:
        assert check.reason is Reason.ISSUED_AFTER_ANCHORING


# 5: the log.


def test_without_a_trusted_log_no_fact_counts() -> None:
    report = WORLD.verify(EVIDENCE, trusted_log=None, has_complete_facts=True)
    for name in (
        *(CheckName.SIGNING_CERTIFICATE, CheckName.ISSUER, CheckName.ANCHORED),
        *(CheckName.STATUS, CheckName.FRESHNESS),
    ):
        check = report.check(name)
        assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.NO_TRUSTED_LOG)
    assert report.check(CheckName.SEAL_SIGNATURE).outcome is Outcome.PASSED
    assert report.outcome is Outcome.INDETERMINATE


def test_without_a_trusted_log_a_wrong_place_is_still_wrong() -> None:
    evidence = with_proof(lambda proof: replace(proof, position=2))
    check = anchored(evidence, trusted_log=None)
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.POSITION_MISMATCH)


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        (
            lambda log: replace(log, ledger_id=bytes(32)),
            Outcome.FAILED,
            Reason.LEDGER_MISMATCH,
        ),
        (lambda log: replace(log, root=bytes(32)), Outcome.FAILED, Reason.LOG_ROOT_MISMATCH),
        (
            lambda log: replace(log, size=log.size + 1),
            Outcome.INDETERMINATE,
            Reason.LOG_HEAD_UNKNOWN,
        ),
    ],
)
def test_evidence_for_another_log_is_told_apart(
    change: Callable[[LogHead], LogHead], outcome: Outcome, reason: Reason
) -> None:
    report = WORLD.verify(with_log(change))
    check = report.check(CheckName.ANCHORED)
    assert (check.outcome, check.reason) == (outcome, reason)
    assert report.check(CheckName.STATUS).outcome is Outcome.INDETERMINATE
    assert report.check(CheckName.STATUS).reason is reason


def test_time_that_the_evidence_claims_for_the_log_is_not_believed() -> None:
    later = with_log(lambda log: replace(log, time_unix=log.time_unix + HOUR_S))
    assert WORLD.verify(later) == WORLD.verify(EVIDENCE)


def test_evidence_that_does_not_name_a_log_is_proven_by_the_trusted_one() -> None:
    assert WORLD.verify(replace(EVIDENCE, log=None)).outcome is Outcome.PASSED


def test_fact_that_is_not_in_the_trusted_log_is_rejected() -> None:
    position = next(
        place for place, fact in enumerate(EVIDENCE.facts) if fact.index != BATCH.anchoring
    )
    fact = EVIDENCE.facts[position]
    assert fact.path is not None
    for forged in (
        replace(fact, path=fact.path[1:]),
        replace(fact, path=(bytes(32), *fact.path[1:])),
        replace(fact, entry=replace(fact.entry, time_unix=fact.time_unix - 1)),
        replace(fact, path=None),
    ):
        facts = (*EVIDENCE.facts[:position], forged, *EVIDENCE.facts[position + 1 :])
        report = WORLD.verify(replace(EVIDENCE, facts=facts))
        check = report.check(CheckName.ANCHORED)
        assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.LOG_PROOF_MISMATCH)
        assert check.detail["indexes"] == (fact.index,)


def test_forged_entry_of_an_anchoring_is_rejected() -> None:
    world = found_world()
    batch = world.seal_batch(CHONGQING_HOUSING, [create_draft(CHONGQING_HOUSING.issuer)])
    honest = world.head
    world.anchor(batch)
    check = world.verify(replace(world.evidence(batch), log=None), trusted_log=honest).check(
        CheckName.ANCHORED
    )
    assert (check.outcome, check.reason) == (Outcome.FAILED, Reason.LOG_PROOF_MISMATCH)


def test_facts_of_one_s_own_log_need_no_proof() -> None:
    facts = tuple(replace(fact, path=None) for fact in EVIDENCE.facts)
    own = replace(EVIDENCE, facts=facts)
    assert WORLD.verify(own, has_complete_facts=True).outcome is Outcome.PASSED
    beyond = replace(facts[-1], index=WORLD.head.size)
    check = anchored(replace(own, facts=(*facts[:-1], beyond)), has_complete_facts=True)
    assert check.reason is Reason.LOG_PROOF_MISMATCH


def test_only_the_anchoring_of_the_named_batch_counts() -> None:
    world = found_world()
    batch = issue(world)
    issue(world)
    evidence = world.evidence(batch)
    others = tuple(fact for fact in evidence.facts if fact.index != batch.anchoring)
    assert any(isinstance(fact.record, BatchAnchored) for fact in others)
    check = world.verify(replace(evidence, facts=others)).check(CheckName.ANCHORED)
    assert check.reason is Reason.MISSING_ANCHORING


# 6: the catalogue.


def catalogued(
    evidence: Evidence, *, world: LedgerWorld = WORLD, **rules: object
) -> tuple[Outcome, Reason | None, Check]:
    rules.setdefault("required", DEFAULT_REQUIRED | {CheckName.CATALOGUE})
    check = world.verify(evidence, **rules).check(CheckName.CATALOGUE)
    return check.outcome, check.reason, check


def test_certificate_of_a_catalogued_type_passes_and_cites_the_version() -> None:
    outcome, _, check = catalogued(EVIDENCE)
    assert outcome is Outcome.PASSED
    assert (check.detail["version"], check.detail["schema_hash"]) == (1, SCHEMA.schema_hash.hex())
    (index,) = check.evidence
    assert isinstance(WORLD.entries[index][1], TypeDefined)


def test_presentation_of_some_fields_passes() -> None:
    shown = CERTIFICATE.with_disclosures({"holder_name"})
    assert catalogued(EVIDENCE.with_certificate(shown))[0] is Outcome.PASSED


def test_type_that_nobody_defined_is_not_asked_about_by_who_knows_the_whole_log() -> None:
    evidence = WORLD.evidence(BATCH, 1, without=[TypeDefined])
    report = WORLD.verify(evidence, has_complete_facts=True)
    check = report.check(CheckName.CATALOGUE)
    assert (check.outcome, check.is_required) == (Outcome.NOT_REQUIRED, False)
    assert report.outcome is Outcome.PASSED


def test_leaving_the_type_out_of_the_evidence_makes_no_verdict_better() -> None:
    evidence = WORLD.evidence(BATCH, 1, without=[TypeDefined])
    report = WORLD.verify(evidence)
    check = report.check(CheckName.CATALOGUE)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.MISSING_TYPE)
    assert check.is_required
    assert report.outcome is Outcome.INDETERMINATE


def test_defined_type_is_asked_about_whatever_the_policy_requires() -> None:
    report = WORLD.verify(EVIDENCE, schemas={}, required=frozenset({CheckName.STATUS}))
    assert report.check(CheckName.CATALOGUE).is_required
    assert report.outcome is Outcome.INDETERMINATE


def test_type_that_nobody_defined_is_rejected_by_who_knows_the_whole_log() -> None:
    evidence = WORLD.evidence(BATCH, 1, without=[TypeDefined])
    assert catalogued(evidence)[:2] == (Outcome.INDETERMINATE, Reason.MISSING_TYPE)
    outcome, reason, _ = catalogued(evidence, has_complete_facts=True)
    assert (outcome, reason) == (Outcome.FAILED, Reason.TYPE_NOT_IN_CATALOGUE)


def test_type_defined_after_the_batch_was_anchored_does_not_count() -> None:
    world = found_world(define=False)
    batch = issue(world)
    world.admit(MINISTRY)
    world.define_type()
    outcome, reason, _ = catalogued(world.evidence(batch), world=world, has_complete_facts=True)
    assert (outcome, reason) == (Outcome.FAILED, Reason.TYPE_NOT_IN_CATALOGUE)


def test_attested_version_counts_as_a_defined_one() -> None:
    world = found_world(define=False)
    world.attest_type(SCHEMA, version=3)
    batch = issue(world)
    outcome, _, check = catalogued(world.evidence(batch), world=world)
    assert (outcome, check.detail["version"]) == (Outcome.PASSED, 3)


def test_schema_that_is_not_at_hand_leaves_doubt() -> None:
    outcome, reason, check = catalogued(EVIDENCE, schemas={})
    assert (outcome, reason) == (Outcome.INDETERMINATE, Reason.SCHEMA_UNKNOWN)
    assert check.detail["schema_hash"] == SCHEMA.schema_hash.hex()


def test_version_in_force_at_the_anchoring_is_the_one_that_counts() -> None:
    stricter = parse_schema(SCHEMA.document.replace(b'"C3"]', b'"C4"]'))
    known = {each.schema_hash: each for each in (SCHEMA, stricter)}
    world = found_world()
    before = issue(world)
    world.define_type(stricter, version=2)
    after = issue(world)
    assert catalogued(world.evidence(before), world=world, schemas=known)[0] is Outcome.PASSED
    outcome, reason, check = catalogued(world.evidence(after), world=world, schemas=known)
    assert (outcome, reason) == (Outcome.FAILED, Reason.SCHEMA_MISMATCH)
    assert check.detail["version"] == 2
    assert (check.detail["field"], check.detail["problem"]) == ("postCategory", "not_allowed")


def test_schema_of_another_type_under_the_recorded_hash_is_rejected() -> None:
    other = CertificateType.parse("11100000000013338W012")
    foreign = {SCHEMA.schema_hash: replace(SCHEMA, type=other)}
    outcome, reason, check = catalogued(EVIDENCE, schemas=foreign)
    assert (outcome, reason) == (Outcome.FAILED, Reason.SCHEMA_MISMATCH)
    assert check.detail["of_type"] == str(other)


def test_catalogue_of_a_certificate_that_was_never_anchored_is_in_doubt() -> None:
    evidence = WORLD.evidence(BATCH, 1, without=[BatchAnchored])
    assert catalogued(evidence)[:2] == (Outcome.INDETERMINATE, Reason.MISSING_ANCHORING)
