"""A case's whole life by the command line, across two provinces.

Received at a window in Chongqing, supplemented and decided in Sichuan by departments of both,
paused for an expert review, ended in a certificate that cites it, and recalled once the certificate
it relied on is revoked. Nothing is called but commands; what travels are files.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.actions.deliveries.inbox import list_outgoing
from ledger.actions.deliveries.status_notices import queue_status_notices
from ledger.identifiers import CertificateId
from ledger.workspace import Workspace
from tests.support.command_line import CommandLine, at, make_id, make_row, write_csv
from tests.support.consortium import (
    CHONGQING,
    ISSUER,
    ISSUERS,
    PASSPHRASE,
    SAFETY_STAFF,
    SICHUAN,
    Consortium,
)

HANDLER = ISSUERS[SICHUAN]
ITEM = f"{HANDLER}0117002011000"
RESULT = str(CertificateId.build(SAFETY_STAFF, HANDLER, "20260000001", "001"))
WINDOW_CLERK, EXAMINER = "窗口（虚构）甲一", "经办人（虚构）乙二"


def make_matter(path: Path) -> Path:
    members = {
        "format": "zhenglian-matter/1",
        "itemCode": ITEM,
        "version": 1,
        "name": "安全生产管理人员转入（虚构）",
        "conditions": ["持有考核合格证书"],
        "channels": ["window"],
        "acceptanceModes": ["proxy", "joint"],
        "steps": [
            {
                "name": "联合审查",
                "rule": "ordered",
                "deciders": [str(ISSUER), str(HANDLER)],
                "limitDays": 5,
            },
            {"name": "决定", "rule": "all", "deciders": [str(HANDLER)], "limitDays": 3},
        ],
        "statutoryDays": 20,
        "promisedDays": 10,
        "delivery": ["electronic"],
        "fee": {"amountFen": 0, "basis": "不收费"},
        "requiredTypes": [
            {"type": str(SAFETY_STAFF), "replaces": "考核合格证书复印件", "holder": "applicant"}
        ],
        "materials": [{"name": "劳动合同"}],
        "resultTypes": [str(SAFETY_STAFF)],
    }
    path.write_text(json.dumps(members, ensure_ascii=False), "utf-8")
    return path


def make_application(path: Path, evidence: Path) -> Path:
    row = make_row(1)
    members = {
        "item_code": ITEM,
        "applicant": {"name": row["姓名"], "code_type": "111", "code": row["身份证号"]},
        "channel": "window",
        "identity": {"method": "居民身份证", "note": "本人到窗口"},
        "materials": [{"name": "考核合格证书", "file": evidence.name}],
    }
    path.write_text(json.dumps(members, ensure_ascii=False), "utf-8")
    return path


def publish_calendars(*homes: CommandLine) -> None:
    """Made-up notices for the years after the newest that the library has."""
    notices = {
        str(year): {"source": "for tests", "days_off": [], "working_days": []}
        for year in range(2027, datetime.now(UTC).year + 3)
    }
    for clerk in homes:
        (clerk.home / "calendar.json").write_text(json.dumps(notices))


@pytest.fixture
def provinces(consortium: Consortium, tmp_path: Path) -> tuple[CommandLine, CommandLine]:
    """Chongqing, which has issued a certificate, and Sichuan, which has defined the matter."""
    chongqing, sichuan = at(consortium, CHONGQING), at(consortium, SICHUAN)
    prepare(chongqing, sichuan, tmp_path)
    return chongqing, sichuan


def prepare(chongqing: CommandLine, sichuan: CommandLine, directory: Path) -> None:
    """Issues the certificate and defines the matter."""
    publish_calendars(chongqing, sichuan)
    matter = make_matter(directory / "matter.json")
    sichuan.run("catalogue", "define-matter", matter)
    chongqing.run("catalogue", "import", matter)
    chongqing.run("issue", write_csv(directory / "one.csv", [make_row(1)]))


def present(clerk: CommandLine, path: Path) -> Path:
    clerk.run("present", make_id(1), "--disclose", "all", "--out", path)
    return path


def state_of(result: Any) -> str:
    return str(result["state"])


def test_case_lives_from_the_window_to_its_recall(
    provinces: tuple[CommandLine, CommandLine], tmp_path: Path
) -> None:
    chongqing, sichuan = provinces
    evidence = present(chongqing, tmp_path / "staff.zhenglian.json")
    application = make_application(tmp_path / "application.json", evidence)
    package, receipt = tmp_path / "to-sichuan.case", tmp_path / "receipt.json"
    contract = tmp_path / "contract.pdf"
    contract.write_bytes(b"%PDF-1.7 a contract")

    # 收件 at the window, handed over to the province that decides
    opened = chongqing.json("case", "submit", application, "--officer", WINDOW_CLERK)
    assert state_of(opened) == "received"
    again = chongqing.json("case", "submit", application, "--officer", WINDOW_CLERK)
    assert (again["case_id"], again["was_done"]) == (opened["case_id"], True)
    case = opened["case_id"][:12]
    chongqing.run("case", "hand-over", case, "--out", package)
    sichuan.run("case", "receive", package, "--out", receipt)
    chongqing.run("case", "receive", receipt)

    # 补正 before acceptance, once
    missing = ("--missing", "劳动合同", "--text", "请补交劳动合同")
    assert state_of(sichuan.json("case", "supplement", case, *missing)) == "supplementing"
    supplied = sichuan.json("case", "supplement", case, "--material", f"劳动合同={contract}")
    assert state_of(supplied) == "received"

    # 受理 only once Sichuan recognises what Chongqing has issued
    accept = ("case", "accept", case, "--officer", EXAMINER)
    refusal = sichuan.json(*accept, code=1)["error"]
    assert refusal["code"] == "materials_not_passed"
    assert "not_recognised" in refusal["message"]
    sichuan.run("recognise", "policy", "500000", "W011")
    chongqing.run("recognise", "policy", "510000", "W011")
    judged = sichuan.json("case", "judge", case)
    assert [each["name"] for each in judged["materials"]] == ["考核合格证书", "劳动合同"]
    assert judged["outcome"] == "PASSED"
    assert state_of(sichuan.json(*accept)) == "accepted"

    # the clock stands for an expert review, then both provinces decide in order
    sichuan.run("case", "pause", case, "--for", "expert-review", "--text", "组织专家评审")
    sichuan.run("case", "resume", case, "--text", "评审通过")
    sichuan.run("case", "assign", case)
    shared = tmp_path / "to-chongqing.case"
    sichuan.run("case", "share", case, "--to", ISSUER, "--out", shared)
    chongqing.run("case", "receive", shared)
    approve = ("approve", "--text", "情况属实，同意", "--yes")
    assert state_of(chongqing.json("case", "decide", case, *approve)) == "reviewing"
    sichuan.run("case", "decide", case, *approve)
    sichuan.run("case", "assign", case)
    assert state_of(sichuan.json("case", "decide", case, *approve)) == "decided"
    concluded = sichuan.json("case", "conclude", case, "--text", "准予转入", "--yes")
    assert state_of(concluded) == "approved"

    # 出证: the certificate cites the case and the one it continues
    row = make_row(1, 证照标识=RESULT)
    file = write_csv(tmp_path / "result.csv", [row])
    sichuan.run("issue", file, "--case", case, "--related", make_id(1))
    assert state_of(sichuan.json("case", "issue", case, RESULT)) == "issued"
    result = tmp_path / "result.zhenglian.json"
    sichuan.run("present", RESULT, "--disclose", "all", "--out", result)
    told = chongqing.json("verify", result, code=0)["certificate"]
    assert (told["case_id"], told["related_certificate_id"]) == (opened["case_id"], make_id(1))
    assert opened["case_id"] in sichuan.run("show", RESULT).stdout

    # 送达 at the window where it began
    back = tmp_path / "back.case"
    sichuan.run("case", "hand-over", case, "--out", back)
    chongqing.run("case", "receive", back, "--out", tmp_path / "back-receipt.json")
    delivered = chongqing.json("case", "deliver", case, "--text", "申请人签收")
    assert state_of(delivered) == "delivered"

    # the certificate it relied on is revoked: Sichuan learns what rested on it
    assert sichuan.json("recall")["reliances"] == []
    chongqing.run(
        "revoke", make_id(1), "--reason", "07", "--legal-basis", "《…条例》第二十条", "--yes"
    )
    (found,) = sichuan.json("recall")["reliances"]
    assert (found["case_id"], found["certificate_id"]) == (opened["case_id"], make_id(1))
    assert (found["status"], found["is_committed"]) == ("revoked", True)
    assert sichuan.json("recall", evidence)["reliances"] == [found]
    assert sichuan.json("recall", make_id(1))["reliances"] == [found]
    assert chongqing.json("recall")["reliances"] == []
    told = sichuan.run("recall", "--lang", "zh").stdout
    for said in ("涉及 1 个案件", make_id(1), "已作废", "与链上承诺相符", "《…条例》第二十条"):
        assert said in told
    assert "没有案件需要复核" in chongqing.run("recall", "--lang", "zh").stdout

    # the result is suspended: the window that received the case is told
    suspend = ("suspend", RESULT, "--reason", "02", "--legal-basis", "《…条例》第十四条")
    sichuan.run(*suspend, "--yes")
    with Workspace.open(sichuan.home, PASSPHRASE) as home:
        home.sync_index()
        assert len(queue_status_notices(home, {}).queued) == 1
        (notice,) = list_outgoing(home)
        assert (notice.kind.value, notice.receiver) == ("status_notice", ISSUER)

    # what everybody sees, and what only the home that keeps the papers sees
    shown = sichuan.run("case", "show", case, "--lang", "zh").stdout
    for said in ("已送达", "第 1 版", "考核合格证书", "仅核对有此件", "依次同意"):
        assert said in shown
    assert "已逾期" not in shown
    assert "与按工作日推算的日期不符" not in shown
    trail = chongqing.run("audit", case, "--lang", "zh").stdout
    for said in ("要求补正", "第 2 轮材料", "专家评审", "停止计时", "恢复计时", "依据 1 张证照"):
        assert said in trail
    assert "✗" not in trail
    erase = ("case", "erase", case, "--reason", "申请人申请删除")
    assert "erase the papers" in chongqing.run(*erase, answer="n\n", code=1).output
    assert chongqing.json(*erase, "--yes")["case_id"] == opened["case_id"]
    assert "案卷内容已删除" in chongqing.run("case", "show", case, "--lang", "zh").stdout
    csv_file = tmp_path / "trail.csv"
    sichuan.run("audit", case, "--format", "csv", "--out", csv_file)
    assert EXAMINER in csv_file.read_text("utf-8-sig")
    assert WINDOW_CLERK not in csv_file.read_text("utf-8-sig")

    for clerk in provinces:
        assert clerk.json("fsck")["problems"] == []
    trail = chongqing.json("audit", case)
    acts = [step["act"] for step in trail["steps"]]
    assert (acts[0], acts[1], acts[-1]) == ("matter_defined", "case_opened", "case_delivered")
    assert trail["subject"] == opened["case_id"]


def test_case_is_listed_shown_and_followed_in_words(
    provinces: tuple[CommandLine, CommandLine], tmp_path: Path
) -> None:
    chongqing, sichuan = provinces
    application = make_application(
        tmp_path / "application.json", present(chongqing, tmp_path / "staff.zhenglian.json")
    )
    case = chongqing.json("case", "submit", application, "--officer", WINDOW_CLERK)["case_id"]
    package = tmp_path / "to-sichuan.case"
    chongqing.run("case", "hand-over", case, "--out", package)
    sichuan.run("case", "receive", package, "--out", tmp_path / "receipt.json")
    chinese = CommandLine(sichuan.home, {"ZHENGLIAN_LANG": "zh", "ZHENGLIAN_PASSPHRASE": None})

    listed = chinese.run("case", "list", "--ours").stdout
    assert case[:16] in listed
    assert "受理期限" in listed
    assert "500000 → 510000" in listed
    assert chinese.json("case", "list", "--state", "delivered") == {"cases": []}

    shown = chinese.run("case", "show", case[:8]).stdout
    for said in ("已收件", "收件地", "办理地", "联合审查", str(HANDLER), "受理期限"):
        assert said in shown
    assert "材料现在" in shown

    trail = chinese.run("audit", case[:8]).stdout
    for said in ("收件", "移交", "接收", "收件地", "办理地", "事项标准第 1 版", "✓"):
        assert said in trail
    assert "✗" not in trail
    assert WINDOW_CLERK not in trail
    assert WINDOW_CLERK in chongqing.run("audit", case[:8]).stdout


def test_wrong_input_names_what_was_expected_and_got(
    provinces: tuple[CommandLine, CommandLine], tmp_path: Path
) -> None:
    chongqing, sichuan = provinces
    evidence = present(chongqing, tmp_path / "staff.zhenglian.json")
    application = make_application(tmp_path / "application.json", evidence)
    members = json.loads(application.read_text("utf-8"))
    for name, value, field in (
        ("channel", "telephone", "channel"),
        ("item_code", "123", None),
        ("applicant", {"name": "x", "code": "y"}, "applicant.code_type"),
        ("materials", [{"name": "x", "file": "nosuch.pdf"}], "material"),
        ("colour", "red", "colour"),
    ):
        wrong = tmp_path / "wrong.json"
        wrong.write_text(json.dumps({**members, name: value}), "utf-8")
        error = chongqing.json("case", "submit", wrong, code=1)["error"]
        assert error["field"] == field or field is None, error
    error = sichuan.json("case", "show", "0000", code=1)["error"]
    assert error["code"] == "case_unknown"
    error = sichuan.json("case", "supplement", "0000", "--material", "x", code=1)["error"]
    assert (error["code"], error["field"]) == ("malformed_input", "material")


def test_a_decision_is_not_sealed_without_a_yes(
    provinces: tuple[CommandLine, CommandLine], tmp_path: Path
) -> None:
    chongqing, _ = provinces
    evidence = present(chongqing, tmp_path / "staff.zhenglian.json")
    application = make_application(tmp_path / "application.json", evidence)
    case = chongqing.json("case", "submit", application)["case_id"]
    told = chongqing.run("case", "withdraw", case, "--text", "撤回", answer="n\n", code=1)
    assert "cannot be undone" in told.output
    assert chongqing.json("case", "withdraw", case, "--text", "撤回", code=2)["error"]
    done = chongqing.json("case", "withdraw", case, "--text", "撤回", "--yes")
    assert done["state"] == "withdrawn"
