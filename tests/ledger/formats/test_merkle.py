"""Trees and proofs against published vectors and against the recursive definition."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedInputError
from ledger.formats.merkle import (
    EMPTY_ROOT,
    CompactRange,
    MerkleTree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# Leaves, roots and proofs of the eight-leaf tree that Certificate Transparency publishes
# (google/certificate-transparency, merkle_tree_test; transparency-dev/merkle, testonly/constants).
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
H0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
H1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
H4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
H01 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
H23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
H45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
H67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
H0123 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
H4567 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
INCLUSION = [
    (0, 1, []),
    (0, 8, [H1, H23, H4567]),
    (5, 8, [H4, H67, H0123]),
    (2, 3, [H01]),
    (1, 5, [H0, H23, H4]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [H1, H23, H4567]),
    (6, 8, [H45, H67, H0123]),
    (2, 5, [H23, H4]),
]


def tree_of(size: int) -> MerkleTree:
    return MerkleTree([leaf_hash(leaf) for leaf in LEAVES[:size]])


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1 as it is written."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162 §2.1.3.1 as it is written."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_consistency(first: int, leaves: list[bytes], is_complete: bool = True) -> list[bytes]:
    """RFC 9162 §2.1.4.1 as it is written."""
    if first == len(leaves):
        return [] if is_complete else [naive_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if first <= split:
        return [*naive_consistency(first, leaves[:split], is_complete), naive_root(leaves[split:])]
    return [*naive_consistency(first - split, leaves[split:], False), naive_root(leaves[:split])]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert tree_of(size).root_hash.hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_inclusion_paths_are_the_published_ones(index: int, size: int, path: list[str]) -> None:
    tree = tree_of(size)
    assert [node.hex() for node in tree.inclusion_path(index)] == path
    assert verify_inclusion(
        leaf_hash(LEAVES[index]), index, size, tree.inclusion_path(index), tree.root_hash
    )


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(
    first: int, second: int, proof: list[str]
) -> None:
    assert [node.hex() for node in tree_of(second).consistency_proof(first)] == proof


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=70), st.data())
def test_tree_is_the_recursive_definition(contents: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(content) for content in contents]
    tree = MerkleTree(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    first = data.draw(st.integers(1, len(leaves)))
    proof = tree.consistency_proof(first)
    assert tree.root_hash == naive_root(leaves)
    assert list(tree.inclusion_path(index)) == naive_path(index, leaves)
    assert list(proof) == naive_consistency(first, leaves)
    assert verify_inclusion(
        leaves[index], index, len(leaves), tree.inclusion_path(index), tree.root_hash
    )
    assert verify_consistency(first, naive_root(leaves[:first]), len(leaves), tree.root_hash, proof)


def test_every_index_of_every_small_tree_is_proven_and_no_other() -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(33)]
    for size in range(1, len(leaves) + 1):
        tree = MerkleTree(leaves[:size])
        for index in range(size):
            path = tree.inclusion_path(index)
            accepted = [
                other
                for other in range(-1, size + 2)
                if verify_inclusion(leaves[index], other, size, path, tree.root_hash)
            ]
            assert accepted == [index]


@given(st.integers(1, 70), st.data())
def test_altered_inclusion_proof_is_rejected(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    tree = MerkleTree(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = list(tree.inclusion_path(index))
    bit = 1 << data.draw(st.integers(0, 7))
    place = data.draw(st.integers(0, 31))

    def flip(node: bytes) -> bytes:
        return node[:place] + bytes([node[place] ^ bit]) + node[place + 1 :]

    def is_proven(leaf: bytes, nodes: list[bytes], root: bytes) -> bool:
        return verify_inclusion(leaf, index, size, nodes, root)

    assert not is_proven(flip(leaves[index]), path, tree.root_hash)
    assert not is_proven(leaves[index], path, flip(tree.root_hash))
    assert not is_proven(leaves[index], [*path, path[0] if path else EMPTY_ROOT], tree.root_hash)
    if path:
        step = data.draw(st.integers(0, len(path) - 1))
        altered = [*path[:step], flip(path[step]), *path[step + 1 :]]
        assert not is_proven(leaves[index], altered, tree.root_hash)
        assert not is_proven(leaves[index], path[:-1], tree.root_hash)
        assert not is_proven(leaves[index], [*path[:-1], path[-1][:31]], tree.root_hash)


def test_inclusion_proof_for_another_root_is_rejected() -> None:
    assert not verify_inclusion(
        leaf_hash(LEAVES[2]), 2, 3, tree_of(3).inclusion_path(2), tree_of(4).root_hash
    )


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_altered_consistency_proof_is_rejected(
    first: int, second: int, data: st.DataObject
) -> None:
    first, second = sorted((first, second))
    leaves = [leaf_hash(bytes([number])) for number in range(second)]
    old, new = MerkleTree(leaves[:first]), MerkleTree(leaves)
    proof = list(new.consistency_proof(first))

    def is_proven(nodes: list[bytes], old_root: bytes, new_root: bytes) -> bool:
        return verify_consistency(first, old_root, second, new_root, nodes)

    other = leaf_hash(b"another")
    assert not is_proven(proof, other, new.root_hash)
    assert not is_proven(proof, old.root_hash, other)
    assert not is_proven([*proof, other], old.root_hash, new.root_hash)
    if proof:
        step = data.draw(st.integers(0, len(proof) - 1))
        altered = [*proof[:step], other, *proof[step + 1 :]]
        assert not is_proven(altered, old.root_hash, new.root_hash)
        assert not is_proven(proof[:-1], old.root_hash, new.root_hash)


def test_a_log_that_rewrote_an_entry_has_no_consistency_proof() -> None:
    honest = [leaf_hash(bytes([number])) for number in range(6)]
    rewritten = MerkleTree([*honest[:2], leaf_hash(b"forged"), *honest[3:], leaf_hash(b"7")])
    old_root = MerkleTree(honest).root_hash
    proof = rewritten.consistency_proof(6)
    assert not verify_consistency(6, old_root, 7, rewritten.root_hash, proof)


def test_the_empty_tree_is_a_prefix_of_every_tree_and_takes_no_proof() -> None:
    root = tree_of(3).root_hash
    assert verify_consistency(0, EMPTY_ROOT, 3, root, [])
    assert not verify_consistency(0, root, 3, root, [])
    assert not verify_consistency(0, EMPTY_ROOT, 3, root, [root])
    assert not verify_consistency(4, root, 3, root, [])
    assert not verify_consistency(-1, root, 3, root, [])


@given(st.integers(0, 300))
def test_compact_range_grows_to_the_root_of_the_tree(size: int) -> None:
    leaves = [leaf_hash(number.to_bytes(2)) for number in range(size)]
    compact = CompactRange()
    for leaf in leaves:
        compact = compact.append(leaf)
    assert compact.size == size
    assert compact.root_hash == MerkleTree(leaves).root_hash
    assert CompactRange(compact.size, compact.hashes).root_hash == compact.root_hash


def test_compact_range_holds_the_published_subtrees() -> None:
    compact = CompactRange()
    for leaf in LEAVES[:7]:
        compact = compact.append(leaf_hash(leaf))
    h6 = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
    assert [node.hex() for node in compact.hashes] == [H0123, H45, h6]


@pytest.mark.parametrize(
    ("size", "hashes"),
    [(-1, ()), (0, (bytes(32),)), (3, (bytes(32),)), (1, (bytes(31),))],
)
def test_compact_range_without_one_hash_a_set_bit_is_rejected(
    size: int, hashes: tuple[bytes, ...]
) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        CompactRange(size, hashes)
    assert refusal.value.code == "compact_range_malformed"


@pytest.mark.parametrize("index", [-1, 3])
def test_path_of_a_leaf_that_is_not_there_is_refused(index: int) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        tree_of(3).inclusion_path(index)
    assert refusal.value.code == "leaf_index_out_of_range"
    with pytest.raises(MalformedInputError):
        tree_of(3).leaf_hash_at(index)


@pytest.mark.parametrize("first", [0, 4])
def test_consistency_from_a_size_that_was_not_is_refused(first: int) -> None:
    with pytest.raises(MalformedInputError) as refusal:
        tree_of(3).consistency_proof(first)
    assert refusal.value.code == "tree_size_out_of_range"


def test_leaf_that_is_no_hash_is_refused() -> None:
    with pytest.raises(MalformedInputError) as refusal:
        MerkleTree([b"not a hash"])
    assert refusal.value.code == "leaf_hash_malformed"


def test_largest_batch_is_proven_from_end_to_end() -> None:
    leaves = [leaf_hash(number.to_bytes(4)) for number in range(65_536)]
    tree = MerkleTree(leaves)
    for index in (0, 1, 32_767, 65_535):
        path = tree.inclusion_path(index)
        assert len(path) == 16
        assert verify_inclusion(tree.leaf_hash_at(index), index, len(tree), path, tree.root_hash)
