"""A case's whole life through the interfaces of two nodes, and what single routes refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.actions.cases.listing import CaseFilter, page_cases
from ledger.actions.issuance.loop import issue_file
from ledger.actions.presentation import present
from ledger.identifiers import CertificateId
from ledger.workspace import Workspace
from tests.support.command_line import make_id, make_row, write_csv
from tests.support.consortium import (
    CHONGQING,
    ISSUER,
    ISSUERS,
    PASSPHRASE,
    SAFETY_STAFF,
    SICHUAN,
    Consortium,
)
from tests.support.node import RunningNode, run_node

HANDLER = ISSUERS[SICHUAN]
ITEM = f"{HANDLER}0117002011000"
RESULT = CertificateId.build(SAFETY_STAFF, HANDLER, "20260000001", "001")
WINDOW_CLERK, EXAMINER = "窗口（虚构）甲一", "经办人（虚构）乙二"
DOCUMENT: dict[str, Any] = {
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
MATTER = json.dumps(DOCUMENT, ensure_ascii=False).encode()


@pytest.fixture
def chain_location() -> str:
    """Two homes are open at once."""
    return "http"


@pytest.fixture
def nodes(consortium: Consortium) -> Iterator[tuple[RunningNode, RunningNode]]:
    """Chongqing's and Sichuan's, which has defined the matter."""
    with ExitStack() as stack:
        both = []
        for member in (CHONGQING, SICHUAN):
            home = consortium.open(member)
            publish_calendar(home)
            both.append(stack.enter_context(run_node(home, PASSPHRASE)))
        chongqing, sichuan = both
        sichuan.post("/v1/catalogue/matters", document=MATTER.hex(), status=201)
        chongqing.post("/v1/catalogue/documents", document=MATTER.hex())
        yield chongqing, sichuan


def publish_calendar(home: Workspace) -> None:
    """Made-up notices for the years after the newest that the library has."""
    notices = {
        str(year): {"source": "for tests", "days_off": [], "working_days": []}
        for year in range(2027, datetime.now(UTC).year + 3)
    }
    (home.home / "calendar.json").write_text(json.dumps(notices))


def make_evidence(node: RunningNode, directory: Path) -> bytes:
    """That of the certificate 1, which Chongqing issues."""
    file = write_csv(directory / "one.csv", [make_row(1)])
    assert issue_file(node.workspace, file, ISSUER, SAFETY_STAFF).issued == 1
    return present(node.workspace, CertificateId.parse(make_id(1)), None).to_json()


def make_submission(evidence: bytes) -> dict[str, Any]:
    row = make_row(1)
    return {
        "item_code": ITEM,
        "applicant": {"name": row["姓名"], "code_type": "111", "code": row["身份证号"]},
        "materials": [
            {
                "name": "考核合格证书",
                "kind": "certificate",
                "certificate_type": None,
                "content": evidence.hex(),
            }
        ],
        "identity_method": "居民身份证",
    }


def submit(node: RunningNode, submission: dict[str, Any]) -> Any:
    return node.post("/v1/cases", submission=submission, officer=WINDOW_CLERK, status=201)


def travel(case: str, giver: RunningNode, taker: RunningNode) -> None:
    """Hands over, takes over and brings the receipt back."""
    given = giver.post(f"{case}/hand-over")
    package = bytes.fromhex(given["package"])
    digest = sha256(package).hexdigest()
    assert taker.get(f"{case}/hand-overs/{digest}") is True
    taken = taker.post(f"{case}/take-over", package=package.hex(), note="齐全")
    kept = giver.post(f"{case}/receipts", receipt=taken["receipt"])
    assert kept["note"] == "齐全"
    assert giver.post(f"{case}/receipts", receipt=taken["receipt"]) == kept


def test_case_lives_from_the_window_to_its_recall(
    nodes: tuple[RunningNode, RunningNode], tmp_path: Path
) -> None:
    chongqing, sichuan = nodes
    evidence = make_evidence(chongqing, tmp_path)
    opened = submit(chongqing, make_submission(evidence))
    assert (opened["act"], opened["state"]) == ("open", "received")
    again = submit(chongqing, make_submission(evidence))
    assert (again["case_id"], again["was_done"]) == (opened["case_id"], True)
    case = f"/v1/cases/{opened['case_id']}"
    assert chongqing.get(f"/v1/case-ids/{opened['case_id'][:12]}") == opened["case_id"]
    travel(case, chongqing, sichuan)

    # 补正 before acceptance, once
    text = "请补交劳动合同"
    asked = sichuan.post(f"{case}/supplement-request", text=text, items=["劳动合同"])
    assert asked["state"] == "supplementing"
    contract = {"name": "劳动合同", "kind": "document", "certificate_type": None, "content": "25"}
    assert sichuan.post(f"{case}/supplement", materials=[contract])["state"] == "received"

    # 受理 only once Sichuan recognises what Chongqing has issued
    refusal = sichuan.post(f"{case}/acceptance", officer=EXAMINER, status=409)
    assert refusal["code"] == "materials_not_passed"
    for node, relying, source in ((sichuan, "510000", "500000"), (chongqing, "500000", "510000")):
        key = {"relying": relying, "source": source, "certificate_type": str(SAFETY_STAFF)}
        node.post("/v1/recognition/policies", key=key, terms={}, status=201)
    judged = sichuan.get(f"{case}/judgement")
    assert [each["name"] for each in judged["materials"]] == ["考核合格证书", "劳动合同"]
    assert judged["outcome"] == "PASSED"
    assert sichuan.post(f"{case}/acceptance", officer=EXAMINER)["state"] == "accepted"

    # the clock stands for an expert review, then both provinces decide in order
    sichuan.post(f"{case}/pause", procedure="expert_review", text="组织专家评审")
    sichuan.post(f"{case}/resumption", text="评审通过")
    sichuan.post(f"{case}/assignment")
    shared = sichuan.local.post(f"{case}/shares", json={"department": str(ISSUER)})
    assert shared.headers["content-type"] == "application/octet-stream"
    kept = chongqing.post(f"{case}/shared-papers", package=shared.content.hex())
    assert kept == opened["case_id"]
    approval = {"decision": "approve", "text": "情况属实，同意"}
    assert chongqing.post(f"{case}/decisions", **approval)["state"] == "reviewing"
    sichuan.post(f"{case}/decisions", **approval)
    sichuan.post(f"{case}/assignment")
    assert sichuan.post(f"{case}/decisions", **approval)["state"] == "decided"
    assert sichuan.post(f"{case}/conclusion", text="准予转入")["state"] == "approved"

    # 出证, and 送达 at the window where it began
    result = write_csv(tmp_path / "result.csv", [make_row(1, 证照标识=str(RESULT))])
    issue_file(sichuan.workspace, result, HANDLER, SAFETY_STAFF)
    issued = sichuan.post(f"{case}/result", certificate_id=str(RESULT))
    assert issued["state"] == "issued"
    travel(case, sichuan, chongqing)
    assert chongqing.post(f"{case}/delivery", text="申请人签收")["state"] == "delivered"

    # what the chain tells everybody, and what the papers tell who keeps them
    sichuan.workspace.sync_index()
    record = sichuan.get(case)
    assert (record["state"], record["kept"]) == ("delivered", None)
    contents = sichuan.get(f"{case}/contents")
    assert contents["kept"]["outcome"] == "PASSED"
    assert EXAMINER in json.dumps(contents, ensure_ascii=False)
    assert EXAMINER not in json.dumps(record, ensure_ascii=False)
    papers = sichuan.get(f"{case}/papers")
    content = sichuan.local.get(f"{case}/papers/{papers[0]['digest']}").content
    assert sha256(content).hexdigest() == papers[0]["digest"]
    assert sichuan.get("/v1/cases", only_ours=True)["items"][0]["case_id"] == opened["case_id"]
    assert sichuan.get("/v1/overdue-cases") == {"items": [], "next": None}
    wanted = CaseFilter((sichuan.client.call(page_cases).items[0].state,), only_ours=True)
    assert sichuan.client.call(page_cases, wanted) == page_cases(sichuan.workspace, wanted)

    # who relied on it
    (found,) = sichuan.get("/v1/recalls", certificate_id=make_id(1))["reliances"]
    assert (found["case_id"], found["is_committed"]) == (opened["case_id"], True)
    named = {"batch_key": found["batch_key"], "position": found["position"]}
    assert sichuan.get("/v1/recalls", **named)["reliances"] == [found]
    by_department = f"/v1/issuers/{HANDLER}/recalls"
    assert sichuan.get(by_department, certificate_id=make_id(1))["reliances"] == [found]
    assert sichuan.get("/v1/recalls")["reliances"] == []

    # whoever asks has the chain say how the case and its matter stand
    chongqing.post("/v1/attestations/cases", case_id=opened["case_id"], status=201)
    chongqing.post("/v1/attestations/matters", item_code=ITEM, status=201)
    told = [each["act"] for each in chongqing.get("/v1/audit", limit=1000)["items"][-2:]]
    assert told == ["case_attested", "matter_attested"]

    erased = chongqing.post(f"{case}/erasure", reason="申请人申请删除")
    assert erased["identifier"] == f"case:{opened['case_id']}"
    assert chongqing.get(f"{case}/contents")["kept"]["is_erased"] is True


def test_what_an_act_is_about_is_what_its_path_names(
    nodes: tuple[RunningNode, RunningNode], tmp_path: Path
) -> None:
    chongqing, sichuan = nodes
    submission = make_submission(make_evidence(chongqing, tmp_path))
    one = f"/v1/cases/{submit(chongqing, submission)['case_id']}"
    other = {**submission, "channel": "kiosk"}
    two = f"/v1/cases/{submit(chongqing, other)['case_id']}"
    package = chongqing.post(f"{one}/hand-over")["package"]
    chongqing.post(f"{two}/hand-over")
    wrong = sichuan.post(f"{two}/take-over", package=package, status=409)
    assert (wrong["code"], wrong["field"]) == ("package_of_another_case", "package")
    wrong = sichuan.post(f"{two}/shared-papers", package=package, status=409)
    assert (wrong["code"], wrong["field"]) == ("package_of_another_case", "package")
    receipt = sichuan.post(f"{one}/take-over", package=package)["receipt"]
    wrong = chongqing.post(f"{two}/receipts", receipt=receipt, status=409)
    assert (wrong["code"], wrong["field"]) == ("receipt_of_another_case", "receipt")


def test_act_of_another_department_is_refused_before_it_is_tried(
    nodes: tuple[RunningNode, RunningNode], tmp_path: Path
) -> None:
    chongqing, _ = nodes
    opened = submit(chongqing, make_submission(make_evidence(chongqing, tmp_path)))
    case = f"/v1/cases/{opened['case_id']}"
    for path, members in (
        ("acceptance", {}),
        ("refusal", {"text": "x", "legal_basis": "x", "remedies": "x"}),
        ("assignment", {}),
        ("conclusion", {"text": "x"}),
        ("decisions", {"decision": "approve", "text": "x", "department": str(HANDLER)}),
    ):
        refused = chongqing.post(f"{case}/{path}", **members, status=403)
        assert refused["code"] == "department_not_allowed", path
    assert chongqing.post(f"{case}/withdrawal", text="撤回")["state"] == "withdrawn"


def test_unknown_case_is_not_found_and_a_malformed_one_is_named(shared_node: RunningNode) -> None:
    assert shared_node.get(f"/v1/cases/{'00' * 32}", status=404)["code"] == "case_unknown"
    assert shared_node.get("/v1/cases/xyz", status=422)["field"] == "case_id"
    assert shared_node.get("/v1/cases", limit=0, status=422)["code"] == "limit_out_of_range"
    assert shared_node.get("/v1/cases", states="nowhere", status=422)["field"] == "states"
    assert shared_node.get("/v1/cases", states="received,accepted") == {"items": [], "next": None}
