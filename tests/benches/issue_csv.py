"""From a file to anchored certificates: rows a second, and memory of all processes together."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson

from tests.benches.issuance_parts import measure_parts
from tests.benches.ledger_setup import ISSUER, TYPE, make_ledger, write_example
from tests.benches.limits import raw_signing
from tests.benches.result import Result

SIZES = (10_000, 100_000, 1_000_000)
SAMPLE_S = 0.25
TRACE_POINTS = 200


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    limit = raw_signing()
    runs = [_issue(rows) for rows in sizes]
    rates = {run["rows"]: run["rate"] for run in runs}
    rate = float(str(rates.get(100_000, runs[-1]["rate"])))
    details: dict[str, object] = {"runs": runs, "parts_us": measure_parts()}
    return Result(
        "issue_csv", "certificates/s at 100k rows", rate, limit, rate / limit.value, details
    )


def _issue(rows: int) -> dict[str, object]:
    """One run in a process of its own.

    Its `trace` lists seconds since the start, rows sealed and the summed proportional set size of
    all processes in bytes.
    """
    with tempfile.TemporaryDirectory(prefix="bench-issue-") as name:
        directory = Path(name)
        source = write_example(directory / "rows.csv", rows)
        ledger = make_ledger(directory)
        command = [sys.executable, "-m", "tests.benches.issue_csv", str(ledger.home), str(source)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        memory = _Memory(child.pid)
        output, _ = child.communicate()
        samples = memory.stop()
        measured = orjson.loads(output)
        if measured["issued"] != rows or child.returncode:
            raise RuntimeError(f"expected {rows} certificates, got {measured['issued']}")
        vault = sum(path.stat().st_size for path in (ledger.home / "vault").iterdir())
        return {
            "rows": rows,
            "seconds": measured["seconds"],
            "rate": rows / measured["seconds"],
            "peak_pss_mb": max(size for _, size in samples) / 1e6,
            "vault_bytes_each": vault / rows,
            "trace": _merge(measured["started_at"], measured["progress"], samples),
        }


def _merge(
    started_at: float, progress: list[tuple[float, int]], samples: list[tuple[float, int]]
) -> list[tuple[float, int, int]]:
    """Memory with the rows sealed by then, at most so many points."""
    merged, at = [], 0
    for moment, size in samples[:: len(samples) // TRACE_POINTS + 1]:
        while at + 1 < len(progress) and progress[at + 1][0] <= moment:
            at += 1
        merged.append((moment - started_at, progress[at][1] if progress else 0, size))
    return merged


class _Memory:
    """Samples the summed proportional set size of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._samples: list[tuple[float, int]] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> list[tuple[float, int]]:
        """When (monotonic seconds), and how many bytes."""
        self._stopped.set()
        self._thread.join()
        return self._samples or [(time.monotonic(), 0)]

    def _sample(self) -> None:
        while not self._stopped.wait(SAMPLE_S):
            self._samples.append((time.monotonic(), sum(map(_pss, _family(self._pid)))))


def _family(pid: int) -> list[int]:
    members, found = [pid], [pid]
    while found:
        found = [child for parent in found for child in _children(parent)]
        members += found
    return members


def _children(pid: int) -> list[int]:
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(c) for task in tasks for c in (task / "children").read_text().split()]
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _child(home: Path, source: Path) -> None:
    """The measured process: what `zhenglian issue` does."""
    from ledger.actions.issuance.loop import issue_file
    from ledger.actions.issuance.outcome import IssuanceProgress
    from tests.benches.ledger_setup import BenchLedger

    told: list[tuple[float, int]] = []

    def note(progress: IssuanceProgress) -> None:
        told.append((time.monotonic(), progress.sealed))

    started_at = time.monotonic()
    with BenchLedger(home).open() as workspace:
        report = issue_file(workspace, source, ISSUER, TYPE, notify=note)
    seconds = time.monotonic() - started_at
    document = {
        "issued": report.issued,
        "seconds": seconds,
        "started_at": started_at,
        "progress": told,
    }
    sys.stdout.buffer.write(orjson.dumps(document))


if __name__ == "__main__":
    _child(Path(sys.argv[1]), Path(sys.argv[2]))
