"""A PostgreSQL server of the tests' own: a fresh cluster on a Unix socket, gone afterwards.

Uses Debian's binaries. Where they are missing the tests are skipped, in CI they fail.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"
FAST = "-c fsync=off"


class PostgresqlServer:
    """A cluster of its own.

    Args:
        directory: where its data and its socket lie.
        options: of the server itself.
        asking_password: of everybody but its first user.

    Attributes:
        url: SQLAlchemy URL of its first database; it has no password and needs none.
        administration: the same for libpq.
    """

    def __init__(
        self, directory: Path, options: str = FAST, *, asking_password: bool = False
    ) -> None:
        self.directory = directory
        self._options = f"-k {directory} -c listen_addresses= {options}"
        self._control = [str(_find_binaries() / "pg_ctl"), "-D", str(directory / "data"), "-w"]
        self._prefix = _as_server_user(directory)
        self.url = f"postgresql+psycopg://{_USER}@/postgres?host={directory}"
        self.administration = f"postgresql://{_USER}@/postgres?host={directory}"
        self._run("init", "-o", f"--auth=trust --username={_USER} --no-sync")
        if asking_password:
            rules = f"local all {_USER} trust\nlocal all all scram-sha-256\n"
            (directory / "data" / "pg_hba.conf").write_text(rules)

    def start(self) -> None:
        """Runs it, after a crash with whatever recovery that needs."""
        start = partial(self._run, "start", "-o", self._options, "-l", str(self.directory / "log"))
        for _ in range(100):  # a killed server's processes keep its memory until they notice
            with suppress(RuntimeError):
                return start()
            time.sleep(0.05)
        return start()

    def stop(self) -> None:
        """Ends all its processes at once, without any farewell to clients or disk."""
        self._run("stop", "-m", "immediate")

    def kill(self) -> None:
        """SIGKILL to its first process; the others end when they notice."""
        lines = (self.directory / "data" / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGKILL)

    def _run(self, *arguments: str) -> None:
        _run([*self._prefix, *self._control, *arguments])


@contextmanager
def serve_postgresql(
    options: str = FAST, *, asking_password: bool = False
) -> Iterator[PostgresqlServer]:
    """A server that runs as long as the block, unless it is stopped in it."""
    with tempfile.TemporaryDirectory(prefix="zhenglian-pg-") as name:
        server = PostgresqlServer(Path(name), options, asking_password=asking_password)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def run_postgresql() -> Iterator[str]:
    """SQLAlchemy URL of a server that runs as long as the block."""
    with serve_postgresql() as server:
        yield server.url


@contextmanager
def share_postgresql() -> Iterator[str]:
    """URL of the server that the tests of this process share: their own, or the one that
    ZHENGLIAN_TEST_POSTGRESQL_URL names."""
    if named := os.environ.get("ZHENGLIAN_TEST_POSTGRESQL_URL"):
        yield named
        return
    with run_postgresql() as url:
        yield url


def create_schema(server: str) -> str:
    """URL of a fresh, empty schema on a server."""
    engine, name = create_engine(server), f"vault_test_{secrets.token_hex(6)}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    whole = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    return whole.render_as_string(hide_password=False)


@contextmanager
def use_schema(server: str) -> Iterator[str]:
    """URL of a schema that is dropped at the end of the block."""
    url = create_schema(server)
    try:
        yield url
    finally:
        drop_schema(server, url)


def drop_schema(server: str, url: str) -> None:
    """Drops a schema that `create_schema` made."""
    engine = create_engine(server)
    name = str(make_url(url).query["options"]).rpartition("=")[2]
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


def _find_binaries() -> Path:
    found = sorted(_DEBIAN.glob("*/bin/pg_ctl")) or [Path(shutil.which("pg_ctl") or "")]
    if found[-1].name != "pg_ctl":
        told = "PostgreSQL is not installed (on Debian: apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)
    return found[-1].parent


def _as_server_user(directory: Path) -> list[str]:
    """PostgreSQL refuses to run as root: its own user takes the directory then."""
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam(_USER)
    os.chown(directory, account.pw_uid, account.pw_gid)
    runuser = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return [runuser or "runuser", "-u", _USER, "--"]


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    if done.returncode:
        raise RuntimeError(f"{command[:6]}: {done.stderr.decode(errors='replace')}")
