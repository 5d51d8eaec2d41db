"""Acts are recorded before they are sent, and the chain learns of their officers nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import NotFoundError, StorageError
from ledger.vault.acts import NewAct, OfficerCommitment
from ledger.vault.store import DATABASE_NAME, Vault
from ledger.vault.tables import ActState
from tests.ledger.vault.vaults import NOW_UNIX, open_vault

BATCH_KEY = b"b" * 32
DETAILS = {"reason": "撤销", "positions": [1, 2], "legal_basis": None}


def act(sequence: int, officer: OfficerCommitment | None = None) -> NewAct:
    return NewAct("status", BATCH_KEY, sequence, b"statement", b"s" * 64, officer, DETAILS)


def test_recorded_act_is_prepared_and_kept_whole(vault: Vault, directory: Path) -> None:
    officer = OfficerCommitment.make("王五, 审批处")
    row = vault.acts.record(act(1, officer))
    vault.close()
    with open_vault(directory) as again:
        assert again.acts.get(row.pk) == row
        assert (row.state, row.created_at_unix) == (ActState.PREPARED, NOW_UNIX)
        assert (row.statement, row.signature, row.details) == (b"statement", b"s" * 64, DETAILS)
        assert row.officer == officer.commitment
        assert again.acts.open_officer(officer.commitment) == officer


def test_commitment_is_of_salt_then_officer_in_utf_8() -> None:
    officer = OfficerCommitment("王五", b"\x01" * 32)
    assert officer.commitment == sha256(b"\x01" * 32 + "王五".encode()).digest()


def test_two_acts_of_one_officer_look_unrelated() -> None:
    one, other = OfficerCommitment.make("王五"), OfficerCommitment.make("王五")
    assert one.commitment != other.commitment
    assert len(one.salt) == 32


def test_one_commitment_serves_an_act_that_is_signed_again(vault: Vault) -> None:
    officer = OfficerCommitment.make("王五")
    first = vault.acts.record(act(1, officer))
    vault.acts.mark(first.pk, ActState.REFUSED, {"refusal": "sequence"})
    second = vault.acts.record(act(2, officer))
    assert vault.acts.for_batch(BATCH_KEY) == [vault.acts.get(first.pk), second]
    assert vault.acts.open_officer(officer.commitment) == officer


def test_mark_adds_to_the_details(vault: Vault) -> None:
    row = vault.acts.record(act(1))
    vault.acts.mark(row.pk, ActState.SENT)
    vault.acts.mark(row.pk, ActState.RECORDED, {"log_index": 4})
    assert vault.acts.get(row.pk) == replace(
        row, state=ActState.RECORDED, details={**DETAILS, "log_index": 4}
    )


def test_acts_are_found_by_state(vault: Vault) -> None:
    rows = [vault.acts.record(act(sequence)) for sequence in (1, 2, 3)]
    vault.acts.mark(rows[1].pk, ActState.RECORDED)
    assert vault.acts.in_state(ActState.PREPARED, ActState.SENT) == [rows[0], rows[2]]
    assert vault.acts.for_batch(bytes(32)) == []


def test_unknown_act_and_officer_are_not_found(vault: Vault) -> None:
    for ask in (
        lambda: vault.acts.get(7),
        lambda: vault.acts.mark(7, ActState.SENT),
        lambda: vault.acts.open_officer(bytes(32)),
    ):
        with pytest.raises(NotFoundError):
            ask()


def test_officer_moved_behind_another_commitment_is_not_believed(
    vault: Vault, directory: Path
) -> None:
    officers = [OfficerCommitment.make(name) for name in ("王五", "赵六")]
    for officer in officers:
        vault.acts.record(act(1, officer))
    vault.close()
    swap = (
        "UPDATE officers SET (ciphertext, wrapped_key) = (SELECT ciphertext, wrapped_key "
        "FROM officers WHERE commitment = ?) WHERE commitment = ?"
    )
    raw = sqlite3.connect(directory / DATABASE_NAME)
    with raw:
        raw.execute(swap, [officer.commitment for officer in officers])
    raw.close()
    with open_vault(directory) as again, pytest.raises(StorageError) as refusal:
        again.acts.open_officer(officers[1].commitment)
    assert refusal.value.code == "row_damaged"
