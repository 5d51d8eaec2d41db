"""Follows the chain and proves, by the log's root, that the index missed nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ledger.chain.gateway import Gateway
from ledger.errors import ConflictError, StorageError
from ledger.index.projector import project
from ledger.index.store import IndexStore

_STEP_BLOCKS = 5_000


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Attributes: added: new entries; size, root: of the whole log, equal to the chain's."""

    added: int
    size: int
    root: bytes
    synced_to_unix: int


def sync(store: IndexStore, gateway: Gateway) -> SyncResult:
    """Reads what is new on the chain.

    Raises:
        ChainUnavailableError: the chain does not answer; what was read stays.
        ConflictError: this index is of another ledger, or the chain lost blocks.
        StorageError: code `index_root_mismatch`, the index is not what the chain recorded.
    """
    cursor = store.cursor()
    if cursor.ledger_id != gateway.ledger_id:
        raise ConflictError(
            f"{store.path} is the index of ledger {cursor.ledger_id.hex()}, the chain has "
            f"{gateway.ledger_id.hex()}",
            code="index_of_another_ledger",
        )
    head = gateway.head()
    if cursor.next_block > head.block_number + 1:
        raise ConflictError(
            f"the index has read up to block {cursor.next_block - 1}, the chain ends at "
            f"{head.block_number}: it lost blocks or is another chain",
            code="chain_lost_blocks",
        )
    start = cursor.next_block
    while start <= head.block_number:
        end = min(start + _STEP_BLOCKS - 1, head.block_number)
        projections = [project(recorded) for recorded in gateway.fetch_entries(start, end)]
        store.append(projections, next_block=end + 1, synced_to_unix=cursor.synced_to_unix)
        start = end + 1
    root = _require_same_root(store, gateway, head.block_number)
    # Only now, the roots being equal, is it known that nothing is missing up to this time.
    store.append([], next_block=start, synced_to_unix=head.time_unix)
    size = store.cursor().size
    return SyncResult(size - cursor.size, size, root, head.time_unix)


def rebuild(path: Path, gateway: Gateway) -> SyncResult:
    """Makes the index anew beside the old one and swaps it in."""
    beside = path.with_name(path.name + ".new")
    _remove(beside)
    with IndexStore.create(beside, gateway.ledger_id, gateway.consortium_address) as store:
        result = sync(store, gateway)
        store.fold()
    os.replace(beside, path)  # noqa: PTH105  # the atomic call by its name
    _remove_sidecars(path)
    return result


def _require_same_root(store: IndexStore, gateway: Gateway, block: int) -> bytes:
    own, chains = store.root(), gateway.log_root(block=block)
    if own != chains:
        raise StorageError(
            f"the index's log root is {own.hex()}, the chain's {chains.hex()}; "
            "run `zhenglian index rebuild`",
            code="index_root_mismatch",
        )
    return own


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_sidecars(path)


def _remove_sidecars(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
