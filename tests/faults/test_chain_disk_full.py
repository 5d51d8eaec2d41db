"""The disk of the chain is full: it is named, and once there is room the same command goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults.small_disk import run_on_small_disk
from tests.ledger.actions.homes import Ledger, write_file

FOUND = """
import sys
from pathlib import Path

from ledger.chain.engines import ChainLocation, connect
from ledger.errors import StorageError

try:
    with connect(ChainLocation.parse(sys.argv[1]), may_create=True):
        print("made")
except StorageError as error:
    print(error.code)
"""

ISSUE = """
import os, shutil, sys
from pathlib import Path

from ledger.actions.issuance.loop import issue_file
from ledger.chain.accounts import load_account
from ledger.chain.submitter import Submitter
from ledger.errors import LedgerError
from tests.faults.issuing import require_each_row_once, require_sound
from tests.faults.stopping_process import LIMITS
from tests.ledger.actions.homes import HOUSING, TYPE, Ledger

disk, kept, source = map(Path, sys.argv[1:])
shutil.copytree(kept, disk, dirs_exist_ok=True)
ledger = Ledger(disk.parent)
room = os.statvfs(disk)
ballast = disk / "ballast"
ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - (8 << 10)))


def issue():
    with ledger.open() as workspace:
        account = load_account(workspace.keys.operator_secret())
        vars(workspace)["submitter"] = Submitter(
            workspace.gateway, account, workspace.vault.outbox, timeout_s=0.5
        )
        return issue_file(workspace, source, HOUSING, TYPE, limits=LIMITS)


for _ in range(2):
    try:
        issue()
    except LedgerError as error:
        print(error.code, "bytes free" in error.message)
ballast.unlink()
print(issue().state)
with ledger.open() as workspace:
    require_each_row_once(workspace, range(100))
    require_sound(workspace, 100)
"""


def test_chain_is_not_founded_on_a_full_disk(tmp_path: Path) -> None:
    """However little room there is, it has a name; a full page of a mapped file is a signal."""
    for size_kib in (4, 8, 16, 48):
        disk = tmp_path / str(size_kib)
        assert run_on_small_disk(disk, size_kib, FOUND) == ["chain_storage"]


def test_batch_that_finds_no_room_on_the_chain_is_anchored_later(
    ledger: Ledger, tmp_path: Path
) -> None:
    kept = tmp_path / "chain"
    shutil.move(ledger.chain, kept)
    source = write_file(tmp_path / "rows.csv", range(100))
    size_kib = sum(path.stat().st_size for path in kept.iterdir()) // 1024 + 400
    lines = run_on_small_disk(ledger.chain, size_kib, ISSUE, kept, source)
    assert lines == ["chain_storage True"] * 2 + ["completed"]
