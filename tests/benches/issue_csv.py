"""From a file to anchored certificates: rows a second, and memory of all processes together."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson

from tests.benches.ledger_setup import ISSUER, TYPE, make_ledger
from tests.benches.limits import raw_signing
from tests.benches.result import Result

SIZES = (10_000, 100_000, 1_000_000)
SAMPLE_S = 0.25


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    limit = raw_signing()
    runs = [_issue(rows) for rows in sizes]
    rate = next((run["rate"] for run in runs if run["rows"] == 100_000), runs[-1]["rate"])
    return Result(
        "issue_csv", "certificates/s at 100k rows", rate, limit, rate / limit.value, {"runs": runs}
    )


def _issue(rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-issue-") as name:
        directory = Path(name)
        source = directory / "rows.csv"
        subprocess.run(
            [sys.executable, "scripts/make_example.py", str(source), "--rows", str(rows)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        ledger = make_ledger(directory)
        command = [sys.executable, "-m", "tests.benches.issue_csv", str(ledger.home), str(source)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        peak = _PeakMemory(child.pid)
        output, _ = child.communicate()
        measured = orjson.loads(output)
        if measured["issued"] != rows or child.returncode:
            raise RuntimeError(f"expected {rows} certificates, got {measured}")
        vault = sum(path.stat().st_size for path in (ledger.home / "vault").iterdir())
        return {
            "rows": rows,
            "seconds": measured["seconds"],
            "rate": rows / measured["seconds"],
            "peak_pss_mb": peak.stop() / 1e6,
            "vault_bytes_each": vault / rows,
        }


class _PeakMemory:
    """Samples the summed proportional set size of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Peak in bytes."""
        self._stopped.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._stopped.wait(SAMPLE_S):
            self._peak = max(self._peak, sum(map(_pss, _family(self._pid))))


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
    from tests.benches.ledger_setup import BenchLedger

    started = time.perf_counter()
    with BenchLedger(home).open() as workspace:
        report = issue_file(workspace, source, ISSUER, TYPE)
    seconds = time.perf_counter() - started
    sys.stdout.buffer.write(orjson.dumps({"issued": report.issued, "seconds": seconds}))


if __name__ == "__main__":
    _child(Path(sys.argv[1]), Path(sys.argv[2]))
