"""Issuing is killed at every moment at which something becomes durable, and at any other.

Whatever the moment: run again, every row has exactly one certificate on the chain, and whatever
was acknowledged before the kill still verifies.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from ledger.actions.fsck import fsck
from ledger.actions.issuers import rotate_seal_key
from ledger.vault.tables import BatchState, RunState
from tests.faults.issuing import (
    find_acknowledged,
    finish,
    require_each_row_once,
    require_passed,
    require_sound,
)
from tests.faults.stopping import count_moments, is_stopped_at, kill_after, start
from tests.faults.stopping_process import LIMITS
from tests.ledger.actions.homes import HOUSING, Ledger, write_file

ROWS = 15  # two batches, in four chunks of which one is cut by the end of the first batch
EDGES = (0, 9, 10, 14)
RANDOM_KILLS = int(os.environ.get("ZHENGLIAN_RANDOM_KILLS", "200" if "CI" in os.environ else "16"))
RANDOM_ROUNDS = [
    (action, seed) for action in ("issue in workers", "issue beside") for seed in (20261122, 7)
]
ROWS_OF_A_RANDOM_FILE = 1_500
MOMENTS = [
    ("run begun", 1),
    *(("batch opened", n) for n in (1, 2)),
    *(("chunk staged", n) for n in (1, 2, 3, 4, 5)),
    *((moment, n) for moment in ("batch closed", "transaction kept") for n in (1, 2)),
    *((moment, n) for moment in ("transaction sent", "receipt seen") for n in (1, 2)),
    *((moment, n) for moment in ("transaction settled", "batch anchored") for n in (1, 2)),
    ("run ending", 1),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_file(tmp_path / "rows.csv", range(ROWS))


@pytest.mark.parametrize(("moment", "occurrence"), MOMENTS)
def test_killed_at_a_moment_and_run_again_every_row_has_one_certificate(
    ledger: Ledger, source: Path, moment: str, occurrence: int
) -> None:
    assert is_stopped_at(ledger, "issue", moment, occurrence, source), "the moment did not come"
    with ledger.open() as workspace:
        assert fsck(workspace).problems == ()
        require_passed(workspace, find_acknowledged(workspace, EDGES))
    finish(ledger, source, ROWS, EDGES, LIMITS)


def test_the_moments_listed_are_all_there_are(ledger: Ledger, source: Path) -> None:
    assert count_moments(ledger, "issue", source) == Counter(name for name, _ in MOMENTS)


@pytest.mark.parametrize("moment", ["chunk staged", "batch closed", "transaction kept"])
def test_a_key_rotated_before_it_goes_on_gives_no_row_two_certificates(
    ledger: Ledger, source: Path, moment: str
) -> None:
    assert is_stopped_at(ledger, "issue", moment, 1, source)
    with ledger.open() as workspace:
        new_key = rotate_seal_key(workspace, HOUSING).key_id
    ledger.ahead_s += 61
    finish(ledger, source, ROWS, EDGES, LIMITS)
    with ledger.open() as workspace:
        anchored = workspace.vault.batches.in_state(BatchState.ANCHORED)
        # A transaction that was kept is sent first: then the first batch is the old key's.
        new = [batch for batch in anchored if batch.key_id == new_key]
        assert sum(batch.count for batch in new) == (5 if moment == "transaction kept" else ROWS)


def test_killed_again_and_again_it_comes_to_the_same_end(ledger: Ledger, source: Path) -> None:
    for moment in ("chunk staged", "chunk staged", "batch closed", "transaction sent"):
        assert is_stopped_at(ledger, "issue", moment, 1, source)
    finish(ledger, source, ROWS, EDGES, LIMITS)
    again = ledger.issue(source, limits=LIMITS)
    assert (again.issued, again.already_issued, again.batches) == (0, ROWS, ())


@pytest.mark.parametrize(("action", "seed"), RANDOM_ROUNDS)
def test_killed_at_random_instants_no_acknowledged_certificate_is_lost(
    ledger: Ledger, tmp_path: Path, action: str, seed: int
) -> None:
    chance = random.Random(seed)
    first = 0
    source = write_file(tmp_path / "0.csv", range(ROWS_OF_A_RANDOM_FILE))
    for kill in range(RANDOM_KILLS // len(RANDOM_ROUNDS)):
        kill_after(start(ledger, action, source=source), chance.uniform(0.0, 1.5))
        with ledger.open() as workspace:
            assert workspace.vault.integrity_check() == []
            done = find_acknowledged(workspace, range(first + ROWS_OF_A_RANDOM_FILE))
            require_passed(workspace, done[-1:])
            is_complete = not workspace.vault.runs.unfinished() and len(done) > first
        if is_complete:
            assert done == list(range(first + ROWS_OF_A_RANDOM_FILE))
            first += ROWS_OF_A_RANDOM_FILE
            numbers = range(first, first + ROWS_OF_A_RANDOM_FILE)
            source = write_file(tmp_path / f"{kill}.csv", numbers)
    assert ledger.issue(source).state is RunState.COMPLETED
    with ledger.open() as workspace:
        require_each_row_once(workspace, range(first + ROWS_OF_A_RANDOM_FILE))
        require_sound(workspace, first + ROWS_OF_A_RANDOM_FILE)


def test_workers_end_with_the_process_that_started_them(ledger: Ledger, tmp_path: Path) -> None:
    """They hold a seal key."""
    source = write_file(tmp_path / "rows.csv", range(3_000))
    process = start(ledger, "issue in workers", source=source)
    while len(children := find_children(process.pid)) < 3:  # two, and what tracks resources
        assert process.poll() is None
    kill_after(process, 0.0)
    while not all(is_ended(child) for child in children):
        time.sleep(0.02)


def find_children(pid: int) -> list[int]:
    found = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in tasks.read_text().split()]
    return found


def is_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
