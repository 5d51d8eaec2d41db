"""Proofs about the log itself, for auditors: its root, an entry in it, one size within another."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import NotFoundError
from ledger.index.store import IndexStore
from ledger.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LogRoot:
    """The whole log now. The two roots are equal, or there would be an error instead."""

    ledger_id: bytes
    size: int
    chain_root: bytes
    index_root: bytes
    time_unix: int


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That the entry `index` is in the log of `size` entries. Source: RFC 9162 §2.1.3."""

    index: int
    size: int
    leaf_hash: bytes
    path: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the log of `second` entries begins with that of `first`. Source: RFC 9162 §2.1.4."""

    first: int
    second: int
    first_root: bytes
    second_root: bytes
    path: tuple[bytes, ...]


def fetch_log_root(workspace: Workspace) -> LogRoot:
    """The log as the chain and the own index have it.

    While the chain is away, a read is told what the two had when they were last compared.

    Raises:
        StorageError: code `index_root_mismatch`, the two differ.
    """
    synced = workspace.sync_index()
    chain_root = workspace.ask_chain(
        lambda gateway: gateway.log_root(), lambda cursor: cursor.proved_root
    )
    ledger_id = workspace.index.cursor().ledger_id
    return LogRoot(ledger_id, synced.size, chain_root, synced.root, synced.synced_to_unix)


def prove_inclusion(workspace: Workspace, index: int, size: int | None = None) -> InclusionProof:
    """Proof of an entry, in the whole log or in its first `size` entries.

    Raises:
        NotFoundError: the log has no such entry or size.
    """
    return prove_inclusion_in(workspace.index, workspace.sync_index().size, index, size)


def prove_inclusion_in(
    store: IndexStore, total: int, index: int, size: int | None = None
) -> InclusionProof:
    """As `prove_inclusion`, from an index of which the first `total` entries are known."""
    within = total if size is None else size
    leaf_hash, path, root = store.prove_inclusion(index, _require_size(within, total))
    return InclusionProof(index, within, leaf_hash, path, root)


def prove_consistency(workspace: Workspace, first: int, second: int) -> ConsistencyProof:
    """Proof that the log grew from `first` to `second` entries without a change.

    Raises:
        NotFoundError: unless 0 < first <= second <= size of the log.
    """
    return prove_consistency_in(workspace.index, workspace.sync_index().size, first, second)


def prove_consistency_in(
    store: IndexStore, total: int, first: int, second: int
) -> ConsistencyProof:
    """As `prove_consistency`, from an index of which the first `total` entries are known."""
    _require_size(second, total)
    path, first_root, second_root = store.prove_consistency(first, second)
    return ConsistencyProof(first, second, first_root, second_root, path)


def _require_size(size: int, total: int) -> int:
    if not 0 < size <= total:
        raise NotFoundError(
            f"size: expected 1 to {total}, the size of the log; got {size}",
            code="size_not_found",
            field="size",
        )
    return size
