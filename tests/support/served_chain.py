"""An embedded chain served over HTTP by a process of its own, and the least client of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError

ROOT = Path(__file__).parents[2]
JSON_TYPE = "application/json"


class Answer(NamedTuple):
    """An HTTP response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class RefusedError(Exception):
    """A JSON-RPC error object."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.data: str | None = error.get("data")


@dataclass(frozen=True, slots=True)
class ServedChain:
    """A running server.

    Args:
        ready: what it said when it was.
    """

    process: subprocess.Popen[str]
    ready: str

    @property
    def url(self) -> str:
        return self.ready.split()[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def fetch(
        self,
        path: str = "/",
        body: bytes | None = None,
        *,
        method: str | None = None,
        content_type: str = JSON_TYPE,
    ) -> Answer:
        """One HTTP request."""
        headers = {"content-type": content_type}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return Answer(response.status, _lower(response.headers), response.read())
        except HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, _lower(refusal.headers), refusal.read())

    def post(self, content: object) -> Any:
        """What a JSON body is answered with; None if with nothing."""
        answer = self.fetch("/", json.dumps(content).encode())
        return json.loads(answer.body) if answer.body else None

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a method; raises RefusedError."""
        response = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if "error" in response:
            raise RefusedError(response["error"])
        return response["result"]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and wait; its exit status."""
        self.process.send_signal(number)
        return self.process.wait()


def start_serving(
    directory: Path, *, port: int = 0, host: str = "127.0.0.1", seal_interval_s: float = 0.02
) -> ServedChain:
    """Start a server and wait until it is ready."""
    search_path = os.pathsep.join([str(ROOT), str(ROOT / "hardhat-free-local-chain")])
    arguments = ["--data", str(directory), "--port", str(port), "--host", host]
    arguments += ["--seal-interval", str(seal_interval_s)]
    process = subprocess.Popen(
        [sys.executable, "-m", "local_chain", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": search_path},
    )
    assert process.stdout is not None
    ready = process.stdout.readline()
    if not ready:
        _, complaint = process.communicate()
        raise AssertionError(f"not served: {complaint}")
    return ServedChain(process, ready)


@contextmanager
def serve_chain(directory: Path, **options: Any) -> Iterator[ServedChain]:
    """A server for the length of a block."""
    served = start_serving(directory, **options)
    try:
        yield served
    finally:
        served.process.kill()
        served.process.communicate()


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
