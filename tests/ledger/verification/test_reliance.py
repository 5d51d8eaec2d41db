"""Checks 7 to 10: validity, status at a time, recognition, and how fresh the knowledge is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.formats.certificate import compute_midnight_unix
from ledger.formats.evidence import Evidence
from ledger.formats.status_list import Status
from ledger.identifiers import RegionCode
from ledger.records import (
    DepartmentAttested,
    DepartmentRegistered,
    MandateAttested,
    MemberAttested,
    SealKeyAttested,
    StatusAttested,
    StatusChanged,
)
from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason
from ledger.verification.report import Check, CheckName
from tests.support.departments import CHONGQING_HOUSING, SEALED_AT_UNIX, create_draft
from tests.support.ledger_world import (
    DAY_S,
    HOUR_S,
    Batch,
    LedgerWorld,
    found_world,
    issue,
    prepare,
)


def status_of(world: LedgerWorld, evidence: Evidence, **rules: object) -> Check:
    return world.verify(evidence, **rules).check(CheckName.STATUS)


def freshness_of(world: LedgerWorld, evidence: Evidence, **rules: object) -> Check:
    return world.verify(evidence, **rules).check(CheckName.FRESHNESS)


# 7: validity.


@pytest.mark.parametrize(
    ("offset_s", "reason"),
    [(-1, Reason.NOT_YET_VALID), (0, None)],
)
def test_validity_begins_with_the_first_day(offset_s: int, reason: Reason | None) -> None:
    world, batch = prepare()
    begins = batch.certificates[0].valid_from_unix
    report = world.verify(world.evidence(batch), as_of_unix=begins + offset_s)
    assert report.check(CheckName.VALIDITY_PERIOD).reason is reason


@pytest.mark.parametrize(("offset_s", "reason"), [(-1, None), (0, Reason.EXPIRED)])
def test_validity_ends_with_the_last_day(offset_s: int, reason: Reason | None) -> None:
    world, batch = prepare()
    ends = batch.certificates[0].valid_until_unix
    assert ends is not None
    report = world.verify(world.evidence(batch), as_of_unix=ends + offset_s)
    assert report.check(CheckName.VALIDITY_PERIOD).reason is reason


def test_long_term_certificate_never_expires() -> None:
    world = found_world()
    draft = create_draft(CHONGQING_HOUSING.issuer, valid_until=None)
    batch = world.seal_batch(CHONGQING_HOUSING, [draft])
    world.anchor(batch)
    world.pass_time(100 * 365 * DAY_S)
    check = world.verify(world.evidence(batch)).check(CheckName.VALIDITY_PERIOD)
    assert check.outcome is Outcome.PASSED
    assert check.detail["valid_from_unix"] == compute_midnight_unix(draft.valid_from)


# 8: status.

REASONS = {
    Status.REVOKED: Reason.CERTIFICATE_REVOKED,
    Status.SUSPENDED: Reason.CERTIFICATE_SUSPENDED,
    Status.SUPERSEDED: Reason.CERTIFICATE_SUPERSEDED,
}


@pytest.mark.parametrize("status", REASONS)
@pytest.mark.parametrize("has_complete_facts", [True, False])
def test_changed_status_fails_with_its_basis(status: Status, has_complete_facts: bool) -> None:
    world, batch = prepare()
    world.change_status(batch, 1, status, reason_code=307)
    recorded_at = world.now_unix
    world.pass_time(60)
    check = status_of(world, world.evidence(batch, 1), has_complete_facts=has_complete_facts)
    assert (check.outcome, check.reason) == (Outcome.FAILED, REASONS[status])
    assert check.detail["status"] == status.name.lower()
    assert check.detail["reason_code"] == 307
    assert check.detail["legal_basis"] == "《安全生产许可证条例》第十四条"
    assert check.detail["effective_date"] == 20251109
    assert check.detail["recorded_at_unix"] == recorded_at
    assert len(world.entries) - 1 in check.evidence
    neighbour = status_of(world, world.evidence(batch, 0))
    assert neighbour.outcome is Outcome.PASSED


def test_status_attested_without_its_change_fails_all_the_same() -> None:
    world, batch = prepare()
    world.change_status(batch, 0, Status.REVOKED)
    world.attest_status(batch)
    check = status_of(world, world.evidence(batch, without=[StatusChanged]))
    assert check.reason is Reason.CERTIFICATE_REVOKED
    assert "legal_basis" not in check.detail


def suspended_and_restored() -> tuple[LedgerWorld, Batch, int, int]:
    world, batch = prepare()
    suspended_at = world.now_unix
    world.change_status(batch, 0, Status.SUSPENDED)
    world.pass_time(DAY_S)
    restored_at = world.now_unix
    world.change_status(batch, 0, Status.VALID)
    world.pass_time(DAY_S)
    world.attest_all(batch)
    return world, batch, suspended_at, restored_at


@pytest.mark.parametrize("has_complete_facts", [True, False])
def test_status_at_a_past_time_is_what_was_recorded_then(has_complete_facts: bool) -> None:
    world, batch, suspended_at, restored_at = suspended_and_restored()
    evidence = world.evidence(batch)
    anchored_at = world.entries[batch.anchoring][0].time_unix
    expected = {
        anchored_at - 1: Reason.NOT_YET_ISSUED,
        anchored_at: None,
        suspended_at - 1: None,
        suspended_at: Reason.CERTIFICATE_SUSPENDED,
        restored_at - 1: Reason.CERTIFICATE_SUSPENDED,
        restored_at: None,
        world.now_unix: None,
    }
    found = {
        as_of: status_of(
            world, evidence, as_of_unix=as_of, has_complete_facts=has_complete_facts
        ).reason
        for as_of in expected
    }
    assert found == expected


def test_past_verdict_does_not_change_by_what_is_recorded_later() -> None:
    world, batch = prepare()
    before = world.now_unix
    early = status_of(world, world.evidence(batch), as_of_unix=before)
    world.pass_time(60)
    world.change_status(batch, 0, Status.REVOKED)
    late = status_of(world, world.evidence(batch), as_of_unix=before)
    assert (early.outcome, late.outcome) == (Outcome.PASSED, Outcome.PASSED)


def test_status_of_a_certificate_in_a_later_word_is_its_own() -> None:
    world, batch = prepare(count=130)
    world.change_status(batch, 0, Status.REVOKED)
    world.pass_time(60)
    assert status_of(world, world.evidence(batch, 129)).outcome is Outcome.PASSED


# 9: recognition.


def test_recognition_is_not_required_until_a_region_relies_and_then_in_doubt() -> None:
    world, batch = prepare()
    evidence = world.evidence(batch)
    assert world.verify(evidence).check(CheckName.RECOGNITION).outcome is Outcome.NOT_REQUIRED
    for rules, reason in (
        ({"relying_region": RegionCode.parse("510000")}, Reason.MISSING_POLICY),
        ({"required": frozenset({CheckName.RECOGNITION})}, Reason.MISSING_RELYING_REGION),
    ):
        report = world.verify(evidence, **rules)
        check = report.check(CheckName.RECOGNITION)
        assert check.is_required
        assert check.reason is reason
        assert report.outcome is Outcome.INDETERMINATE
        assert report.reliance is Outcome.INDETERMINATE


# 10: freshness.


def test_attested_facts_are_fresh_until_the_bound_and_stale_after_it() -> None:
    world, batch = prepare()
    evidence = world.evidence(batch)
    attested_at = world.now_unix - 60
    for age_s, reason in ((DAY_S, None), (DAY_S + 1, Reason.STALE)):
        check = freshness_of(world, evidence, as_of_unix=attested_at + age_s)
        assert check.reason is reason
        ages = check.detail["ages_s"]
        assert isinstance(ages, dict)
        assert set(ages.values()) == {age_s}
    assert freshness_of(world, evidence, max_fact_age_s=59).reason is Reason.STALE


@pytest.mark.parametrize(
    "attestation",
    [StatusAttested, MemberAttested, DepartmentAttested, SealKeyAttested, MandateAttested],
)
def test_evidence_without_one_of_the_attestations_goes_stale(attestation: type) -> None:
    world, batch = prepare()
    world.pass_time(2 * DAY_S)
    world.attest_all(batch)
    assert freshness_of(world, world.evidence(batch)).outcome is Outcome.PASSED
    report = world.verify(world.evidence(batch, without=[attestation]))
    assert report.check(CheckName.FRESHNESS).reason is Reason.STALE
    assert report.outcome is Outcome.INDETERMINATE


def test_evidence_with_the_revocation_cut_out_does_not_pass() -> None:
    world = found_world()
    batch = issue(world)
    world.pass_time(2 * DAY_S)
    world.change_status(batch, 0, Status.REVOKED)
    world.attest_all(batch)
    truncated = world.evidence(batch, without=[StatusChanged, StatusAttested])
    report = world.verify(truncated)
    assert report.check(CheckName.STATUS).outcome is Outcome.PASSED
    assert report.check(CheckName.FRESHNESS).reason is Reason.STALE
    assert report.outcome is Outcome.INDETERMINATE


def test_suspension_cut_out_before_a_restored_attestation_does_not_pass_for_that_time() -> None:
    world, batch, suspended_at, _ = suspended_and_restored()
    truncated = world.evidence(batch, without=[StatusChanged])
    report = world.verify(truncated, as_of_unix=suspended_at + HOUR_S, max_fact_age_s=HOUR_S)
    assert report.check(CheckName.FRESHNESS).reason is Reason.STALE
    assert report.outcome is Outcome.INDETERMINATE


def test_later_attestation_with_the_same_number_shows_that_nothing_happened_between() -> None:
    world = found_world()
    batch = issue(world)
    anchored_at = world.now_unix
    world.pass_time(100 * DAY_S)
    world.attest_all(batch)
    check = freshness_of(world, world.evidence(batch), as_of_unix=anchored_at + 50 * DAY_S)
    assert check.outcome is Outcome.PASSED


def test_whole_log_is_as_fresh_as_its_head() -> None:
    world = found_world()
    batch = issue(world)
    world.pass_time(100 * DAY_S)
    evidence = world.evidence(batch)
    assert freshness_of(world, evidence).reason is Reason.STALE
    assert freshness_of(world, evidence, has_complete_facts=True).outcome is Outcome.PASSED
    old = replace(world.head, time_unix=world.now_unix - 2 * DAY_S)
    check = freshness_of(
        world, replace(evidence, log=None), has_complete_facts=True, trusted_log=old
    )
    assert check.reason is Reason.STALE
    assert check.detail["ages_s"] == {"log": 2 * DAY_S}


def test_subject_without_any_fact_is_missing_not_stale() -> None:
    world, batch = prepare()
    without = [DepartmentRegistered, DepartmentAttested]
    check = freshness_of(world, world.evidence(batch, without=without))
    assert check.reason is Reason.MISSING_DEPARTMENT


def test_outage_is_never_a_failure() -> None:
    """A node that lost its connection for a week doubts; it does not deny."""
    world, batch = prepare()
    evidence, head = world.evidence(batch), world.head
    world.pass_time(7 * DAY_S)
    report = world.verify(evidence, trusted_log=head, has_complete_facts=True)
    assert report.outcome is Outcome.INDETERMINATE
    assert report.authenticity is Outcome.PASSED
    assert report.reliance is Outcome.INDETERMINATE
    assert all(check.outcome is not Outcome.FAILED for check in report.checks)
    assert report.verified_at_unix > SEALED_AT_UNIX
