"""The vectors that contracts/test/Vectors.t.sol holds Solidity to, held against Python.

`tests/vectors/make_vectors.py` made them without our formats.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger import records
from ledger.abi import Statement
from ledger.formats import merkle, statements, status_list
from ledger.formats.merkle import CompactRange, MerkleTree
from ledger.records import LogEntry
from tests.vectors.make_vectors import make_vectors

VECTORS = Path(__file__).resolve().parents[1] / "vectors"

# Roots published with the certificate-transparency project's tests of its trees of 1 to 8 leaves.
PUBLISHED_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def read(name: str) -> Any:
    """A file's content with every hexadecimal text as bytes."""

    def as_bytes(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("0x"):
            return bytes.fromhex(value[2:])
        if isinstance(value, dict):
            return {key: as_bytes(inner) for key, inner in value.items()}
        return [as_bytes(inner) for inner in value] if isinstance(value, list) else value

    return as_bytes(json.loads((VECTORS / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", list(make_vectors()))
def test_committed_vectors_are_those_that_are_made(name: str) -> None:
    assert (VECTORS / name).read_text(encoding="utf-8") == make_vectors()[name]


def test_every_statement_has_a_vector_and_agrees_with_it() -> None:
    vectors = read("statements.json")
    for vector in vectors["statements"]:
        cls: type[Statement] = getattr(records, vector["name"])
        statement = cls.decode(vector["encoded"])

        assert statement.encode() == vector["encoded"]
        assert statement.hash_struct() == vector["hashStruct"]
        assert statements.compute_digest(statement, vectors["ledgerId"]) == vector["digest"]
        separator = statements.compute_domain_separator(vectors["ledgerId"])
        assert separator == vector["domainSeparator"]

    named = {vector["name"] for vector in vectors["statements"]}
    assert named == {cls.__name__ for cls in Statement.__subclasses__()}


def test_trees_agree_with_their_vectors() -> None:
    vectors = read("merkle.json")
    leaves = [merkle.leaf_hash(data) for data in vectors["inputs"]]
    assert vectors["trees"][8]["leafHashes"] == leaves
    assert [tree["root"].hex() for tree in vectors["trees"][1:9]] == PUBLISHED_ROOTS

    for vector in vectors["trees"]:
        tree = MerkleTree(vector["leafHashes"])
        appended = CompactRange(0, ())
        for leaf in vector["leafHashes"]:
            appended = appended.append(leaf)
        assert tree.root_hash == appended.root_hash == vector["root"]
        assert list(appended.hashes) == vector["compactRange"]
        for index, path in enumerate(vector["paths"]):
            assert list(tree.inclusion_path(index)) == path


def test_log_entries_agree_with_their_vectors() -> None:
    vectors = read("log_entries.json")
    for vector in vectors["entries"]:
        assert LogEntry.decode(vector["encoded"]).leaf_hash() == vector["leafHash"]

    leaves = [vector["leafHash"] for vector in vectors["entries"]]
    assert MerkleTree(leaves).root_hash == vectors["root"]


def test_status_words_agree_with_their_vectors() -> None:
    vectors = read("status_words.json")
    assert vectors["words"][1]["word"][:3].hex() == "c944f9"  # the draft's own example
    for vector in vectors["words"]:
        found = [status_list.get_status(vector["word"], position) for position in range(128)]
        assert found == vector["statuses"]
    for vector in vectors["changes"]:
        allowed = status_list.is_allowed_change(vector["before"], vector["after"])
        assert allowed == bool(vector["isAllowed"])
    for vector in vectors["edges"]:
        within = status_list.has_only_positions_below(
            vector["index"], vector["word"], vector["count"]
        )
        assert within == bool(vector["isWithin"])
