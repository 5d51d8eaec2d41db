"""Checks 3 and 4: who sealed, and whether they might, by the ledger's own times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.formats.evidence import Evidence
from ledger.formats.signing_certificate import create_region_root, create_signing_certificate
from ledger.identifiers import CertificateType
from ledger.records import (
    DepartmentAttested,
    DepartmentRegistered,
    MandateAttested,
    MandateChanged,
    MemberAttested,
    SealKeyAttested,
    SealKeyCompromised,
    SealKeyRegistered,
)
from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason
from ledger.verification.report import Check, CheckName, Report
from tests.support.departments import (
    BEGIN_UNIX,
    CHONGQING,
    CHONGQING_HOUSING,
    CHONGQING_TRANSPORT,
    END_UNIX,
    SEALED_AT_UNIX,
    SICHUAN,
    SICHUAN_HOUSING,
    Department,
    Region,
    create_draft,
)
from tests.support.ledger_world import (
    DAY_S,
    HOUR_S,
    Batch,
    LedgerWorld,
    found_world,
    issue,
    prepare,
)


def verdict_of(world: LedgerWorld, batch: Batch) -> Report:
    """Attest what can be attested, and verify with everything there is."""
    world.pass_time(60)
    world.attest_status(batch)
    return world.verify(world.evidence(batch), has_complete_facts=True)


def signing_certificate(report: Report) -> Check:
    return report.check(CheckName.SIGNING_CERTIFICATE)


def issuer(report: Report) -> Check:
    return report.check(CheckName.ISSUER)


def fails(check: Check, reason: Reason) -> bool:
    return (check.outcome, check.reason) == (Outcome.FAILED, reason)


def doubts(check: Check, reason: Reason) -> bool:
    return (check.outcome, check.reason) == (Outcome.INDETERMINATE, reason)


def test_registered_mandated_issuer_passes_and_the_facts_are_cited() -> None:
    world, batch = prepare()
    report = world.verify(world.evidence(batch))
    for check in (signing_certificate(report), issuer(report)):
        assert check.outcome is Outcome.PASSED
        kinds = {type(world.entries[index][1]) for index in check.evidence}
        assert {DepartmentRegistered, SealKeyRegistered} <= kinds
    assert signing_certificate(report).detail["organisation"] == str(CHONGQING_HOUSING.issuer)


# 3: the signing certificate.


def test_seal_of_another_department_is_rejected() -> None:
    world = found_world()
    world.register(CHONGQING_TRANSPORT)
    world.register_seal_key(CHONGQING_TRANSPORT)
    forger = Department(CHONGQING, CHONGQING_HOUSING.issuer, "forger")
    forger.__dict__["seal_key"] = CHONGQING_TRANSPORT.seal_key
    batch = world.seal_batch(forger, [create_draft(CHONGQING_HOUSING.issuer)])
    world.anchor(batch, anchored_by=CHONGQING_HOUSING)
    report = verdict_of(world, batch)
    assert fails(signing_certificate(report), Reason.SEAL_KEY_OF_ANOTHER_ISSUER)
    assert signing_certificate(report).detail["owners"] == [str(CHONGQING_TRANSPORT.issuer)]
    assert report.authenticity is Outcome.FAILED


def test_signing_certificate_naming_another_department_is_rejected() -> None:
    world = found_world()
    batch = world.seal_batch(SICHUAN_HOUSING, [create_draft(SICHUAN_HOUSING.issuer)])
    world.anchor(batch)
    evidence = world.evidence(batch)
    stolen = replace(evidence.certificate, issuer=CHONGQING_HOUSING.issuer)
    report = world.verify(evidence.with_certificate(stolen))
    assert fails(signing_certificate(report), Reason.SIGNING_CERTIFICATE_OF_ANOTHER_ISSUER)


def test_key_that_nobody_registered_is_rejected() -> None:
    world = found_world()
    forger = Department(CHONGQING, CHONGQING_HOUSING.issuer, "forger")
    batch = world.seal_batch(forger, [create_draft(CHONGQING_HOUSING.issuer)])
    world.anchor(batch, anchored_by=CHONGQING_HOUSING)
    assert fails(signing_certificate(verdict_of(world, batch)), Reason.SEAL_KEY_NOT_REGISTERED)


def test_key_registered_only_after_the_anchoring_is_rejected() -> None:
    world = found_world()
    late = Department(CHONGQING, CHONGQING_HOUSING.issuer, CHONGQING_HOUSING.name)
    batch = world.seal_batch(late, [create_draft(CHONGQING_HOUSING.issuer)])
    world.anchor(batch, anchored_by=CHONGQING_HOUSING)
    world.register_seal_key(late, valid_from_unix=BEGIN_UNIX)
    assert fails(signing_certificate(verdict_of(world, batch)), Reason.SEAL_KEY_NOT_REGISTERED)


def test_second_signing_certificate_for_a_registered_key_is_rejected() -> None:
    world = found_world()
    twin = Department(CHONGQING, CHONGQING_HOUSING.issuer, "twin")
    twin.__dict__["seal_key"] = CHONGQING_HOUSING.seal_key
    batch = world.seal_batch(twin, [create_draft(CHONGQING_HOUSING.issuer)])
    world.anchor(batch)
    report = verdict_of(world, batch)
    assert fails(signing_certificate(report), Reason.SIGNING_CERTIFICATE_NOT_REGISTERED)


def test_root_of_another_member_is_rejected() -> None:
    world = found_world(register=False)
    stray = Department(SICHUAN, CHONGQING_HOUSING.issuer, CHONGQING_HOUSING.name)
    world.register(CHONGQING_HOUSING)
    world.register_seal_key(stray)
    world.mandate(CHONGQING_HOUSING)
    batch = world.seal_batch(stray, [create_draft(stray.issuer)])
    world.anchor(batch)
    assert fails(signing_certificate(verdict_of(world, batch)), Reason.ROOT_NOT_REGISTERED)


def test_self_made_root_of_the_right_name_is_rejected() -> None:
    world = found_world()
    impostor = Region("500000", "重庆市")
    forger = Department(impostor, CHONGQING_HOUSING.issuer, CHONGQING_HOUSING.name)
    batch = world.seal_batch(forger, [create_draft(forger.issuer)])
    world.anchor(batch, anchored_by=CHONGQING_HOUSING)
    report = verdict_of(world, batch)
    assert signing_certificate(report).outcome is Outcome.FAILED


def test_root_that_was_replaced_before_the_anchoring_is_rejected_and_after_it_is_not() -> None:
    for is_before in (True, False):
        world = found_world()
        other = create_region_root(
            CHONGQING.root_key,
            CHONGQING.member,
            "new root",
            valid_from_unix=BEGIN_UNIX,
            valid_until_unix=END_UNIX,
        )
        if is_before:
            world.change_root(CHONGQING, other)
        batch = issue(world)
        if not is_before:
            world.change_root(CHONGQING, other)
        check = signing_certificate(verdict_of(world, batch))
        assert fails(check, Reason.ROOT_NOT_REGISTERED) == is_before
        assert (check.outcome is Outcome.PASSED) != is_before


def test_signing_certificate_that_had_expired_when_anchored_is_rejected() -> None:
    world = found_world()
    short = Department(
        CHONGQING,
        CHONGQING_HOUSING.issuer,
        CHONGQING_HOUSING.name,
        valid_until_unix=SEALED_AT_UNIX + 30,
    )
    world.register_seal_key(short)
    batch = issue(world, short)
    assert fails(signing_certificate(verdict_of(world, batch)), Reason.SIGNING_CERTIFICATE_EXPIRED)


def test_signing_certificate_that_expires_after_the_anchoring_goes_on_proving() -> None:
    world = found_world()
    short = Department(
        CHONGQING,
        CHONGQING_HOUSING.issuer,
        CHONGQING_HOUSING.name,
        valid_until_unix=SEALED_AT_UNIX + DAY_S,
    )
    world.register_seal_key(short)
    batch = issue(world, short)
    world.pass_time(30 * DAY_S)
    assert signing_certificate(verdict_of(world, batch)).outcome is Outcome.PASSED


def test_chain_that_is_none_is_rejected_whatever_the_ledger_says() -> None:
    world, batch = prepare()
    evidence = world.evidence(batch)
    leaf = create_signing_certificate(
        SICHUAN.root_key,
        CHONGQING.root,
        CHONGQING_HOUSING.seal_key.public_key(),
        CHONGQING_HOUSING.issuer,
        "x",
        valid_from_unix=BEGIN_UNIX,
        valid_until_unix=END_UNIX,
    )
    forged = replace(evidence.certificate, x5c=(leaf, CHONGQING.root))
    report = world.verify(evidence.with_certificate(forged), trusted_log=None)
    assert fails(signing_certificate(report), Reason.CHAIN_INVALID)


# 4: the issuer.


def test_type_without_mandate_is_rejected() -> None:
    world = found_world(register=False)
    world.register(CHONGQING_HOUSING)
    world.register_seal_key(CHONGQING_HOUSING)
    world.mandate(CHONGQING_HOUSING, CertificateType.parse("11100000000013338W012"))
    batch = issue(world)
    assert fails(issuer(verdict_of(world, batch)), Reason.NOT_MANDATED)


def test_mandate_given_after_the_anchoring_does_not_heal_it() -> None:
    world = found_world(register=False)
    world.register(CHONGQING_HOUSING)
    world.register_seal_key(CHONGQING_HOUSING)
    batch = issue(world)
    world.mandate(CHONGQING_HOUSING, valid_from_unix=BEGIN_UNIX)
    assert fails(issuer(verdict_of(world, batch)), Reason.NOT_MANDATED)


@pytest.mark.parametrize(
    ("valid_from_unix", "valid_until_unix"),
    [(SEALED_AT_UNIX + HOUR_S, END_UNIX), (BEGIN_UNIX, SEALED_AT_UNIX)],
)
def test_mandate_that_does_not_cover_the_anchoring_is_rejected(
    valid_from_unix: int, valid_until_unix: int
) -> None:
    world = found_world()
    world.mandate(
        CHONGQING_HOUSING, valid_from_unix=valid_from_unix, valid_until_unix=valid_until_unix
    )
    batch = issue(world)
    assert fails(issuer(verdict_of(world, batch)), Reason.MANDATE_NOT_IN_FORCE)


def test_mandate_that_ends_after_the_anchoring_leaves_the_certificate_as_it_is() -> None:
    world = found_world()
    batch = issue(world)
    world.pass_time(DAY_S)
    world.mandate(CHONGQING_HOUSING, valid_until_unix=world.now_unix)
    world.register(CHONGQING_HOUSING, valid_until_unix=world.now_unix)
    world.end_seal_key(CHONGQING_HOUSING, world.now_unix)
    report = verdict_of(world, batch)
    assert issuer(report).outcome is Outcome.PASSED
    assert report.outcome is Outcome.PASSED


def test_compromise_before_the_anchoring_is_rejected_however_early_the_seal_claims_to_be() -> None:
    world = found_world()
    batch = world.seal_batch(
        CHONGQING_HOUSING,
        [create_draft(CHONGQING_HOUSING.issuer)],
        sealed_at_unix=SEALED_AT_UNIX - 10 * DAY_S,
    )
    compromised_at = world.now_unix
    world.pass_time(HOUR_S)
    world.anchor(batch)
    world.pass_time(HOUR_S)
    world.declare_compromise(CHONGQING_HOUSING, compromised_at)
    report = verdict_of(world, batch)
    assert fails(issuer(report), Reason.KEY_COMPROMISED)
    assert issuer(report).detail["compromised_since_unix"] == compromised_at


def test_compromise_at_the_very_second_of_the_anchoring_is_rejected() -> None:
    world = found_world()
    batch = issue(world)
    world.declare_compromise(CHONGQING_HOUSING, world.now_unix)
    assert fails(issuer(verdict_of(world, batch)), Reason.KEY_COMPROMISED)


def test_compromise_after_the_anchoring_leaves_the_certificate_as_it_is() -> None:
    world = found_world()
    batch = issue(world)
    world.pass_time(HOUR_S)
    world.declare_compromise(CHONGQING_HOUSING, world.now_unix)
    assert issuer(verdict_of(world, batch)).outcome is Outcome.PASSED


def test_newest_declaration_of_a_compromise_counts() -> None:
    world = found_world()
    batch = issue(world)
    anchored_at = world.now_unix
    world.pass_time(DAY_S)
    world.declare_compromise(CHONGQING_HOUSING, anchored_at + HOUR_S)
    assert issuer(verdict_of(world, batch)).outcome is Outcome.PASSED
    world.declare_compromise(CHONGQING_HOUSING, anchored_at - HOUR_S)
    assert fails(issuer(verdict_of(world, batch)), Reason.KEY_COMPROMISED)
    world.declare_compromise(CHONGQING_HOUSING, anchored_at + 1)
    assert issuer(verdict_of(world, batch)).outcome is Outcome.PASSED


def test_compromise_counts_even_for_a_time_before_it_was_known() -> None:
    world = found_world()
    batch = issue(world)
    anchored_at = world.now_unix
    world.pass_time(DAY_S)
    world.declare_compromise(CHONGQING_HOUSING, anchored_at - HOUR_S)
    world.pass_time(60)
    report = world.verify(
        world.evidence(batch), has_complete_facts=True, as_of_unix=anchored_at + HOUR_S
    )
    assert fails(issuer(report), Reason.KEY_COMPROMISED)


def test_compromise_is_seen_in_an_attestation_alone() -> None:
    world = found_world()
    batch = issue(world)
    world.declare_compromise(CHONGQING_HOUSING, world.now_unix - 1)
    world.attest_all(batch)
    report = world.verify(world.evidence(batch, without=[SealKeyCompromised]))
    assert fails(issuer(report), Reason.KEY_COMPROMISED)


def test_key_that_ended_before_the_anchoring_is_rejected() -> None:
    world = found_world()
    world.end_seal_key(CHONGQING_HOUSING, world.now_unix + 30)
    batch = issue(world)
    assert fails(issuer(verdict_of(world, batch)), Reason.SEAL_KEY_ENDED)


def test_key_that_began_after_the_anchoring_is_rejected() -> None:
    world = found_world()
    early = Department(CHONGQING, CHONGQING_HOUSING.issuer, CHONGQING_HOUSING.name)
    world.register_seal_key(early, valid_from_unix=world.now_unix + DAY_S)
    batch = issue(world, early)
    assert fails(issuer(verdict_of(world, batch)), Reason.SEAL_KEY_NOT_YET_VALID)


def test_department_that_had_ended_is_rejected() -> None:
    world = found_world()
    world.register(CHONGQING_HOUSING, valid_until_unix=world.now_unix + 30)
    batch = issue(world)
    assert fails(issuer(verdict_of(world, batch)), Reason.ISSUER_ENDED)


def test_department_nobody_registered_is_rejected() -> None:
    world = found_world(register=False)
    batch = issue(world)
    report = world.verify(world.evidence(batch), has_complete_facts=True)
    assert fails(issuer(report), Reason.ISSUER_NOT_REGISTERED)


def test_member_that_had_left_is_rejected_and_one_that_left_later_is_not() -> None:
    for is_before in (True, False):
        world = found_world()
        if is_before:
            world.remove(SICHUAN)
        batch = issue(world, SICHUAN_HOUSING)
        if not is_before:
            world.remove(SICHUAN)
        check = issuer(verdict_of(world, batch))
        assert fails(check, Reason.MEMBER_REMOVED) == is_before
        assert (check.outcome is Outcome.PASSED) != is_before


# What is not in the evidence.


@pytest.mark.parametrize(
    ("without", "reason"),
    [
        ([SealKeyRegistered], Reason.MISSING_SEAL_KEY),
        ([DepartmentRegistered], Reason.MISSING_DEPARTMENT),
    ],
)
def test_fact_cut_out_of_the_evidence_leaves_check_3_in_doubt(
    without: list[type], reason: Reason
) -> None:
    world, batch = prepare()
    report = world.verify(world.evidence(batch, without=without))
    assert doubts(signing_certificate(report), reason)
    assert report.outcome is Outcome.INDETERMINATE


@pytest.mark.parametrize(
    ("without", "reason"),
    [
        ([MandateChanged], Reason.MISSING_MANDATE),
        ([DepartmentRegistered], Reason.MISSING_DEPARTMENT),
        ([SealKeyRegistered, SealKeyAttested], Reason.MISSING_SEAL_KEY),
    ],
)
def test_fact_cut_out_of_the_evidence_leaves_check_4_in_doubt(
    without: list[type], reason: Reason
) -> None:
    world, batch = prepare()
    report = world.verify(world.evidence(batch, without=without))
    assert doubts(issuer(report), reason)
    assert report.outcome is Outcome.INDETERMINATE


def test_member_cut_out_of_the_evidence_leaves_both_checks_in_doubt() -> None:
    world, batch = prepare(SICHUAN_HOUSING)
    evidence = world.evidence(batch)
    kept = tuple(
        fact
        for fact in evidence.facts
        if fact.entry.region != SICHUAN.member or fact.entry.subject[:6] != b"510000"
    )
    report = world.verify(replace(evidence, facts=kept))
    assert doubts(signing_certificate(report), Reason.MISSING_MEMBER)
    assert doubts(issuer(report), Reason.MISSING_MEMBER)


def test_attestations_before_the_anchoring_serve_as_well_as_the_acts() -> None:
    world = found_world()
    world.attest_member(CHONGQING)
    world.attest_department(CHONGQING_HOUSING)
    world.attest_seal_key(CHONGQING_HOUSING)
    world.attest_mandate(CHONGQING_HOUSING)
    batch = issue(world)
    world.attest_all(batch)
    report = world.verify(
        world.evidence(batch, without=[DepartmentRegistered, SealKeyRegistered, MandateChanged])
    )
    assert report.outcome is Outcome.PASSED


def test_evidence_without_facts_leaves_both_checks_in_doubt() -> None:
    world, batch = prepare()
    report = world.verify(Evidence(batch.certificates[0], batch.proof()))
    assert doubts(signing_certificate(report), Reason.MISSING_ANCHORING)
    assert doubts(issuer(report), Reason.MISSING_ANCHORING)


def test_later_attestations_alone_do_not_show_what_was_when_anchored() -> None:
    world, batch = prepare()
    acts = [DepartmentRegistered, SealKeyRegistered, MandateChanged]
    report = world.verify(world.evidence(batch, without=acts))
    assert {type(record) for _, record in world.entries} >= {
        DepartmentAttested,
        MandateAttested,
        MemberAttested,
    }
    assert signing_certificate(report).outcome is Outcome.INDETERMINATE
    assert issuer(report).outcome is Outcome.INDETERMINATE
