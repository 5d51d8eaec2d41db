"""An index on a full disk: it is named, nothing is half written, and it goes on once it can."""

from __future__ import annotations

from pathlib import Path

from tests.faults.small_disk import run_on_small_disk

FILL = """
import sys
from pathlib import Path

from ledger.errors import StorageError
from ledger.formats.merkle import MerkleTree
from ledger.index.checking import find_damage
from ledger.index.store import IndexStore
from tests.ledger.index.recorded import batches
from tests.ledger.index.test_store import CONSORTIUM, LEDGER_ID, fill

disk = Path(sys.argv[1])
path = disk / "index.sqlite"
ballast = disk / "ballast"
ballast.write_bytes(bytes(768 << 10))


def require_whole(store, size):
    assert store.cursor().size == size
    leaves = [each.entry.leaf_hash for each in batches(0, size)]
    assert store.root() == MerkleTree(leaves).root_hash
    assert list(find_damage(store)) == []


with IndexStore.create(path, LEDGER_ID, CONSORTIUM) as store:
    for _ in range(2):
        try:
            while True:
                fill(store, 20)
        except StorageError as error:
            size = store.cursor().size
            print(error.code, size > 100)
    require_whole(store, size)
ballast.unlink()
with IndexStore.open(path) as store:
    require_whole(store, size)
    fill(store, 20)
    require_whole(store, size + 20)
print("went on")
"""

CREATE = """
import sys
from pathlib import Path

from ledger.errors import StorageError
from ledger.index.store import IndexStore
from tests.ledger.index.test_store import CONSORTIUM, LEDGER_ID

try:
    IndexStore.create(Path(sys.argv[1]) / "index.sqlite", LEDGER_ID, CONSORTIUM)
except StorageError as error:
    print(error.code)
"""


def test_full_disk_is_named_and_nothing_is_half_written(tmp_path: Path) -> None:
    lines = run_on_small_disk(tmp_path / "disk", 2500, FILL)
    assert lines == ["disk_full True", "disk_full True", "went on"]


def test_index_is_not_made_on_a_full_disk(tmp_path: Path) -> None:
    for size_kib in (4, 16, 40):
        assert run_on_small_disk(tmp_path / str(size_kib), size_kib, CREATE) == ["disk_full"]
