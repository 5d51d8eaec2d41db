"""The commands while nodes hold the homes: each is carried out by the node, and tells the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.identifiers import Uscc
from tests.e2e.test_case_journey import (
    EXAMINER,
    ITEM,
    RESULT,
    WINDOW_CLERK,
    make_application,
    prepare,
    present,
    state_of,
)
from tests.support.command_line import CommandLine, at, make_id, make_row, write_csv
from tests.support.consortium import CHONGQING, ISSUER, PASSPHRASE, SICHUAN, Consortium
from tests.support.served_node import serve_node

TRANSPORT = Uscc.build("11500000000000002")


@pytest.fixture
def chain_location() -> str:
    """Two homes are open at once."""
    return "http"


@pytest.fixture
def provinces(consortium: Consortium, tmp_path: Path) -> Iterator[tuple[CommandLine, CommandLine]]:
    """Both provinces' homes, each held by its node. A command that opened one would be refused."""
    chongqing, sichuan = at(consortium, CHONGQING), at(consortium, SICHUAN)
    prepare(chongqing, sichuan, tmp_path)
    present(chongqing, tmp_path / "staff.zhenglian.json")
    with (
        serve_node(chongqing.home, PASSPHRASE, workers="0") as one,
        serve_node(sichuan.home, PASSPHRASE, workers="0") as two,
    ):
        one.wait_until_ready()
        two.wait_until_ready()
        yield chongqing, sichuan


def test_case_is_received_judged_decided_and_delivered_through_nodes(
    provinces: tuple[CommandLine, CommandLine], tmp_path: Path
) -> None:
    chongqing, sichuan = provinces
    evidence = tmp_path / "staff.zhenglian.json"
    application = make_application(tmp_path / "application.json", evidence)
    package, receipt = tmp_path / "to-sichuan.case", tmp_path / "receipt.json"
    contract = tmp_path / "contract.pdf"
    contract.write_bytes(b"%PDF-1.7 a contract")

    submit = ("case", "submit", application, "--officer", WINDOW_CLERK)
    opened = chongqing.json(*submit)
    assert chongqing.json(*submit)["was_done"]
    case = opened["case_id"][:12]
    chongqing.run("case", "hand-over", case, "--out", package)
    sichuan.run("case", "receive", package, "--out", receipt)
    chongqing.run("case", "receive", receipt)
    sichuan.run("case", "supplement", case, "--missing", "劳动合同", "--text", "请补交")
    sichuan.run("case", "supplement", case, "--material", f"劳动合同={contract}")

    accept = ("case", "accept", case, "--officer", EXAMINER)
    refusal = sichuan.json(*accept, code=1)["error"]
    assert (refusal["code"], refusal["field"]) == ("materials_not_passed", "case")
    sichuan.run("recognise", "policy", "500000", "W011")
    chongqing.run("recognise", "policy", "510000", "W011")
    assert sichuan.json("case", "judge", case)["outcome"] == "PASSED"
    assert state_of(sichuan.json(*accept)) == "accepted"
    sichuan.run("case", "pause", case, "--for", "expert-review", "--text", "组织专家评审")
    sichuan.run("case", "resume", case, "--text", "评审通过")
    sichuan.run("case", "assign", case)
    shared = tmp_path / "to-chongqing.case"
    sichuan.run("case", "share", case, "--to", ISSUER, "--out", shared)
    chongqing.run("case", "receive", shared)
    reject = ("reject", "--text", "不符合条件", "--yes")
    assert state_of(chongqing.json("case", "decide", case, *reject)) == "decided"
    conclude = ("case", "conclude", case, "--text", "不予转入", "--yes")
    basis = ("--legal-basis", "《行政许可法》第三十八条", "--remedies", "六十日内可申请行政复议")
    assert sichuan.json(*conclude, code=1)["error"]["field"] == "legal_basis"
    assert state_of(sichuan.json(*conclude, *basis)) == "rejected"
    sichuan.run("case", "hand-over", case, "--out", tmp_path / "back.case")
    chongqing.run("case", "receive", tmp_path / "back.case", "--out", tmp_path / "back.json")
    assert state_of(chongqing.json("case", "deliver", case, "--text", "申请人签收")) == "delivered"

    row = write_csv(tmp_path / "row.csv", [make_row(1, 证照标识=RESULT)])
    assert sichuan.json("issue", row, "--case", case)["counts"]["issued"] == 1
    assert sichuan.json("show", RESULT)["case_id"] == opened["case_id"]

    (listed,) = sichuan.json("case", "list", "--ours", "--state", "delivered")["cases"]
    assert listed["case_id"] == opened["case_id"]
    assert "已送达" in sichuan.run("case", "show", case, "--lang", "zh").stdout
    (found,) = sichuan.json("recall", make_id(1))["reliances"]
    assert (found["case_id"], found["is_committed"]) == (opened["case_id"], True)
    assert sichuan.json("recall", evidence)["reliances"] == [found]
    erase = ("case", "erase", case, "--reason", "申请人申请删除", "--yes")
    assert chongqing.json(*erase)["case_id"] == opened["case_id"]


def test_consortium_is_governed_through_a_node(
    provinces: tuple[CommandLine, CommandLine], tmp_path: Path
) -> None:
    chongqing, sichuan = provinces
    members = chongqing.json("govern", "members")
    assert [each["member"] for each in members] == ["500000", "510000"]
    proposed = chongqing.json("govern", "propose", "freeze", "510000", "--hours", "1")
    short = proposed["proposal_id"][:10]
    assert chongqing.json("govern", "vote", short, "--reject")["executed"] is False
    assert sichuan.json("govern", "execute", short)["missing"]
    assert [each["state"] for each in sichuan.json("govern", "list")][-1] == "open"

    chongqing.run("issuer", "register", TRANSPORT, "--name", "交通部门（虚构）")
    chongqing.run("issuer", "mandate", ISSUER, "W011", "--until", "2030-12-31")
    rotated = chongqing.json("issuer", "rotate", ISSUER)
    compromise = ("issuer", "compromise", ISSUER, rotated["key_id"][:8], "--since")
    chongqing.run(*compromise, "2026-01-05T10:00")
    own, _, added = chongqing.json("issuer", "list")
    assert own["seal_keys"][-1]["compromised_since_unix"] is not None
    assert (added["issuer"], added["region"]) == (str(TRANSPORT), "500000")

    assert chongqing.json("catalogue", "show", ITEM)["at_hand"] == [True]
    assert chongqing.json("catalogue", "diff", ITEM, tmp_path / "matter.json")["differences"] == []
    pact = tmp_path / "pact.json"
    chongqing.run("recognise", "pact", "draft", "500000", "510000", "--out", pact)
    signed = chongqing.json("recognise", "pact", "sign", pact, "--yes")
    assert signed["missing"] == ["510000"]
    assert sichuan.json("recognise", "pact", "sign", pact, "--yes")["state"] == "concluded"
    assert len(sichuan.json("recognise", "list")["policies"]) == 2
    chongqing.run("recognise", "explain", "510000", ISSUER, "W011")
