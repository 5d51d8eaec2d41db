"""A batch goes one way: open, closed, anchored; or it is abandoned with all that was in it."""

from __future__ import annotations

import os
from dataclasses import asdict

import pytest

from ledger.errors import ConflictError, NotFoundError
from ledger.vault.batches import BatchRow
from ledger.vault.store import Vault
from ledger.vault.tables import BatchState
from tests.ledger.vault.vaults import NOW_UNIX, new_batch, stage

ROOT, SIGNATURE, TRANSACTION = b"r" * 32, b"s" * 64, b"t" * 32
UNTIL_UNIX = NOW_UNIX + 600


def close(vault: Vault, batch: BatchRow, count: int) -> BatchRow:
    return vault.batches.close(batch.pk, ROOT, count, UNTIL_UNIX, SIGNATURE)


def batch_in(vault: Vault, state: BatchState) -> BatchRow:
    """A batch of one certificate in any state."""
    batch = vault.batches.open(new_batch())
    stage(vault, batch, os.urandom(8).hex())
    if state in (BatchState.CLOSED, BatchState.ANCHORED):
        close(vault, batch, 1)
    if state is BatchState.ANCHORED:
        vault.batches.mark_anchored(batch.pk, NOW_UNIX + 5, 9, TRANSACTION)
    if state is BatchState.ABANDONED:
        vault.batches.abandon(batch.pk)
    return vault.batches.get(batch.batch_key)


def test_opened_batch_keeps_what_it_was_opened_with(vault: Vault) -> None:
    run = vault.runs.begin("source", b"digest")
    new = new_batch(run.id)
    row = vault.batches.open(new)
    assert row == vault.batches.get(new.batch_key)
    assert asdict(new).items() <= asdict(row).items()
    assert (row.state, row.count, row.opened_at_unix) == (BatchState.OPEN, 0, NOW_UNIX)
    assert (row.root, row.signature, row.valid_until_unix, row.log_index) == (None,) * 4


def test_batch_key_is_never_used_twice(vault: Vault) -> None:
    new = new_batch()
    vault.batches.open(new)
    with pytest.raises(ConflictError) as refusal:
        vault.batches.open(new)
    assert refusal.value.code == "batch_exists"


def test_batch_of_an_unknown_run_is_refused(vault: Vault) -> None:
    with pytest.raises(NotFoundError) as refusal:
        vault.batches.open(new_batch(run_id=5))
    assert refusal.value.code == "run_missing"


def test_unknown_batch_is_not_found(vault: Vault) -> None:
    with pytest.raises(NotFoundError):
        vault.batches.get(bytes(32))
    with pytest.raises(NotFoundError):
        vault.batches.close(7, ROOT, 1, UNTIL_UNIX, SIGNATURE)
    with pytest.raises(NotFoundError):
        vault.batches.abandon(7)


def test_closed_batch_keeps_its_statement_and_takes_nothing_more(vault: Vault) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a", "b")
    closed = close(vault, batch, 2)
    assert (closed.state, closed.root, closed.count) == (BatchState.CLOSED, ROOT, 2)
    assert (closed.signature, closed.valid_until_unix) == (SIGNATURE, UNTIL_UNIX)
    assert closed.closed_at_unix == NOW_UNIX
    with pytest.raises(ConflictError) as refusal:
        stage(vault, batch, "c", first=2)
    assert refusal.value.code == "batch_state"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_batch_is_not_closed_with_another_count_than_it_has(vault: Vault, count: int) -> None:
    batch = vault.batches.open(new_batch())
    stage(vault, batch, "a", "b")
    with pytest.raises(ConflictError) as refusal:
        close(vault, batch, count)
    assert refusal.value.code == "batch_count"


def test_empty_batch_is_not_closed(vault: Vault) -> None:
    with pytest.raises(ConflictError):
        close(vault, vault.batches.open(new_batch()), 0)


def test_closing_again_with_the_same_statement_changes_nothing(vault: Vault) -> None:
    batch = batch_in(vault, BatchState.CLOSED)
    assert close(vault, batch, 1) == batch
    with pytest.raises(ConflictError, match="closed"):
        vault.batches.close(batch.pk, b"x" * 32, 1, UNTIL_UNIX, SIGNATURE)


def test_renewed_statement_takes_the_place_of_the_old_one(vault: Vault) -> None:
    batch = batch_in(vault, BatchState.CLOSED)
    renewed = vault.batches.renew(batch.pk, UNTIL_UNIX + 600, b"n" * 64)
    assert (renewed.valid_until_unix, renewed.signature) == (UNTIL_UNIX + 600, b"n" * 64)
    assert (renewed.root, renewed.batch_id) == (batch.root, batch.batch_id)


def test_anchored_batch_knows_its_place_in_the_log(vault: Vault) -> None:
    batch = batch_in(vault, BatchState.ANCHORED)
    assert (batch.anchored_at_unix, batch.log_index) == (NOW_UNIX + 5, 9)
    assert batch.transaction_hash == TRANSACTION


def test_anchoring_again_changes_nothing_unless_the_chain_says_otherwise(vault: Vault) -> None:
    batch = batch_in(vault, BatchState.ANCHORED)
    assert vault.batches.mark_anchored(batch.pk, NOW_UNIX + 5, 9, TRANSACTION) == batch
    with pytest.raises(ConflictError):
        vault.batches.mark_anchored(batch.pk, NOW_UNIX + 5, 10, TRANSACTION)


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (BatchState.OPEN, {"close", "abandon"}),
        (BatchState.CLOSED, {"close", "renew", "mark_anchored", "abandon"}),
        (BatchState.ANCHORED, set()),
        (BatchState.ABANDONED, {"abandon"}),
    ],
)
def test_each_state_allows_only_its_own_steps(
    vault: Vault, state: BatchState, allowed: set[str]
) -> None:
    steps = {
        "close": lambda pk: vault.batches.close(pk, ROOT, 1, UNTIL_UNIX, SIGNATURE),
        "renew": lambda pk: vault.batches.renew(pk, UNTIL_UNIX, SIGNATURE),
        "mark_anchored": lambda pk: vault.batches.mark_anchored(pk, NOW_UNIX, 1, TRANSACTION),
        "abandon": vault.batches.abandon,
    }
    for name, step in steps.items():
        batch = batch_in(vault, state)
        if name in allowed:
            step(batch.pk)
            continue
        with pytest.raises(ConflictError) as refusal:
            step(batch.pk)
        assert refusal.value.code == "batch_state"
        assert vault.batches.get(batch.batch_key) == batch


def test_abandoned_batch_gives_its_identifiers_back(vault: Vault) -> None:
    first = vault.batches.open(new_batch())
    stage(vault, first, "a", "b")
    abandoned = vault.batches.abandon(first.pk)
    assert (abandoned.state, abandoned.count) == (BatchState.ABANDONED, 2)
    assert vault.certificates.find("a") is None
    assert vault.batches.leaf_hashes(first.pk) == []
    second = vault.batches.open(new_batch())
    stage(vault, second, "b", "a")
    assert vault.certificates.count_by_batch_state()[BatchState.OPEN] == 2
    assert vault.integrity_check() == []


def test_discarding_drops_only_the_open_batches_of_the_run(vault: Vault) -> None:
    runs = [vault.runs.begin(name, b"digest") for name in ("one", "other")]
    rows = {}
    for name, run in (("open", runs[0]), ("closed", runs[0]), ("other", runs[1])):
        rows[name] = vault.batches.open(new_batch(run.id))
        stage(vault, rows[name], name)
    close(vault, rows["closed"], 1)
    assert vault.batches.discard_open(runs[0].id) == 1
    assert [row.state for row in vault.batches.of_run(runs[0].id)] == [
        BatchState.ABANDONED,
        BatchState.CLOSED,
    ]
    assert set(vault.certificates.find_many(["open", "closed", "other"])) == {"closed", "other"}


def test_batches_are_listed_by_state_oldest_first(vault: Vault) -> None:
    batches = [batch_in(vault, state) for state in (*BatchState, *BatchState)]
    wanted = (BatchState.CLOSED, BatchState.ABANDONED)
    assert vault.batches.in_state(*wanted) == [b for b in batches if b.state in wanted]
    assert vault.batches.in_state() == []
