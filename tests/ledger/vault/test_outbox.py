"""Nothing is sent that is not recorded, and nothing recorded is forgotten before it is resolved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.errors import ConflictError, NotFoundError
from ledger.vault.outbox import NewTransaction
from ledger.vault.store import Vault
from ledger.vault.tables import TransactionState
from tests.ledger.vault.vaults import NOW_UNIX, open_vault

ALICE, BOB = b"a" * 20, b"b" * 20


def transaction(nonce: int, account: bytes = ALICE) -> NewTransaction:
    return NewTransaction("anchor", "batch", account, nonce, os.urandom(120), os.urandom(32))


def test_recorded_transaction_is_unresolved_after_a_crash(vault: Vault, directory: Path) -> None:
    new = transaction(0)
    row = vault.outbox.add(new)
    vault.close()
    with open_vault(directory) as again:
        assert again.outbox.unresolved(ALICE) == [row]
        assert (row.raw_transaction, row.transaction_hash) == (
            new.raw_transaction,
            new.transaction_hash,
        )
        assert (row.state, row.created_at_unix) == (TransactionState.PREPARED, NOW_UNIX)


def test_unresolved_are_in_order_of_nonce_and_of_one_account(vault: Vault) -> None:
    rows = {nonce: vault.outbox.add(transaction(nonce)) for nonce in (5, 3, 4)}
    vault.outbox.add(transaction(3, BOB))
    vault.outbox.mark_sent(rows[4].pk)
    assert [row.nonce for row in vault.outbox.unresolved(ALICE)] == [3, 4, 5]
    vault.outbox.mark_mined(rows[3].pk)
    vault.outbox.mark_reverted(rows[4].pk, "batch_exists: …")
    vault.outbox.mark_superseded(rows[5].pk, "dropped")
    assert vault.outbox.unresolved(ALICE) == []
    assert vault.outbox.get(rows[4].pk).detail == "batch_exists: …"
    assert len(vault.outbox.about("anchor", "batch")) == 4


def test_highest_nonce_counts_all_but_the_superseded(vault: Vault) -> None:
    assert vault.outbox.highest_nonce(ALICE) is None
    vault.outbox.mark_mined(vault.outbox.add(transaction(7)).pk)
    dropped = vault.outbox.add(transaction(8))
    assert vault.outbox.highest_nonce(ALICE) == 8
    vault.outbox.mark_superseded(dropped.pk, "dropped")
    assert vault.outbox.highest_nonce(ALICE) == 7


def test_nonce_of_an_unresolved_transaction_is_not_given_twice(vault: Vault) -> None:
    row = vault.outbox.add(transaction(1))
    with pytest.raises(ConflictError, match=row.transaction_hash.hex()) as refusal:
        vault.outbox.add(transaction(1))
    assert refusal.value.code == "nonce_taken"
    vault.outbox.add(transaction(1, BOB))


def test_nonce_may_come_again_on_a_new_chain(vault: Vault) -> None:
    vault.outbox.mark_mined(vault.outbox.add(transaction(1)).pk)
    vault.outbox.add(transaction(1))


def test_same_transaction_is_recorded_once(vault: Vault) -> None:
    new = transaction(1)
    vault.outbox.mark_mined(vault.outbox.add(new).pk)
    with pytest.raises(ConflictError) as refusal:
        vault.outbox.add(new)
    assert refusal.value.code == "transaction_exists"


def test_replacement_is_whole_or_absent(vault: Vault) -> None:
    row, other = vault.outbox.add(transaction(1)), vault.outbox.add(transaction(2))
    with pytest.raises(ConflictError):
        vault.outbox.replace(row.pk, transaction(2), "stuck")
    assert vault.outbox.unresolved(ALICE) == [row, other]
    replacement = vault.outbox.replace(row.pk, transaction(1), "stuck")
    assert vault.outbox.unresolved(ALICE) == [replacement, other]
    assert vault.outbox.get(row.pk).state is TransactionState.SUPERSEDED


def test_superseded_transaction_can_turn_out_to_be_mined(vault: Vault) -> None:
    row = vault.outbox.add(transaction(1))
    replacement = vault.outbox.replace(row.pk, transaction(1), "stuck")
    vault.outbox.mark_mined(row.pk)
    vault.outbox.mark_superseded(replacement.pk, "the first one was mined")
    assert vault.outbox.get(row.pk).state is TransactionState.MINED


def test_late_news_of_sending_does_not_undo_a_receipt(vault: Vault) -> None:
    row = vault.outbox.add(transaction(1))
    vault.outbox.mark_mined(row.pk, "block 7")
    vault.outbox.mark_sent(row.pk)
    found = vault.outbox.get(row.pk)
    assert (found.state, found.detail) == (TransactionState.MINED, "block 7")


def test_several_are_marked_at_once_and_those_that_are_resolved_stay_so(vault: Vault) -> None:
    rows = [vault.outbox.add(transaction(nonce)) for nonce in range(3)]
    keys = [row.pk for row in rows]
    vault.outbox.mark_reverted(keys[0], "refused")
    vault.outbox.mark_all_sent(keys)
    assert [row.state for row in vault.outbox.unresolved(ALICE)] == [TransactionState.SENT] * 2
    vault.outbox.mark_all_mined(keys[:2])
    assert vault.outbox.get(keys[0]).state is TransactionState.REVERTED
    assert vault.outbox.get(keys[1]).state is TransactionState.MINED
    assert vault.outbox.get(keys[2]).state is TransactionState.SENT


def test_unknown_transaction_is_not_found(vault: Vault) -> None:
    for mark in (vault.outbox.mark_sent, vault.outbox.mark_mined, vault.outbox.get):
        with pytest.raises(NotFoundError):
            mark(7)
