"""A certificate's whole life by the command line.

Two provinces, each with its own home; only the chain and the holder's file are shared. Nothing is
called but commands. What only a process of its own can show, such as exit codes, Ctrl-C and what a
traceback would look like, is tried in one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, at, make_id, make_row, write_csv
from tests.support.consortium import ISSUER, PASSPHRASE, Consortium

PROGRAM = (sys.executable, "-c", "from zhenglian.app import main; main()")
BASIS = ("--legal-basis", "《某条例》第十四条", "--yes")


def make_environment(clerk: CommandLine, passphrase: str | None = PASSPHRASE) -> Mapping[str, str]:
    """Of a process that is that clerk's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ZHENG")}
    if passphrase is not None:
        own["ZHENGLIAN_PASSPHRASE"] = passphrase
    search = os.pathsep.join(path for path in sys.path if path)
    return own | {"PYTHONPATH": search, "ZHENGLIAN_HOME": str(clerk.home), "ZHENGLIAN_LANG": "zh"}


@pytest.fixture
def chongqing(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "chongqing", {"ZHENGLIAN_LANG": "zh"})


@pytest.fixture
def sichuan(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "sichuan", {"ZHENGLIAN_LANG": "zh"})


@pytest.fixture
def window(sichuan: CommandLine) -> CommandLine:
    """A window clerk in Sichuan, who has no passphrase."""
    return CommandLine(sichuan.home, {**sichuan.environment, "ZHENGLIAN_PASSPHRASE": None})


def test_certificate_lives_from_a_spreadsheet_to_its_audit(
    tmp_path: Path, chongqing: CommandLine, sichuan: CommandLine, window: CommandLine
) -> None:
    chain, hand = tmp_path / "chain", tmp_path / "hand.zhenglian.json"
    chongqing.run("init", "--region", "500000", "--name", "重庆市", "--chain", chain, "--found")
    sichuan.run("init", "--region", "510000", "--name", "四川省", "--chain", chain)
    proposal = chongqing.json("govern", "propose", "admit", sichuan.home / "application.json")
    chongqing.run("govern", "vote", proposal["proposal_id"][:8], "--approve")
    assert len(window.json("govern", "members")) == 2

    chongqing.run("issuer", "register", ISSUER, "--name", "重庆市某部门")
    chongqing.run("issuer", "mandate", ISSUER, "W011")
    rows = [make_row(number) for number in range(1, 11)]
    file = write_csv(tmp_path / "ten.csv", rows)
    assert chongqing.json("issue", file)["issued"] == 10
    assert chongqing.json("issue", file)["already_issued"] == 10

    shown = ("--disclose", "姓名,证书编号,岗位类别", "--out", hand)
    chongqing.run("present", make_id(3), *shown)
    away = chongqing.home.rename(tmp_path / "away")
    refused = window.json("verify", hand, code=10)
    assert refused["checks"][8]["reason"] == "not_recognised"
    assert (refused["authenticity"], refused["reliance"]) == ("PASSED", "FAILED")
    sichuan.run("recognise", "policy", "500000", "W011")
    assert window.run("verify", hand).stdout.startswith("✓ 通过 PASSED")
    away.rename(chongqing.home)

    for act, reason, code, outcome in (
        ("suspend", "02", 10, "certificate_suspended"),
        ("restore", "01", 0, None),
        ("revoke", "07", 10, "certificate_revoked"),
    ):
        chongqing.run(act, make_id(3), "--reason", reason, *BASIS, "--officer", "李四")
        report = window.json("verify", hand, code=code)
        assert report["checks"][7]["reason"] == outcome

    own = chongqing.json("audit", make_id(3))["steps"]
    foreign = window.json("audit", hand)["steps"]
    assert [step["act"] for step in own[-4:]] == [
        "batch_anchored",
        "suspended",
        "restored",
        "revoked",
    ]
    assert {step["officer"] for step in own[-3:]} == {"李四"}
    assert [step["leaf_hash"] for step in own] == [step["leaf_hash"] for step in foreign]
    assert "李四" not in json.dumps(foreign, ensure_ascii=False)
    root = window.json("log", "root")
    assert root["chain_root"] == root["index_root"]
    assert chongqing.json("fsck")["problems"] == []


def test_program_ends_with_the_code_of_the_verdict_or_tells_what_is_wrong(
    founded_consortium: Consortium, tmp_path: Path
) -> None:
    file = tmp_path / "broken"
    file.write_bytes(b"{")
    for arguments, code in ((("verify", str(file)), 10), (("verify", str(tmp_path / "no")), 1)):
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env=make_environment(at(founded_consortium), None),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code
        assert "Traceback" not in done.stderr
        assert done.stderr.startswith("错误：") == (code == 1)
        assert done.stderr.count("\n") == 2 * (code == 1)


def test_reader_that_leaves_early_is_no_error_to_speak_of(founded_consortium: Consortium) -> None:
    running = subprocess.Popen(
        [*PROGRAM, "audit", "--since", "2026-01-01", "--format", "csv"],
        env=make_environment(at(founded_consortium), None),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait() == 1


def test_interrupted_issuance_goes_on_where_it_was(consortium: Consortium, tmp_path: Path) -> None:
    clerk = at(consortium)
    count = 30_000  # sealed in other processes, for longer than this one may be kept waiting
    file = write_csv(tmp_path / "many.csv", [make_row(number) for number in range(1, count + 1)])
    running = subprocess.Popen(
        # what runs in the background, such as these tests, may have been started to ignore Ctrl-C
        ["env", "--default-signal=INT", *PROGRAM, "issue", str(file)],
        env=make_environment(clerk),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    log = clerk.home / "vault" / "vault.db-wal"
    while running.poll() is None and (not log.exists() or log.stat().st_size < 100_000):
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C does, to the workers as well
    _, told = running.communicate()
    assert running.returncode == 130, told
    assert told.startswith("已中断。没有丢失，也不会重复签发")
    assert "Traceback" not in told
    report = clerk.json("issue", file)
    assert report["issued"] == count
    assert sum(batch["count"] for batch in report["batches"]) == count
