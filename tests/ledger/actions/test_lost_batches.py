"""A home whose vault is an old copy: what it issued since then is on the chain only."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.actions.decisions import LifecycleAct
from ledger.actions.fsck import fsck
from ledger.actions.issuance.outcome import IssuanceLimits
from ledger.actions.issuers import declare_compromise, find_seal_key, rotate_seal_key
from ledger.actions.lifecycle import change_status
from ledger.actions.lost_batches import find_lost, find_lost_batches, revoke_lost
from ledger.actions.presentation import present, verify_document
from ledger.config import CONFIG_NAME, Config
from ledger.errors import ConflictError, NotFoundError
from ledger.vault.tables import BatchState
from ledger.verification.finding import Outcome
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    HOUSING,
    Ledger,
    identify,
    write_file,
)

OLD, LOST = range(3), range(100, 250)


@pytest.fixture
def ledger(admitted: Ledger, tmp_path: Path) -> Ledger:
    """Three certificates are in the vault; 150 that were issued later are not, as of a backup."""
    made = admitted.copy(tmp_path / "ledger")
    made.issue(write_file(tmp_path / "old.csv", OLD))
    lose(made, tmp_path)
    return made


def lose(ledger: Ledger, directory: Path) -> None:
    """Issues 150 certificates; then the vault is as it was before."""
    vault = ledger.home(CHONGQING) / "vault"
    before = ledger.copy(directory / "before").home(CHONGQING)
    ledger.issue(write_file(directory / "lost.csv", LOST))
    with ledger.open() as workspace:
        document = present(workspace, identify(LOST[0]), ["holder_name"]).to_json()
    (directory / "holder.json").write_bytes(document)
    shutil.rmtree(vault)
    shutil.copytree(before / "vault", vault)
    settings = ledger.home(CHONGQING) / CONFIG_NAME
    earlier = Config.load(before / CONFIG_NAME)
    replace(Config.load(settings), vault_url=earlier.vault_url).store(settings)


def test_nothing_is_issued_while_lost_certificates_are_in_force(
    ledger: Ledger, tmp_path: Path
) -> None:
    for numbers in (LOST, [999]):
        with pytest.raises(ConflictError) as refusal:
            ledger.issue(write_file(tmp_path / "again.csv", numbers))
        assert refusal.value.code == "batches_lost"
        assert "150 certificates" in refusal.value.message
    with ledger.open() as workspace:
        assert workspace.vault.batches.in_state(BatchState.OPEN, BatchState.CLOSED) == []
        assert [problem.code for problem in fsck(workspace).problems] == ["batch_lost"]


def test_what_the_vault_has_can_be_changed_meanwhile(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        change_status(workspace, LifecycleAct.REVOKE, [identify(OLD[0])], DECISION)
        (lost,) = find_lost_batches(workspace)
        assert (lost.count, len(lost.in_force)) == (len(LOST), len(LOST))


def test_revoked_lost_batch_lets_its_rows_be_issued_anew(ledger: Ledger, tmp_path: Path) -> None:
    before = (tmp_path / "holder.json").read_bytes()
    with ledger.open() as workspace:
        workspace.sync_index()
        (lost,) = find_lost_batches(workspace)
        (result,) = revoke_lost(workspace, lost.batch_key, DECISION)
        assert result.certificates == len(LOST)
        workspace.sync_index()
        assert find_lost(workspace, lost.batch_key).is_given_up
        assert revoke_lost(workspace, lost.batch_key, DECISION) == []
        report = fsck(workspace)
        assert report.problems == ()
        assert "all of its 150 certificates are revoked" in report.remarks[0]
    assert ledger.issue(write_file(tmp_path / "lost.csv", LOST)).issued == len(LOST)
    with ledger.open() as workspace:
        after = present(workspace, identify(LOST[0]), ["holder_name"]).to_json()
        assert verify_document(workspace, before).outcome is Outcome.FAILED
        assert verify_document(workspace, after).outcome is Outcome.PASSED


def test_lost_batch_of_more_words_than_a_statement_holds_is_revoked_whole(
    admitted: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.actions.lifecycle.MAX_WORDS", 1)
    ledger = admitted.copy(tmp_path / "ledger")
    lose(ledger, tmp_path)
    with ledger.open() as workspace:
        workspace.sync_index()
        (lost,) = find_lost_batches(workspace)
        assert [r.certificates for r in revoke_lost(workspace, lost.batch_key, DECISION)] == [
            128,
            22,
        ]
        workspace.sync_index()
        assert find_lost(workspace, lost.batch_key).is_given_up


def test_batch_being_filled_when_the_copy_was_made_is_lost_too(
    admitted: Ledger, tmp_path: Path
) -> None:
    """The copy has it open; on the chain it is anchored."""
    ledger = admitted.copy(tmp_path / "ledger")
    source = write_file(tmp_path / "rows.csv", range(6))
    ledger.issue(source, limits=IssuanceLimits(batch_rows=2))
    with ledger.open() as workspace:
        newest = workspace.vault.batches.in_state(BatchState.ANCHORED)[-1]
    raw = sqlite3.connect(ledger.home(CHONGQING) / "vault" / "vault.db")
    raw.execute("UPDATE batches SET state = 'open' WHERE id = ?", (newest.pk,))
    raw.commit()
    raw.close()
    with pytest.raises(ConflictError) as refusal:
        ledger.issue(source)
    assert refusal.value.code == "batches_lost"
    assert newest.batch_key.hex() in refusal.value.message


def test_batch_sealed_with_a_key_since_rotated_is_found_by_the_vaults_memory(
    ledger: Ledger,
) -> None:
    with ledger.open() as workspace:
        rotate_seal_key(workspace, HOUSING)
        workspace.sync_index()
        assert len(list(find_lost_batches(workspace))) == 1


def test_batch_that_is_not_lost_cannot_be_given_up(ledger: Ledger) -> None:
    with ledger.open() as workspace:
        (kept,) = workspace.vault.batches.in_state(BatchState.ANCHORED)
        size = workspace.gateway.log_size()
        for key in (kept.batch_key, bytes(32)):
            with pytest.raises(NotFoundError) as refusal:
                revoke_lost(workspace, key, DECISION)
            assert refusal.value.code == "batch_not_lost"
        assert workspace.gateway.log_size() == size


def test_what_a_thief_anchored_after_the_compromise_is_void_and_stops_nobody(
    admitted: Ledger, tmp_path: Path
) -> None:
    """Somebody has copied the home and issues with its key."""
    stolen = admitted.copy(tmp_path / "ledger")
    with stolen.open() as workspace:
        key_id = find_seal_key(workspace, HOUSING).key_id
        begins = workspace.latest_unix()
    stolen.ahead_s += 60
    lose(stolen, tmp_path)
    ours = write_file(tmp_path / "ours.csv", OLD)
    with pytest.raises(ConflictError, match="the key is stolen"):
        stolen.issue(ours)
    with stolen.open() as workspace:
        rotate_seal_key(workspace, HOUSING)
        declare_compromise(workspace, HOUSING, key_id, begins + 30)
        workspace.sync_index()
        (found,) = find_lost_batches(workspace)
        assert (found.is_void, found.is_given_up) == (True, True)
        report = fsck(workspace)
        assert report.problems == ()
        assert "no verifier accepts it" in report.remarks[0]
    assert stolen.issue(ours).issued == len(OLD)
    document = (tmp_path / "holder.json").read_bytes()
    with stolen.open() as workspace:
        assert verify_document(workspace, document).outcome is Outcome.FAILED
