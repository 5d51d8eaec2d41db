"""The vault's PostgreSQL server is killed while a file is issued, and comes back.

Whenever it happens: what was acknowledged verifies, and issuing again does what is left, so that
every row has exactly one certificate.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ledger.actions.fsck import fsck
from ledger.actions.issuance.outcome import IssuanceReport
from ledger.errors import StorageError
from ledger.vault.tables import RunState
from tests.faults import moments
from tests.faults.issuing import find_acknowledged, finish, require_passed
from tests.faults.stopping_process import IN_WORKERS, LIMITS, MOMENTS
from tests.ledger.actions.homes import CHONGQING, Ledger, write_file
from tests.support.on_postgresql import VaultServer
from tests.support.postgresql import PostgresqlServer, serve_postgresql

ROWS, EDGES = 15, (0, 9, 10, 14)
MANY = 1_500
KILLS = int(os.environ.get("ZHENGLIAN_RANDOM_KILLS", "40" if "CI" in os.environ else "8")) // 4
WHEN = [
    ("chunk staged", 2),
    ("transaction sent", 1),
    ("batch anchored", 1),
    ("run ending", 1),
]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    with serve_postgresql() as running:
        yield running


@pytest.fixture
def on_server(ledger: Ledger, server: PostgresqlServer) -> Ledger:
    """A ledger whose one home has its vault on the server."""
    VaultServer(server.url).take_over(ledger.home(CHONGQING))
    return ledger


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_file(tmp_path / "rows.csv", range(ROWS))


def do_at(
    monkeypatch: pytest.MonkeyPatch, moment: str, occurrence: int, what: partial[None]
) -> None:
    """Does it when a moment of issuing comes for the given time."""
    owner, method, _ = MOMENTS[moment]
    monkeypatch.setattr(owner, method, getattr(owner, method))  # put back at the end
    left = [occurrence]

    def note() -> None:
        left[0] -= 1
        if left[0] == 0:
            what()

    moments.wrap(MOMENTS[moment], note)


def restart(server: PostgresqlServer) -> None:
    server.stop()
    server.start()


@pytest.mark.parametrize(("moment", "occurrence"), WHEN)
def test_stopped_at_a_moment_nothing_acknowledged_is_lost(
    on_server: Ledger,
    server: PostgresqlServer,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    occurrence: int,
) -> None:
    with monkeypatch.context() as until_stopped:
        do_at(until_stopped, moment, occurrence, partial(server.stop))
        with pytest.raises(StorageError) as refusal:
            on_server.issue(source, limits=LIMITS)
    assert refusal.value.code == "vault_unavailable"
    with pytest.raises(StorageError) as refusal, on_server.open() as workspace:
        workspace.vault  # noqa: B018 - opens it
    assert refusal.value.code == "vault_unavailable"
    server.start()
    with on_server.open() as workspace:
        assert fsck(workspace).problems == ()
        require_passed(workspace, find_acknowledged(workspace, EDGES))
    finish(on_server, source, ROWS, EDGES, LIMITS)


@pytest.mark.parametrize("moment", ["run begun", "transaction sent"])
def test_restarted_between_two_calls_it_is_not_noticed(
    on_server: Ledger,
    server: PostgresqlServer,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    with monkeypatch.context() as until_restarted:
        do_at(until_restarted, moment, 1, partial(restart, server))
        assert on_server.issue(source, limits=LIMITS).state is RunState.COMPLETED
    finish(on_server, source, ROWS, EDGES, LIMITS)


def test_killed_at_random_instants_every_row_is_issued_once(
    on_server: Ledger, server: PostgresqlServer, tmp_path: Path
) -> None:
    chance = random.Random(20261130)
    source = write_file(tmp_path / "many.csv", range(MANY))
    for number in range(KILLS):
        kill = server.kill if number % 2 else server.stop
        timer = threading.Timer(chance.uniform(0.1, 1.5), kill)
        timer.start()
        report = issue_if_it_can(on_server, source)
        timer.join()
        server.start()
        with on_server.open() as workspace:
            assert workspace.vault.integrity_check() == []
            done = find_acknowledged(workspace, range(MANY))
            require_passed(workspace, done[-1:])
        if report is not None:
            assert done == list(range(MANY))
    finish(on_server, source, MANY, (0, MANY - 1), IN_WORKERS)


def issue_if_it_can(ledger: Ledger, source: Path) -> IssuanceReport | None:
    try:
        return ledger.issue(source, limits=IN_WORKERS)
    except StorageError as error:
        if error.code != "vault_unavailable":
            raise
        return None
