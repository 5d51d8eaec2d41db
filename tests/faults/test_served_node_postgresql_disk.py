"""The disk below a node's PostgreSQL server is full: it is named, and nothing acknowledged is lost.

A server whose rows find no room refuses them and goes on. One whose log finds none ends itself, and
comes back when somebody has made room and started it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.faults.small_disk import run_on_small_disk
from tests.ledger.actions.homes import Ledger

PROGRAM = """
import os, subprocess, sys, tempfile, threading, time
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.faults.full_disk import fill_until_refused
from tests.faults.node_load import NodeLoad
from tests.faults.served_books import require_balanced
from tests.faults.served_world import serve_world
from tests.ledger.actions.homes import CHONGQING, Ledger
from tests.support.on_postgresql import VaultServer
from tests.support.postgresql import PostgresqlServer

disk, ledger, full = Path(sys.argv[1]), Ledger(Path(sys.argv[2])), sys.argv[3]
rest = Path(tempfile.mkdtemp(prefix="zhenglian-pg-"))
server = PostgresqlServer(rest, "-c fsync=off -c wal_recycle=off")
data, is_over = rest / "data", threading.Event()

def as_server(command):
    subprocess.run([*server._prefix, "sh", "-c", command], check=True)

def fill_log():
    while not is_over.wait(0.3):
        with suppress(psycopg.Error), psycopg.connect(server.administration) as connection:
            connection.execute("SELECT pg_switch_wal()")  # each file of the log has 16 MiB

if full == "log":
    as_server(f"mv {data}/pg_wal {disk}/log && ln -s {disk}/log {data}/pg_wal")
server.start()
try:
    if full == "rows":
        as_server(f"mkdir {disk}/space")
        with psycopg.connect(server.administration, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}/space'")
            connection.execute("ALTER ROLE postgres SET default_tablespace = small")
    VaultServer(server.url).take_over(ledger.home(CHONGQING))
    with serve_world(ledger) as world:
        with NodeLoad(world, wait_s=2) as load:
            load.wait_for_more()
            load.upload(400)
            filling = threading.Thread(target=fill_log)
            if full == "log":
                filling.start()
            told = fill_until_refused(disk, load)
            is_over.set()
            (disk / "ballast").unlink()
            if full == "log":
                filling.join()
                while (data / "postmaster.pid").exists():
                    time.sleep(0.1)  # it ends because it finds no room for its log
                server.start()
            print(*sorted(told), sep=chr(9))
            load.wait_for_more()
        require_balanced(world, load)
finally:
    server.stop()
    subprocess.run(["rm", "-rf", str(rest)], check=True)
"""


@pytest.mark.parametrize(
    ("full", "size_mib", "codes"),
    [("rows", 48, {"507 disk_full"}), ("log", 120, {"503 vault_unavailable"})],
)
def test_a_full_disk_of_the_database_is_named_and_outlived(
    ledger: Ledger, full: str, size_mib: int, codes: set[str]
) -> None:
    with tempfile.TemporaryDirectory(
        prefix="zhenglian-disk-"
    ) as name:  # a server's user gets there
        (told,) = run_on_small_disk(
            Path(name), size_mib << 10, PROGRAM, ledger.directory, full, with_postgresql=True
        )
    assert codes & set(told.split(chr(9))), told
