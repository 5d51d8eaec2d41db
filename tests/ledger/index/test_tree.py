"""Stored nodes give the very proofs of the whole tree, however the log grew."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import NotFoundError
from ledger.formats.merkle import (
    EMPTY_ROOT,
    MerkleTree,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from ledger.index.tree import (
    compute_consistency_proof,
    compute_inclusion_path,
    compute_root,
    iterate_completed_nodes,
)

SMALL = 200
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(5_000)]


class Nodes:
    """Nodes kept as a database keeps them: once, and only complete subtrees."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], bytes] = {}
        self.size = 0

    def append(self, leaves: list[bytes]) -> None:
        for level, position, computed in iterate_completed_nodes(self.size, leaves, self.get):
            assert (level, position) not in self.kept
            assert level > 0
            self.kept[level, position] = computed
        for leaf in leaves:
            self.kept[0, self.size] = leaf
            self.size += 1

    def get(self, level: int, position: int) -> bytes:
        return self.kept[level, position]


def grown(sizes: list[int]) -> Nodes:
    """A log that grew by so many entries at a time."""
    nodes = Nodes()
    for size in sizes:
        nodes.append(LEAVES[nodes.size : nodes.size + size])
    return nodes


@pytest.fixture(scope="module")
def one_by_one() -> Nodes:
    return grown([1] * SMALL)


def test_every_root_path_and_proof_of_every_small_size(one_by_one: Nodes) -> None:
    get = one_by_one.get
    assert compute_root(0, get) == EMPTY_ROOT
    for size in range(1, SMALL + 1):
        tree = MerkleTree(LEAVES[:size])
        assert compute_root(size, get) == tree.root_hash
        for index in range(size):
            assert compute_inclusion_path(index, size, get) == tree.inclusion_path(index)
        for first in range(1, size + 1):
            assert compute_consistency_proof(first, size, get) == tree.consistency_proof(first)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=7), st.data())
def test_a_log_that_grew_in_any_steps_has_the_same_tree(
    steps: list[int], data: st.DataObject
) -> None:
    nodes = grown(steps)
    if not nodes.size:
        assert compute_root(0, nodes.get) == EMPTY_ROOT
        return
    size = data.draw(st.integers(1, nodes.size), label="size")
    index = data.draw(st.integers(0, size - 1), label="index")
    first = data.draw(st.integers(1, size), label="first")
    tree = MerkleTree(LEAVES[:size])
    root = compute_root(size, nodes.get)
    path = compute_inclusion_path(index, size, nodes.get)
    proof = compute_consistency_proof(first, size, nodes.get)
    assert root == tree.root_hash
    assert path == tree.inclusion_path(index)
    assert proof == tree.consistency_proof(first)
    assert verify_inclusion(LEAVES[index], index, size, path, root)
    assert verify_consistency(first, compute_root(first, nodes.get), size, root, proof)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_exactly_the_complete_subtrees_are_kept(steps: list[int]) -> None:
    nodes = grown(steps)
    expected = {
        (level, position)
        for level in range(1, nodes.size.bit_length())
        for position in range(nodes.size >> level)
    }
    assert {key for key in nodes.kept if key[0]} == expected


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (200, 7)])
def test_no_path_for_an_entry_the_log_does_not_have(
    one_by_one: Nodes, index: int, size: int
) -> None:
    with pytest.raises(NotFoundError) as caught:
        compute_inclusion_path(index, size, one_by_one.get)
    assert caught.value.code == "entry_not_found"


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_no_proof_from_a_size_the_log_never_had(one_by_one: Nodes, first: int, second: int) -> None:
    with pytest.raises(NotFoundError) as caught:
        compute_consistency_proof(first, second, one_by_one.get)
    assert caught.value.code == "size_not_found"


def test_a_changed_leaf_changes_every_root_over_it() -> None:
    changed = LEAVES[:100]
    changed[37] = sha256(b"another").digest()
    nodes, genuine = Nodes(), grown([100])
    nodes.append(changed)
    for size in range(1, 101):
        same = compute_root(size, nodes.get) == compute_root(size, genuine.get)
        assert same is (size <= 37)
