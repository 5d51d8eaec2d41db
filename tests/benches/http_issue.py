"""One certificate a request, over HTTP, acknowledged once it is stored, anchored and final.

An open-loop generator outside the node sends requests by a timetable, over 1,000 connections; a
latency is counted from the moment a request was due. The embedded chain is served by a process of
its own, as is everything else. Beside it, in the same run: an empty application under the same
generator, and raw signing. Source of the target: ledger design, §8.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import orjson

from ledger.config import CONFIG_NAME, Config
from tests.benches.ledger_setup import ISSUER, PASSPHRASE, TYPE, make_ledger
from tests.benches.limits import raw_signing
from tests.benches.result import Limit, Result
from tests.ledger.actions.homes import make_row
from tests.support.open_loop import Load, Outcome, send_load
from tests.support.postgresql import serve_postgresql
from tests.support.served_chain import serve_chain

CONNECTIONS = 1_000
RATES = (1_000, 1_500, 2_000, 2_500)
SECONDS = 10.0
TARGET_P99_S = 1.1
PAST_CAPACITY = 25_000
CHAIN_INTERVAL_S = 0.2
_WARM = 300


def run(rates: tuple[int, ...] = RATES, seconds: float = SECONDS) -> Result:
    signing = raw_signing()
    with _serve("--empty") as (port, _):
        empty = _send(port, range(PAST_CAPACITY * 2), PAST_CAPACITY)
    measured = {kind: _measure(kind, rates, seconds) for kind in ("sqlite", "postgresql")}
    best = max(_sustained(runs) for runs in measured.values())
    limit = Limit("empty ASGI application, 1/s", empty.rate_of(201))
    details: dict[str, object] = {
        **measured,
        "sustained": {kind: _sustained(runs) for kind, runs in measured.items()},
        "target": {"rate": 1_500, "p99_s": TARGET_P99_S},
        "raw_signing": signing.value,
        "connections": CONNECTIONS,
    }
    return Result(
        "http_issue", "certificates/s, P99 ≤ 1.1 s", best, limit, best / limit.value, details
    )


def _measure(kind: str, rates: tuple[int, ...], seconds: float) -> list[dict[str, float]]:
    """One home, one rate after the other."""
    runs = []
    with tempfile.TemporaryDirectory(prefix="bench-http-issue-") as name, ExitStack() as stack:
        home = make_ledger(Path(name)).home
        chain = stack.enter_context(
            serve_chain(Path(name) / "chain", seal_interval_s=CHAIN_INTERVAL_S)
        )
        settings = home / CONFIG_NAME
        config = replace(Config.load(settings), chain=chain.url)
        if kind == "postgresql":
            url = stack.enter_context(serve_postgresql("")).url
            _create_vault(home, url)
            config = replace(config, vault_url=url)
        config.store(settings)
        port, pid = stack.enter_context(_serve("--home", str(home)))
        _send(port, range(_WARM), _WARM)
        first = _WARM
        for rate in rates:
            numbers = range(first, first + int(rate * seconds))
            first = numbers.stop
            before = _cpu_s(pid), _cpu_s(chain.process.pid)
            outcome = _send(port, numbers, rate)
            runs.append(
                {
                    "rate": rate,
                    "issued_per_s": outcome.rate_of(201),
                    "refused": sum(outcome.counts[status] for status in (429, 503)),
                    "other": len(numbers) - sum(outcome.counts[s] for s in (201, 429, 503)),
                    **{f"p{share}_s": outcome.percentile(share / 100) for share in (50, 90, 99)},
                    "generator_late_s": outcome.lateness_s,
                    "node_cpu_ms_each": 1000 * (_cpu_s(pid) - before[0]) / len(numbers),
                    "chain_cpu_ms_each": 1000
                    * (_cpu_s(chain.process.pid) - before[1])
                    / len(numbers),
                }
            )
    return runs


def _create_vault(home: Path, url: str) -> None:
    """The vault of a home on a server, in the place of the one it has."""
    from ledger.vault.store import Vault

    for path in (home / "vault").iterdir():
        path.unlink()
    Vault.create(home / "vault", PASSPHRASE, url=url).close()


def _sustained(runs: list[dict[str, float]]) -> float:
    """The highest rate at which everything was issued in time."""
    good = [
        run["rate"]
        for run in runs
        if run["p99_s"] <= TARGET_P99_S and not run["refused"] and not run["other"]
    ]
    return max(good, default=0.0)


@contextmanager
def _serve(*arguments: str) -> Iterator[tuple[int, int]]:
    """A node, or an empty application, for the length of a block. Port and process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.issuing_node", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"ZHENGLIAN_PASSPHRASE": PASSPHRASE},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline().rpartition(":")[2]), process.pid
    finally:
        process.stdin.close()
        process.wait()


def _send(port: int, numbers: range, rate: float) -> Outcome:
    requests = [_request(number) for number in numbers]
    return send_load(Load("127.0.0.1", port, requests, rate, CONNECTIONS))


def _request(number: int) -> bytes:
    fields = make_row(number, issuer=ISSUER)
    body = orjson.dumps({"issuer": str(ISSUER), "certificate_type": str(TYPE), "fields": fields})
    head = (
        "POST /v1/certificates HTTP/1.1\r\nhost: node\r\ncontent-type: application/json\r\n"
        f"idempotency-key: r-{number}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _cpu_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
