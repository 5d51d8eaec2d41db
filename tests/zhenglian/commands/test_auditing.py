from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.formats.merkle import verify_inclusion
from tests.support.command_line import CommandLine, Issued

SUSPEND = (
    "suspend",
    "--reason",
    "02",
    "--legal-basis",
    "=《某条例》",
    "--officer",
    "李四",
    "--yes",
)


@pytest.fixture(scope="module")
def suspended(issued_once: Issued, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """The first certificate is suspended, by an officer, on a basis that looks like a formula."""
    issued = issued_once.copy(tmp_path_factory.mktemp("suspended") / "ledger")
    issued.chongqing.run(*SUSPEND, issued.identifiers[0], "--effective-date", "2026-01-05")
    return issued


@pytest.fixture
def file(suspended: Issued, tmp_path: Path) -> Path:
    out = tmp_path / "a.zhenglian.json"
    suspended.chongqing.run("present", suspended.identifiers[0], "--out", out)
    return out


def is_proven(trail: Any) -> bool:
    head = trail["head"]
    return all(
        verify_inclusion(
            bytes.fromhex(step["leaf_hash"]),
            step["log_index"],
            head["size"],
            [bytes.fromhex(node) for node in step["path"]],
            bytes.fromhex(head["root"]),
        )
        for step in trail["steps"]
    )


def test_trail_tells_every_step_with_a_proof(suspended: Issued) -> None:
    trail = suspended.chongqing.json("audit", suspended.identifiers[0])
    assert trail["subject"] == suspended.identifiers[0]
    assert [step["act"] for step in trail["steps"]][-2:] == ["batch_anchored", "suspended"]
    last = trail["steps"][-1]
    assert (last["reason_code"], last["effective"], last["officer"]) == (2, "2026-01-05", "李四")
    assert is_proven(trail)


def test_step_of_another_certificate_is_not_in_the_trail(suspended: Issued) -> None:
    trail = suspended.chongqing.json("audit", suspended.identifiers[1])
    assert "suspended" not in [step["act"] for step in trail["steps"]]


def test_table_is_told_in_the_language_asked_for(suspended: Issued) -> None:
    told = suspended.chongqing.run("audit", suspended.identifiers[0], "--lang", "zh").stdout
    for text in ("签发上链", "暂停", "2026-01-05 起", "02 暂扣", "李四", "✓ = 已核对"):
        assert text in told
    told = suspended.chongqing.run("audit", suspended.identifiers[0]).stdout
    for text in ("issued and anchored", "from 2026-01-05", "02 withheld for a time"):
        assert text in told
    assert "✗" not in told


def test_other_province_audits_a_file_without_passphrase_or_officer(
    suspended: Issued, file: Path
) -> None:
    auditor = CommandLine(suspended.sichuan.home, {"ZHENGLIAN_PASSPHRASE": None})
    trail = auditor.json("audit", file)
    assert trail["steps"][-1]["officer"].startswith("commitment ")
    assert is_proven(trail)


def test_everything_since_a_time_is_proven_under_one_head(suspended: Issued) -> None:
    trail = suspended.sichuan.json("audit", "--since", "2026-01-01")
    assert [step["log_index"] for step in trail["steps"]] == list(range(trail["head"]["size"]))
    assert is_proven(trail)
    of_one = suspended.sichuan.json("audit", "--since", "2026-01-01", "--region", "510000")
    assert {step["region"] for step in of_one["steps"]} == {"510000"}
    assert not suspended.sichuan.json("audit", "--since", "2100-01-01")["steps"]


def test_csv_opens_in_a_spreadsheet_and_runs_nothing(suspended: Issued, tmp_path: Path) -> None:
    out = tmp_path / "trail.csv"
    arguments = ("audit", suspended.identifiers[0], "--format", "csv", "--out", out)
    told = suspended.chongqing.json(*arguments)
    content = out.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    assert told["steps"] == len(rows)
    assert rows[-1]["legal_basis"] == "'=《某条例》"
    assert rows[-1]["recorded_at"].endswith(" +08:00")


def test_json_file_is_what_stands_on_standard_output(suspended: Issued, tmp_path: Path) -> None:
    out = tmp_path / "trail.json"
    identifier = suspended.identifiers[0]
    suspended.chongqing.run("audit", identifier, "--format", "json", "--out", out)
    printed = suspended.chongqing.json("audit", identifier)
    assert json.loads(out.read_bytes())["steps"] == printed["steps"]
    suspended.chongqing.run("audit", identifier, "--format", "json", "--out", out, code=1)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x", "--since", "2026-01-01"),
        ("x", "--region", "500000"),
        ("x", "--out", "f"),
        ("x", "--format", "pdf"),
    ],
)
def test_wrong_use_is_told(issued_once: Issued, arguments: tuple[str, ...]) -> None:
    issued_once.chongqing.run("audit", *arguments, code=2)


def test_file_that_is_no_certificate_cannot_be_audited(issued_once: Issued, tmp_path: Path) -> None:
    file = tmp_path / "broken"
    file.write_bytes(b"{")
    assert issued_once.sichuan.json("audit", file, code=1)["error"]["code"] == "json_malformed"
