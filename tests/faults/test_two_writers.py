"""Two processes work on one home, and on one chain, at once: one waits, and both come to an end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.vault.store import LOCK_NAME, Vault
from tests.faults.issuing import require_each_row_once, require_sound
from tests.faults.stopping import start
from tests.ledger.actions.homes import CHONGQING, PASSPHRASE, Ledger, write_file


def run_at_once(ledger: Ledger, *sources: Path) -> list[str]:
    """Issues each file in a process of its own; the last line that each complained of."""
    processes = [start(ledger, "issue", source=source) for source in sources]
    complaints = [process.communicate()[1].decode().strip() for process in processes]
    for process, complaint in zip(processes, complaints, strict=True):
        assert (process.returncode == 0) == (complaint == "")
    return [complaint.splitlines()[-1] for complaint in complaints if complaint]


def finish(ledger: Ledger, *sources: Path) -> None:
    """Whoever had to give up is run again."""
    for source in sources:
        ledger.issue(source)
    with ledger.open() as workspace:
        require_each_row_once(workspace, range(30))
        require_sound(workspace, 30)


def test_two_processes_that_issue_one_file_issue_each_row_once(
    ledger: Ledger, tmp_path: Path
) -> None:
    source = write_file(tmp_path / "rows.csv", range(30))
    for complaint in run_at_once(ledger, source, source):
        assert "is in use by process" in complaint
    finish(ledger, source)


def test_two_processes_that_issue_two_files_issue_both(ledger: Ledger, tmp_path: Path) -> None:
    first = write_file(tmp_path / "first.csv", range(15))
    second = write_file(tmp_path / "second.csv", range(15, 30))
    for complaint in run_at_once(ledger, first, second):
        assert "is in use by process" in complaint
    finish(ledger, first, second)


@pytest.mark.parametrize("code", ["chain_in_use", "vault_in_use"])
def test_who_does_not_wait_is_told_who_holds_what(ledger: Ledger, code: str) -> None:
    held = "gateway" if code == "chain_in_use" else "vault"
    with ledger.open() as holder, ledger.open(lock_timeout_s=0.0) as other:
        getattr(holder, held)
        with pytest.raises(LedgerError, match=f"process {os.getpid()} ") as caught:
            getattr(other, held)
    assert caught.value.code == code


def test_what_dead_processes_wrote_into_the_locks_keeps_nobody_out(ledger: Ledger) -> None:
    vault = ledger.home(CHONGQING) / "vault"
    for lock in (vault / LOCK_NAME, ledger.chain / "lock.json"):
        lock.write_text('{"pid": 1, "command": "init", "since_unix": 0, "since": "2026-01-01"}')
    with ledger.open(lock_timeout_s=0.0) as workspace:
        require_sound(workspace, 0)
    Vault.open(vault, PASSPHRASE, lock_timeout_s=0.0).close()
