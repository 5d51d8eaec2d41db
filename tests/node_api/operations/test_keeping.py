from __future__ import annotations

import shutil
from pathlib import Path

from ledger.actions.backup import make_backup
from ledger.actions.erasure_register import export_register
from ledger.actions.issuance.loop import issue_file
from ledger.roles import Role
from tests.node_api.operations.conftest import OLD, TRANSPORT, make_settings, with_key
from tests.support.command_line import Issued, make_id, make_row, write_csv
from tests.support.consortium import ISSUER, PASSPHRASE, SAFETY_STAFF
from tests.support.identity_provider import IdentityProvider
from tests.support.node import RunningNode, run_node

FIRST = make_id(1)
WHY = {"reason": "07", "legal_basis": "数据丢失，依法补发"}


def test_content_is_erased_once_nothing_keeps_it(issued_node: RunningNode, tmp_path: Path) -> None:
    path, register = f"/v1/certificates/{OLD}", "/v1/erasures"
    assert issued_node.get("/v1/backups")["newest"] is None
    make_backup(issued_node.workspace, tmp_path / "backup")
    held = issued_node.post(f"{path}/holds", reason="行政诉讼", status=201)
    refused = issued_node.post(f"{path}/erasure", reason="持证人申请", status=409)
    assert refused["code"] == "certificate_held"
    ended = issued_node.post(f"{path}/holds/release", reason="诉讼终结", number=held["number"])
    assert (ended["still_in_force"], ended["hold"]["release_reason"]) == (0, "诉讼终结")
    assert len(issued_node.get(f"{path}/holds")["holds"]) == 1
    plan = issued_node.get(f"{path}/erasure")
    assert (plan["holder_name"], plan["erasure"]) == ("王*明", None)
    done = issued_node.post(f"{path}/erasure", reason="持证人申请")
    assert (done["was_erased"], done["erasure"]["reason"]) == (False, "持证人申请")
    assert issued_node.get(path)["is_erased"] is True
    assert issued_node.post(f"{path}/presentation", status=410)["code"] == "content_erased"
    (erased,) = issued_node.get(register)["erasures"]
    assert erased["identifier"] == OLD
    assert issued_node.client.call(export_register).erasures == (
        export_register(issued_node.workspace).erasures
    )
    status = issued_node.get("/v1/backups")
    assert (status["age_days"], status["erased_since"] <= 1) == (0, True)
    assert status["newest"]["certificates"] == 8


def test_certificate_in_force_is_not_erased(reading_node: RunningNode) -> None:
    path = f"/v1/certificates/{FIRST}/erasure"
    for method in ("GET", "POST"):
        options = {"json": {"reason": "持证人申请"}} if method == "POST" else {}
        refused = reading_node.ask(method, path, status=409, **options)
        assert refused["code"] == "certificate_retained"


def test_officer_of_another_department_neither_erases_nor_holds(reading_node: RunningNode) -> None:
    officer = with_key(reading_node, Role.OFFICER, TRANSPORT)
    path = f"/v1/certificates/{OLD}"
    told = [
        officer.get(f"{path}/erasure", status=403),
        officer.post(f"{path}/erasure", status=403, reason="持证人申请"),
        officer.post(f"{path}/holds", status=403, reason="行政诉讼"),
        officer.post(f"{path}/holds/release", status=403, reason="诉讼终结"),
        officer.get(f"{path}/holds", status=403),
    ]
    assert {each["code"] for each in told} == {"department_not_allowed"}
    clerk = with_key(reading_node, Role.CLERK, ISSUER)
    refused = clerk.post(f"{path}/erasure", status=403, reason="持证人申请")
    assert refused["code"] == "role_not_allowed"
    assert officer.get("/v1/lost-batches", status=403)["code"] == "department_not_allowed"


def test_lost_batch_is_listed_planned_and_given_up(
    issued_ledger: Issued, provider: IdentityProvider, tmp_path: Path
) -> None:
    issued = issued_ledger.copy(tmp_path / "ledger")
    vault = issued.chongqing.home / "vault"
    shutil.copytree(vault, tmp_path / "before")
    file = write_csv(tmp_path / "lost.csv", [make_row(number) for number in (101, 102)])
    with issued.consortium.open() as workspace:
        issue_file(workspace, file, ISSUER, SAFETY_STAFF)
    shutil.rmtree(vault)
    shutil.copytree(tmp_path / "before", vault)
    told = issued.chongqing.json("lost-batches", "list")
    with run_node(issued.consortium.open(), PASSPHRASE, make_settings(provider)) as node:
        assert node.get("/v1/lost-batches") == told
        (lost,) = told["batches"]
        path = f"/v1/lost-batches/{lost['batch_key']}"
        assert node.post(f"{path}/plan", **WHY)["batch"] == lost
        officer = with_key(node, Role.OFFICER, TRANSPORT)
        assert officer.post(f"{path}/revocation", status=403, **WHY)["code"] == (
            "department_not_allowed"
        )
        assert node.post(f"{path}/revocation", **WHY)["certificates"] == 2
        assert node.get("/v1/lost-batches")["batches"][0]["in_force"] == 0
        nothing = node.post(f"/v1/lost-batches/{bytes(32).hex()}/revocation", status=404, **WHY)
        assert nothing["code"] == "batch_not_lost"
