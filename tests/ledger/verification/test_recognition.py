"""Check 9: who recognises a certificate. Attacks by name, and the resolution against a model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.formats.certificate import Certificate, DocumentDigest
from ledger.formats.evidence import Evidence
from ledger.identifiers import CertificateType, MemberId, PartyId, RegionCode
from ledger.records import DepartmentAttested, DepartmentRegistered, GroupLeft, PolicyAttested
from ledger.verification.finding import Outcome
from ledger.verification.reasons import Reason
from ledger.verification.recognition import (
    RecognitionQuestion,
    StepResult,
    Way,
    compute_seal_level,
    resolve,
)
from ledger.verification.recognition_book import RecognitionBook, compute_pact_keys
from ledger.verification.report import Check, CheckName, Report
from tests.support.departments import CHONGQING, SAFETY_STAFF, SICHUAN
from tests.support.ledger_world import DAY_S, HOUR_S, Batch, issue
from tests.support.recognition_world import (
    CHONGQING_PARTY,
    CHUANYU,
    SICHUAN_PARTY,
    RecognitionWorld,
    found_recognition_world,
    make_terms,
)

CHENGDU = RegionCode.parse("510100")
CHENGDU_COUNTY = RegionCode.parse("510104")
SICHUAN_REGION = RegionCode.parse("510000")
OTHER_TYPE = CertificateType.parse("11100000000013338W012")


def prepare() -> tuple[RecognitionWorld, Batch]:
    """A batch of Chongqing, attested; Sichuan has not said anything about such."""
    world = found_recognition_world()
    batch = issue(world)
    world.attest_all(batch)
    world.pass_time(60)
    return world, batch


def judge(
    world: RecognitionWorld,
    batch: Batch,
    *,
    region: RegionCode = SICHUAN_REGION,
    complete: bool = True,
    as_of_unix: int | None = None,
    **rules: object,
) -> Report:
    """Sichuan's verdict by its own log, or by what the holder brought."""
    return world.verify(
        world.evidence(batch),
        relying_region=region,
        has_complete_facts=complete,
        as_of_unix=as_of_unix,
        **rules,
    )


def recognition_of(world: RecognitionWorld, batch: Batch, **options: object) -> Check:
    return judge(world, batch, **options).check(CheckName.RECOGNITION)  # type: ignore[arg-type]


# What recognises.


def test_policy_is_cited_with_its_version_and_entry() -> None:
    world, batch = prepare()
    world.set_policy(conditions_hash=b"\x07" * 32)
    index = len(world.entries) - 1
    world.pass_time(60)
    report = judge(world, batch)
    check = report.check(CheckName.RECOGNITION)
    assert report.outcome is report.reliance is Outcome.PASSED
    assert check.is_required
    assert check.detail["way"] == "policy"
    assert check.detail["policy"] == {
        "relying": "510000",
        "source": "500000",
        "certificate_type": str(SAFETY_STAFF),
        "version": 1,
        "log_index": index,
        "minimum_seal_level": 1,
        "valid_from_unix": 1_700_000_000,
        "valid_until_unix": 2_000_000_000,
        "conditions_hash": "07" * 32,
        "pact_id": "00" * 32,
    }
    assert set(check.evidence) == {index, batch.anchoring}


@pytest.mark.parametrize("region", [CHENGDU_COUNTY, CHENGDU])
def test_policy_of_a_province_holds_for_its_cities_and_counties(region: RegionCode) -> None:
    world, batch = prepare()
    world.set_policy()
    assert recognition_of(world, batch, region=region).outcome is Outcome.PASSED


@pytest.mark.parametrize("region", ["500000", "500103"])
def test_own_province_needs_no_policy(region: str) -> None:
    world, batch = prepare()
    check = recognition_of(world, batch, region=RegionCode.parse(region))
    assert check.outcome is Outcome.PASSED
    assert check.detail["way"] == "own_province"


def test_national_type_is_recognised_on_its_legal_basis() -> None:
    world, batch = prepare()
    world.make_national(legal_basis="《某条例》第三条")
    index = len(world.entries) - 1
    check = recognition_of(world, batch)
    assert check.outcome is Outcome.PASSED
    assert (check.detail["way"], check.detail["legal_basis"]) == (
        "national_type",
        "《某条例》第三条",
    )
    assert index in check.evidence


def test_type_that_ceased_to_be_national_is_not_recognised() -> None:
    world, batch = prepare()
    world.make_national()
    national_at = world.now_unix
    world.pass_time(DAY_S)
    world.make_national(is_national=False)
    assert recognition_of(world, batch).reason is Reason.NOT_RECOGNISED
    assert recognition_of(world, batch, as_of_unix=national_at).outcome is Outcome.PASSED


def test_wildcard_policy_holds_for_every_type() -> None:
    world, batch = prepare()
    world.set_policy(certificate_type=None)
    check = recognition_of(world, batch)
    assert check.outcome is Outcome.PASSED
    policy = check.detail["policy"]
    assert isinstance(policy, dict)
    assert policy["certificate_type"] is None


def test_policy_of_the_type_is_cited_before_the_wildcard() -> None:
    world, batch = prepare()
    world.set_policy(certificate_type=None)
    world.set_policy()
    policy = recognition_of(world, batch).detail["policy"]
    assert isinstance(policy, dict)
    assert policy["certificate_type"] == str(SAFETY_STAFF)


@pytest.mark.parametrize("order", [(CHONGQING, SICHUAN), (SICHUAN, CHONGQING)])
def test_pact_that_both_signed_holds_in_both_directions(order: tuple[object, object]) -> None:
    world, batch = prepare()
    terms = make_terms()
    world.conclude(terms, *order)  # type: ignore[arg-type]
    assert len(compute_pact_keys(terms)) == 2
    check = recognition_of(world, batch)
    assert check.outcome is Outcome.PASSED
    policy = check.detail["policy"]
    assert isinstance(policy, dict)
    assert policy["version"] == 1
    assert policy["pact_id"] != "00" * 32


def test_pact_takes_the_next_version_of_each_policy() -> None:
    world, batch = prepare()
    world.set_policy(certificate_type=SAFETY_STAFF)
    world.end_policy(version=2)
    world.conclude(make_terms(types=[SAFETY_STAFF]), SICHUAN, CHONGQING)
    policy = recognition_of(world, batch).detail["policy"]
    assert isinstance(policy, dict)
    assert policy["version"] == 3


def test_pact_of_a_group_holds_between_its_parties() -> None:
    world, batch = prepare()
    world.define_group()
    group_index = len(world.entries) - 1
    world.conclude(make_terms(CHUANYU, CHUANYU), CHONGQING, SICHUAN)
    check = recognition_of(world, batch, region=CHENGDU_COUNTY)
    assert check.outcome is Outcome.PASSED
    assert group_index in check.evidence


# Attacks, and what does not suffice.


def test_unrecognised_certificate_fails_reliance_and_stays_authentic() -> None:
    world, batch = prepare()
    report = judge(world, batch)
    assert report.check(CheckName.RECOGNITION).outcome is Outcome.FAILED
    assert report.check(CheckName.RECOGNITION).reason is Reason.NOT_RECOGNISED
    assert report.outcome is report.reliance is Outcome.FAILED
    assert report.authenticity is Outcome.PASSED


def test_policy_of_another_relying_region_does_not_help() -> None:
    world, batch = prepare()
    world.set_policy(relying=PartyId.parse("520000"))
    world.set_policy(relying=PartyId(CHENGDU_COUNTY))
    assert recognition_of(world, batch).reason is Reason.NOT_RECOGNISED
    assert recognition_of(world, batch, region=CHENGDU).reason is Reason.NOT_RECOGNISED
    assert recognition_of(world, batch, region=CHENGDU_COUNTY).outcome is Outcome.PASSED


def test_policy_in_the_other_direction_does_not_help() -> None:
    world, batch = prepare()
    world.set_policy(relying=CHONGQING_PARTY, source=SICHUAN_PARTY, region=CHONGQING)
    assert recognition_of(world, batch).reason is Reason.NOT_RECOGNISED


def test_policy_about_another_source_or_type_does_not_help() -> None:
    world, batch = prepare()
    world.set_policy(source=PartyId.parse("520000"))
    world.set_policy(source=PartyId.parse("500103"))
    world.set_policy(certificate_type=OTHER_TYPE)
    assert recognition_of(world, batch).reason is Reason.NOT_RECOGNISED


def test_policy_that_begins_later_or_ended_earlier_does_not_help() -> None:
    world, batch = prepare()
    now = world.now_unix
    world.set_policy(valid_from_unix=now + DAY_S)
    world.set_policy(certificate_type=None, valid_until_unix=now)
    check = recognition_of(world, batch)
    assert check.reason is Reason.NOT_RECOGNISED
    refused = check.detail["refused"]
    assert isinstance(refused, list)
    assert [step["result"] for step in refused] == ["not_yet_in_force", "ended"]
    assert recognition_of(world, batch, as_of_unix=now + DAY_S).outcome is Outcome.PASSED


def test_newer_version_that_ends_a_policy_counts() -> None:
    world, batch = prepare()
    world.set_policy()
    world.pass_time(60)
    world.end_policy(version=2)
    assert recognition_of(world, batch).reason is Reason.NOT_RECOGNISED


def test_pact_signed_by_one_side_only_does_not_help() -> None:
    world, batch = prepare()
    world.sign_pact(CHONGQING, make_terms(), missing=1)
    assert recognition_of(world, batch).reason is Reason.NOT_RECOGNISED


@pytest.mark.parametrize("leaver", [CHONGQING, SICHUAN])
def test_group_whose_member_left_does_not_help(leaver: object) -> None:
    world, batch = prepare()
    world.define_group()
    world.conclude(make_terms(CHUANYU, CHUANYU), CHONGQING, SICHUAN)
    before = world.now_unix
    world.pass_time(60)
    world.leave_group(leaver)  # type: ignore[arg-type]
    assert recognition_of(world, batch).reason is Reason.NOT_RECOGNISED
    assert recognition_of(world, batch, as_of_unix=before).outcome is Outcome.PASSED


def test_lower_seal_level_than_the_policy_asks_is_not_recognised() -> None:
    world, batch = prepare()
    world.set_policy(minimum_seal_level=2)
    check = recognition_of(world, batch)
    assert check.reason is Reason.NOT_RECOGNISED
    assert check.detail["seal_level"] == 1
    refused = check.detail["refused"]
    assert isinstance(refused, list)
    assert refused[0]["result"] == "seal_level_too_low"


def test_past_verdict_does_not_change_when_a_later_policy_is_set() -> None:
    world, batch = prepare()
    past = world.now_unix
    before = recognition_of(world, batch, as_of_unix=past)
    world.pass_time(DAY_S)
    world.set_policy(valid_from_unix=0)
    world.conclude(make_terms(), CHONGQING, SICHUAN)
    world.make_national()
    after = recognition_of(world, batch, as_of_unix=past)
    assert (before.outcome, before.reason) == (after.outcome, after.reason)
    assert after.reason is Reason.NOT_RECOGNISED
    assert recognition_of(world, batch).outcome is Outcome.PASSED


def test_past_recognition_outlives_its_policy() -> None:
    world, batch = prepare()
    world.set_policy()
    past = world.now_unix
    world.pass_time(DAY_S)
    world.end_policy(version=2)
    check = recognition_of(world, batch, as_of_unix=past)
    assert check.outcome is Outcome.PASSED


def test_without_a_relying_region_recognition_is_not_looked_at() -> None:
    world, batch = prepare()
    evidence = world.evidence(batch)
    assert world.verify(evidence).check(CheckName.RECOGNITION).outcome is Outcome.NOT_REQUIRED
    check = world.verify(evidence, required=frozenset(CheckName)).check(CheckName.RECOGNITION)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.MISSING_RELYING_REGION)


# Evidence that others selected, and knowledge that is old.


def test_evidence_without_a_policy_leaves_recognition_open() -> None:
    world, batch = prepare()
    check = recognition_of(world, batch, complete=False)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.MISSING_POLICY)


def test_evidence_that_leaves_out_the_end_of_a_policy_goes_stale() -> None:
    world, batch = prepare()
    world.set_policy()
    world.pass_time(3 * DAY_S)
    world.end_policy(version=2)
    world.attest_all(batch)
    world.pass_time(60)
    honest = world.evidence(batch)
    ended = len(world.entries) - 6
    cut = replace(honest, facts=tuple(fact for fact in honest.facts if fact.index != ended))
    assert len(cut.facts) == len(honest.facts) - 1
    report = world.verify(cut, relying_region=SICHUAN_REGION)
    assert report.check(CheckName.FRESHNESS).reason is Reason.STALE
    assert report.outcome is Outcome.INDETERMINATE


def test_attestation_keeps_a_policy_fresh() -> None:
    world, batch = prepare()
    world.set_policy()
    world.pass_time(3 * DAY_S)
    world.attest_all(batch)
    world.attest_policy()
    world.pass_time(60)
    report = judge(world, batch, complete=False)
    assert report.outcome is Outcome.PASSED
    without = world.evidence(batch, without=[PolicyAttested])
    stale = world.verify(without, relying_region=SICHUAN_REGION)
    assert stale.check(CheckName.FRESHNESS).reason is Reason.STALE


def test_attested_policy_counts_without_the_act_that_set_it() -> None:
    world, batch = prepare()
    terms = make_terms(types=[SAFETY_STAFF])
    world.conclude(terms, CHONGQING, SICHUAN)
    set_at = world.now_unix
    world.pass_time(HOUR_S)
    world.attest_policy()
    evidence = world.evidence(batch)
    only = tuple(
        fact
        for fact in evidence.facts
        if fact.index < batch.anchoring + 6 or fact.record.TOPIC == PolicyAttested.TOPIC
    )
    report = world.verify(replace(evidence, facts=only), relying_region=SICHUAN_REGION)
    policy = report.check(CheckName.RECOGNITION).detail["policy"]
    assert isinstance(policy, dict)
    assert policy["version"] == 1
    past = world.verify(
        replace(evidence, facts=only), relying_region=SICHUAN_REGION, as_of_unix=set_at
    )
    assert past.check(CheckName.RECOGNITION).outcome is Outcome.PASSED


def test_pact_in_chosen_evidence_has_no_number_until_it_is_attested() -> None:
    world, batch = prepare()
    world.conclude(make_terms(types=[SAFETY_STAFF]), CHONGQING, SICHUAN)
    policy = recognition_of(world, batch, complete=False).detail["policy"]
    assert isinstance(policy, dict)
    assert policy["version"] is None
    world.attest_policy()
    policy = recognition_of(world, batch, complete=False).detail["policy"]
    assert isinstance(policy, dict)
    assert policy["version"] == 1


def test_departure_from_a_group_left_out_of_the_evidence_does_not_help() -> None:
    world, batch = prepare()
    world.define_group()
    world.conclude(make_terms(CHUANYU, CHUANYU), CHONGQING, SICHUAN)
    world.pass_time(3 * DAY_S)
    world.leave_group(SICHUAN)
    world.attest_all(batch)
    world.attest_policy(CHUANYU, CHUANYU, None)
    without = world.evidence(batch, without=[GroupLeft])
    report = world.verify(without, relying_region=SICHUAN_REGION)
    assert report.check(CheckName.FRESHNESS).reason is Reason.STALE
    world.attest_group()
    without = world.evidence(batch, without=[GroupLeft])
    check = world.verify(without, relying_region=SICHUAN_REGION).check(CheckName.RECOGNITION)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.MISSING_POLICY)


def test_attested_group_keeps_its_pact_fresh() -> None:
    world, batch = prepare()
    world.define_group()
    world.conclude(make_terms(CHUANYU, CHUANYU), CHONGQING, SICHUAN)
    world.pass_time(3 * DAY_S)
    world.attest_all(batch)
    world.attest_policy(CHUANYU, CHUANYU, None)
    world.attest_group()
    assert judge(world, batch, complete=False).outcome is Outcome.PASSED


def test_fresh_wildcard_is_cited_before_a_stale_policy_of_the_type() -> None:
    world, batch = prepare()
    world.set_policy()
    world.pass_time(3 * DAY_S)
    world.set_policy(certificate_type=None)
    world.attest_all(batch)
    report = judge(world, batch, complete=False)
    assert report.outcome is Outcome.PASSED
    policy = report.check(CheckName.RECOGNITION).detail["policy"]
    assert isinstance(policy, dict)
    assert policy["certificate_type"] is None


def test_own_log_that_is_old_does_not_refuse() -> None:
    world, batch = prepare()
    head = world.head
    world.pass_time(2 * DAY_S)
    check = recognition_of(world, batch, trusted_log=head)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.STALE)


def test_recognition_needs_the_issuer_s_registration() -> None:
    world, batch = prepare()
    world.set_policy()
    evidence = world.evidence(batch, without=[DepartmentRegistered, DepartmentAttested])
    check = world.verify(evidence, relying_region=SICHUAN_REGION).check(CheckName.RECOGNITION)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.MISSING_DEPARTMENT)


def test_without_a_trusted_log_recognition_is_open() -> None:
    world, batch = prepare()
    world.set_policy()
    check = recognition_of(world, batch, trusted_log=None)
    assert (check.outcome, check.reason) == (Outcome.INDETERMINATE, Reason.NO_TRUSTED_LOG)


# Ministries and seal levels.


def test_policy_about_a_ministry_holds_for_its_departments_alone() -> None:
    ministry = MemberId.parse("11100000000013338W")
    world = found_recognition_world()
    world.set_policy(source=PartyId(ministry.value), certificate_type=None)
    book = RecognitionBook(world.facts(), is_complete=True)
    question = RecognitionQuestion(
        SICHUAN_REGION, RegionCode.parse("110000"), ministry, SAFETY_STAFF, 1, world.now_unix
    )
    assert [step.way for step in resolve(book, question).bases] == [Way.POLICY]
    of_beijing = replace(question, issuing_member=MemberId.parse("110000"))
    assert not resolve(book, of_beijing).bases


def certificate_with(document: DocumentDigest | None) -> Certificate:
    _, batch = prepare()
    return replace(batch.certificates[0], document=document)


@pytest.mark.parametrize(
    ("format_", "suite", "level"),
    [(None, 1, 1), ("OFD", 1, 2), ("application/pdf", 1, 2), ("docx", 1, 1), (None, 2, 3)],
)
def test_seal_level_follows_key_and_document(format_: str | None, suite: int, level: int) -> None:
    document = format_ and DocumentDigest(format_, "sm3", "00" * 32)
    assert compute_seal_level(certificate_with(document or None), suite) == level


# The resolution against a plain model.

PARTIES = [PartyId.parse(code) for code in ("510000", "510100", "500000", "500103", "520000")]
GROUPS = [PartyId.parse(name) for name in ("@A", "@B")]
SIDES = st.sampled_from(PARTIES + GROUPS)
TYPES = st.sampled_from([None, SAFETY_STAFF, OTHER_TYPE])

ACTS = st.one_of(
    st.tuples(st.just("policy"), SIDES, SIDES, TYPES, st.integers(0, 6), st.integers(0, 8)),
    st.tuples(st.just("pact"), SIDES, SIDES, TYPES, st.integers(0, 6), st.integers(0, 8)),
    st.tuples(st.just("group"), st.sampled_from(GROUPS), st.sets(st.sampled_from(PARTIES))),
    st.tuples(st.just("leave"), st.sampled_from(GROUPS), st.sampled_from([SICHUAN, CHONGQING])),
    st.tuples(st.just("national"), st.booleans()),
)


def ask_model(acts: list[tuple[object, ...]], region: RegionCode, source: str, time: int) -> bool:
    """Whether it is recognised, by going through the acts one by one; act i happens at time i."""
    newest: dict[tuple[object, ...], tuple[object, ...]] = {}
    groups: dict[object, set[PartyId]] = {}
    national = False
    for act in acts[: time + 1]:
        match act:
            case ("policy", a, b, kind, begins, ends):
                newest[(a, b, kind)] = (begins, ends)
            case ("pact", a, b, kind, begins, ends):
                newest[(a, b, kind)] = newest[(b, a, kind)] = (begins, ends)
            case ("group", group, set() as parties):
                groups.setdefault(group, set(parties))
            case ("leave", group, member):
                gone = member.member  # type: ignore[attr-defined]
                groups[group] = {p for p in groups.get(group, set()) if p.member != gone}
            case ("national", bool() as national):
                pass
    if national or region.code[:2] == source[:2]:
        return True

    def names(code: str) -> set[object]:
        own = {PartyId.parse(c) for c in (code, code[:4] + "00", code[:2] + "0000")}
        return own | {group for group, parties in groups.items() if parties & own}

    return any(
        a in names(region.code)
        and b in names(source)
        and kind in (None, SAFETY_STAFF)
        and span[0] <= time < span[1]  # type: ignore[operator]
        for (a, b, kind), span in newest.items()
    )


@given(
    acts=st.lists(ACTS, max_size=8),
    region=st.sampled_from(["510000", "510100", "510104", "520000", "500103"]),
    source=st.sampled_from(["500000", "500103", "510000"]),
    time=st.integers(0, 8),
)
@settings(max_examples=150, deadline=None)
def test_resolution_agrees_with_a_plain_model(
    acts: list[tuple[object, ...]], region: str, source: str, time: int
) -> None:
    world = RecognitionWorld(CHONGQING)
    world.admit(SICHUAN)
    versions: dict[object, int] = {}
    defined: set[object] = set()
    kept = []
    for number, act in enumerate(acts):
        world.now_unix = number
        match act:
            case ("policy", PartyId() as a, PartyId() as b, kind, int() as begins, int() as ends):
                versions[(a, b, kind)] = versions.get((a, b, kind), 0) + 1
                world.set_policy(
                    a,
                    b,
                    kind,  # type: ignore[arg-type]
                    version=versions[(a, b, kind)],
                    valid_from_unix=begins,
                    valid_until_unix=ends,
                )
            case ("pact", PartyId() as a, PartyId() as b, kind, int() as begins, int() as ends):
                types = [kind] if isinstance(kind, CertificateType) else []
                terms = make_terms(a, b, types, valid_from_unix=begins, valid_until_unix=ends)
                for key in compute_pact_keys(terms):
                    name = (key.relying, key.source, key.certificate_type)
                    versions[name] = versions.get(name, 0) + 1
                world.sign_pact(CHONGQING, terms, missing=0)
            case ("group", PartyId() as group, set() as parties):
                if group not in defined:
                    world.define_group(group, sorted(parties, key=str))
                defined.add(group)
            case ("leave", PartyId() as group, _):
                if group in defined:
                    world.leave_group(act[2], group)  # type: ignore[arg-type]
                else:
                    act = ("nothing",)  # nobody leaves what does not exist
            case ("national", bool() as is_national):
                world.make_national(is_national=is_national)
        kept.append(act)
    book = RecognitionBook(world.facts(), is_complete=True)
    question = RecognitionQuestion(
        RegionCode.parse(region),
        RegionCode.parse(source),
        MemberId.parse(source[:2] + "0000"),
        SAFETY_STAFF,
        1,
        time,
    )
    resolution = resolve(book, question)
    assert bool(resolution.bases) == ask_model(kept, RegionCode.parse(region), source, time)
    for step in resolution.steps:
        if step.policy is not None:
            key = step.policy.key
            assert step.policy.version is not None
            assert step.policy.version <= versions[(key.relying, key.source, key.certificate_type)]
    assert all(step.result is StepResult.RECOGNISED for step in resolution.bases)


def test_book_of_chosen_facts_never_says_more_than_the_whole_log() -> None:
    world, batch = prepare()
    world.set_policy()
    world.define_group()
    evidence: Evidence = world.evidence(batch)
    for left_out in evidence.facts:
        cut = replace(evidence, facts=tuple(f for f in evidence.facts if f is not left_out))
        check = world.verify(cut, relying_region=SICHUAN_REGION).check(CheckName.RECOGNITION)
        assert check.outcome in {Outcome.PASSED, Outcome.INDETERMINATE}
