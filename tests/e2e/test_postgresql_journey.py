"""A province keeps its vault on PostgreSQL from its first day, by the command line alone.

The password of the database's user is in a file, and the server asks for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from ledger.config import CONFIG_NAME, Config
from ledger.vault.server import PASSWORD_FILE_VARIABLE, PASSWORD_VARIABLE
from tests.support.command_line import CommandLine, make_id, make_row, write_csv
from tests.support.consortium import ISSUER
from tests.support.postgresql import serve_postgresql

SECRET = "p@ss w0rd/虚构"
OLD, LIVE, GONE = 1, 2, 3
EXPIRED = {"初次领证日期": "2010-01-05", "发证日期": "2012-01-05", "有效期起": "2012-01-05"}
DECIDED = ("--legal-basis", "《某条例》第十四条", "--yes", "--officer", "李四")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A libpq query for databases `first` and `second` of a user who needs a password."""
    with serve_postgresql(asking_password=True) as server:
        with closing(psycopg.connect(server.administration, autocommit=True)) as administrator:
            administrator.execute(f"CREATE ROLE zhenglian LOGIN PASSWORD '{SECRET}'")
            for name in ("first", "second"):
                administrator.execute(f"CREATE DATABASE {name} OWNER zhenglian")
        yield f"?host={server.directory}"


@pytest.fixture
def clerk(tmp_path: Path) -> CommandLine:
    password = tmp_path / "password"
    password.write_text(f"{SECRET}\n")
    return CommandLine(tmp_path / "chongqing", {PASSWORD_FILE_VARIABLE: str(password)})


def test_home_lives_on_postgresql_and_moves_to_a_file_and_back(
    server: str, clerk: CommandLine, tmp_path: Path
) -> None:
    first, second = (f"postgresql://zhenglian@/{name}{server}" for name in ("first", "second"))
    founding = ("--region", "500000", "--name", "重庆市", "--chain", tmp_path / "chain", "--found")
    wrong = CommandLine(clerk.home, {PASSWORD_VARIABLE: "wrong"})
    refused = wrong.run("init", *founding, "--vault-url", first, code=1)
    assert "zhenglian" in refused.output
    assert "wrong" not in refused.output.replace("wrong_", "")
    clerk.run("init", *founding, "--vault-url", first)
    assert not (clerk.home / "vault" / "vault.db").exists()
    clerk.run("issuer", "register", ISSUER, "--name", "重庆市某部门")
    clerk.run("issuer", "mandate", ISSUER, "W011")

    rows = [make_row(OLD, **EXPIRED, 有效期止="2015-01-04"), make_row(LIVE), make_row(GONE)]
    file, shown = write_csv(tmp_path / "rows.csv", rows), tmp_path / "shown.zhenglian.json"
    assert clerk.json("issue", file)["issued"] == 3
    assert clerk.json("issue", file)["already_issued"] == 3
    clerk.run("present", make_id(LIVE), "--disclose", "姓名", "--out", shown)
    assert clerk.json("verify", shown)["outcome"] == "PASSED"
    clerk.run("suspend", make_id(LIVE), "--reason", "02", *DECIDED)
    clerk.run("revoke", make_id(GONE), "--reason", "07", *DECIDED)
    clerk.run("hold", make_id(OLD), "--reason", "诉讼")
    clerk.run("release", make_id(OLD), "--reason", "结案")
    clerk.run("erase", make_id(OLD), "--reason", "持证人申请", "--yes")
    assert len(clerk.json("list")["certificates"]) == 3
    assert clerk.json("fsck")["problems"] == []
    assert clerk.json("fsck", "--repair")["problems"] == []

    backup, in_file, again = (tmp_path / name for name in ("backup", "in file", "again"))
    assert clerk.json("backup", backup)["certificates"] == 3
    for place, options in ((in_file, ()), (again, ("--vault-url", second))):
        restored = CommandLine(place, clerk.environment)
        report = restored.json("restore-backup", backup, *options)["report"]
        assert (report["certificates"], report["erased"], report["problems"]) == (2, 1, [])
    assert Config.load(in_file / CONFIG_NAME).vault_url == ""
    with closing(sqlite3.connect(in_file / "vault" / "vault.db")) as raw:
        assert raw.execute("SELECT count(*) FROM data_keys").fetchone() == (2,)
    moved = CommandLine(again, clerk.environment)
    moved.run("restore", make_id(LIVE), "--reason", "01", *DECIDED)
    assert moved.json("issue", write_csv(tmp_path / "more.csv", [make_row(4)]))["issued"] == 1
    assert moved.json("fsck")["problems"] == []
    assert [path.name for path in (again / "vault").iterdir()] == ["vault.lock"]
    for home in (clerk.home, in_file, again):
        assert SECRET not in (home / CONFIG_NAME).read_text()
