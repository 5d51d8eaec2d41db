"""Runs actions in processes that are killed at a named moment, or at any."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.stopping_process import ALL, NEVER
from tests.ledger.actions.homes import Ledger

ROOT = Path(__file__).parents[2]


def start(
    ledger: Ledger, action: str, moment: str = NEVER, occurrence: int = 1, source: Path = Path()
) -> subprocess.Popen[bytes]:
    """The action in a process of its own."""
    arguments = [str(ledger.directory), action, moment, str(occurrence), str(source)]
    command = [sys.executable, "-m", "tests.faults.stopping_process", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def is_stopped_at(
    ledger: Ledger, action: str, moment: str, occurrence: int = 1, source: Path = Path()
) -> bool:
    """Runs the action until the moment; False if the moment did not come and it ended by itself."""
    process = start(ledger, action, moment, occurrence, source)
    _, complaint = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), complaint.decode()
    return process.returncode != 0


def count_moments(ledger: Ledger, action: str, source: Path = Path()) -> dict[str, int]:
    """How often each moment comes in an action that nothing interrupts."""
    process = start(ledger, action, ALL, source=source)
    told, complaint = process.communicate()
    assert process.returncode == 0, complaint.decode()
    counts: dict[str, int] = json.loads(told.splitlines()[-1])
    return counts


def kill_after(process: subprocess.Popen[bytes], delay_s: float) -> None:
    """Kills it that long after it has begun with its action, if it has not ended."""
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(delay_s)
    process.kill()
    _, complaint = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), complaint.decode()
