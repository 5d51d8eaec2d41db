"""A PostgreSQL server of the tests' own: a fresh cluster on a Unix socket, gone afterwards.

Uses Debian's binaries. Where they are missing the tests are skipped, in CI they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"


@contextmanager
def run_postgresql() -> Iterator[str]:
    """SQLAlchemy URL of a server that runs as long as the block."""
    binaries = _find_binaries()
    with tempfile.TemporaryDirectory(prefix="zhenglian-pg-") as name:
        directory = Path(name)
        command = [str(binaries / "pg_ctl"), "-D", str(directory / "data"), "-w"]
        prefix = _as_server_user(directory)
        _run([*prefix, *command, "init", "-o", f"--auth=trust --username={_USER} --no-sync"])
        options = f"-k {directory} -c listen_addresses= -c fsync=off"
        log = str(directory / "log")
        _run([*prefix, *command, "start", "-o", options, "-l", log])
        try:
            yield f"postgresql+psycopg://{_USER}@/postgres?host={directory}"
        finally:
            _run([*prefix, *command, "stop", "-m", "immediate"])


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
