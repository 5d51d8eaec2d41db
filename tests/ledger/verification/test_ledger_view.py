"""What proven facts say, by kind, subject and time."""

from __future__ import annotations

from ledger.formats.certificate import Placement
from ledger.formats.evidence import Fact
from ledger.formats.status_list import Status
from ledger.records import StatusChanged
from ledger.verification.ledger_view import LedgerView, StatusState, open_view
from tests.support.departments import CHONGQING_HOUSING, SAFETY_STAFF, SICHUAN, SICHUAN_HOUSING
from tests.support.ledger_world import DAY_S, Batch, LedgerWorld, found_world, issue


def view_of(world: LedgerWorld, without: set[int] | None = None) -> LedgerView:
    kept = [fact for fact in world.facts() if fact.index not in (without or set())]
    return LedgerView(kept, is_complete=False)


def status_of(
    world: LedgerWorld, batch: Batch, as_of_unix: int, without: set[int] | None = None
) -> StatusState:
    view = view_of(world, without)
    anchoring = view.anchoring(batch.batch_key)
    assert anchoring is not None
    return view.status(anchoring, Placement(batch.batch_key, 0), as_of_unix)


def test_histories_are_of_their_own_subject() -> None:
    world = found_world()
    view = view_of(world)
    assert len(view.departments(CHONGQING_HOUSING.issuer)) == 1
    assert len(view.members(SICHUAN.member)) == 1
    assert len(view.mandates(SICHUAN_HOUSING.issuer, SAFETY_STAFF)) == 1
    key_id = world.key_id(SICHUAN_HOUSING)
    assert view.seal_key(SICHUAN_HOUSING.issuer, key_id) is not None
    assert view.seal_key(CHONGQING_HOUSING.issuer, key_id) is None
    assert view.other_owners(CHONGQING_HOUSING.issuer, key_id) == (SICHUAN_HOUSING.issuer,)
    assert view.anchoring(bytes(32)) is None


def test_status_is_known_until_the_last_word_about_it() -> None:
    world = found_world()
    batch = issue(world)
    anchored_at = world.now_unix
    world.pass_time(DAY_S)
    assert status_of(world, batch, world.now_unix).known_until_unix == anchored_at
    world.attest_status(batch)
    assert status_of(world, batch, world.now_unix).known_until_unix == world.now_unix


def test_change_of_another_certificate_carries_the_knowledge_on() -> None:
    world = found_world()
    batch = issue(world, count=130)
    world.pass_time(DAY_S)
    first, batch.word = batch.word, bytes(32)
    world.change_status(batch, 129, Status.REVOKED)
    batch.word = first
    state = status_of(world, batch, world.now_unix)
    assert state.status is Status.VALID
    assert state.known_until_unix == world.now_unix


def test_gap_in_the_numbers_carries_nothing_on() -> None:
    world = found_world()
    batch = issue(world, count=130)
    anchored_at = world.now_unix
    world.pass_time(DAY_S)
    world.change_status(batch, 0, Status.SUSPENDED)
    hidden = len(world.entries) - 1
    world.pass_time(DAY_S)
    batch.word = bytes(32)
    world.change_status(batch, 129, Status.REVOKED)
    state = status_of(world, batch, world.now_unix, without={hidden})
    assert (state.status, state.known_until_unix) == (Status.VALID, anchored_at)
    assert status_of(world, batch, world.now_unix).status is Status.SUSPENDED


def test_later_gapless_fact_shows_what_held_until_then() -> None:
    world = found_world()
    batch = issue(world)
    anchored_at = world.now_unix
    world.pass_time(10 * DAY_S)
    world.change_status(batch, 0, Status.SUSPENDED)
    asked = anchored_at + DAY_S
    assert status_of(world, batch, asked).known_until_unix == asked
    change = next(f.index for f in world.facts() if isinstance(f.record, StatusChanged))
    assert status_of(world, batch, asked, without={change}).known_until_unix == anchored_at


def test_status_cites_the_change_and_not_the_attestation() -> None:
    world = found_world()
    batch = issue(world)
    world.change_status(batch, 0, Status.SUSPENDED)
    changed = len(world.entries) - 1
    world.attest_status(batch)
    state = status_of(world, batch, world.now_unix)
    assert state.change is not None
    assert (state.change.index, state.fact.index) == (changed, changed + 1)


def test_equal_facts_share_one_view_and_others_do_not() -> None:
    world = found_world()
    facts, again = world.facts(), world.facts()
    assert facts is not again
    assert open_view(facts, is_complete=True) is open_view(again, is_complete=True)
    assert open_view(facts, is_complete=True) is not open_view(facts, is_complete=False)
    assert open_view(facts[:-1], is_complete=True) is not open_view(facts, is_complete=True)
    moved = Fact(99, facts[-1].entry, facts[-1].record, facts[-1].path)
    assert moved != facts[-1]
