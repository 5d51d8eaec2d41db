"""The register of erasures outlives a vault, and is applied again to a copy of it."""

from __future__ import annotations

from pathlib import Path

from ledger.vault.acts import OfficerCommitment
from ledger.vault.erasures import Erasure
from ledger.vault.store import Vault
from tests.ledger.vault.vaults import NOW_UNIX, new_batch, raw_bytes, seal, stage


def test_register_lists_every_erasure_oldest_first(vault: Vault) -> None:
    stage(vault, vault.batches.open(new_batch()), "a", "b", "c")
    erased = [vault.certificates.erase_key(name, f"because of {name}") for name in ("c", "a")]
    assert vault.erasures.all() == erased
    assert vault.erasures.undone() == []


def test_officer_behind_an_erasure_is_kept(vault: Vault) -> None:
    stage(vault, vault.batches.open(new_batch()), "a")
    officer = OfficerCommitment.make("丁一")
    erasure = vault.certificates.erase_key("a", "because", officer)
    assert erasure.officer is not None
    assert vault.acts.open_officer(erasure.officer) == officer


def test_officer_of_an_erasure_done_before_is_not_kept(vault: Vault, directory: Path) -> None:
    stage(vault, vault.batches.open(new_batch()), "a")
    first = vault.certificates.erase_key("a", "because")
    assert vault.certificates.erase_key("a", "again", OfficerCommitment.make("丁一")) == first
    assert vault.erasures.all() == [first]


def test_reapplied_erasure_destroys_the_key_in_every_file(vault: Vault, directory: Path) -> None:
    batch = vault.batches.open(new_batch())
    staged = [seal(vault.row_cipher, name, n) for n, name in enumerate("abc")]
    vault.certificates.stage(batch.pk, staged)
    known = Erasure("b", NOW_UNIX - 5, "erased elsewhere")
    assert vault.erasures.reapply([known]) == 1
    assert vault.certificates.find_erasure("b") == known
    raw = raw_bytes(directory)
    assert [row.wrapped_key in raw for row in staged] == [True, False, True]


def test_reapplying_again_records_nothing_twice(vault: Vault) -> None:
    stage(vault, vault.batches.open(new_batch()), "a")
    known = [Erasure("a", 1, "one"), Erasure("a", 2, "two")]
    assert vault.erasures.reapply(known) == 2
    assert vault.erasures.reapply(known) == 0
    assert vault.erasures.all() == known


def test_erasure_of_a_certificate_that_is_not_here_is_remembered(vault: Vault) -> None:
    known = Erasure("elsewhere", 1, "one")
    assert vault.erasures.reapply([known]) == 1
    assert vault.erasures.all() == [known]


def test_reapplied_erasure_is_not_stopped_by_a_hold_that_ended_later(vault: Vault) -> None:
    """The copy was made while the hold was in force; the erasure came after its release."""
    stage(vault, vault.batches.open(new_batch()), "a")
    vault.holds.place("a", "audit", None)
    vault.erasures.reapply([Erasure("a", NOW_UNIX, "later")])
    found = vault.certificates.find("a")
    assert found is not None
    assert found.wrapped_key is None


def test_content_that_came_back_is_noticed(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a")
    erasure = vault.certificates.erase_key("a", "because")
    vault.batches.abandon(batch.pk)
    stage(vault, vault.batches.open(new_batch()), "a")
    assert vault.erasures.undone() == [erasure]
