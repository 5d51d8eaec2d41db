from __future__ import annotations

import pytest

from ledger.actions.fsck import fsck
from ledger.actions.maintenance import read_heads
from ledger.roles import Role
from tests.node_api.operations.conftest import TRANSPORT, with_key
from tests.support.command_line import Issued
from tests.support.node import RunningNode

CHANGES = ("index/sync", "index/rebuild", "settlement")


def test_home_is_checked_as_the_command_does(
    reading_node: RunningNode, issued_ledger: Issued
) -> None:
    report = reading_node.get("/v1/maintenance/fsck")
    assert (report["problems"], report["certificates"]) == ([], 8)
    told = issued_ledger.chongqing.json("fsck")
    assert {**report, "remarks": []} == {**told, "remarks": []}
    assert reading_node.client.call(fsck).certificates == 8


def test_heads_of_chain_and_copy_are_the_same(reading_node: RunningNode) -> None:
    heads = reading_node.get("/v1/maintenance/heads")
    assert heads["chain_log_root"] == heads["index_log_root"]
    assert heads["unresolved"] == 0
    assert reading_node.client.call(read_heads).ledger_id == (
        reading_node.workspace.gateway.ledger_id
    )


def test_index_is_rebuilt_while_it_is_read(issued_node: RunningNode) -> None:
    before = issued_node.get("/v1/audit", limit=1000)["items"]
    rebuilt = issued_node.post("/v1/maintenance/index/rebuild")
    assert rebuilt["size"] == len(before)
    assert issued_node.get("/v1/audit", limit=1000)["items"] == before
    assert issued_node.post("/v1/maintenance/index/sync")["root"] == rebuilt["root"]
    settled = issued_node.post("/v1/maintenance/settlement")
    assert (settled["anchored"], settled["unknown_status_acts"], settled["unresolved"]) == (
        [],
        0,
        0,
    )


@pytest.mark.parametrize("role", [Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.KIOSK])
def test_who_is_no_operator_maintains_nothing(reading_node: RunningNode, role: Role) -> None:
    asker = with_key(reading_node, role)
    for path in CHANGES:
        refused = asker.post(f"/v1/maintenance/{path}", status=403)
        assert refused["code"] == "role_not_allowed"


def test_operator_of_one_department_does_not_maintain_the_home_of_all(
    reading_node: RunningNode,
) -> None:
    operator = with_key(reading_node, Role.OPERATOR, TRANSPORT)
    for path in CHANGES:
        refused = operator.post(f"/v1/maintenance/{path}", status=403)
        assert refused["code"] == "department_not_allowed"
    assert operator.get("/v1/maintenance/fsck", status=403)["code"] == "department_not_allowed"
