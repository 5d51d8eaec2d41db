from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from tests.support.command_line import CommandLine, Issued
from tests.support.consortium import PASSPHRASE

NEW = "另一个 passphrase"


def test_home_is_backed_up_and_restored_elsewhere(issued: Issued, tmp_path: Path) -> None:
    backup, home = tmp_path / "backup", tmp_path / "elsewhere" / "home"
    clerk = CommandLine(issued.chongqing.home, {"ZHENGLIAN_PASSPHRASE": None})
    made = clerk.json("backup", backup)
    assert (made["certificates"], made["directory"]) == (6, str(backup))
    told = clerk.run("backup", tmp_path / "second", "--keep-keys-days", 7).stdout
    assert "destroy by" in told
    assert clerk.json("backup", backup, code=1)["error"]["code"] == "target_not_empty"

    shutil.rmtree(issued.chongqing.home)
    restored = issued.chongqing.json("restore-backup", backup, "--home", home)
    assert (restored["certificates"], restored["report"]["problems"]) == (6, [])
    there = CommandLine(home)
    presented = tmp_path / "presented.json"
    there.run("present", issued.identifiers[0], "--out", presented)
    assert there.json("verify", presented)["outcome"].lower() == "passed"
    arguments = ("revoke", issued.identifiers[0], "--reason", "03", "--legal-basis", "《某规定》")
    there.run(*arguments, "--yes")
    assert there.json("show", issued.identifiers[0])["status"] == "revoked"


def test_restoration_tells_what_it_made_and_found(issued: Issued, tmp_path: Path) -> None:
    backup, home = tmp_path / "backup", tmp_path / "home"
    issued.chongqing.run("backup", backup)
    told = issued.chongqing.run("restore-backup", backup, "--home", home).stdout
    assert "6 in 1 batches" in told
    assert "Everything is as it must be" in told
    other = tmp_path / "other"
    wrong = issued.chongqing.run(
        "restore-backup", backup, "--home", other, "--chain", tmp_path / "no chain", code=1
    )
    assert "Not checked" in wrong.stdout
    refused = issued.chongqing.json("restore-backup", backup, "--home", home, code=1)
    assert refused["error"]["code"] == "target_not_empty"


def test_backup_is_not_restored_with_another_passphrase(issued: Issued, tmp_path: Path) -> None:
    issued.chongqing.run("backup", tmp_path / "backup")
    clerk = CommandLine(tmp_path / "home", {"ZHENGLIAN_PASSPHRASE": NEW})
    error = clerk.json("restore-backup", tmp_path / "backup", code=1)["error"]
    assert error["code"] == "wrong_passphrase"
    assert not (tmp_path / "home").exists()


def test_passphrase_is_changed(issued: Issued, tmp_path: Path) -> None:
    old = issued.chongqing
    file = tmp_path / "new passphrase"
    file.write_text(f"{NEW}\n", "utf-8")
    changed = old.json("passphrase", "change", "--new-passphrase-file", file)
    assert (changed["key_files"], changed["was_unfinished"]) == (6, False)
    assert old.json("fsck", code=1)["error"]["code"] == "wrong_passphrase"
    new = CommandLine(old.home, {"ZHENGLIAN_PASSPHRASE": NEW})
    assert new.json("fsck")["problems"] == []
    back = CommandLine(
        old.home, {"ZHENGLIAN_PASSPHRASE": NEW, "ZHENGLIAN_NEW_PASSPHRASE": PASSPHRASE}
    )
    assert "6 key files and the vault" in back.run("passphrase", "change").stdout
    assert old.json("fsck")["problems"] == []


def test_check_mends_what_can_be_rebuilt(issued: Issued) -> None:
    clerk = issued.chongqing
    raw = sqlite3.connect(clerk.home / "vault" / "vault.db")
    raw.execute("UPDATE certificates SET leaf_hash = randomblob(32) WHERE position = 3")
    raw.commit()
    raw.close()
    assert "fsck --repair" in clerk.run("fsck", code=1).stdout
    assert f"mended: {issued.identifiers[3]}" in clerk.run("fsck", "--repair").stdout
    report = clerk.json("fsck", "--repair")
    assert (report["repairs"], report["problems"], report["certificates"]) == ([], [], 6)
