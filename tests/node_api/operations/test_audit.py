from __future__ import annotations

import csv
import json
from typing import Any

import pytest

from ledger.actions.audit import audit_certificate
from ledger.formats.merkle import verify_inclusion
from ledger.identifiers import CertificateId
from ledger.roles import Role
from tests.node_api.operations.conftest import TRANSPORT, TRANSPORT_REGION, with_key
from tests.support.command_line import Issued, make_id
from tests.support.consortium import ISSUER
from tests.support.node import RunningNode

FIRST = make_id(1)


def is_proven(head: dict[str, Any], steps: list[dict[str, Any]]) -> bool:
    return all(
        verify_inclusion(
            bytes.fromhex(step["leaf_hash"]),
            step["log_index"],
            head["size"],
            [bytes.fromhex(node) for node in step["path"]],
            bytes.fromhex(head["root"]),
        )
        for step in steps
    )


def read_all(node: RunningNode, **query: object) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Every page, all of one log."""
    page = node.get("/v1/audit", limit=3, **query)
    head, steps = page["head"], page["items"]
    while page["next"] is not None:
        page = node.get("/v1/audit", limit=3, after=page["next"], log_size=head["size"], **query)
        assert page["head"]["root"] == head["root"]
        steps += page["items"]
    return head, steps


def test_trail_is_what_the_command_prints(reading_node: RunningNode, issued_ledger: Issued) -> None:
    told = issued_ledger.chongqing.json("audit", FIRST)
    trail = reading_node.get(f"/v1/certificates/{FIRST}/trail")
    assert (trail["subject"], trail["steps"]) == (told["subject"], told["steps"])
    assert trail["head"]["root"] == told["head"]["root"]
    one = CertificateId.parse(FIRST)
    called = reading_node.client.call(audit_certificate, one)
    assert called.steps == audit_certificate(reading_node.workspace, one).steps


def test_pages_tell_everything_once_with_proofs_of_one_root(
    reading_node: RunningNode, issued_ledger: Issued
) -> None:
    head, steps = read_all(reading_node)
    assert [step["log_index"] for step in steps] == list(range(head["size"]))
    assert is_proven(head, steps)
    assert steps == issued_ledger.chongqing.json("audit", "--since", "2020-01-01")["steps"]
    _, of_sichuan = read_all(reading_node, region="510000")
    assert 0 < len(of_sichuan) < len(steps)
    assert {step["region"] for step in of_sichuan} == {"510000"}
    assert read_all(reading_node, since_unix=1 << 40)[1] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 100_000}, "limit"),
        ({"after": "last"}, "after"),
        ({"region": "999999"}, "region"),
        ({"since_unix": "yesterday"}, "since_unix"),
        ({"show_officers": True}, "show_officers"),
    ],
)
def test_query_that_cannot_be_meant_is_refused_by_name(
    reading_node: RunningNode, query: dict[str, object], field: str
) -> None:
    assert reading_node.get("/v1/audit", status=422, **query)["field"] == field


def test_cursor_beyond_the_log_is_the_end_and_a_larger_log_is_not_found(
    reading_node: RunningNode,
) -> None:
    for after in (10**6, 2**62):
        page = reading_node.get("/v1/audit", after=after)
        assert (page["items"], page["next"]) == ([], None)
    assert reading_node.get("/v1/audit", status=404, log_size=10**6)["code"] == "size_not_found"


def test_exports_have_every_step_and_no_formula(
    reading_node: RunningNode, issued_ledger: Issued
) -> None:
    head, steps = read_all(reading_node)
    answer = reading_node.local.get("/v1/audit/export.ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    first, *lines = [json.loads(line) for line in answer.text.splitlines()]
    assert (first["head"]["root"], lines) == (head["root"], steps)
    table = reading_node.local.get("/v1/audit/export.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(table.splitlines()))
    told = issued_ledger.chongqing.run(
        "audit", "--since", "2020-01-01", "--format", "csv", "--lang", "zh"
    )
    theirs = list(csv.DictReader(told.stdout.splitlines()))
    assert [row["leaf_hash"] for row in rows] == [step["leaf_hash"] for step in steps]
    assert [{**row, "officer": ""} for row in rows] == [{**row, "officer": ""} for row in theirs]


def test_presented_document_of_any_department_is_traced_without_officers(
    reading_node: RunningNode,
) -> None:
    document = reading_node.post(f"/v1/certificates/{FIRST}/presentation", disclose=["姓名"])
    clerk = with_key(reading_node, Role.CLERK, TRANSPORT)
    trail = clerk.post("/v1/audit/presented", document=json.dumps(document))
    assert (trail["subject"], is_proven(trail["head"], trail["steps"])) == (FIRST, True)
    refused = clerk.post("/v1/audit/presented", status=422, document="eyJ~")
    assert refused["code"]


def test_what_happened_in_the_whole_member_is_for_who_watches_all_of_it(
    reading_node: RunningNode,
) -> None:
    for path in ("/v1/audit", "/v1/audit/export.ndjson", "/v1/access-log"):
        clerk = with_key(reading_node, Role.CLERK, ISSUER)
        assert clerk.get(path, status=403)["code"] == "role_not_allowed"
        auditor = with_key(reading_node, Role.AUDITOR, regions=[TRANSPORT_REGION])
        assert auditor.get(path, status=403)["code"] == "region_not_allowed"
    auditor = with_key(reading_node, Role.AUDITOR)
    assert auditor.get("/v1/audit", limit=1)["items"]


def test_access_to_contents_is_in_the_access_log(reading_node: RunningNode) -> None:
    clerk = with_key(reading_node, Role.CLERK, ISSUER)
    clerk.get(f"/v1/certificates/{FIRST}")
    auditor = with_key(reading_node, Role.AUDITOR)
    records = auditor.get("/v1/access-log", object_id=FIRST, limit=1000)["records"]
    assert records[0]["event"] == "show_certificate"
    assert records[0]["purpose"] == "for tests"
    assert auditor.get("/v1/access-log/check")["damage"] == []
    assert auditor.get("/v1/access-log", status=422, limit=0)["field"] == "limit"
