from __future__ import annotations

from pathlib import Path

import pytest

from ledger.actions.issuance.anchoring import (
    STATEMENT_VALIDITY_S,
    anchor_batch,
    close_batch,
    settle_closed_batches,
)
from ledger.actions.issuance.outcome import IssuanceLimits, IssuanceProgress
from ledger.actions.issuers import rotate_seal_key
from ledger.errors import LedgerError, NotFoundError
from ledger.records import (
    BatchExistsError,
    BatchExpiredError,
    BatchStatement,
    SealKeyOutOfTimeError,
    Signature,
)
from ledger.vault.batches import BatchRow
from ledger.vault.key_files import SUITE_P256
from ledger.vault.tables import BatchState
from ledger.workspace import Workspace
from tests.faults.issuing import require_each_row_once, require_sound
from tests.ledger.actions.homes import CHONGQING, HOUSING, SICHUAN, Ledger, write_file

ROWS = 5


@pytest.fixture
def ledger(admitted: Ledger, tmp_path: Path) -> Ledger:
    return admitted.copy(tmp_path / "ledger")


ONE_BY_ONE = IssuanceLimits(chunk_rows=1, chunks_in_flight=5, chunks_staged_together=1)


@pytest.fixture
def closed(ledger: Ledger, tmp_path: Path) -> BatchRow:
    """A batch that was closed and not sent."""

    def stop(progress: IssuanceProgress) -> None:
        if progress.sealed == ROWS:
            raise KeyboardInterrupt

    source = write_file(tmp_path / "rows.csv", range(3 * ROWS))
    with pytest.raises(KeyboardInterrupt):
        ledger.issue(source, notify=stop, limits=ONE_BY_ONE)
    with ledger.open() as workspace:
        (staged,) = workspace.vault.batches.in_state(BatchState.OPEN)
        return close_batch(workspace, staged)


def carry(workspace: Workspace, batch: BatchRow) -> None:
    """Anybody sends a batch's statement, which is no secret once it was sent."""
    statement = BatchStatement(
        batch.issuer,
        batch.key_id,
        batch.certificate_type,
        batch.batch_id,
        batch.root or b"",
        batch.count,
        batch.valid_until_unix or 0,
    )
    raw = batch.signature or b""
    seal = Signature(SUITE_P256, raw[:32], raw[32:])
    workspace.submitter.submit(
        "CertificateLedger", "anchorBatch", statement.to_abi(), seal.to_abi(), purpose="carry"
    )


def test_closing_again_gives_the_same_root(ledger: Ledger, closed: BatchRow) -> None:
    with ledger.open() as workspace:
        assert workspace.vault.batches.get(closed.batch_key) == closed
        with pytest.raises(LedgerError) as caught:
            workspace.vault.batches.close(closed.pk, bytes(32), ROWS, 1, bytes(64))
    assert caught.value.code == "batch_state"


def test_an_expired_statement_is_signed_anew_and_the_late_old_one_changes_nothing(
    ledger: Ledger, closed: BatchRow
) -> None:
    ledger.ahead_s += STATEMENT_VALIDITY_S + 1
    with ledger.open(SICHUAN) as workspace, pytest.raises(BatchExpiredError):
        carry(workspace, closed)
    with ledger.open() as workspace:
        (anchored,) = settle_closed_batches(workspace)
        assert (anchored.batch_key, anchored.root) == (closed.batch_key, closed.root)
        renewed = workspace.vault.batches.get(closed.batch_key)
        assert (renewed.valid_until_unix or 0) > (closed.valid_until_unix or 0)
        size = workspace.gateway.log_size()
    with ledger.open(SICHUAN) as workspace:
        with pytest.raises(BatchExpiredError):
            carry(workspace, closed)
        with pytest.raises(BatchExistsError):
            carry(workspace, renewed)
        assert workspace.gateway.log_size() == size


def test_a_statement_is_in_time_up_to_its_last_second(ledger: Ledger, closed: BatchRow) -> None:
    with ledger.open() as workspace:
        ledger.ahead_s += (closed.valid_until_unix or 0) - workspace.latest_unix() - 2
    with ledger.open() as workspace:
        settle_closed_batches(workspace)
        kept = workspace.vault.batches.get(closed.batch_key)
    assert kept.valid_until_unix == closed.valid_until_unix


def test_a_batch_that_somebody_else_carried_is_found_on_the_chain(
    ledger: Ledger, closed: BatchRow
) -> None:
    with ledger.open(SICHUAN) as workspace:
        carry(workspace, closed)
        size = workspace.gateway.log_size()
    with ledger.open() as workspace:
        (anchored,) = settle_closed_batches(workspace)
        assert (anchored.batch_key, anchored.log_index) == (closed.batch_key, size - 1)
        assert workspace.vault.batches.get(closed.batch_key).state is BatchState.ANCHORED
        assert workspace.gateway.log_size() == size


def test_anchoring_twice_gives_one_entry(ledger: Ledger, closed: BatchRow) -> None:
    with ledger.open() as workspace:
        first = anchor_batch(workspace, closed)
        again = anchor_batch(workspace, closed)
        assert (first, workspace.gateway.log_size()) == (again, again.log_index + 1)
        assert settle_closed_batches(workspace) == []


def test_a_batch_whose_statement_expired_after_its_key_was_destroyed_is_abandoned(
    ledger: Ledger, closed: BatchRow
) -> None:
    key = ledger.home(CHONGQING) / "keys" / "seals" / str(HOUSING) / f"{closed.key_id.hex()}.p12"
    key.unlink()
    elsewhere = ledger.copy(ledger.directory.with_name("in time"))
    with elsewhere.open() as workspace:
        assert len(settle_closed_batches(workspace)) == 1, "its statement was signed before"
    ledger.ahead_s += STATEMENT_VALIDITY_S + 1
    with ledger.open() as workspace:
        with pytest.raises(NotFoundError, match=closed.key_id.hex()):
            anchor_batch(workspace, closed)
        assert settle_closed_batches(workspace) == []
        assert workspace.vault.batches.get(closed.batch_key).state is BatchState.ABANDONED


@pytest.fixture
def abandoned(ledger: Ledger, closed: BatchRow, tmp_path: Path) -> BatchRow:
    """The closed batch, after its key ended and its rows were placed anew."""
    with ledger.open() as workspace:
        rotate_seal_key(workspace, HOUSING)
    ledger.ahead_s += 61
    assert ledger.issue(tmp_path / "rows.csv").issued == 3 * ROWS
    with ledger.open() as workspace:
        batch = workspace.vault.batches.get(closed.batch_key)
        assert batch.state is BatchState.ABANDONED
        return batch


def test_a_transaction_of_an_abandoned_batch_that_turns_up_late_is_refused(
    ledger: Ledger, closed: BatchRow, abandoned: BatchRow
) -> None:
    """Its statement is still in time and its seal is good, but its key has ended for ever."""
    assert abandoned.batch_key == closed.batch_key
    with ledger.open(SICHUAN) as workspace:
        assert workspace.gateway.head().time_unix < (closed.valid_until_unix or 0)
        with pytest.raises(SealKeyOutOfTimeError):
            carry(workspace, closed)
    with ledger.open() as workspace:
        assert workspace.gateway.batch(closed.batch_key) is None
        require_each_row_once(workspace, range(3 * ROWS))


def test_a_transaction_that_turns_up_before_its_batch_is_abandoned_keeps_its_rows_where_they_are(
    ledger: Ledger, closed: BatchRow, tmp_path: Path
) -> None:
    with ledger.open() as workspace:
        rotate_seal_key(workspace, HOUSING)
    with ledger.open(SICHUAN) as workspace:
        carry(workspace, closed)
    ledger.ahead_s += 61
    report = ledger.issue(tmp_path / "rows.csv")
    assert (report.issued, report.already_issued) == (3 * ROWS - closed.count, closed.count)
    with ledger.open() as workspace:
        require_each_row_once(workspace, range(3 * ROWS))
        require_sound(workspace, 3 * ROWS)
