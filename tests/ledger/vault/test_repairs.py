"""Rows and batches are put right by what is proven, and nothing else of them changes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.errors import ConflictError, StorageError
from ledger.vault.cipher import RowCipher, certificate_binding
from ledger.vault.repairs import AnchoringFacts, RowIdentity
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import NOW_UNIX, new_batch, seal, stage


def test_content_is_found_without_its_binding_and_confirmed_by_it() -> None:
    cipher = RowCipher(bytes(range(32)))
    binding = certificate_binding(b"h" * 32, "a")
    row = cipher.encrypt("内容".encode() * 100, binding)
    found = cipher.decrypt_unverified(row.ciphertext, row.wrapped_key)
    assert found == cipher.decrypt(row.ciphertext, row.wrapped_key, binding)
    with pytest.raises(StorageError):
        cipher.decrypt(row.ciphertext, row.wrapped_key, certificate_binding(b"H" * 32, "a"))


def test_altered_row_is_not_confirmed_whatever_is_found_in_it() -> None:
    cipher = RowCipher(bytes(32))
    binding = certificate_binding(b"h" * 32, "a")
    row = cipher.encrypt(b"content", binding)
    for altered in (
        row._replace(ciphertext=row.ciphertext[:-1] + bytes([row.ciphertext[-1] ^ 1])),
        row._replace(wrapped_key=row.wrapped_key[:20] + b"?" + row.wrapped_key[21:]),
    ):
        cipher.decrypt_unverified(*altered)
        with pytest.raises(StorageError):
            cipher.decrypt(*altered, binding)


@pytest.mark.parametrize("cut", [0, 5, 27])
def test_row_that_is_cut_off_is_named(cut: int) -> None:
    cipher = RowCipher(bytes(32))
    row = cipher.encrypt(b"content", b"binding")
    for short in (
        row._replace(ciphertext=row.ciphertext[:cut]),
        row._replace(wrapped_key=b"x" * cut),
    ):
        with pytest.raises(StorageError) as refusal:
            cipher.decrypt_unverified(*short)
        assert refusal.value.code == "row_damaged"


def test_rows_that_changed_places_change_back(vault: Vault, directory: Path) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a", "b", "c")
    before = list(vault.certificates.iterate(batch.pk))
    raw = sqlite3.connect(directory / DATABASE_NAME)
    for old, new in ((0, 9), (1, 0), (9, 1)):
        raw.execute("UPDATE certificates SET position = ? WHERE position = ?", (new, old))
    raw.commit()
    raw.close()
    right = {
        1: RowIdentity("a", 0, before[0].leaf_hash),
        0: RowIdentity("b", 1, before[1].leaf_hash),
    }
    vault.repairs.rewrite_rows(batch.pk, right)
    assert list(vault.certificates.iterate(batch.pk)) == before


def test_place_of_another_row_is_not_taken(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a", "b")
    before = list(vault.certificates.iterate(batch.pk))
    for wrong in (RowIdentity("a", 1, b"h" * 32), RowIdentity("b", 0, b"h" * 32)):
        with pytest.raises(ConflictError):
            vault.repairs.rewrite_rows(batch.pk, {0: wrong})
    assert list(vault.certificates.iterate(batch.pk)) == before


def test_batch_is_marked_as_the_chain_has_it(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    vault.certificates.stage(batch.pk, [seal(vault.row_cipher, "a", 0)])
    vault.batches.close(batch.pk, b"r" * 32, 1, NOW_UNIX, b"s" * 64)
    facts = AnchoringFacts(
        batch.batch_id,
        b"K" * 32,
        batch.issuer,
        b"k" * 32,
        batch.certificate_type,
        b"R" * 32,
        1,
        NOW_UNIX + 1,
        b"S" * 64,
        NOW_UNIX,
        7,
        b"t" * 32,
    )
    corrected = vault.repairs.correct_batch(batch.pk, facts)
    assert (corrected.state, corrected.root) == (BatchState.ANCHORED, b"R" * 32)
    assert (corrected.log_index, corrected.transaction_hash) == (7, b"t" * 32)
    assert (corrected.count, corrected.batch_key) == (1, b"K" * 32)
    assert (corrected.key_id, corrected.signature) == (b"k" * 32, b"S" * 64)
