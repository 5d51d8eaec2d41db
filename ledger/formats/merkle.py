"""Merkle trees, their proofs and their compact form. Source: RFC 9162 §2.1.

Knows hashes only: what a leaf is made of is said by `certificate` and by the log entries. All
hashes are 32 bytes of SHA-256. Verifying answers True or False and never raises on a bad proof;
building raises MalformedInputError for what does not exist in the tree.

>>> tree = MerkleTree([leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")])
>>> verify_inclusion(leaf_hash(b"b"), 1, 3, tree.inclusion_path(1), tree.root_hash)
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.errors import MalformedInputError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf: SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """A tree over leaf hashes in order, with every level kept, so that a path costs its length.

    Args:
        leaf_hashes: hashes of the leaves, 32 bytes each.

    Level 0 holds the leaves; a level above pairs the nodes below it and takes over a last node
    that has no partner, which gives exactly the tree of RFC 9162 §2.1.1.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Iterable[bytes]) -> None:
        level = list(leaf_hashes)
        if any(len(leaf) != HASH_SIZE for leaf in level):
            raise MalformedInputError(
                f"a leaf hash has {HASH_SIZE} bytes", code="leaf_hash_malformed"
            )
        self._levels = [level]
        while len(level) > 1:
            above = [
                sha256(b"\x01" + left + right).digest()
                for left, right in zip(level[::2], level[1::2], strict=False)
            ]
            if len(level) % 2:
                above.append(level[-1])
            self._levels.append(above)
            level = above

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root_hash(self) -> bytes:
        """Root over all leaves; SHA-256 of the empty string when there are none."""
        return self._levels[-1][0] if self._levels[0] else EMPTY_ROOT

    def leaf_hash_at(self, index: int) -> bytes:
        """The leaf at a position.

        Raises:
            MalformedInputError: leaf_index_out_of_range.
        """
        self._require_index(index)
        return self._levels[0][index]

    def inclusion_path(self, index: int) -> tuple[bytes, ...]:
        """The path that proves the leaf at `index`, leaf's sibling first. Source: §2.1.3.1.

        Raises:
            MalformedInputError: leaf_index_out_of_range.
        """
        self._require_index(index)
        path = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            index >>= 1
        return tuple(path)

    def consistency_proof(self, first_size: int) -> tuple[bytes, ...]:
        """Proof that the first `first_size` leaves are a prefix of this tree. Source: §2.1.4.1.

        Raises:
            MalformedInputError: tree_size_out_of_range unless 0 < first_size <= len(self).
        """
        if not 0 < first_size <= len(self):
            raise MalformedInputError(
                f"a consistency proof starts from a size in 1..{len(self)}, not {first_size}",
                code="tree_size_out_of_range",
            )
        if first_size == len(self):
            return ()
        # The last complete subtree of the first tree, as (level, index of its node).
        level = (first_size & -first_size).bit_length() - 1
        index = (first_size - 1) >> level
        proof = [] if index == 0 else [self._levels[level][index]]
        for nodes in self._levels[level:-1]:
            sibling = index ^ 1
            if sibling < len(nodes):
                proof.append(nodes[sibling])
            index >>= 1
        return tuple(proof)

    def _require_index(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise MalformedInputError(
                f"the tree has leaves 0..{len(self) - 1}, not {index}",
                code="leaf_index_out_of_range",
            )


def verify_inclusion(
    leaf: bytes, index: int, tree_size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether `leaf` is the leaf at `index` of the tree of that size and root. Source: §2.1.3.2.

    Args:
        leaf: leaf hash, 32 bytes.
        index: position of the leaf, from 0.
        tree_size: number of leaves.
        path: hashes from the leaf's sibling upwards.
        root: root hash, 32 bytes.
    """
    if not 0 <= index < tree_size:
        return False
    node, last, computed = index, tree_size - 1, leaf
    for sibling in path:
        if last == 0 or len(sibling) != HASH_SIZE:
            return False
        if node & 1 or node == last:
            computed = sha256(b"\x01" + sibling + computed).digest()
            while node and not node & 1:  # levels at which the node had no partner
                node >>= 1
                last >>= 1
        else:
            computed = sha256(b"\x01" + computed + sibling).digest()
        node >>= 1
        last >>= 1
    return last == 0 and computed == root


def verify_consistency(
    first_size: int,
    first_root: bytes,
    second_size: int,
    second_root: bytes,
    proof: Sequence[bytes],
) -> bool:
    """Whether the first tree is a prefix of the second. Source: RFC 9162 §2.1.4.2.

    An empty first tree is a prefix of every tree and takes no proof.
    """
    if first_size == 0:
        return first_root == EMPTY_ROOT and not proof
    if not 0 < first_size <= second_size or any(len(node) != HASH_SIZE for node in proof):
        return False
    if first_size == second_size:
        return first_root == second_root and not proof
    hashes = list(proof)
    if first_size & (first_size - 1) == 0:
        hashes.insert(0, first_root)
    if not hashes:
        return False
    node, last = first_size - 1, second_size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and first == first_root and second == second_root


@dataclass(frozen=True, slots=True)
class CompactRange:
    """What is enough of a tree to append to it and to know its root.

    Args:
        size: number of leaves.
        hashes: roots of the complete subtrees, largest first: one for each set bit of `size`.

    Raises:
        MalformedInputError: compact_range_malformed.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise MalformedInputError(
                f"a compact range of size {self.size} holds one hash for each set bit of the "
                f"size, not {len(self.hashes)}",
                code="compact_range_malformed",
            )
        if any(len(node) != HASH_SIZE for node in self.hashes):
            raise MalformedInputError(
                f"a hash of a compact range has {HASH_SIZE} bytes", code="compact_range_malformed"
            )

    def append(self, leaf: bytes) -> CompactRange:
        """The range with one more leaf hash."""
        hashes = list(self.hashes)
        merges = self.size
        node = leaf
        while merges & 1:
            node = node_hash(hashes.pop(), node)
            merges >>= 1
        return CompactRange(self.size + 1, (*hashes, node))

    @property
    def root_hash(self) -> bytes:
        """Root over all leaves; SHA-256 of the empty string when there are none."""
        if not self.hashes:
            return EMPTY_ROOT
        *others, root = self.hashes
        for left in reversed(others):
            root = node_hash(left, root)
        return root
