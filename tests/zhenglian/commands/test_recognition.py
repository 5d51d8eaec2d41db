from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine, Issued

NEVER = "2024-06-01T10:00"


@pytest.fixture
def file(issued: Issued, tmp_path: Path) -> Path:
    out = tmp_path / "a.zhenglian.json"
    issued.chongqing.run("present", issued.identifiers[0], "--disclose", "姓名", "--out", out)
    return out


def recognition(clerk: CommandLine, file: Path, *options: str, code: int) -> Any:
    return clerk.json("verify", file, *options, code=code)["checks"][8]


def test_policy_is_versioned_ended_and_listed(issued: Issued, file: Path) -> None:
    clerk = issued.sichuan
    assert recognition(clerk, file, code=0)["detail"]["policy"]["version"] == 1
    second = clerk.json("recognise", "policy", "500000", "W011", "--seal-level", "2")
    assert (second["version"], second["minimum_seal_level"]) == (2, 2)
    check = recognition(clerk, file, code=10)
    assert check["reason"] == "not_recognised"
    assert check["detail"]["refused"][0]["result"] == "seal_level_too_low"
    ended = clerk.json("recognise", "end", "500000", "W011")
    assert (ended["version"], ended["state"], ended["relying"]) == (3, "ended", "510000")
    error = clerk.json("recognise", "end", "500000", "W011", code=1)["error"]
    assert error["code"] == "policy_ended"
    listed = clerk.json("recognise", "list")
    assert [each["version"] for each in listed["policies"]] == [3]
    assert clerk.json("recognise", "list", "--at", NEVER)["policies"] == []
    told = clerk.run("recognise", "list", "--lang", "zh").stdout
    for text in ("使用地", "已终止", "11100000000013338W011"):
        assert text in told


def test_policy_for_a_city_about_every_type_with_conditions(issued: Issued, file: Path) -> None:
    conditions = issued.sichuan.home / "conditions.txt"
    conditions.write_text("仅限成都市住建领域", "utf-8")
    told = issued.sichuan.run(
        *("recognise", "policy", "500000", "all", "--relying", "510100"),
        *("--from", "2026-01-01", "--until", "2030-12-31", "--conditions", conditions),
        *("--lang", "zh"),
    ).stdout
    for text in ("已设定互认规则", "510100", "全部类型", "2026-01-01 – 2030-12-31"):
        assert text in told
    issued.sichuan.run("recognise", "end", "500000", "W011")
    check = recognition(issued.sichuan, file, "--relying-region", "510104", code=0)
    assert check["detail"]["policy"]["certificate_type"] is None
    assert recognition(issued.sichuan, file, code=10)["reason"] == "not_recognised"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("policy", "500000", "W011", "--relying", "520000"), "party_of_another_member"),
        (("policy", "510000", "W011"), "parties_malformed"),
        (("policy", "@NOBODY", "W011"), "group_unknown"),
        (("policy", "500000", "W011", "--conditions", "/nowhere"), "not_found"),
        (("leave", "@NOBODY"), "group_unknown"),
        (("pact", "show", "ab"), "pact_unknown"),
        (("pact", "sign", "/nowhere", "--yes"), "not_found"),
    ],
)
def test_refusals_are_told(issued: Issued, arguments: tuple[str, ...], code: str) -> None:
    error = issued.sichuan.json("recognise", *arguments, code=1)["error"]
    assert error["code"] == code


def test_pact_of_a_group_from_draft_to_departure(
    issued: Issued, file: Path, tmp_path: Path
) -> None:
    sichuan, chongqing = issued.sichuan, issued.chongqing
    sichuan.run("recognise", "end", "500000", "W011")
    group = chongqing.json("recognise", "group", "@CHUANYU", "510000", "500000", "--name", "川渝")
    assert group["parties"] == ["500000", "510000"]
    pact = tmp_path / "alliance.pact.json"
    drafted = chongqing.run("recognise", "pact", "draft", "@CHUANYU", "--out", pact).stdout
    assert "zhenglian recognise pact sign" in drafted
    signed = chongqing.json("recognise", "pact", "sign", pact, "--yes")
    assert (signed["state"], signed["missing"]) == ("open", ["510000"])
    assert recognition(sichuan, file, code=10)["reason"] == "not_recognised"
    declined = sichuan.run("recognise", "pact", "sign", pact, answer="n\n", code=1)
    assert "Not signed." in declined.output
    told = sichuan.run("recognise", "pact", "sign", pact, "--lang", "zh", answer="y\n").stdout
    assert "已缔结" in told
    again = sichuan.json("recognise", "pact", "sign", pact, "--yes", code=1)["error"]
    assert again["code"] == "pact_signed_before"
    shown = sichuan.json("recognise", "pact", "show", signed["pact_id"][:8])
    assert (shown["state"], shown["signed"]) == ("concluded", ["500000", "510000"])
    detail = recognition(sichuan, file, code=0)["detail"]["policy"]
    assert (detail["relying"], detail["pact_id"]) == ("@CHUANYU", signed["pact_id"])
    listed = sichuan.run("recognise", "list").stdout
    for text in ("@CHUANYU", "川渝", "concluded"):
        assert text in listed
    sichuan.run("recognise", "leave", "@CHUANYU")
    assert "510000 (left)" in sichuan.run("recognise", "list").stdout
    assert recognition(sichuan, file, code=10)["reason"] == "not_recognised"


def test_presentation_for_a_region_carries_its_policy(issued: Issued, tmp_path: Path) -> None:
    out = tmp_path / "for-sichuan"
    issued.chongqing.run("present", issued.identifiers[0], "--to", "510000", "--out", out)
    plain = tmp_path / "for-nobody"
    issued.chongqing.run("present", issued.identifiers[0], "--out", plain)
    assert out.stat().st_size > plain.stat().st_size
    assert recognition(issued.sichuan, out, code=0)["outcome"] == "PASSED"


def test_explanation_cites_what_recognises_or_says_that_nothing_does(issued_once: Issued) -> None:
    clerk = issued_once.sichuan
    issuer = clerk.json("issuer", "list")[0]["issuer"]
    found = clerk.json("recognise", "explain", "510104", issuer, "W011")
    assert found["is_recognised"]
    assert found["relying_parties"] == ["510104", "510100", "510000"]
    assert found["cited"]["policy"]["version"] == 1
    told = clerk.run("recognise", "explain", "510104", "500103", "W011", "--lang", "zh").stdout
    for text in ("✓ 认可", "互认规则", "510000 ← 500000"):
        assert text in told
    refused = clerk.run("recognise", "explain", "520000", "500000", "W011", code=10).stdout
    assert "NOT RECOGNISED" in refused
    past = clerk.json("recognise", "explain", "510000", "500000", "W011", "--at", NEVER, code=10)
    assert past["steps"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("pact", "draft", "510000"),
        ("pact", "sign", "x", "--json"),
        ("policy", "500000", "W011", "--seal-level", "4"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    issued_once: Issued, arguments: tuple[str, ...]
) -> None:
    issued_once.sichuan.run("recognise", *arguments, code=2)
