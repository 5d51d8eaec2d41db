"""Node, chain and database are killed while requests are issued; the books balance afterwards.

Clients note every answer. Whatever was killed, and when: what was acknowledged is anchored and
verifies, what was answered 202 comes true, and who asks again with the same reference gets the one
certificate that there is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.config import CONFIG_NAME, Config
from ledger.vault.store import Vault
from ledger.vault.tables import BatchState
from tests.faults.issuing_node import MOMENTS, Clients, IssuingNode
from tests.ledger.actions.homes import CHEAP, CHONGQING, PASSPHRASE, Ledger
from tests.support.history_checker import check_history
from tests.support.postgresql import PostgresqlServer, serve_postgresql
from tests.support.served_chain import ServedChain, serve_chain, start_serving

ROUND = 24  # requests while a moment is waited for


@pytest.fixture
def chain(ledger: Ledger) -> Iterator[ServedChain]:
    """The ledger's chain, served by a process of its own."""
    with serve_chain(ledger.chain) as served:
        ledger.set_chain(served.url)
        yield served


def end(chain: ServedChain) -> None:
    """As the out-of-memory killer does."""
    chain.process.kill()
    chain.process.communicate()


def finish(ledger: Ledger, clients: Clients, count: int) -> None:
    """A node without any faults does what is left, and every client is told the truth."""
    with IssuingNode(ledger.home(CHONGQING)) as node:
        clients.send_until_acknowledged(node.port, range(count))
    with ledger.open() as workspace:
        check_history(workspace, clients.attempts)


def test_killed_at_each_moment_under_load_each_acknowledgement_has_one_certificate(
    ledger: Ledger, chain: ServedChain
) -> None:
    clients, count = Clients(), 0
    for moment in MOMENTS:
        node = IssuingNode(ledger.home(CHONGQING), moment, occurrence=3)
        for _ in range(5):
            clients.send(node.port, range(count, count + ROUND))
            count += ROUND
            if not node.lives:
                break
        node.require_killed()
        with ledger.open() as workspace:
            check_history(workspace, clients.attempts, verified=1, is_settled=False)
    told = {attempt.status for attempt in clients.attempts}
    assert told >= {0, 201}
    finish(ledger, clients, count)


def test_killed_before_it_answered_it_closes_and_anchors_what_was_stored(
    ledger: Ledger, chain: ServedChain
) -> None:
    clients = Clients()
    with IssuingNode(ledger.home(CHONGQING)) as node:
        clients.send_until_acknowledged(node.port, [0])
    end(chain)
    node = IssuingNode(ledger.home(CHONGQING))
    clients.send(node.port, range(1, 20), wait_s=1)
    node.kill()
    told = [attempt.status for attempt in clients.attempts[1:]]
    assert set(told) <= {202, 503}
    with serve_chain(ledger.chain) as served:
        ledger.set_chain(served.url)
        with IssuingNode(ledger.home(CHONGQING)):
            with_nothing_left(ledger)
        finish(ledger, clients, 20)


def with_nothing_left(ledger: Ledger) -> None:
    """Waits until a node that nobody asks for anything has anchored what was stored."""
    for _ in range(100):
        with Vault.open(ledger.home(CHONGQING) / "vault", PASSPHRASE, read_only=True) as vault:
            if not vault.batches.in_state(BatchState.CLOSED):
                return
        time.sleep(0.1)
    raise AssertionError("a batch is left")


def test_the_chain_is_killed_under_load_and_comes_back(ledger: Ledger, chain: ServedChain) -> None:
    clients, port = Clients(), chain.port
    with IssuingNode(ledger.home(CHONGQING)) as node:
        clients.send_until_acknowledged(node.port, range(10))
        load = clients.start(node.port, range(10, 300), wait_s=2)
        for _ in range(2):
            time.sleep(0.4)
            end(chain)
            time.sleep(0.5)
            chain = start_serving(ledger.chain, port=port)
        load.join()
    try:
        finish(ledger, clients, 300)
    finally:
        end(chain)


def test_a_chain_that_is_away_refuses_no_more_than_it_must(
    ledger: Ledger, chain: ServedChain
) -> None:
    clients, port = Clients(), chain.port
    options = ("--longest-wait-s", "1.5")
    with IssuingNode(ledger.home(CHONGQING), options=options) as node:
        clients.send_until_acknowledged(node.port, [0])
        end(chain)
        clients.send(node.port, range(1, 7), threads=6, wait_s=1)
        assert {attempt.status for attempt in clients.attempts[1:]} == {202}
        time.sleep(1.0)
        clients.send(node.port, range(7, 13), threads=6, wait_s=1)
        refused = clients.attempts[7:]
        assert {attempt.status for attempt in refused} == {503}
        assert {attempt.body["code"] for attempt in refused} == {"chain_stalled"}
        with serve_chain(ledger.chain, port=port):
            clients.send_until_acknowledged(node.port, range(13))
    with serve_chain(ledger.chain, port=port), ledger.open() as workspace:
        check_history(workspace, clients.attempts)


@pytest.fixture
def server(ledger: Ledger) -> Iterator[PostgresqlServer]:
    """A PostgreSQL server that has the vault, and syncs to disk."""
    with serve_postgresql("") as running:
        settings = ledger.home(CHONGQING) / CONFIG_NAME
        directory = ledger.home(CHONGQING) / "vault"
        for path in directory.iterdir():
            path.unlink()
        Vault.create(directory, PASSPHRASE, url=running.url, cost=CHEAP).close()
        replace(Config.load(settings), vault_url=running.url).store(settings)
        yield running


def test_the_database_is_killed_under_load_and_comes_back(
    ledger: Ledger, server: PostgresqlServer
) -> None:
    with serve_chain(ledger.chain) as served:
        ledger.set_chain(served.url)
        clients = Clients()
        with IssuingNode(ledger.home(CHONGQING)) as node:
            clients.send_until_acknowledged(node.port, range(10))
            load = clients.start(node.port, range(10, 400))
            for _ in range(3):
                time.sleep(0.4)
                server.stop()
                time.sleep(0.3)
                server.start()
            load.join()
            clients.send_until_acknowledged(node.port, range(400))
        node = IssuingNode(ledger.home(CHONGQING), "batch anchored", occurrence=2)
        clients.send(node.port, range(400, 440))
        node.require_killed()
        finish(ledger, clients, 440)


def test_hammered_past_capacity_it_answers_with_success_or_refusal_and_the_books_balance(
    ledger: Ledger, chain: ServedChain, tmp_path: Path
) -> None:
    clients = Clients()
    options = ("--waiting", "30")
    with IssuingNode(ledger.home(CHONGQING), options=options) as node:
        clients.send(node.port, range(600), threads=60)
    told = {attempt.status for attempt in clients.attempts}
    assert told >= {201, 429}
    assert told <= {200, 201, 202, 429, 503}
    finish(ledger, clients, 600)
