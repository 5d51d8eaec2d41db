"""The log's Merkle tree over stored nodes: proofs without reading every leaf.

Complete subtrees are stored once and never change; the hashes of the ragged right edge are
computed from them for the size in question. Source: RFC 9162 §2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ledger.errors import NotFoundError
from ledger.formats.merkle import EMPTY_ROOT, node_hash

GetNode = Callable[[int, int], bytes]
"""(level, position) → hash of the complete subtree over leaves [position·2^level, …+2^level)."""


def iterate_completed_nodes(
    first_index: int, leaf_hashes: Iterable[bytes], get_node: GetNode
) -> Iterator[tuple[int, int, bytes]]:
    """The inner nodes that become complete as leaves are appended, lowest first.

    Args:
        first_index: index of the first new leaf.
        get_node: looks up nodes stored before.

    Yields:
        (level ≥ 1, position, hash)
    """
    fresh: dict[tuple[int, int], bytes] = {}
    for index, leaf in enumerate(leaf_hashes, first_index):
        level, position, computed = 0, index, leaf
        fresh[0, index] = leaf
        while position & 1:
            left = fresh.pop((level, position - 1), None) or get_node(level, position - 1)
            fresh.pop((level, position), None)
            computed = node_hash(left, computed)
            level, position = level + 1, position >> 1
            fresh[level, position] = computed
            yield level, position, computed


def compute_root(size: int, get_node: GetNode) -> bytes:
    """Root hash over the first `size` leaves."""
    return compute_range_hash(0, size, get_node) if size else EMPTY_ROOT


def compute_inclusion_path(index: int, size: int, get_node: GetNode) -> tuple[bytes, ...]:
    """The path that proves leaf `index` in the tree of `size` leaves. Source: §2.1.3.1.

    Raises:
        NotFoundError: the tree of that size has no such leaf.
    """
    if not 0 <= index < size:
        raise NotFoundError(
            f"a log of {size} entries has no entry {index}; the first is 0",
            code="entry_not_found",
        )
    return tuple(_climb(0, index, size, get_node))


def compute_consistency_proof(first: int, second: int, get_node: GetNode) -> tuple[bytes, ...]:
    """Proof that the tree of `first` leaves is a prefix of that of `second`. Source: §2.1.4.1.

    Raises:
        NotFoundError: unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise NotFoundError(
            f"a consistency proof starts from a size in 1..{second}, not {first}",
            code="size_not_found",
        )
    if first == second:
        return ()
    level = (first & -first).bit_length() - 1
    position = (first - 1) >> level
    proof = [] if position == 0 else [get_node(level, position)]
    return (*proof, *_climb(level, position, second, get_node))


def _climb(level: int, position: int, size: int, get_node: GetNode) -> Iterator[bytes]:
    """Hashes of the siblings from a node up to the root of the tree of `size` leaves."""
    while (1 << level) < size:
        start = (position ^ 1) << level
        if start < size:
            end = min(start + (1 << level), size)
            yield compute_range_hash(start, end, get_node)
        level, position = level + 1, position >> 1


def compute_range_hash(start: int, end: int, get_node: GetNode) -> bytes:
    """Hash of the subtree over leaves [start, end), `start` being a multiple of its size."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(get_node(level, start >> level))
        start += 1 << level
    computed = parts.pop()
    while parts:
        computed = node_hash(parts.pop(), computed)
    return computed
