from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine, Issued

REVOKE = ("revoke", "--reason", "07", "--legal-basis", "《某条例》第二十条", "--yes")


@pytest.fixture
def file(issued_once: Issued, tmp_path: Path) -> Path:
    out = tmp_path / "a.zhenglian.json"
    fields = ("--disclose", "姓名,证书编号")
    issued_once.chongqing.run("present", issued_once.identifiers[0], *fields, "--out", out)
    return out


def checks(report: Any) -> dict[str, str | None]:
    return {check["name"]: check["reason"] for check in report["checks"]}


def test_other_province_verifies_from_the_file_and_the_chain_alone(
    issued_once: Issued, file: Path
) -> None:
    clerk = CommandLine(issued_once.sichuan.home, {"ZHENGLIAN_PASSPHRASE": None})
    away = issued_once.chongqing.home.rename(issued_once.chongqing.home.with_name("away"))
    try:
        report = clerk.json("verify", file)
    finally:
        away.rename(issued_once.chongqing.home)
    assert (report["outcome"], len(report["checks"])) == ("PASSED", 11)
    assert report["certificate"]["fields"]["holder_name"] == "王小明"


def test_report_for_people_has_outcome_fields_checks_and_next_step(
    issued_once: Issued, file: Path
) -> None:
    told = issued_once.sichuan.run("verify", file).stdout
    assert told.startswith("✓ PASSED\n")
    for text in ("姓名      王小明", "✓  5   Anchored", "– 11   Holder binding", "+08:00"):
        assert text in told
    told = issued_once.sichuan.run("verify", file, "--lang", "zh").stdout
    assert told.startswith("✓ 通过 PASSED\n")
    assert "✓  5   已上链存证" in told


def test_revoked_certificate_fails_with_reason_and_basis(issued: Issued, file: Path) -> None:
    issued.chongqing.run(*REVOKE, issued.identifiers[0])
    report = issued.sichuan.json("verify", file, code=10)
    assert checks(report)["status"] == "certificate_revoked"
    told = issued.sichuan.run("verify", file, "--lang", "zh", code=10).stdout
    for text in ("✗ 未通过 FAILED", "原因 07 吊销", "《某条例》第二十条", "下一步"):
        assert text in told


def test_verdict_as_of_a_time_before_the_issuance_says_so(issued_once: Issued, file: Path) -> None:
    report = issued_once.sichuan.json("verify", file, "--as-of", "2024-06-01T10:00", code=10)
    assert report["as_of_unix"] == 1717207200
    assert checks(report)["status"] == "not_yet_issued"


def test_own_province_relies_unless_another_or_none_is_named(
    issued_once: Issued, file: Path
) -> None:
    own = issued_once.sichuan.json("verify", file)["checks"][8]
    assert (own["outcome"], own["required"]) == ("PASSED", True)
    assert own["detail"]["relying_region"] == "510000"
    told = issued_once.sichuan.run("verify", file, "--lang", "zh").stdout
    assert "互认规则 510000 ← 500000" in told
    other = issued_once.sichuan.json("verify", file, "--relying-region", "520000", code=10)
    assert checks(other)["recognition"] == "not_recognised"
    assert (other["authenticity"], other["reliance"]) == ("PASSED", "FAILED")
    nobody = issued_once.sichuan.json("verify", file, "--relying-region", "none")
    assert nobody["checks"][8]["outcome"] == "NOT_REQUIRED"


@pytest.mark.parametrize("content", [b"", b"{", b"\x00\xff" * 100, b"[]", b"eyJhIjoxfQ.x.y~"])
def test_file_that_cannot_be_read_is_a_verdict_not_an_accident(
    issued_once: Issued, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "broken"
    file.write_bytes(content)
    report = issued_once.sichuan.json("verify", file, code=10)
    assert checks(report)["well_formed"] == "not_well_formed"
    assert "as above" in issued_once.sichuan.run("verify", file, code=10).stdout


def test_file_of_excessive_size_is_not_well_formed(issued_once: Issued, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b" " * (5 << 20))
    assert checks(issued_once.sichuan.json("verify", file, code=10))["well_formed"]


def test_missing_file_and_directory_are_program_errors(issued_once: Issued, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        error = issued_once.sichuan.json("verify", path, code=1)["error"]
        assert (error["code"], error["field"]) == ("not_found", "file")


def test_bare_sd_jwt_is_accepted(issued_once: Issued, file: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.write_text(json.loads(file.read_bytes())["certificate"])
    report = issued_once.sichuan.json("verify", bare, code=11)
    assert checks(report)["anchored"] == "missing_batch_proof"


def test_chain_that_is_away_gives_no_verdict_and_says_why(issued: Issued, file: Path) -> None:
    issued.consortium.chain.rename(issued.consortium.directory / "unplugged")
    result = issued.sichuan.run("verify", file, code=11)
    assert "[chain_missing]" in result.stderr
    assert result.stdout.startswith("? INDETERMINATE")
    assert not issued.consortium.chain.exists()


def test_home_that_is_none_is_refused_before_anything_is_asked(tmp_path: Path, file: Path) -> None:
    nobody = CommandLine(tmp_path / "none", {"ZHENGLIAN_PASSPHRASE": None})
    assert nobody.json("verify", file, code=1)["error"]["code"] == "home_not_found"
    assert nobody.json("fsck", code=1)["error"]["code"] == "home_not_found"


@pytest.mark.parametrize("time", ["yesterday", "2026-13-01", "1969-01-01"])
def test_time_that_is_none_is_refused(issued_once: Issued, file: Path, time: str) -> None:
    error = issued_once.sichuan.json("verify", file, "--as-of", time, code=1)["error"]
    assert error["field"] == "as-of"


def test_terminal_is_not_steered_by_what_a_file_says(issued_once: Issued, tmp_path: Path) -> None:
    file = tmp_path / "evil"
    file.write_bytes(b'{"format": "\\u001b[2J\\u202e", "x\\u001b[31m": 1}')
    result = issued_once.sichuan.run("verify", file, code=10)
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output
