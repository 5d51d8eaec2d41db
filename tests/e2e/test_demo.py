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
from zhenglian.demo.stage import PASSPHRASE
from zhenglian.demo.summary import (
    NOTHING,
    Attack,
    CaseOutcome,
    Recognition,
    Summary,
    Verdict,
    judge,
)
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
    "the holder's file alone, with the log's root, no chain": ("PASSED", ""),
    "the old certificate": ("FAILED", "certificate_superseded"),
    "the new one, which cites it": ("PASSED", ""),
}
TRANSFERRED = "delivered in round 2: 2 approved, relying on 1"
ATTACKS_ON_CASES = {
    "hand-over signed by one side only": "HandOverPendingError",
    "somebody else's genuine certificate": "materials_not_passed: holder_is_not_applicant",
    "an unrecognised certificate": "materials_not_passed: not_recognised",
    "approval replayed in another case": "SealInvalidError",
    "approval replayed in another round": "RoundUnexpectedError",
    "approval over changed materials": "DecidedOnOtherGroundsError",
    "approval after its time": "StatementExpiredError",
    "approval by a department without competence": "DepartmentNotCompetentError",
    "approval while the experts still review": "CasePausedError",
    "the k-th approval races the veto": "CaseStateUnexpectedError",
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
    assert "26 attacks, 0 not stopped as they must be" in told
    return work


@pytest.fixture
def summary(played: Path) -> Summary:
    document = json.loads((played / "summary.json").read_bytes())
    assert document.pop("failures") == []
    document["verdicts"] = tuple(Verdict(**verdict) for verdict in document["verdicts"])
    document["attacks"] = tuple(Attack(**attack) for attack in document["attacks"])
    document["recognitions"] = tuple(Recognition(**each) for each in document["recognitions"])
    document["cases"] = tuple(CaseOutcome(**case) for case in document["cases"])
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


def test_nothing_is_recognised_without_a_policy_and_each_recognition_cites_one(
    summary: Summary,
) -> None:
    told = {each.case: (each.relying, each.reason or each.policy) for each in summary.recognitions}
    alliance = "policy @CHUANYU-9 → @CHUANYU-9, version 1"
    pact = "policy 510000 → 500000, version 1"
    assert told == {
        "成都市 before any policy": ("510100", "not_recognised"),
        "成都市 in the alliance": ("510100", alliance),
        "绵阳市, which is not in it": ("510700", "not_recognised"),
        "四川省, its own pact signed by one side": ("510000", "not_recognised"),
        "四川省, signed by both": ("510000", pact),
        "绵阳市, of that province": ("510700", pact),
    }


def test_cases_come_out_as_the_story_says(summary: Summary) -> None:
    told = {each.case: each.outcome for each in summary.cases}
    assert told == {
        "transfer of an engineer": TRANSFERRED,
        "an expert review stops the clock": "no time is lost",
        "safety licence of a firm": "delivered in round 2: 3 approved, relying on 2",
        "joint review, vetoed by 贵州省": "rejected in round 1: 2 approved, 1 refused",
        "rests on a revoked certificate": "safety licence of a firm",
        "rests on a superseded certificate": "transfer of an engineer",
    }
    ids = {each.case: each.case_id for each in summary.cases}
    assert ids["rests on a revoked certificate"] == ids["safety licence of a firm"]
    assert ids["rests on a superseded certificate"] == ids["transfer of an engineer"]


def test_every_attack_on_a_case_is_stopped_by_what_must_stop_it(summary: Summary) -> None:
    stopped_by = {attack.name: attack.refused_by for attack in summary.attacks}
    assert stopped_by.items() >= ATTACKS_ON_CASES.items()


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
        (
            lambda real: {
                "recognitions": alter_first(real.recognitions, outcome="PASSED", reason="")
            },
            "成都市 before any policy: PASSED by nothing, expected not_recognised by nothing",
        ),
        (
            lambda real: {"cases": alter_first(real.cases, outcome="withdrawn")},
            f"transfer of an engineer: withdrawn, expected {TRANSFERRED}",
        ),
        (lambda _: {"cases": ()}, "nothing was recognised, or no case was played"),
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


def test_sichuan_s_home_tells_what_rests_on_the_revoked_certificate(
    played: Path, summary: Summary
) -> None:
    sichuan = CommandLine(played / "homes" / "510000", {"ZHENGLIAN_PASSPHRASE": PASSPHRASE})
    found = json.dumps(sichuan.json("recall"))
    for case in summary.cases[-2:]:
        assert case.case_id in found


@pytest.mark.parametrize("member", ["500000", "510000", "520000"])
def test_home_of_each_province_is_as_it_must_be(played: Path, member: str) -> None:
    home = CommandLine(played / "homes" / member, {"ZHENGLIAN_PASSPHRASE": PASSPHRASE})
    assert home.json("fsck")["problems"] == []


def test_own_file_in_gb18030_is_played(tmp_path: Path) -> None:
    file = write_own_file(tmp_path / "own.csv", rows=25)
    assert b"\r\n" in file.read_bytes()
    nobody = CommandLine(tmp_path / "no-home")
    summary = nobody.json("demo", "--input", file, "--work", tmp_path / "demo")
    assert (summary["input"], summary["rows"], summary["certificates"]) == ("own.csv", 25, 25)
    assert len(summary["attacks"]) >= 20
    assert summary["failures"] == []
