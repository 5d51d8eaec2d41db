"""Where Chinese is spoken, no sentence is English, but for the exact words of an error."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Issued, make_id, make_row, write_csv
from zhenglian.language import Language, detect_language

COMMAND_LINE = re.compile(r"zhenglian( [a-z-]+)+")
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")
BASIS = ("--legal-basis", "《某条例》", "--yes")


def has_english(told: str) -> bool:
    """Whether three English words stand beside each other that are not to be typed."""
    return bool(ENGLISH.search(COMMAND_LINE.sub("", told)))


def in_chinese(clerk: CommandLine) -> CommandLine:
    environment = {"ZHENGLIAN_LANG": None, "LC_ALL": "zh_CN.UTF-8", "ZHENGLIAN_DEBUG": None}
    return replace(clerk, environment=environment)


def test_locale_decides_unless_a_language_is_asked_for(issued_once: Issued) -> None:
    clerk = in_chinese(issued_once.chongqing)
    assert "一切正常" in clerk.run("fsck").stdout
    assert "Everything is as it must be" in clerk.run("fsck", "--lang", "en").stdout
    assert detect_language({}) is Language.EN


def test_results_are_told_in_chinese_alone(issued: Issued, tmp_path: Path) -> None:
    clerk = in_chinese(issued.chongqing)
    shown, backup = tmp_path / "c.zhenglian.json", tmp_path / "backup"
    more = write_csv(tmp_path / "more.csv", [make_row(7), make_row(8)])
    for arguments in (
        (
            "init",
            "--region",
            "520000",
            "--name",
            "贵州省",
            "--chain",
            "c",
            "--home",
            tmp_path / "h",
        ),
        ("issue", "--template", "W011", "--out", tmp_path / "t.csv"),
        ("issue", more),
        ("issue", more),
        ("list", "--limit", "2"),
        ("show", make_id(1)),
        ("present", make_id(1), "--disclose", "姓名", "--out", shown),
        ("verify", shown),
        ("suspend", make_id(1), "--reason", "02", *BASIS),
        ("restore", make_id(1), "--reason", "01", *BASIS),
        ("audit", make_id(1)),
        ("audit", "--since", "2026-01-01", "--format", "csv", "--out", tmp_path / "a.csv"),
        ("hold", make_id(1), "--reason", "诉讼"),
        ("release", make_id(1), "--reason", "终结"),
        ("erasures",),
        ("backup", backup),
        ("restore-backup", backup, "--home", tmp_path / "restored"),
        ("issuer", "list"),
        ("issuer", "rotate", "11500000000000001G"),
        ("govern", "members"),
        ("govern", "list"),
        ("govern", "propose", "freeze", "510000", "--hours", "1"),
        ("log", "root"),
        ("log", "proof", "3"),
        ("log", "consistency", "3", "5"),
        ("index", "sync"),
        ("index", "rebuild"),
        ("fsck",),
    ):
        result = clerk.run(*arguments)
        assert not has_english(result.stdout + result.stderr), (arguments, result.output)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", make_id(99)), "错误：本节点没有签发过这张证照 [certificate_unknown]"),
        (("show", "x"), "错误：输入有误 [malformed_input]"),
        (("show", "x", "--home", "nowhere"), "错误：输入有误 [malformed_input]"),
        (("fsck", "--home", "nowhere"), "错误：此处不是节点目录"),
        (("govern", "vote", "ab", "--approve"), "错误：没有找到 [proposal_unknown]"),
    ],
)
def test_error_is_told_in_chinese_and_exactly_below(
    issued_once: Issued, arguments: tuple[str, ...], said: str
) -> None:
    first, second = in_chinese(issued_once.chongqing).run(*arguments, code=1).stderr.splitlines()
    assert first.startswith(said)
    assert not has_english(first)
    assert second.startswith("  ")


def test_chain_out_of_reach_is_told_in_chinese(issued: Issued, tmp_path: Path) -> None:
    shown = tmp_path / "c.zhenglian.json"
    issued.chongqing.run("present", make_id(1), "--out", shown)
    issued.consortium.chain.rename(tmp_path / "away")
    result = in_chinese(issued.sichuan).run("verify", shown, code=11)
    assert result.stderr.splitlines()[0] == "无法查询账本：此处没有链：可能尚未挂载，或尚未创立账本"
    assert not has_english(result.stdout)


def test_file_that_is_no_certificate_is_told_in_chinese(
    issued_once: Issued, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"{")
    result = in_chinese(issued_once.sichuan).run("verify", tmp_path / "f", code=10)
    assert not has_english(result.stdout)
