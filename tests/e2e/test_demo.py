"""The demonstration as a person starts it, and what would make it fail.

It is played once with the committed example and once with a file of one's own. What it would say
of an attack that succeeds is asked with the summary of the real one, altered.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from make_example import write_example
from tests.support.command_line import CommandLine
from zhenglian.commands.demonstration import conclude
from zhenglian.demo.summary import NOTHING, Attack, Summary, Verdict, judge
from zhenglian.failures import EXIT_FAILED
from zhenglian.output import Output

LIFE = {
    "presented to Sichuan, Chongqing out of reach": ("PASSED", ""),
    "suspended by Chongqing": ("FAILED", "certificate_suspended"),
    "restored by Chongqing": ("PASSED", ""),
    "revoked by Chongqing": ("FAILED", "certificate_revoked"),
    "as of the suspension": ("FAILED", "certificate_suspended"),
    "as of the restoration": ("PASSED", ""),
    "the chain out of reach": ("INDETERMINATE", "no_trusted_log"),
}


def write_own_file(path: Path, rows: int) -> Path:
    """As a spreadsheet in China saves "CSV" when it is not asked for UTF-8."""
    write_example(path, rows=rows, seed=7)
    path.write_bytes(path.read_bytes().decode("utf-8-sig").encode("gb18030"))
    return path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which `zhenglian demo` was played."""
    work = tmp_path_factory.mktemp("demo")
    nobody = CommandLine(work / "no-home", {"ZHENGLIAN_PASSPHRASE": None})
    told = nobody.run("demo", "--work", work).stdout
    assert "16 attacks, 0 not stopped as they must be" in told
    return work


@pytest.fixture
def summary(played: Path) -> Summary:
    document = json.loads((played / "summary.json").read_bytes())
    assert document.pop("failures") == []
    document["verdicts"] = tuple(Verdict(**verdict) for verdict in document["verdicts"])
    document["attacks"] = tuple(Attack(**attack) for attack in document["attacks"])
    document["problems"] = tuple(document["problems"])
    return Summary(**document)


def test_every_row_of_the_example_is_issued_and_both_logs_agree(summary: Summary) -> None:
    assert summary.input == "W011-chongqing-2000.csv"
    assert (summary.certificates, summary.batches, summary.problems) == (2_000, 1, ())
    assert summary.log_size > 20
    assert summary.chain_log_root == summary.index_log_root
    assert len(bytes.fromhex(summary.chain_log_root)) == 32
    assert summary.seconds > 0


def test_every_verdict_is_what_the_story_says(summary: Summary) -> None:
    told = {each.case: (each.outcome, each.reason) for each in summary.verdicts}
    assert told.items() >= LIFE.items()
    assert all(each.is_right for each in summary.verdicts)


def test_every_attack_is_stopped_by_what_must_stop_it(summary: Summary) -> None:
    assert len({attack.name for attack in summary.attacks}) >= 10
    stopped_by = {attack.name: attack.refused_by for attack in summary.attacks}
    assert stopped_by["altered field"] == "seal_signature: seal_invalid"
    assert stopped_by["stolen operator account tries to revoke"] == "SealInvalidError"
    assert stopped_by["replayed batch"] == "BatchExistsError"
    assert NOTHING not in stopped_by.values()


def alter_first(each: tuple[Any, ...], **changes: str) -> tuple[Any, ...]:
    return (replace(each[0], **changes), *each[1:])


@pytest.mark.parametrize(
    ("alter", "complaint"),
    [
        (
            lambda real: {"attacks": alter_first(real.attacks, refused_by=NOTHING)},
            "altered field: stopped by nothing, expected seal_signature: seal_invalid",
        ),
        (
            lambda real: {"attacks": alter_first(real.attacks, refused_by="anchored: x")},
            "altered field: stopped by anchored: x, expected seal_signature: seal_invalid",
        ),
        (
            lambda real: {
                "attacks": alter_first(real.attacks, refused_by=NOTHING, expected=NOTHING)
            },
            "altered field: stopped by nothing, expected nothing",
        ),
        (lambda _: {"attacks": ()}, "nothing was verified, or nothing was attacked"),
        (lambda _: {"verdicts": ()}, "nothing was verified, or nothing was attacked"),
        (
            lambda real: {"verdicts": alter_first(real.verdicts, outcome="FAILED", reason="x")},
            "presented to Sichuan, Chongqing out of reach: FAILED x, expected PASSED",
        ),
        (
            lambda real: {"verdicts": alter_first(real.verdicts, outcome="INDETERMINATE")},
            "presented to Sichuan, Chongqing out of reach: INDETERMINATE, expected PASSED",
        ),
        (lambda _: {"index_log_root": "00" * 32}, "chain and index have different log roots"),
        (lambda _: {"certificates": 1_999}, "1999 of 2000 rows were issued"),
        (lambda _: {"problems": ("leaf_wrong 3: …",)}, "leaf_wrong 3: …"),
    ],
)
def test_demonstration_fails_when_anything_is_not_as_it_must_be(
    summary: Summary,
    alter: Callable[[Summary], dict[str, Any]],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert judge(summary) == ()
    assert not conclude(Output(is_json=True), summary)
    altered = replace(summary, **alter(summary))
    assert judge(altered) == (complaint,)
    capsys.readouterr()
    assert conclude(Output(is_json=True), altered) == EXIT_FAILED
    told = capsys.readouterr()
    assert json.loads(told.out)["failures"] == [complaint]
    assert complaint in told.err


def test_homes_are_left_to_look_around_in(played: Path) -> None:
    sichuan = CommandLine(played / "homes" / "510000", {"ZHENGLIAN_PASSPHRASE": None})
    report = sichuan.json("verify", played / "holder" / "certificate.zhenglian.json", code=10)
    assert report["checks"][7]["reason"] == "certificate_revoked"


def test_own_file_in_gb18030_is_played(tmp_path: Path) -> None:
    file = write_own_file(tmp_path / "own.csv", rows=25)
    assert b"\r\n" in file.read_bytes()
    nobody = CommandLine(tmp_path / "no-home")
    summary = nobody.json("demo", "--input", file, "--work", tmp_path / "demo")
    assert (summary["input"], summary["rows"], summary["certificates"]) == ("own.csv", 25, 25)
    assert len(summary["attacks"]) >= 10
    assert summary["failures"] == []
