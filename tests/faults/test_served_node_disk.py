"""The disk below a node's home is full, or its chain's: it says so, and goes on afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults.small_disk import run_on_small_disk
from tests.ledger.actions.homes import Ledger

HOME_FULL = """
import shutil, sys
from pathlib import Path

from tests.faults.full_disk import fill_until_refused
from tests.faults.node_load import NodeLoad
from tests.faults.served_books import require_balanced
from tests.faults.served_world import serve_world
from tests.ledger.actions.homes import CHONGQING, Ledger

disk, ledger = Path(sys.argv[1]), Ledger(Path(sys.argv[2]))
home = ledger.home(CHONGQING)
shutil.move(home, disk / "home")
home.symlink_to(disk / "home")
with serve_world(ledger) as world:
    with NodeLoad(world, wait_s=2) as load:
        load.wait_for_more()
        load.upload()
        told = fill_until_refused(disk, load)
        print(*sorted(told), sep=chr(9))
        (disk / "ballast").unlink()
        load.wait_for_more()
    require_balanced(world, load)
"""

CHAIN_FULL = """
import shutil, sys
from pathlib import Path

from tests.faults.full_disk import fill_until_refused
from tests.faults.node_load import NodeLoad
from tests.faults.served_books import require_balanced
from tests.faults.served_world import serve_world
from tests.ledger.actions.homes import Ledger

disk, kept = map(Path, sys.argv[1:])
shutil.copytree(kept, disk, dirs_exist_ok=True)
with serve_world(Ledger(disk.parent), stalled_after_s="1") as world:
    with NodeLoad(world, wait_s=2) as load:
        load.wait_for_more()
        load.upload()
        told = fill_until_refused(disk, load)
        print(*sorted(told), sep=chr(9))
        (disk / "ballast").unlink()
        load.wait_for_more()
    require_balanced(world, load)
"""


def test_a_full_disk_of_the_home_is_named_and_outlived(ledger: Ledger, tmp_path: Path) -> None:
    (told,) = run_on_small_disk(tmp_path / "d", 300 << 10, HOME_FULL, ledger.directory)
    assert "disk" in told.split(chr(9))
    assert "507 disk_full" in told.split(chr(9))


def test_a_full_disk_of_the_chain_is_named_and_outlived(ledger: Ledger, tmp_path: Path) -> None:
    kept = tmp_path / "chain"
    shutil.move(ledger.chain, kept)
    (told,) = run_on_small_disk(ledger.chain, 16 << 10, CHAIN_FULL, kept)
    assert "chain" in told.split(chr(9))
    assert "503 chain_storage" in told.split(chr(9))
