"""The vault's PostgreSQL server restarts, or lets another process write, under a running node."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from ledger.config import CONFIG_NAME, Config
from ledger.errors import StorageError
from ledger.vault.store import Vault
from tests.faults.node_load import NodeLoad
from tests.faults.served_books import require_balanced
from tests.faults.served_world import ServedWorld, serve_world
from tests.ledger.actions.homes import CHONGQING, PASSPHRASE, Ledger
from tests.support.on_postgresql import VaultServer
from tests.support.postgresql import PostgresqlServer, serve_postgresql
from tests.support.served_node import wait_until

HOLDERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
END_HOLDERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
)


@pytest.fixture
def server(ledger: Ledger) -> Iterator[PostgresqlServer]:
    """It has the vault."""
    with serve_postgresql() as running:
        VaultServer(running.url).take_over(ledger.home(CHONGQING))
        yield running


def ask(server: PostgresqlServer, query: str) -> object:
    with closing(psycopg.connect(server.administration, autocommit=True)) as connection:
        row = connection.execute(query).fetchone()
        return None if row is None else row[0]


def open_elsewhere(ledger: Ledger, directory: Path) -> Vault:
    """As a node on another machine would that was started on the same database."""
    url = Config.load(ledger.home(CHONGQING) / CONFIG_NAME).vault_url
    return Vault.open(directory, PASSPHRASE, url=url, lock_timeout_s=0.5)


def take_over(ledger: Ledger, server: PostgresqlServer, directory: Path) -> Vault:
    """Ends the node's connection that has the lock, until another is quicker than the node."""
    for _ in range(50):
        ask(server, END_HOLDERS)
        with suppress(StorageError):
            return open_elsewhere(ledger, directory)
    raise AssertionError("the node was always quicker")


def what_is_missing(world: ServedWorld) -> list[tuple[str, str]]:
    """Names and codes, as anybody is told who looks whether the node is ready."""
    try:
        told = world.node.get("/health/ready").json()
    except httpx.HTTPError:
        return []
    return [(each["name"], each.get("code", "")) for each in told["dependencies"] if not each["ok"]]


def test_after_a_restart_of_the_server_the_core_goes_on_and_lets_nobody_else_write(
    ledger: Ledger, server: PostgresqlServer, tmp_path: Path
) -> None:
    with serve_world(ledger) as world:
        core = world.node.children("core")
        for _ in range(2):
            server.stop()
            wait_until(
                lambda: ("vault", "vault_unavailable") in what_is_missing(world), world.node.get
            )
            server.start()
            wait_until(lambda: ask(server, HOLDERS) == 1, lambda: "the lock is not taken again")
            with pytest.raises(StorageError) as refusal:
                open_elsewhere(ledger, tmp_path / "other")
            assert refusal.value.code == "vault_in_use"
            world.node.wait_until_ready()
        with NodeLoad(world) as load:
            load.wait_for_more()
        assert world.node.children("core") == core
        require_balanced(world, load)


def test_where_another_took_the_vault_the_core_ends_says_so_and_comes_back_after_it(
    ledger: Ledger, server: PostgresqlServer, tmp_path: Path
) -> None:
    with serve_world(ledger) as world:
        with NodeLoad(world) as load:
            load.wait_for_more()
            core = world.node.children("core")
            with take_over(ledger, server, tmp_path / "other") as other:
                other.api_keys.all()
                with other.transaction():
                    pass  # it writes: from now on the node's core may not
                wait_until(
                    lambda: ("core", "vault_in_use") in what_is_missing(world),
                    lambda: world.node.log.read_text(),
                )
                assert world.node.process.poll() is None
                assert load.verify_known() == 200
                refused = world.node.get("/v1/jobs")
                assert (refused.status_code, refused.json()["code"]) == (503, "core_unavailable")
                assert refused.json()["errors"][0]["code"] == "vault_in_use"
                time.sleep(1)
            world.node.wait_until_ready()
            load.wait_for_more()
        assert world.node.children("core") != core
        events = world.node.events()
        assert [each["level"] for each in events if each["event"] == "vault_taken_over"] != []
        ended = [each for each in events if each["event"] == "process_ended"]
        assert {each["code"] for each in ended} == {4}
        require_balanced(world, load)
