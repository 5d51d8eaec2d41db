"""A node as an operator runs it: `zhenglian node serve` in processes of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from node_api.settings import SETTINGS_NAME, write_template

ROOT = Path(__file__).parents[2]
_WAIT_S = 60.0
_URL = re.compile(r"https?://\S+")


@dataclass
class ServedNode:
    """A running node.

    Attributes:
        process: of the supervisor.
        url: where it listens.
        log: its log, JSON lines.
    """

    home: Path
    process: subprocess.Popen[str]
    url: str
    log: Path

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30, **options)

    def wait_until_ready(self) -> None:
        """Until every dependency is there."""
        wait_until(self._is_ready, lambda: self.log.read_text())

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the node ended: {self.log.read_text()}")
        try:
            return self.get("/health/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def children(self, module: str) -> list[int]:
        """Process numbers of those that run a module of ours for this home."""
        return find_processes(f"node_api.serving.{module}", str(self.home))

    def kill_child(self, module: str) -> int:
        """Kills one process of a kind; answers its number."""
        number = self.children(module)[0]
        os.kill(number, signal.SIGKILL)
        return number

    def stop(self) -> int:
        """As a service manager does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_WAIT_S)

    def events(self) -> list[dict[str, Any]]:
        """What it has logged so far."""
        lines = self.log.read_bytes().splitlines()
        strange = [line for line in lines if not line.startswith(b"{")]
        assert strange == [], b"\n".join(strange).decode()
        return [orjson.loads(line) for line in lines]


@contextmanager
def serve_node(
    home: Path, passphrase: str, *, port: int = 0, **environment: str
) -> Iterator[ServedNode]:
    """A node for the length of a block; killed at its end unless it was stopped.

    Args:
        environment: settings, such as workers="1".
    """
    node = start_node(home, passphrase, port=port, **environment)
    try:
        yield node
    finally:
        node.process.kill()
        node.process.communicate()
        wait_until(lambda: not node.children(""), lambda: "processes outlived their supervisor")


def start_node(home: Path, passphrase: str, *, port: int = 0, **environment: str) -> ServedNode:
    """Starts a node and waits until its port answers."""
    write_template(home / SETTINGS_NAME, f"127.0.0.1:{port}")
    own = {f"ZHENGLIAN_NODE_{name.upper()}": value for name, value in environment.items()}
    log = home.parent / f"{home.name}.log"
    with log.open("ab") as stderr:  # one started again goes on with it
        process = subprocess.Popen(
            [sys.executable, "-m", "zhenglian", "node", "serve", "--home", str(home)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            text=True,
            env=os.environ | own | {"ZHENGLIAN_PASSPHRASE": passphrase, "ZHENGLIAN_LANG": "en"},
            cwd=ROOT,
        )
    assert process.stdout is not None
    told = process.stdout.readline()
    found = _URL.search(told)
    if found is None:
        process.communicate()
        raise AssertionError(f"not served: {told}{log.read_text()}")
    return ServedNode(home, process, found[0], log)


def find_processes(module: str, home: str) -> list[int]:
    """Process numbers by what stands in their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                arguments = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            ours = [part for part in arguments if part.startswith("node_api.serving")]
            if home in arguments and any(part.startswith(module) for part in ours):
                found.append(int(entry.name))
    return sorted(found)


def wait_until(is_so: Callable[[], bool], complaint: Callable[[], str]) -> None:
    """Waits for something that must come true."""
    deadline = time.monotonic() + _WAIT_S
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(complaint())
        time.sleep(0.05)
