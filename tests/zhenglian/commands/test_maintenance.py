from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.formats.merkle import verify_consistency, verify_inclusion
from tests.support.command_line import CommandLine, Issued


def test_log_root_is_the_chains_and_the_indexs(issued_once: Issued) -> None:
    root = issued_once.sichuan.json("log", "root")
    assert root["chain_root"] == root["index_root"]
    assert root["chain_root"] in issued_once.chongqing.run("log", "root").stdout


def test_proofs_convince_the_verifier_of_rfc_9162(issued_once: Issued) -> None:
    clerk = issued_once.sichuan
    size = clerk.json("log", "root")["size"]
    proof = clerk.json("log", "proof", 3, "--size", size - 1)
    path = [bytes.fromhex(node) for node in proof["path"]]
    leaf, root = bytes.fromhex(proof["leaf_hash"]), bytes.fromhex(proof["root"])
    assert verify_inclusion(leaf, 3, size - 1, path, root)
    grown = clerk.json("log", "consistency", 5, size)
    path = [bytes.fromhex(node) for node in grown["path"]]
    first, second = bytes.fromhex(grown["first_root"]), bytes.fromhex(grown["second_root"])
    assert verify_consistency(5, first, size, second, path)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("proof", "9999"), "entry_not_found"),
        (("proof", "3", "--size", "9999"), "size_not_found"),
        (("proof", "3", "--size", "2"), "entry_not_found"),
        (("consistency", "5", "9999"), "size_not_found"),
        (("consistency", "5", "4"), "size_not_found"),
    ],
)
def test_proof_of_what_is_not_there_is_refused(
    issued_once: Issued, arguments: tuple[str, ...], code: str
) -> None:
    assert issued_once.sichuan.json("log", *arguments, code=1)["error"]["code"] == code


def test_index_is_made_anew_when_it_is_damaged(issued: Issued) -> None:
    clerk = CommandLine(issued.sichuan.home, {"ZHENGLIAN_PASSPHRASE": None})
    clerk.run("index", "sync")
    path = issued.sichuan.home / "index.sqlite"
    raw = sqlite3.connect(path)
    raw.execute("UPDATE entries SET leaf_hash = zeroblob(32) WHERE entry_index = 1")
    raw.execute("UPDATE nodes SET hash = zeroblob(32)")
    raw.commit()
    raw.close()
    assert "index rebuild" in clerk.json("log", "root", code=1)["error"]["message"]
    rebuilt = clerk.json("index", "rebuild")
    assert clerk.json("log", "root")["chain_root"] == rebuilt["root"]
    assert clerk.json("index", "sync")["added"] == 0


def test_healthy_home_passes_the_check(issued_once: Issued) -> None:
    report = issued_once.chongqing.json("fsck")
    assert (report["certificates"], report["problems"]) == (6, [])
    assert "Everything is as it must be" in issued_once.chongqing.run("fsck").stdout


def test_damaged_certificate_is_found(issued: Issued) -> None:
    raw = sqlite3.connect(issued.chongqing.home / "vault" / "vault.db")
    raw.execute("UPDATE certificates SET ciphertext = zeroblob(100) WHERE position = 3")
    raw.commit()
    raw.close()
    report = issued.chongqing.json("fsck", code=1)
    assert issued.identifiers[3] in [problem["subject"] for problem in report["problems"]]
    assert f"✗ {issued.identifiers[3]}" in issued.chongqing.run("fsck", code=1).stdout


def test_version_needs_no_home(tmp_path: Path) -> None:
    told = CommandLine(tmp_path / "none").json("version")
    assert sorted(told) == ["python", "zhenglian"]
