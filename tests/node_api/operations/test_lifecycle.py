from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ledger.actions.decisions import LifecycleAct
from ledger.actions.named_certificates import NamedCertificates
from ledger.actions.status_orders import change_statuses, plan_status_change
from ledger.formats.status_list import Status
from ledger.identifiers import CertificateId
from ledger.roles import Role
from tests.node_api.operations.conftest import OF_TRANSPORT, TRANSPORT, with_key, with_token
from tests.support.command_line import Issued, make_id, make_row
from tests.support.consortium import ISSUER
from tests.support.identity_provider import IdentityProvider
from tests.support.node import RunningNode

FIRST, SECOND, THIRD = (make_id(number) for number in (1, 2, 3))
ORDER: Mapping[str, Any] = {"reason": "02", "legal_basis": "《某条例》第十四条"}
SUCCESSOR = make_id(1, version="002")


def status_of(node: RunningNode, identifier: str) -> str:
    status: str = node.get(f"/v1/certificates/{identifier}/status")["place"]["status"]
    return status


def test_certificate_is_suspended_restored_and_revoked(issued_node: RunningNode) -> None:
    path = f"/v1/certificates/{FIRST}"
    done = issued_node.post(f"{path}/suspend", **ORDER)
    assert (done["act"], done["certificates"], done["already_done"]) == ("suspend", 1, 0)
    assert status_of(issued_node, FIRST) == "suspended"
    again = issued_node.post(f"{path}/suspend", **ORDER)
    assert (again["certificates"], again["already_done"], again["statements"]) == (0, 1, [])
    issued_node.post(f"{path}/restore", reason="01", legal_basis="暂扣期满")
    assert status_of(issued_node, FIRST) == "valid"
    issued_node.post(f"{path}/revoke", reason="07", legal_basis="《某条例》第二十条")
    refused = issued_node.post(f"{path}/suspend", status=409, **ORDER)
    assert refused["code"] == "status_not_allowed"


def test_many_are_planned_and_then_changed_under_one_seal(
    issued_node: RunningNode, issued_ledger: Issued
) -> None:
    order = {"act": "suspend", "certificate_ids": [FIRST, SECOND, FIRST], **ORDER}
    planned = issued_node.post("/v1/status-changes/plan", **order)
    assert (planned["count"], planned["done"]) == (2, 0)
    assert [each["holder_name"] for each in planned["certificates"]] == ["王*明", "王*明"]
    assert status_of(issued_node, FIRST) == "valid"
    told = issued_ledger.chongqing.json(
        *("suspend", FIRST, SECOND, "--reason", "02"),
        *("--legal-basis", ORDER["legal_basis"], "--dry-run"),
    )
    assert (planned["act"], planned["decision"]) == (told["act"], told["decision"])
    for mine, theirs in zip(planned["certificates"], told["certificates"], strict=True):
        assert theirs.items() <= mine.items()
    done = issued_node.post("/v1/status-changes", **order)
    assert (done["certificates"], len(done["statements"])) == (2, 1)
    assert {status_of(issued_node, each) for each in (FIRST, SECOND)} == {"suspended"}


def test_one_wrong_certificate_among_many_changes_none(issued_node: RunningNode) -> None:
    order = {"act": "suspend", "certificate_ids": [SECOND, make_id(99)], **ORDER}
    assert issued_node.post("/v1/status-changes", status=404, **order)["code"] == (
        "certificate_unknown"
    )
    malformed = issued_node.post(
        "/v1/status-changes", status=422, **(order | {"certificate_ids": [SECOND, "1.2.156"]})
    )
    assert malformed["field"] == "certificate_ids.1"
    nothing = issued_node.post(
        "/v1/status-changes", status=422, **(order | {"certificate_ids": []})
    )
    assert nothing["code"] == "certificates_missing"
    assert status_of(issued_node, SECOND) == "valid"


def test_certificate_of_another_department_is_not_changed_alone_or_among_own(
    issued_node: RunningNode,
) -> None:
    clerk = with_key(issued_node, Role.CLERK, TRANSPORT)
    refusals = [
        clerk.post(f"/v1/certificates/{FIRST}/revoke", status=403, **(ORDER | {"reason": "07"})),
        clerk.post(
            "/v1/status-changes",
            status=403,
            act="revoke",
            certificate_ids=[OF_TRANSPORT, FIRST],
            **(ORDER | {"reason": "07"}),
        ),
        clerk.post(
            f"/v1/certificates/{FIRST}/replacement",
            status=403,
            row={"证照标识": SUCCESSOR},
            **(ORDER | {"reason": "04"}),
        ),
    ]
    assert {each["code"] for each in refusals} == {"department_not_allowed"}
    assert {status_of(issued_node, each) for each in (FIRST, OF_TRANSPORT)} == {"valid"}


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR, Role.KIOSK])
def test_who_watches_operates_or_presents_changes_nothing(
    reading_node: RunningNode, role: Role
) -> None:
    asker = with_key(reading_node, role)
    refused = asker.post(f"/v1/certificates/{FIRST}/suspend", status=403, **ORDER)
    assert refused["code"] == "role_not_allowed"


def test_officer_is_whoever_asks_and_nobody_else(
    issued_node: RunningNode, provider: IdentityProvider
) -> None:
    limits = {"roles": ["officer"], "departments": [str(ISSUER)], "name": "王五"}
    officer = with_token(issued_node, provider, **limits)
    refused = officer.post(f"/v1/certificates/{FIRST}/suspend", status=403, **ORDER, officer="赵六")
    assert refused["code"] == "officer_is_another"
    officer.post(f"/v1/certificates/{FIRST}/suspend", **ORDER)
    trail = issued_node.get(f"/v1/certificates/{FIRST}/trail")
    assert trail["steps"][-1]["officer"] == "王五"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "99999"}, "reason"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"legal_basis": "一" * 200}, "legal_basis"),
        ({"effective_date": "soon"}, "effective_date"),
        ({"effective_date": "1999-01-01"}, "effective_date"),
        ({"certificate_id": SECOND}, "certificate_id"),
        ({"act": "revoke"}, "act"),
    ],
)
def test_order_that_cannot_be_meant_is_refused_by_name(
    reading_node: RunningNode, change: dict[str, object], field: str
) -> None:
    refused = reading_node.post(
        f"/v1/certificates/{FIRST}/suspend", status=422, **{**ORDER, **change}
    )
    assert refused["field"] == field


def test_certificate_is_replaced_by_a_row_once(issued_node: RunningNode) -> None:
    row = make_row(1) | {"证照标识": SUCCESSOR, "职务": "项目负责人"}
    order = {"row": row, **ORDER, "reason": "04"}
    done = issued_node.post(f"/v1/certificates/{FIRST}/replacement", **order)
    assert (done["plan"]["successor"], done["issuance"]["issued"]) == (SUCCESSOR, 1)
    assert status_of(issued_node, FIRST) == "superseded"
    shown = issued_node.get(f"/v1/certificates/{SUCCESSOR}")
    assert shown["related_certificate_id"] == FIRST
    again = issued_node.post(f"/v1/certificates/{FIRST}/replacement", **order)
    assert (again["change"], again["issuance"]["issued"]) == (None, 0)


def test_many_are_replaced_by_rows_once_and_none_unless_all_can_be(
    issued_node: RunningNode,
) -> None:
    new = [make_row(n) | {"证照标识": make_id(n, version="002")} for n in (1, 2)]
    order = {**ORDER, "reason": "04", "certificate_ids": [FIRST, SECOND]}
    path = "/v1/replacements"
    wrong = [new[0] | {"性别": "别的"}, new[1] | {"姓名": ""}]
    refused = issued_node.post(path, status=422, rows=wrong, **order)
    assert [each["field"] for each in refused["errors"]] == ["rows.0.sex", "rows.1.holderName"]
    same = [new[0], make_row(2)]
    assert issued_node.post(path, status=409, rows=same, **order)["code"] == "successor_is_replaced"
    twice = issued_node.post(path, status=409, rows=[new[0], new[0]], **order)
    assert (twice["code"], twice["field"]) == ("successor_repeated", "rows.1")
    assert issued_node.post(path, status=422, rows=new[:1], **order)["code"] == "rows_unequal"
    for wanted in ([], [FIRST, FIRST]):
        refused = issued_node.post(
            path, status=422, rows=new[: len(wanted)], **{**order, "certificate_ids": wanted}
        )
        assert refused["code"] == "certificates_missing"
    assert {status_of(issued_node, each) for each in (FIRST, SECOND)} == {"valid"}

    issued_node.post(  # as an interruption would leave it
        f"/v1/certificates/{FIRST}/replacement", row=new[0], **{**ORDER, "reason": "04"}
    )
    done = issued_node.post(path, rows=new, **order)
    assert (done["replaced"], done["already_done"]) == (1, 1)
    assert {status_of(issued_node, each) for each in (FIRST, SECOND)} == {"superseded"}
    again = issued_node.post(path, rows=new, **order)
    assert (again["replaced"], again["already_done"]) == (0, 2)
    shown = issued_node.get(f"/v1/certificates/{make_id(2, version='002')}")
    assert shown["related_certificate_id"] == SECOND
    stranger = with_key(issued_node, Role.CLERK, TRANSPORT)
    assert stranger.post(path, status=403, rows=new, **order)["code"] == "department_not_allowed"


def test_row_may_name_its_fields_as_issuing_does(issued_node: RunningNode) -> None:
    row = make_row(1)
    row |= {"certificateId": SUCCESSOR, "holderName": row.pop("姓名")}
    del row["证照标识"]
    issued_node.post(f"/v1/certificates/{FIRST}/replacement", row=row, **{**ORDER, "reason": "04"})
    assert issued_node.get(f"/v1/certificates/{SUCCESSOR}")["related_certificate_id"] == FIRST


def test_row_with_errors_replaces_nothing_and_says_where(issued_node: RunningNode) -> None:
    row = make_row(1) | {"证照标识": SUCCESSOR, "性别": "别的"}
    path, order = f"/v1/certificates/{FIRST}/replacement", {**ORDER, "reason": "04"}
    refused = issued_node.post(path, status=422, row=row, **order)
    assert refused["code"] == "fields_malformed"
    assert [each["column"] for each in refused["errors"]] == ["性别"]
    refused = issued_node.post(path, status=422, row={"colour": "red"}, **order)
    assert refused["errors"][0]["code"] == "unknown_column"
    same = issued_node.post(path, status=409, row=make_row(1), **order)
    assert (same["code"], "/tmp" in same["detail"]) == ("successor_is_replaced", False)
    refused = issued_node.post(path, status=422, rows=row, **order)
    faults = {each["field"]: each["detail"] for each in refused["errors"]}
    assert "expected members row, reason" in faults["rows"]
    assert status_of(issued_node, FIRST) == "valid"


def test_client_carries_many_identifiers(issued_node: RunningNode) -> None:
    named = NamedCertificates.of(map(CertificateId.parse, (FIRST, SECOND, THIRD)))
    call, act = issued_node.client.call, LifecycleAct.SUSPEND
    plan = call(plan_status_change, act, named, "02", "《某条例》", described=None)
    assert [each.status for each in plan.certificates] == [Status.VALID] * 3
    done = call(
        change_statuses,
        act,
        named,
        "02",
        "《某条例》",
        effective_date=plan.decision.effective_date,
        officer="李四",
    )
    assert (done.certificates, done.already_done) == (3, 0)


def test_changes_of_one_batch_at_the_same_time_are_all_recorded_once(
    issued_node: RunningNode,
) -> None:
    identifiers = [make_id(number) for number in range(1, 7)]

    def suspend(identifier: str) -> list[int]:
        done = issued_node.post(f"/v1/certificates/{identifier}/suspend", **ORDER)
        return [each["sequence"] for each in done["statements"]]

    with ThreadPoolExecutor(6) as pool:
        numbers = [number for found in pool.map(suspend, identifiers) for number in found]
    assert sorted(numbers) == list(range(1, 7))
    assert {status_of(issued_node, each) for each in identifiers} == {"suspended"}
    assert issued_node.get("/v1/maintenance/fsck")["problems"] == []
