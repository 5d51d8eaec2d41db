from __future__ import annotations

import io
from typing import Any

import orjson
import pytest

from ledger.actions.evidence_export import present_document
from ledger.actions.listing import ListFilter, page_certificates
from ledger.actions.showing import show_certificate
from ledger.formats.evidence import parse_evidence
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId, RegionCode
from ledger.roles import Role
from tests.node_api.operations.conftest import (
    HOLDER_CODE,
    OF_TRANSPORT,
    OTHER_CODE,
    TRANSPORT,
    TRANSPORT_REGION,
    with_key,
    with_token,
)
from tests.support.command_line import Issued, make_id
from tests.support.consortium import ISSUER, SAFETY_STAFF
from tests.support.identity_provider import IdentityProvider
from tests.support.node import RunningNode

FIRST = make_id(1)


def test_list_and_show_are_what_the_commands_print(
    reading_node: RunningNode, issued_ledger: Issued
) -> None:
    told = issued_ledger.chongqing.json("list", "--limit", "4")
    page = reading_node.get("/v1/certificates", limit=4)
    assert (page["items"], page["next"]) == (told["certificates"], told["next_after"])
    assert reading_node.get(f"/v1/certificates/{FIRST}") == issued_ledger.chongqing.json(
        "show", FIRST
    )


def test_pages_tell_every_certificate_once(reading_node: RunningNode) -> None:
    found: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": 2} | ({"after": after} if after else {})
        page = reading_node.get("/v1/certificates", **query)
        found += [each["certificate_id"] for each in page["items"]]
        if (after := page["next"]) is None:
            break
    assert found == [*(make_id(number) for number in range(1, 8)), OF_TRANSPORT]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": 10**30}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"after": "1.2.156"}, "after"),
        ({"after": FIRST[:-1] + "#"}, "after"),
        ({"status": "perfect"}, "status"),
        ({"certificate_type": "W011"}, "certificate_type"),
        ({"offset": 5}, "offset"),
    ],
)
def test_query_that_cannot_be_meant_is_refused_by_name(
    reading_node: RunningNode, query: dict[str, Any], field: str
) -> None:
    refused = reading_node.ask("GET", "/v1/certificates", status=422, params=query)
    assert refused["field"] == field


def test_cursor_of_a_certificate_nobody_issued_is_not_found(reading_node: RunningNode) -> None:
    problem = reading_node.get("/v1/certificates", status=404, after=make_id(99))
    assert problem["code"] == "certificate_unknown"


def test_clerk_lists_the_own_department_and_no_other(reading_node: RunningNode) -> None:
    clerk = with_key(reading_node, Role.CLERK, TRANSPORT)
    for query in ({}, {"issuer": str(TRANSPORT)}):
        (only,) = clerk.get("/v1/certificates", **query)["items"]
        assert only["certificate_id"] == OF_TRANSPORT
    assert clerk.get("/v1/certificates", issuer=str(ISSUER)) == {"items": [], "next": None}
    auditor = with_key(reading_node, Role.AUDITOR, regions=[TRANSPORT_REGION])
    (only,) = auditor.get("/v1/certificates")["items"]
    assert only["certificate_id"] == OF_TRANSPORT


def test_certificate_of_another_department_is_neither_shown_nor_presented(
    reading_node: RunningNode,
) -> None:
    clerk = with_key(reading_node, Role.CLERK, TRANSPORT)
    assert clerk.get(f"/v1/certificates/{OF_TRANSPORT}")["issuer"] == str(TRANSPORT)
    for method, path in (
        ("GET", ""),
        ("GET", "/status"),
        ("GET", "/trail"),
        ("POST", "/presentation"),
    ):
        options = {"json": {"disclose": ["all"]}} if method == "POST" else {}
        refused = clerk.ask(method, f"/v1/certificates/{FIRST}{path}", status=403, **options)
        assert refused["code"] == "department_not_allowed"


def test_kiosk_is_not_told_whether_another_departments_certificate_exists(
    reading_node: RunningNode,
) -> None:
    kiosk = with_key(reading_node, Role.KIOSK, TRANSPORT)
    told = [
        kiosk.get(f"/v1/certificates/{each}", status=404)["code"] for each in (FIRST, make_id(99))
    ]
    assert told == ["certificate_unknown"] * 2


def test_holder_reads_the_own_certificate_and_no_other(
    reading_node: RunningNode, provider: IdentityProvider
) -> None:
    limits = {"roles": ["holder"], "departments": None}
    holder = with_token(reading_node, provider, holder_code=HOLDER_CODE, **limits)
    shown = holder.get(f"/v1/certificates/{FIRST}")
    assert HOLDER_CODE in [each["value"] for each in shown["fields"]]
    other = with_token(reading_node, provider, sub="other", holder_code=OTHER_CODE, **limits)
    for path in ("", "/status"):
        assert other.get(f"/v1/certificates/{FIRST}{path}", status=404)["code"] == (
            "certificate_unknown"
        )
    refused = other.post(f"/v1/certificates/{FIRST}/presentation", status=404, disclose=["all"])
    assert refused["code"] == "certificate_unknown"
    assert holder.get("/v1/certificates", status=403)["code"] == "role_not_allowed"


def test_holder_lists_the_own_certificates_page_by_page(
    reading_node: RunningNode, provider: IdentityProvider
) -> None:
    limits = {"roles": ["holder"], "departments": None}
    holder = with_token(reading_node, provider, holder_code=HOLDER_CODE, **limits)
    first = holder.get("/v1/own-certificates", limit=5)
    rest = holder.get("/v1/own-certificates", limit=5, after=first["next"])
    found = [each["certificate_id"] for each in first["items"] + rest["items"]]
    assert (found, rest["next"]) == ([*(make_id(n) for n in range(1, 8)), OF_TRANSPORT], None)
    other = with_token(reading_node, provider, sub="other", holder_code=OTHER_CODE, **limits)
    assert other.get("/v1/own-certificates") == {"items": [], "next": None}
    clerk = with_key(reading_node, Role.CLERK, ISSUER)
    assert clerk.get("/v1/own-certificates", status=403)["code"] == "role_not_allowed"


def test_contents_are_shown_to_nobody_without_a_purpose(reading_node: RunningNode) -> None:
    clerk = with_key(reading_node, Role.CLERK, ISSUER)
    del clerk.headers["purpose"]  # type: ignore[attr-defined]  # a dict
    refused = clerk.get(f"/v1/certificates/{FIRST}", status=422)
    assert refused["code"] == "purpose_required"


def test_presentation_shows_the_chosen_fields_and_nothing_by_itself(
    reading_node: RunningNode,
) -> None:
    path = f"/v1/certificates/{FIRST}/presentation"
    nothing = parse_evidence(orjson.dumps(reading_node.post(path))).certificate
    assert nothing.fields == {}
    shown = reading_node.post(path, disclose=["姓名", "certificate_number"])
    fields = parse_evidence(orjson.dumps(shown)).certificate.fields
    assert set(fields) == {"holder_name", "certificate_number"}
    unknown = reading_node.post(path, disclose=["shoeSize"], status=404)
    assert (unknown["code"], "姓名" in unknown["detail"]) == ("disclosure_unknown", True)


def test_presentation_is_completed_with_what_was_taken_out_of_it(reading_node: RunningNode) -> None:
    whole = reading_node.post(f"/v1/certificates/{FIRST}/presentation", disclose=["姓名"])
    for document in (whole["certificate"], orjson.dumps(whole).decode()):
        completed = reading_node.post("/v1/evidence", document=document)
        assert completed["certificate"] == whole["certificate"]
        assert completed["batch_proof"] == whole["batch_proof"]
        assert completed["facts"] == whole["facts"]
    refused = reading_node.post("/v1/evidence", document="{}", status=422)
    assert refused["code"] == "malformed_input" or refused["field"]


def test_status_of_a_place_is_told_to_anybody_and_of_no_place_to_nobody(
    reading_node: RunningNode,
) -> None:
    standing = reading_node.get(f"/v1/certificates/{FIRST}/status")["place"]
    path = f"/v1/batches/{standing['batch_key']}/places"
    answer = reading_node.public.get(f"{path}/0/status")
    assert answer.json() == standing | {"as_of_unix": answer.json()["as_of_unix"]}
    assert (answer.json()["status"], answer.json()["changed_log_index"]) == ("valid", None)
    for position in ("7", "-1", str(10**40)):
        assert reading_node.public.get(f"{path}/{position}/status").status_code in (404, 422)
    nobody = f"/v1/batches/{bytes(32).hex()}/places/0/status"
    assert reading_node.public.get(nobody).json()["code"] == "batch_unknown"


def test_type_tells_its_columns_and_gives_an_empty_file(
    reading_node: RunningNode, columns: tuple[str, ...]
) -> None:
    described = reading_node.get(f"/v1/types/{SAFETY_STAFF}")
    assert tuple(each["column"] for each in described["fields"]) == columns
    assert described in reading_node.get("/v1/types")
    path = f"/v1/types/{SAFETY_STAFF}/template"
    csv = reading_node.local.get(f"{path}.csv")
    assert csv.content.decode("utf-8-sig").strip() == ",".join(columns)
    from openpyxl import load_workbook

    sheet = load_workbook(io.BytesIO(reading_node.local.get(f"{path}.xlsx").content)).active
    assert sheet is not None
    assert tuple(cell.value for cell in sheet[1]) == columns


def test_client_gives_what_the_actions_give(reading_node: RunningNode) -> None:
    workspace, call = reading_node.workspace, reading_node.client.call
    wanted, one = ListFilter(status=Status.VALID), CertificateId.parse(FIRST)
    page = call(page_certificates, wanted, limit=3)
    assert page == page_certificates(workspace, wanted, limit=3)
    assert call(show_certificate, one) == show_certificate(workspace, one)
    regions = (RegionCode.parse("510000"),)
    document = call(present_document, one, ("姓名",), regions)
    assert parse_evidence(document).certificate.fields == {"holder_name": "王小明"}
