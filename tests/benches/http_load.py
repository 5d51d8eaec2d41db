"""An outside load generator for benches over HTTP, and processes to send it to.

oha where it is at hand: in the PATH, in build/tools, or built there by cargo. Its open loop counts
a latency from when the request was due. Without it, `tests.support.open_loop`, which does the same
in Python and costs more of the machine that it shares. Source: github.com/hatoo/oha.
"""

from __future__ import annotations

import math
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from tests.support.open_loop import Load, send_load

TOOLS = Path("build/tools")
OHA_VERSION = "1.16.0"
CONNECTIONS = 64
_SURPLUS_RATE = 20_000


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked: a method, a URL, and bodies of which one is taken at a time."""

    method: str
    url: str
    bodies: tuple[bytes, ...] = ()
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """Attributes: rate: answers of 200 a second; p50_ms, p99_ms: corrected in an open loop;
    others: answers of another status, and requests without an answer."""

    generator: str
    rate: float
    p50_ms: float
    p99_ms: float
    others: int

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def find_oha() -> str | None:
    """The program; built on first use where there is cargo."""
    found = shutil.which("oha")
    built = TOOLS / "bin" / "oha"
    if found is None and not built.exists() and (cargo := shutil.which("cargo")):
        command = [cargo, "install", "oha", "--version", OHA_VERSION, "--locked", "--quiet"]
        subprocess.run([*command, "--root", str(TOOLS)], check=False)
    return found or (str(built) if built.exists() else None)


def send(
    target: Target, seconds: float, rate: int | None = None, connections: int = CONNECTIONS
) -> Measured:
    """Asks for so long: as fast as answers come, or in an open loop at a rate."""
    program = find_oha()
    if program is None:
        return _send_own(target, seconds, rate, connections)
    with tempfile.TemporaryDirectory(prefix="bench-load-") as name:
        command = [program, "--no-tui", "--output-format", "json", "-m", target.method]
        command += ["-z", f"{seconds}s", "-c", str(connections), "-w"]
        command += ["-T", "application/octet-stream"]
        if rate is not None:
            command += ["-q", str(rate), "--latency-correction"]
        if target.bodies:
            bodies = Path(name) / "bodies"
            bodies.write_bytes(b"\n".join(target.bodies) + b"\n")
            command += ["-Z", str(bodies)]
        if target.urls:
            urls = Path(name) / "urls"
            urls.write_text("\n".join(target.urls) + "\n")
            command += ["--urls-from-file", str(urls)]
        else:
            command.append(target.url)
        found = orjson.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    statuses = found["statusCodeDistribution"]
    errors = sum(n for kind, n in found["errorDistribution"].items() if "deadline" not in kind)
    passed = statuses.get("200", 0)
    percentiles = found["latencyPercentiles"]
    return Measured(
        "oha",
        passed / found["summary"]["total"],
        (percentiles["p50"] or math.inf) * 1e3,
        (percentiles["p99"] or math.inf) * 1e3,
        sum(statuses.values()) - passed + errors,
    )


def _send_own(target: Target, seconds: float, rate: int | None, connections: int) -> Measured:
    host, _, port = target.url.removeprefix("http://").partition("/")[0].partition(":")
    heads = [url.partition(f":{port}")[2] for url in target.urls or (target.url,)]
    each = [
        b"%b %b HTTP/1.1\r\nhost: %b\r\ncontent-length: %d\r\n\r\n%b"
        % (target.method.encode(), path.encode(), host.encode(), len(body), body)
        for path in heads
        for body in target.bodies or (b"",)
    ]
    asked = rate or _SURPLUS_RATE
    count = int(asked * seconds) if rate else int(_SURPLUS_RATE * seconds / 4)
    requests = [each[number % len(each)] for number in range(count)]
    found = send_load(Load(host, int(port), requests, asked, connections, patience_s=60))
    others = sum(n for status, n in found.counts.items() if status != 200)
    return Measured(
        "own",
        found.rate_of(200),
        found.percentile(0.5) * 1e3,
        found.percentile(0.99) * 1e3,
        others,
    )


@contextmanager
def serve_processes(module: str, arguments: Sequence[str], count: int) -> Iterator[str]:
    """So many processes that share one port. Each is given its arguments and the listener's number.

    Yields:
        The base URL.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    number = listener.fileno()
    command = [sys.executable, "-m", module, *arguments, str(number)]
    processes = [
        subprocess.Popen(
            command,
            pass_fds=[number],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(count)
    ]
    try:
        _wait_for(url, processes)
        yield url
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
        listener.close()


def _wait_for(url: str, processes: Sequence[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 60
    while True:
        if any(process.poll() is not None for process in processes):
            raise RuntimeError("a process of the bench ended before it answered")
        try:
            urllib.request.urlopen(f"{url}/health/live", timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            time.sleep(1.0)  # the other processes
            return
