from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command_line import Issued, make_id, make_row, write_csv

WHY = ("--reason", "07", "--legal-basis", "数据丢失，依法补发")


@pytest.fixture
def file(issued: Issued, tmp_path: Path) -> Path:
    """Three rows that were issued; the vault is as it was before."""
    vault = issued.chongqing.home / "vault"
    shutil.copytree(vault, tmp_path / "backup")
    rows = [make_row(number) for number in (101, 102, 103)]
    path = write_csv(tmp_path / "lost.csv", rows)
    issued.chongqing.run("issue", path)
    shutil.rmtree(vault)
    shutil.copytree(tmp_path / "backup", vault)
    return path


def test_lost_batch_is_named_revoked_and_issued_anew(issued: Issued, file: Path) -> None:
    clerk = issued.chongqing
    error = clerk.json("issue", file, code=1)["error"]
    assert error["code"] == "batches_lost"
    assert "zhenglian lost-batches revoke" in error["message"]
    (lost,) = clerk.json("lost-batches", "list")["batches"]
    assert (lost["certificates"], lost["in_force"]) == (3, 3)
    assert lost["batch_key"] in clerk.run("lost-batches", "list").stdout
    key = lost["batch_key"]
    told = clerk.json("lost-batches", "revoke", key, *WHY, "--dry-run")
    assert (told["dry_run"], told["in_force"]) == (True, 3)
    clerk.run("lost-batches", "revoke", key, *WHY, code=1, answer="n\n")
    clerk.run("fsck", code=1)
    done = clerk.run("lost-batches", "revoke", key, *WHY, answer="y\n")
    assert "3 certificates revoked" in done.stdout
    assert clerk.json("issue", file)["issued"] == 3
    assert clerk.json("show", make_id(101))["status"] == "valid"
    clerk.run("fsck")


def test_home_that_lost_nothing_says_so(issued_once: Issued) -> None:
    clerk = issued_once.chongqing
    assert "No batch is lost" in clerk.run("lost-batches", "list").stdout
    assert clerk.json("lost-batches", "list") == {"batches": []}
    error = clerk.json("lost-batches", "revoke", "00" * 32, *WHY, "--yes", code=1)["error"]
    assert error["code"] == "batch_not_lost"
    for wrong in ("ab", "zz" * 32):
        error = clerk.json("lost-batches", "revoke", wrong, *WHY, "--yes", code=1)["error"]
        assert "64 hexadecimal digits" in error["message"]
