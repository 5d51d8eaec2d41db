"""What facts that somebody else selected show about a policy, and until when."""

from __future__ import annotations

from hashlib import sha256

import pytest

from ledger.identifiers import CertificateType, PartyId
from ledger.records import PolicyAttested, PolicySet
from ledger.verification.recognition_book import (
    PolicyKey,
    RecognitionBook,
    compute_pact_keys,
)
from tests.support.departments import SAFETY_STAFF, SICHUAN
from tests.support.ledger_world import DAY_S
from tests.support.recognition_world import (
    CHONGQING_PARTY,
    CHUANYU,
    SICHUAN_PARTY,
    RecognitionWorld,
    found_recognition_world,
    make_terms,
)

KEY = PolicyKey(SICHUAN_PARTY, CHONGQING_PARTY, SAFETY_STAFF)
OTHER_TYPE = CertificateType.parse("11100000000013338W012")


def versions(world: RecognitionWorld, *kept: int) -> RecognitionBook:
    """A book of the acts on the policy with these numbers, counted from 0."""
    kinds = (PolicySet, PolicyAttested)
    facts = [fact for fact in world.facts() if isinstance(fact.record, kinds)]
    return RecognitionBook([facts[number] for number in kept], is_complete=False)


@pytest.fixture
def world() -> RecognitionWorld:
    """Three versions a day apart, then an attestation a day later."""
    world = found_recognition_world()
    for version in (1, 2, 3):
        world.set_policy(version=version)
        world.pass_time(DAY_S)
    world.attest_policy()
    return world


def test_next_version_shows_that_the_one_before_was_the_newest(world: RecognitionWorld) -> None:
    at_unix = world.now_unix - 2 * DAY_S - 1  # a second before the second version
    state = versions(world, 0, 1).policy_at(KEY, at_unix)
    assert state is not None
    assert (state.policy.version, state.known_until_unix) == (1, at_unix)


def test_version_after_a_gap_shows_nothing_of_the_time_before(world: RecognitionWorld) -> None:
    at_unix = world.now_unix - DAY_S - 1
    state = versions(world, 0, 2).policy_at(KEY, at_unix)
    assert state is not None
    assert (state.policy.version, state.known_until_unix) == (1, world.now_unix - 3 * DAY_S)


def test_attestation_shows_its_version_back_to_its_recording(world: RecognitionWorld) -> None:
    book = versions(world, 0, 3)
    recorded_at = world.now_unix - DAY_S
    state = book.policy_at(KEY, recorded_at)
    assert state is not None
    assert (state.policy.version, state.known_until_unix) == (3, recorded_at)
    before = book.policy_at(KEY, recorded_at - 1)
    assert before is not None
    assert before.policy.version == 1


def test_attestation_of_a_known_version_prolongs_it(world: RecognitionWorld) -> None:
    state = versions(world, 2, 3).policy_at(KEY, world.now_unix)
    assert state is not None
    assert [fact.record.TOPIC for fact in state.facts] == [PolicySet.TOPIC, PolicyAttested.TOPIC]
    assert state.known_until_unix == world.now_unix
    assert state.policy.log_index == state.facts[0].index


def test_policy_has_no_version_before_its_first(world: RecognitionWorld) -> None:
    assert versions(world, 0, 1, 2, 3).policy_at(KEY, world.now_unix - 4 * DAY_S) is None


def test_pact_writes_both_directions_of_each_type_and_a_group_s_one() -> None:
    of_two = compute_pact_keys(make_terms(types=[SAFETY_STAFF, OTHER_TYPE]))
    assert of_two == (
        PolicyKey(SICHUAN_PARTY, CHONGQING_PARTY, SAFETY_STAFF),
        PolicyKey(CHONGQING_PARTY, SICHUAN_PARTY, SAFETY_STAFF),
        PolicyKey(SICHUAN_PARTY, CHONGQING_PARTY, OTHER_TYPE),
        PolicyKey(CHONGQING_PARTY, SICHUAN_PARTY, OTHER_TYPE),
    )
    assert compute_pact_keys(make_terms(CHUANYU, CHUANYU)) == (PolicyKey(CHUANYU, CHUANYU, None),)


def test_subject_is_the_hash_of_both_sides_and_the_type() -> None:
    text = b"510000".ljust(18, b"\0") + b"@CHUANYU".ljust(18, b"\0")
    of_every_type = PolicyKey(SICHUAN_PARTY, CHUANYU, None)
    assert of_every_type.subject == sha256(text + bytes(21)).digest()
    of_one = PolicyKey(SICHUAN_PARTY, CHUANYU, SAFETY_STAFF)
    assert of_one.subject == sha256(text + str(SAFETY_STAFF).encode()).digest()


def test_membership_is_known_until_it_was_last_attested_or_the_member_left() -> None:
    world = found_recognition_world()
    world.define_group()
    defined_at = world.now_unix
    world.pass_time(DAY_S)
    world.attest_group()
    world.pass_time(DAY_S)
    world.leave_group(SICHUAN)
    book = RecognitionBook(world.facts(), is_complete=False)

    def known(party: PartyId, at_unix: int) -> list[int]:
        return [each.known_until_unix for each in book.memberships(party, at_unix)]

    assert known(SICHUAN_PARTY, defined_at) == [defined_at]
    assert known(SICHUAN_PARTY, defined_at + DAY_S + 5) == [defined_at + DAY_S + 5]
    assert known(SICHUAN_PARTY, world.now_unix) == []
    assert known(CHONGQING_PARTY, world.now_unix) == [defined_at + DAY_S]
    assert known(PartyId.parse("510100"), world.now_unix) == []
    assert known(CHONGQING_PARTY, defined_at - 1) == []
