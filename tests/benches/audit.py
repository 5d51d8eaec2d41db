"""How long one subject's trail takes to read from an index: 10 thousand to 10 million entries.

The entries are generated into the index directly; a subject's twelve stand far apart, as those of a
case of some weeks do.
"""

from __future__ import annotations

import secrets
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from ledger.index.store import IndexStore
from ledger.records import CaseAdvanced
from tests.benches.result import Limit, Result

SIZES = (10_000, 1_000_000, 10_000_000)
STEPS = 12
TRAILS = 2_000
PAYLOAD = bytes(700)
HASH = bytes(32)
INDEXES = {
    "entries_by_subject": "subject",
    "entries_by_kind": "kind",
    "entries_by_time": "time_unix",
}


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    runs = [_measure(size) for size in sizes]
    first, last = runs[0], runs[-1]
    limit = Limit(f"P99 at {sizes[0]:,} entries, ms", first["p99_ms"])
    name = f"ms, P99 of one subject's trail at {sizes[-1]:,} entries"
    return Result(
        "audit", name, last["p99_ms"], limit, last["p99_ms"] / limit.value, {"runs": runs}
    )


def _measure(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as name:
        path = Path(name) / "index.sqlite"
        IndexStore.create(path, HASH, "0x" + "0" * 40).close()
        _fill(path, size)
        with IndexStore.open(path) as store:
            _time_trails(store, size)  # the first reads what the operating system then keeps
            times = sorted(_time_trails(store, size))
        bytes_each = path.stat().st_size / size
    return {
        "entries": size,
        "p50_ms": times[TRAILS // 2] * 1e3,
        "p99_ms": times[TRAILS * 99 // 100] * 1e3,
        "bytes_each": bytes_each,
    }


def _time_trails(store: IndexStore, size: int) -> list[float]:
    times = []
    for _ in range(TRAILS):
        subject = _subject(secrets.randbelow(_count_subjects(size)))
        began = time.perf_counter()
        trail = store.entries_of(subject)
        times.append(time.perf_counter() - began)
        if not STEPS <= len(trail) <= STEPS + 1:
            raise RuntimeError(f"expected {STEPS} entries of a subject, got {len(trail)}")
    return times


def _fill(path: Path, size: int) -> None:
    """Writes the entries, and only then the B-trees over them."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for name in INDEXES:
            connection.execute(f"DROP INDEX {name}")
        connection.executemany(
            "INSERT INTO entries VALUES (?, ?, '500000', ?, ?, ?, ?, ?, ?, ?, ?)", _rows(size)
        )
        for name, column in INDEXES.items():
            connection.execute(f"CREATE INDEX {name} ON entries ({column}, entry_index)")
        connection.execute("UPDATE cursor SET size = ?, next_block = ?", (size, size))
        connection.commit()


def _rows(size: int) -> Iterator[tuple[object, ...]]:
    subjects = _count_subjects(size)
    kind, actor = CaseAdvanced.TOPIC, "11500000000000001G"
    for index in range(size):
        subject = _subject(index % subjects)
        yield index, kind, actor, subject, HASH, 1_700_000_000 + index, PAYLOAD, HASH, index, HASH


def _count_subjects(size: int) -> int:
    return size // STEPS


def _subject(number: int) -> bytes:
    return sha256(number.to_bytes(8)).digest()
