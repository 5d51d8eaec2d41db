"""Commands where a node holds the home: they say what they say where none does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from node_api.doors import LOCAL_SOCKET, Door, DoorApp
from node_api.sockets import listen_unix
from tests.support.command_line import CommandLine, Issued, make_id, make_row, write_csv
from tests.support.consortium import PASSPHRASE
from tests.support.node import AsgiBridge, RunningNode, run_node

FIRST, SECOND = make_id(1), make_id(2)
WHY = ("--legal-basis", "《某条例》第十四条", "--officer", "李四", "--effective-date", "2026-01-05")
OF_THE_MOMENT = {"time_unix", "synced_to_unix", "made_at_unix"}
READ = (
    ("list", "--limit", "4"),
    ("list", "--limit", "0", "--status", "valid", "--type", "W011"),
    ("show", FIRST),
    ("audit", FIRST),
    ("audit", "--since", "2020-01-01", "--region", "500000"),
    ("log", "root"),
    ("log", "proof", "3"),
    ("log", "consistency", "2", "5"),
    ("index", "sync"),
    ("index", "rebuild"),
    ("erasures",),
    ("lost-batches", "list"),
    ("revoke", SECOND, "--reason", "07", *WHY, "--dry-run"),
)
REFUSED = (
    ("show", make_id(99)),
    ("list", "--after", make_id(99)),
    ("erase", FIRST, "--reason", "持证人申请", "--yes"),
    ("restore", FIRST, "--reason", "01", *WHY, "--yes"),
    ("revoke", FIRST, "--reason", "99999", *WHY, "--yes"),
    ("release", FIRST, "--reason", "诉讼终结"),
    ("lost-batches", "revoke", "00" * 32, "--reason", "07", *WHY, "--yes"),
    ("log", "proof", "1000000"),
)


@contextmanager
def listening(node: RunningNode) -> Iterator[None]:
    """The node's door for the command line of its machine."""
    bridge = node.local._transport
    assert isinstance(bridge, AsgiBridge)
    app = DoorApp(node.node.app, Door.LOCAL)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="none"))
    socket = listen_unix(node.workspace.home / LOCAL_SOCKET)
    serving = asyncio.run_coroutine_threadsafe(server.serve([socket]), bridge._loop)
    try:
        yield
    finally:
        server.should_exit = True
        serving.result(30)


@pytest.fixture(scope="module")
def kept(issued_once: Issued, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    """A copy for commands that change nothing, held by a node."""
    issued = issued_once.copy(tmp_path_factory.mktemp("kept") / "ledger")
    with run_node(issued.consortium.open(), PASSPHRASE) as node, listening(node):
        yield issued


@pytest.fixture
def held(issued: Issued) -> Iterator[Issued]:
    """One's own copy, held by a node."""
    with run_node(issued.consortium.open(), PASSPHRASE) as node, listening(node):
        yield issued


def steady(document: Any) -> Any:
    """Without what is of the moment."""
    if isinstance(document, dict):
        return {k: steady(v) for k, v in document.items() if k not in OF_THE_MOMENT}
    return [steady(each) for each in document] if isinstance(document, list) else document


def test_commands_that_read_say_the_same(kept: Issued, issued_once: Issued) -> None:
    for command in READ:
        told = issued_once.chongqing.json(*command)
        assert steady(kept.chongqing.json(*command)) == steady(told), command
    home = kept.chongqing.json("fsck")
    assert (home["problems"], home["certificates"]) == ([], 6)


def test_refusals_are_the_same(kept: Issued, issued_once: Issued) -> None:
    for command in REFUSED:
        told = issued_once.chongqing.json(*command, code=1)["error"]
        assert kept.chongqing.json(*command, code=1)["error"]["code"] == told["code"], command


def test_certificate_is_presented_judged_and_traced(kept: Issued, tmp_path: Path) -> None:
    clerk, out = kept.chongqing, tmp_path / "a.zhenglian.json"
    told = clerk.json("present", FIRST, "--disclose", "姓名", "--to", "510000", "--out", out)
    assert (told["status"], told["disclosed"]) == ("valid", ["holder_name"])
    bare = CommandLine(clerk.home, {"ZHENGLIAN_PASSPHRASE": None})
    report = bare.json("verify", out, "--relying-region", "510000")
    assert report["outcome"] == "PASSED"
    trail = clerk.json("audit", out)
    assert trail["steps"][-1]["act"] == "batch_anchored"
    csv = clerk.run("audit", "--since", "2020-01-01", "--format", "csv").stdout
    assert len(csv.splitlines()) == 1 + len(clerk.json("audit", "--since", "2020-01-01")["steps"])


def test_status_is_changed_once_and_told_alike(held: Issued) -> None:
    clerk = held.chongqing
    suspend = ("suspend", FIRST, SECOND, "--reason", "02", *WHY)
    assert len(clerk.json(*suspend, "--dry-run")["certificates"]) == 2
    assert "2 certificates" in clerk.run(*suspend, answer="y\n").stdout
    again = clerk.json(*suspend, "--yes")
    assert (again["certificates"], again["already_done"]) == (0, 2)
    assert [
        each["certificate_id"]
        for each in clerk.json("list", "--status", "suspended")["certificates"]
    ] == [FIRST, SECOND]
    assert clerk.json("audit", FIRST)["steps"][-1]["officer"] == "李四"


def test_more_certificates_than_a_request_carries_are_changed_in_parts(
    held: Issued, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("zhenglian.commands.lifecycle.PART", 2)
    file = tmp_path / "all.txt"
    file.write_text("\n".join(held.identifiers), "utf-8")
    suspend = ("suspend", "--file", file, "--reason", "02", *WHY)
    assert len(held.chongqing.json(*suspend, "--dry-run")["certificates"]) == 6
    done = held.chongqing.json(*suspend, "--yes")
    assert (done["certificates"], len(done["statements"])) == (6, 3)


def test_certificate_is_replaced_by_a_file(held: Issued, tmp_path: Path) -> None:
    successor = make_id(1, version="002")
    file = write_csv(tmp_path / "new.csv", [make_row(1) | {"证照标识": successor}])
    done = held.chongqing.json("replace", FIRST, file, "--reason", "04", *WHY, "--yes")
    assert (done["plan"]["successor"], done["issuance"]["issued"]) == (successor, 1)
    assert held.chongqing.json("show", FIRST)["status"] == "superseded"
    wrong = write_csv(tmp_path / "bad.csv", [make_row(2) | {"性别": "别的"}])
    told = held.chongqing.json("replace", SECOND, wrong, "--reason", "04", *WHY, "--yes", code=1)
    assert [each["column"] for each in told["errors"]] == ["性别"]


def test_hold_is_placed_and_released(held: Issued) -> None:
    placed = held.chongqing.json("hold", FIRST, "--reason", "行政诉讼", "--officer", "李四")
    assert (placed["number"], placed["released_at_unix"]) == (1, None)
    ended = held.chongqing.json("release", FIRST, "--reason", "诉讼终结")
    assert (ended["number"], ended["still_in_force"]) == (1, 0)


def test_what_needs_the_files_themselves_says_to_stop_the_node(kept: Issued) -> None:
    for command in (("fsck", "--repair"), ("passphrase", "change")):
        clerk = CommandLine(kept.chongqing.home, {"ZHENGLIAN_NEW_PASSPHRASE": "another passphrase"})
        error = clerk.json(*command, code=1)["error"]
        assert (error["code"], "stop the node" in error["message"]) == ("node_running", True)


def test_wrong_passphrase_is_refused_by_the_node(kept: Issued) -> None:
    thief = CommandLine(kept.chongqing.home, {"ZHENGLIAN_PASSPHRASE": "guessed it"})
    for command in (("show", FIRST), ("revoke", FIRST, "--reason", "07", *WHY, "--yes")):
        error = json.loads(thief.run(*command, "--json", code=1).stdout)["error"]
        assert error["code"] in ("wrong_passphrase", "passphrase_wrong", "credentials_invalid")


def test_file_is_issued_by_the_node_once(held: Issued, tmp_path: Path) -> None:
    clerk = held.chongqing
    file = write_csv(tmp_path / "new.csv", [make_row(11), make_row(12)])
    assert "Issued 2 certificates" in clerk.run("issue", file).stdout
    assert "Nothing new" in clerk.run("issue", file).stdout
    assert clerk.json("show", make_id(12))["status"] == "valid"


def test_wrong_rows_are_listed_beside_the_file_and_nothing_is_issued(
    held: Issued, tmp_path: Path
) -> None:
    clerk = held.chongqing
    file = write_csv(tmp_path / "new.csv", [make_row(11), make_row(12) | {"性别": "别的"}])
    told = clerk.run("issue", file, code=1)
    for said in ("Nothing was issued: 1 problems", "别的", "Should be one of: 男、女"):
        assert said in told.stdout
    assert "性别" in (tmp_path / "new.csv.errors.csv").read_text("utf-8-sig")
    clerk.json("show", make_id(11), code=1)
    assert "Issued 1 certificate" in clerk.run("issue", file, "--skip-invalid").stdout


def test_row_that_continues_a_certificate_is_issued_by_the_node_once(
    held: Issued, tmp_path: Path
) -> None:
    clerk = held.chongqing
    file = write_csv(tmp_path / "new.csv", [make_row(11)])
    cite = ("issue", file, "--related", FIRST)
    assert clerk.json(*cite)["counts"]["issued"] == 1
    assert clerk.json(*cite)["counts"]["already_issued"] == 1
    assert clerk.json("show", make_id(11))["related_certificate_id"] == FIRST


def test_citing_of_several_or_wrong_rows_or_of_nothing_is_refused_by_the_node(
    held: Issued, tmp_path: Path
) -> None:
    clerk = held.chongqing
    two = write_csv(tmp_path / "two.csv", [make_row(11), make_row(12)])
    told = clerk.json("issue", two, "--related", FIRST, code=1)
    assert told["detail"].startswith("not_one_row")
    wrong = write_csv(tmp_path / "wrong.csv", [make_row(11) | {"性别": "别的"}])
    told = clerk.json("issue", wrong, "--related", FIRST, code=1)
    assert "性别" in Path(told["errors_file"]).read_text("utf-8-sig")
    for option, code in (("--case", "case_unknown"), ("--related", "malformed_input")):
        told = clerk.json("issue", wrong, option, "no-such", code=1)
        assert told["error"]["code"] == code
    clerk.json("show", make_id(11), code=1)
