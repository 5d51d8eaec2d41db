"""Proofs of the log over HTTP, from an index of a hundred thousand entries."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from ledger.config import CONFIG_NAME
from ledger.index.store import IndexStore
from node_api.settings import SETTINGS_NAME, write_template
from tests.benches.http_load import Measured, Target, send, serve_processes
from tests.benches.index_rebuild import _decode, _encode
from tests.benches.limits import rate_of
from tests.benches.result import Limit, Result

ENTRIES = 100_000
WORKERS = 2
SECONDS = 6.0
OPEN_LOOP_RATE = 1_000
_DISTINCT = 5_000
_SETTINGS = 'member = "500000"\nname = "重庆市"\nchain = "http://127.0.0.1:1"\n'


def run(seconds: float = SECONDS) -> Result:
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="bench-http-proof-") as name:
        home = Path(name)
        (home / CONFIG_NAME).write_text(_SETTINGS, "utf-8")
        write_template(home / SETTINGS_NAME, "127.0.0.1:8480")
        path = home / "index.sqlite"
        with IndexStore.create(path, bytes(32), "0x" + "0" * 40) as store:
            store.append(
                [_decode(_encode(n), n) for n in range(ENTRIES)], next_block=1, synced_to_unix=0
            )
            store.mark_synced(ENTRIES, store.root(), bytes(32), 1_800_000_000)
            library = rate_of(lambda: store.inclusion_path(chance.randrange(ENTRIES), ENTRIES))
        with serve_processes("tests.benches.empty_server", (), WORKERS) as url:
            empty = send(Target("GET", f"{url}/v1/log"), seconds)
        with serve_processes("node_api.serving.front", (name,), WORKERS) as url:
            inclusion = tuple(
                f"{url}/v1/log/entries/{chance.randrange(ENTRIES)}/inclusion-proof"
                for _ in range(_DISTINCT)
            )
            consistency = tuple(
                f"{url}/v1/log/consistency-proof?first={chance.randrange(1, ENTRIES)}"
                for _ in range(_DISTINCT)
            )
            measured = {
                "inclusion": _measure(Target("GET", url, urls=inclusion), seconds),
                "consistency": _measure(Target("GET", url, urls=consistency), seconds),
                "root": _measure(Target("GET", f"{url}/v1/log"), seconds),
            }
    best = measured["inclusion"][0]
    details: dict[str, object] = {
        kind: {"closed_loop": closed.to_json(), "open_loop": opened.to_json()}
        for kind, (closed, opened) in measured.items()
    }
    details |= {"empty": empty.to_json(), "library_paths_per_s": library, "entries": ENTRIES}
    limit = Limit("the same servers without a log, 1/s", empty.rate)
    return Result("http_proof", "proofs/s", best.rate, limit, best.rate / empty.rate, details)


def _measure(target: Target, seconds: float) -> tuple[Measured, Measured]:
    send(target, 1.0)
    closed, opened = send(target, seconds), send(target, seconds, rate=OPEN_LOOP_RATE)
    if closed.others:
        raise RuntimeError(f"{closed.others} requests were not answered by a proof")
    return closed, opened
