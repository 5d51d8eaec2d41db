"""Follows the chain and proves, by the log's root, that the index missed nothing."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.chain.gateway import ChainHead, Gateway
from ledger.errors import ChainUnavailableError, ConflictError, StorageError
from ledger.index.database import remove_database
from ledger.index.projector import project
from ledger.index.store import Cursor, IndexStore

_STEP_BLOCKS = 5_000
_NO_ANSWER_FOR_OLD_BLOCKS = ("chain_refused", "chain_answer_unusable")


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Attributes: added: new entries; size, root: of the log at the block that was compared."""

    added: int
    size: int
    root: bytes
    synced_to_unix: int


@dataclass(frozen=True, slots=True)
class LogState:
    """What the log must come to; `root` is None where it is compared later."""

    size: int
    root: bytes | None


def sync(store: IndexStore, gateway: Gateway) -> SyncResult:
    """Reads what is new on the chain. Several processes may do so at once.

    Raises:
        ChainUnavailableError: the chain does not answer; what was read stays. Code
            `chain_lost_blocks`: it has not the blocks any more that were read.
        ConflictError: this index is of another ledger (`index_of_another_ledger`).
        StorageError: code `index_root_mismatch`, the index is not what the chain recorded.
    """
    before = store.cursor()
    if before.ledger_id != gateway.ledger_id:
        raise ConflictError(
            f"{store.path} is the index of ledger {before.ledger_id.hex()}, the chain has "
            f"{gateway.ledger_id.hex()}",
            code="index_of_another_ledger",
        )
    head = gateway.head()
    if _is_proved(store, before, head):
        size, root = before.size, before.proved_root
    else:
        gateway.require_ledger()
        _require_same_blocks(gateway, before, head)
        size = gateway.log_size(block=head.block_number)
        _read_blocks(store, gateway, head, size)
        root = _require_same_root(store, gateway, head, size)
    # Only now, the roots being equal, is it known that nothing is missing up to this time.
    store.mark_synced(size, root, head.block_hash, head.time_unix)
    return SyncResult(max(0, size - before.size), size, root, head.time_unix)


def rebuild(path: Path, gateway: Gateway) -> SyncResult:
    """Makes the index anew beside the old one and puts it in its place; readers go on meanwhile.

    Raises:
        StorageError: code `index_rebuilding`, another process is at it; and others, as `sync`.
    """
    beside = path.with_name(path.name + ".new")
    with _sole_builder(path):
        try:
            remove_database(beside)  # what an interrupted rebuild left
            with IndexStore.create(beside, gateway.ledger_id, gateway.consortium_address) as store:
                result = sync(store, gateway)
                store.copy_over(path)
        finally:
            remove_database(beside)
    return result


def _require_same_blocks(gateway: Gateway, cursor: Cursor, head: ChainHead) -> None:
    """That the chain still has what was read: an older backup of it may be in its place.

    The block at which index and chain were last equal stands for all before it.
    """
    newest = cursor.next_block - 1
    if newest > head.block_number:
        raise _lost(f"the index has read up to block {newest}, it ends at {head.block_number}")
    if not cursor.proved_block_hash:
        return
    try:
        is_head = newest == head.block_number
        found = head.block_hash if is_head else gateway.block_hash(newest)
    except ChainUnavailableError as error:
        if error.code not in _NO_ANSWER_FOR_OLD_BLOCKS:
            raise
        return  # it keeps none so old; the root shows whether something else is in their place
    if found not in (b"", cursor.proved_block_hash):
        raise _lost(
            f"its block {newest} is {found.hex()}, the one that was read was "
            f"{cursor.proved_block_hash.hex()}"
        )


def _lost(what: str) -> ChainUnavailableError:
    return ChainUnavailableError(
        f"the chain lost blocks, or is another one: {what}. Put the right chain in its place, and "
        "everything goes on by itself. Only if all members agree that this one counts from now on: "
        "keep a copy of index.sqlite as evidence, then run `zhenglian index rebuild` and "
        "`zhenglian fsck`",
        code="chain_lost_blocks",
    )


def _is_proved(store: IndexStore, cursor: Cursor, head: ChainHead) -> bool:
    """Whether nothing happened since the roots were last compared.

    A block's hash stands for all that was recorded up to it, so that the contracts need not be
    asked again; that the file was not altered meanwhile shows by its root.
    """
    return (
        cursor.proved_block_hash == head.block_hash != b""
        and cursor.next_block == head.block_number + 1
        and cursor.proved_root == store.root(cursor.size)
    )


def _read_blocks(store: IndexStore, gateway: Gateway, head: ChainHead, size: int) -> None:
    """Up to the head, from wherever the cursor is: another process may be moving it, too.

    After each step the root is compared, so that what a node left out is found before the next is
    read; where the chain keeps no states of old blocks, that is done at the end alone.
    """
    keeps_states = True
    while (cursor := store.cursor()).next_block <= head.block_number:
        start = cursor.next_block
        end = min(start + _STEP_BLOCKS - 1, head.block_number)
        projections = [project(recorded) for recorded in gateway.fetch_entries(start, end)]
        expected: LogState | None = LogState(size, None)
        if end < head.block_number:
            try:
                expected = _ask_state(gateway, end) if keeps_states else None
            except ChainUnavailableError as error:
                if error.code not in _NO_ANSWER_FOR_OLD_BLOCKS:
                    raise
                keeps_states, expected = False, None
        if expected is not None and cursor.size + len(projections) != expected.size:
            # Not kept: a node that left something out may give it when it is asked again.
            raise StorageError(
                f"expected the log to have {expected.size} entries at block {end}, the index and "
                f"the node's answer come to {cursor.size + len(projections)}; try again, and if "
                "that does not help, run `zhenglian index rebuild`",
                code="index_gap",
            )
        store.append(projections, from_block=start, next_block=end + 1, synced_to_unix=0)
        if expected is not None and expected.root is not None:
            _require_root(store, expected.root, expected.size)


def _ask_state(gateway: Gateway, block: int) -> LogState | None:
    """The log as it was at a block; None if it was not there yet."""
    try:
        return LogState(gateway.log_size(block=block), gateway.log_root(block=block))
    except ChainUnavailableError as error:
        if error.code == "contract_missing":
            return None
        raise


def _require_same_root(store: IndexStore, gateway: Gateway, head: ChainHead, size: int) -> bytes:
    """The log's root at the head. The index may be ahead of it by now, and must not be behind."""
    return _require_root(store, gateway.log_root(block=head.block_number), size)


def _require_root(store: IndexStore, chains: bytes, size: int) -> bytes:
    held = store.cursor().size
    own = store.root(min(size, held))
    if own != chains:
        raise StorageError(
            f"the index's log root over {min(held, size)} entries is {own.hex()}, the chain's over "
            f"{size} is {chains.hex()}; run `zhenglian index rebuild`",
            code="index_root_mismatch",
        )
    return own


@contextmanager
def _sole_builder(path: Path) -> Iterator[None]:
    """One rebuild at a time; the lock ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(
                f"another process is rebuilding {path}; try again when it is done",
                code="index_rebuilding",
            ) from None
        yield
    finally:
        os.close(lock)
