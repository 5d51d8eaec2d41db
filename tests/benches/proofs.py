"""Inclusion proofs from the index's stored tree."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from ledger.formats.merkle import MerkleTree
from ledger.index.store import IndexStore
from tests.benches.index_rebuild import _decode, _encode
from tests.benches.limits import rate_of
from tests.benches.result import Limit, Result

ENTRIES = 100_000


def run() -> Result:
    projections = [_decode(_encode(index), index) for index in range(ENTRIES)]
    tree = MerkleTree([projection.entry.leaf_hash for projection in projections])
    chance = random.Random(1)
    in_memory = rate_of(lambda: tree.inclusion_path(chance.randrange(ENTRIES)))
    with (
        tempfile.TemporaryDirectory(prefix="bench-proofs-") as name,
        IndexStore.create(Path(name) / "i.sqlite", bytes(32), "0x" + "0" * 40) as store,
    ):
        store.append(projections, next_block=1, synced_to_unix=0)
        if store.root() != tree.root_hash:
            raise RuntimeError("the index has another root")
        rate = rate_of(lambda: store.inclusion_path(chance.randrange(ENTRIES), ENTRIES))
    limit = Limit("paths from a tree in memory, one core, 1/s", in_memory)
    return Result("proofs", "proofs/s at 100k entries", rate, limit, rate / limit.value)
