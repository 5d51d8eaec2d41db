from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Issued, make_id

SUSPEND = ("suspend", "--reason", "02", "--legal-basis", "《某条例》第十四条")
RESTORE = ("restore", "--reason", "01", "--legal-basis", "期满")
REVOKE = ("revoke", "--reason", "07", "--legal-basis", "《某条例》第二十条")


def status(clerk: CommandLine, identifier: str) -> str:
    return str(clerk.json("show", identifier)["status"])


def test_suspend_restore_and_revoke_change_what_show_says(issued: Issued) -> None:
    clerk, identifier = issued.chongqing, issued.identifiers[0]
    for act, expected in ((SUSPEND, "suspended"), (RESTORE, "valid"), (REVOKE, "revoked")):
        done = clerk.json(*act, identifier, "--yes")
        assert (done["act"], done["certificates"], len(done["statements"])) == (act[0], 1, 1)
        assert status(clerk, identifier) == expected


def test_dry_run_shows_count_and_masked_names_and_changes_nothing(issued: Issued) -> None:
    clerk = issued.chongqing
    size = clerk.json("log", "root")["size"]
    result = clerk.run(*REVOKE, *issued.identifiers[:3], "--dry-run", "--officer", "李四")
    assert "Dry run: revoke 3 certificates" in result.stdout
    assert "王*明" in result.stdout
    assert "王小明" not in result.stdout
    assert "07 withdrawn as a penalty" in result.stdout
    told = clerk.json(*REVOKE, *issued.identifiers[:3], "--dry-run")
    assert [each["holder_name"] for each in told["certificates"]] == ["王*明"] * 3
    assert told["decision"]["reason_code"] == 7
    assert clerk.json("log", "root")["size"] == size
    assert status(clerk, issued.identifiers[0]) == "valid"


def test_without_a_yes_nothing_is_changed(issued: Issued) -> None:
    clerk, identifier = issued.chongqing, issued.identifiers[0]
    for answer in ("n\n", "\n", ""):
        result = clerk.run(*REVOKE, identifier, code=1, answer=answer)
        assert "cannot be undone" in result.stderr
        assert "Nothing was changed." in result.stderr
    assert status(clerk, identifier) == "valid"
    clerk.run(*REVOKE, identifier, answer="y\n")
    assert status(clerk, identifier) == "revoked"


def test_question_and_answer_are_chinese_for_who_asks_so(issued: Issued) -> None:
    result = issued.chongqing.run(
        *REVOKE, issued.identifiers[0], "--lang", "zh", code=1, answer="n\n"
    )
    assert "确认作废 1 张证照，不可撤回？" in result.stderr
    assert "未作任何变更" in result.stderr


def test_json_asks_nobody(issued_once: Issued) -> None:
    issued_once.chongqing.run(*REVOKE, issued_once.identifiers[0], "--json", code=2)


def test_identifiers_come_from_a_file_each_once(issued: Issued, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    names = "\n".join(issued.identifiers[:2])
    file.write_text(f"# 名单\n\n{names}\n {issued.identifiers[0]} \n", "utf-8-sig")
    done = issued.chongqing.json(*SUSPEND, issued.identifiers[1], "--file", file, "--yes")
    assert done["certificates"] == 2


def test_line_that_is_no_identifier_is_named(issued_once: Issued, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{issued_once.identifiers[0]}\nabc\n")
    error = issued_once.chongqing.json(*SUSPEND, "--file", file, "--yes", code=1)["error"]
    assert "list.txt, line 2" in error["message"]


def test_no_identifier_at_all_is_a_wrong_use(issued_once: Issued) -> None:
    issued_once.chongqing.run(*SUSPEND, "--yes", code=2)


@pytest.mark.parametrize(
    ("act", "reason", "listed"),
    [
        ("suspend", "07", "02 暂扣, 06 办理转出, 99 其他"),
        ("restore", "02", "01 有效, 99 其他"),
        ("revoke", "1", "03 撤销, 04 注销, 05 失效, 07 吊销, 99 其他"),
    ],
)
def test_reason_of_another_act_is_refused_with_those_there_are(
    issued_once: Issued, act: str, reason: str, listed: str
) -> None:
    arguments = (act, issued_once.identifiers[0], "--reason", reason, "--legal-basis", "x", "--yes")
    error = issued_once.chongqing.json(*arguments, code=1)["error"]
    assert error["field"] == "reason"
    assert listed in error["message"]


@pytest.mark.parametrize("act", ["suspend", "restore", "revoke"])
def test_help_lists_the_reasons_of_the_act(issued_once: Issued, act: str) -> None:
    told = issued_once.chongqing.run(act, "--help").stdout
    assert "11100000000013338W011" in told
    assert ("吊销" in told) is (act == "revoke")


def test_act_from_the_wrong_status_is_refused(issued_once: Issued) -> None:
    clerk = issued_once.chongqing
    error = clerk.json(*RESTORE, issued_once.identifiers[0], "--yes", code=1)["error"]
    assert error["code"] == "status_not_allowed"
    assert "expected status suspended" in error["message"]


def test_certificate_of_another_home_is_refused(issued_once: Issued) -> None:
    error = issued_once.sichuan.json(*SUSPEND, issued_once.identifiers[0], "--yes", code=1)["error"]
    assert error["code"] == "certificate_unknown"
    error = issued_once.chongqing.json(*SUSPEND, make_id(99), "--yes", code=1)["error"]
    assert error["code"] == "certificate_unknown"


@pytest.mark.parametrize("date", ["2026-02-30", "tomorrow", "2026/01/05"])
def test_effective_date_that_does_not_exist_is_refused(issued_once: Issued, date: str) -> None:
    arguments = (*SUSPEND, issued_once.identifiers[0], "--effective-date", date, "--yes")
    assert issued_once.chongqing.json(*arguments, code=1)["error"]["field"] == "effective-date"


def test_same_decision_again_changes_what_is_left(issued: Issued) -> None:
    clerk = issued.chongqing
    clerk.run(*REVOKE, issued.identifiers[0], "--yes")
    told = clerk.json(*REVOKE, *issued.identifiers[:3], "--dry-run")
    assert [each["is_done"] for each in told["certificates"]] == [True, False, False]
    done = clerk.json(*REVOKE, *issued.identifiers[:3], "--yes")
    assert (done["certificates"], done["already_done"]) == (2, 1)
    again = clerk.run(*REVOKE, *issued.identifiers[:3]).stdout  # asks nothing
    assert "For 3 certificates this decision had been carried out before" in again
    other = clerk.json(*REVOKE, issued.identifiers[0], "--officer", "李四", "--yes", code=1)
    assert other["error"]["code"] == "status_not_allowed"


@pytest.mark.parametrize("basis", ["第一条\n第二条", "\x1b[31m第一条", "第一条\t"])
def test_legal_basis_with_control_characters_is_refused(issued_once: Issued, basis: str) -> None:
    act = ("suspend", issued_once.identifiers[0], "--reason", "02", "--legal-basis", basis)
    error = issued_once.chongqing.json(*act, "--yes", code=1)["error"]
    assert error["field"] == "legal_basis"
    assert "control characters" in error["message"]
