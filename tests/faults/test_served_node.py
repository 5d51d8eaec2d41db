"""The whole node as an operator runs it, under load, while whatever can die dies; then the books.

Supervisor, core and front are processes, and so are the chain and PostgreSQL. Clients issue,
verify, decide and upload all the while, and repeat what was not answered. Afterwards: whoever was
told yes has exactly one certificate, anchored and passing; each decision is on the chain once; the
files' rows are there once; nobody was answered 5xx but 503 and 507; fsck has nothing to say.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest

from ledger.vault.tables import ActState, BatchState
from tests.faults.node_load import NodeLoad
from tests.faults.served_books import require_balanced
from tests.faults.served_world import ServedWorld, serve_world
from tests.ledger.actions.homes import CHONGQING, Ledger
from tests.support.fault_proxy import (
    ANY,
    answer,
    cut_before,
    cut_within,
    delay,
    delay_answer,
    duplicate,
    lose_response,
    unavailable,
)
from tests.support.on_postgresql import VaultServer
from tests.support.postgresql import PostgresqlServer, serve_postgresql

KILLS = max(1, int(os.environ.get("ZHENGLIAN_RANDOM_KILLS", "8")) // 8)
"""How often each process is killed, beside once."""
HOUR_S = 3_600.0
SEND, RECEIPT = "eth_sendRawTransaction", "eth_getTransactionReceipt"
FAULTS = {
    "late there": delay(0.3),
    "late back": delay_answer(0.3),
    "cut before": cut_before,
    "response lost": lose_response,
    "cut within": cut_within,
    "twice": duplicate,
    "gateway down": unavailable(),
    "nonsense": answer("nonsense"),
    "zeros": answer("0x" + "00" * 32),
}


@pytest.fixture
def world(ledger: Ledger) -> Iterator[ServedWorld]:
    with serve_world(ledger) as served:
        yield served


@pytest.mark.parametrize("victim", ["core", "front", "supervisor", "chain"])
def test_whatever_is_killed_under_load_the_books_balance(world: ServedWorld, victim: str) -> None:
    chance = random.Random(victim)
    with NodeLoad(world) as load:
        load.wait_for_more()
        for _ in range(KILLS + 1):
            load.upload()
            time.sleep(chance.uniform(0.0, 0.8))
            world.kill(victim)
            load.wait_for_more()
    require_balanced(world, load)


def test_what_is_frozen_for_a_while_delays_and_loses_nothing(world: ServedWorld) -> None:
    """Fronts go on verifying by what they know, whether it is core or chain that says nothing."""
    with NodeLoad(world) as load:
        load.upload()
        for what in ("core", "chain"):
            load.wait_for_more()
            with world.frozen(what):
                until = time.monotonic() + 1.5
                while time.monotonic() < until:
                    assert load.verify_known() == 200
                    time.sleep(0.1)
        load.wait_for_more()
        with world.frozen("front"):
            time.sleep(0.5)
        load.wait_for_more()
    require_balanced(world, load)


@pytest.fixture
def server(ledger: Ledger) -> Iterator[PostgresqlServer]:
    """A PostgreSQL server that has the vault, and syncs to disk."""
    with serve_postgresql("") as running:
        VaultServer(running.url).take_over(ledger.home(CHONGQING))
        yield running


def test_on_postgresql_the_database_and_the_core_are_killed_and_the_books_balance(
    ledger: Ledger, server: PostgresqlServer
) -> None:
    chance = random.Random("database")
    with serve_world(ledger) as world:
        with NodeLoad(world) as load:
            load.wait_for_more()
            for number in range(2 * KILLS + 1):
                load.upload()
                time.sleep(chance.uniform(0.0, 0.8))
                if number % 3 == 1:
                    world.kill("core")
                else:
                    server.stop()
                    time.sleep(chance.uniform(0.0, 0.8))
                    server.start()
                load.wait_for_more()
        require_balanced(world, load)


def test_a_bad_line_to_the_chain_under_load_costs_nothing_but_time(world: ServedWorld) -> None:
    chance = random.Random("line")
    with NodeLoad(world) as load:
        for fault in FAULTS.values():
            load.wait_for_more(4)
            load.upload(40)
            world.proxy.script(chance.choice([ANY, SEND, RECEIPT]), fault, for_s=0.8)
            time.sleep(1.0)
    world.proxy.clear()
    require_balanced(world, load)


def test_hammered_past_capacity_it_succeeds_or_refuses_and_stays_small(ledger: Ledger) -> None:
    with serve_world(ledger, issuing__max_waiting="16", issuing__interval_s="0.5") as world:
        with NodeLoad(world) as load:
            load.wait_for_more(4)
            before = world.peak_kib("core")
        hammer = NodeLoad(world, issuing=60, wait_s=10)
        with hammer:
            hammer.wait_for_more(200)
        assert world.peak_kib("core") - before < 100 << 10
        told = {attempt.status for attempt in hammer.attempts}
        assert told >= {201, 429}
        assert told <= {200, 201, 202, 429, 503}
        require_balanced(world, load.joined(hammer))


def test_stopped_under_load_it_answers_what_is_under_way_and_leaves_nothing(
    world: ServedWorld,
) -> None:
    with NodeLoad(world) as load:
        load.wait_for_more()
        hit = load.start_requests(12)
        assert world.stop_node() == 0
        answers = [request.result(60).status for request in hit]
        assert set(answers) <= {200, 201}, answers
        with world.open() as workspace:
            vault = workspace.vault
            assert vault.batches.in_state(BatchState.OPEN, BatchState.CLOSED) == []
            assert vault.outbox.unresolved(workspace.submitter.account) == []
            assert vault.acts.in_state(ActState.PREPARED) == []
        world.start_node()
        load.upload(400)
        load.wait_for_more()
        assert world.stop_node() == 0  # in the middle of the job, which is taken up again
        world.start_node()
        load.wait_for_more()
    require_balanced(world, load)


def test_the_clock_is_set_back_by_an_hour_between_two_runs(ledger: Ledger) -> None:
    """What ran before ran an hour ahead: of what the chain, the vault and the key have noted."""
    ledger.ahead_s = HOUR_S
    with serve_world(ledger) as world:
        ledger.ahead_s = 0.0
        with NodeLoad(world) as load:
            load.upload()
            load.wait_for_more(20)
            world.kill("core")
            load.wait_for_more()
        require_balanced(world, load, ahead_s=HOUR_S)
