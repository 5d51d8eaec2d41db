"""A hold keeps a content from being erased, each for its own reason, until its release."""

from __future__ import annotations

import pytest

from ledger.errors import ConflictError, NotFoundError
from ledger.vault.acts import OfficerCommitment
from ledger.vault.store import Vault
from tests.ledger.vault.vaults import NOW_UNIX, new_batch, stage


@pytest.fixture
def staged(vault: Vault) -> Vault:
    """A vault with the certificates a and b."""
    stage(vault, vault.batches.open(new_batch()), "a", "b")
    return vault


def test_held_certificate_cannot_be_erased_and_keeps_its_content(staged: Vault) -> None:
    hold = staged.holds.place("a", "lawsuit 7", None)
    with pytest.raises(ConflictError, match=f"number {hold.number}: lawsuit 7") as refusal:
        staged.certificates.erase_key("a", "because")
    assert refusal.value.code == "certificate_held"
    found = staged.certificates.find("a")
    assert found is not None
    assert staged.certificates.decrypt(found) == b"a"
    assert staged.certificates.find_erasure("a") is None
    assert staged.certificates.erase_key("b", "because").identifier == "b"


def test_released_certificate_can_be_erased(staged: Vault) -> None:
    hold = staged.holds.place("a", "lawsuit 7", None)
    released = staged.holds.release(hold.number, "judgment", None)
    assert (released.released_at_unix, released.release_reason) == (NOW_UNIX, "judgment")
    assert staged.holds.in_force("a") == []
    assert staged.holds.of("a") == [released]
    assert staged.certificates.erase_key("a", "because").reason == "because"


def test_every_hold_must_be_released(staged: Vault) -> None:
    first = staged.holds.place("a", "lawsuit 7", None)
    second = staged.holds.place("a", "audit", None)
    staged.holds.release(first.number, "judgment", None)
    with pytest.raises(ConflictError, match="audit"):
        staged.certificates.erase_key("a", "because")
    assert staged.holds.in_force("a") == [second]


def test_holding_again_for_the_same_reason_changes_nothing(staged: Vault) -> None:
    assert staged.holds.place("a", "audit", None) == staged.holds.place("a", "audit", None)
    assert len(staged.holds.of("a")) == 1


def test_hold_released_already_stays_as_it_was(staged: Vault) -> None:
    hold = staged.holds.place("a", "audit", None)
    first = staged.holds.release(hold.number, "done", None)
    assert staged.holds.release(hold.number, "again", None) == first


def test_releasing_no_hold_is_refused(staged: Vault) -> None:
    with pytest.raises(NotFoundError) as refusal:
        staged.holds.release(7, "done", None)
    assert refusal.value.code == "hold_missing"


def test_officers_of_a_hold_are_kept_behind_commitments(staged: Vault) -> None:
    one, other = OfficerCommitment.make("丁一"), OfficerCommitment.make("丁二")
    hold = staged.holds.place("a", "audit", one)
    released = staged.holds.release(hold.number, "done", other)
    assert hold.officer is not None
    assert released.release_officer is not None
    assert staged.acts.open_officer(hold.officer) == one
    assert staged.acts.open_officer(released.release_officer) == other


def test_hold_placed_after_an_erasure_does_not_hinder_erasing_again(staged: Vault) -> None:
    first = staged.certificates.erase_key("a", "because")
    staged.holds.place("a", "audit", None)
    assert staged.certificates.erase_key("a", "again") == first
