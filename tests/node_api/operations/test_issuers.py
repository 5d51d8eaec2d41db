from __future__ import annotations

from ledger.actions.departments import list_departments
from ledger.actions.issuers import choose_issuer
from ledger.identifiers import Uscc
from tests.support.consortium import ISSUER, ISSUERS, SAFETY_STAFF, SICHUAN
from tests.support.node import RunningNode

TRANSPORT = Uscc.build("11500000000000002")
ONE = f"/v1/issuers/{ISSUER}"


def test_departments_of_every_member_are_listed(shared_node: RunningNode) -> None:
    listed = shared_node.get("/v1/issuers")
    assert [each["issuer"] for each in listed] == [str(each) for each in ISSUERS.values()]
    assert shared_node.get(ONE) == listed[0]
    assert shared_node.client.call(list_departments) == list_departments(
        shared_node.workspace.index
    )
    assert shared_node.client.call(choose_issuer) == ISSUER
    assert shared_node.get(f"/v1/issuers/{TRANSPORT}", status=404)["code"] == "issuer_unknown"


def test_department_is_registered_and_given_a_mandate(node: RunningNode) -> None:
    wanted = {"issuer": str(TRANSPORT), "name": "交通部门（虚构）", "region": "500103"}
    made = node.post("/v1/issuers", **wanted, status=201)
    given = node.post(
        f"/v1/issuers/{TRANSPORT}/mandates", certificate_type=str(SAFETY_STAFF), status=201
    )
    assert given["issuer"] == str(TRANSPORT)
    shown = node.get(f"/v1/issuers/{TRANSPORT}")
    assert [each["key_id"] for each in shown["seal_keys"]] == [made["key_id"]]
    assert shown["mandates"][0]["certificate_type"] == str(SAFETY_STAFF)
    assert node.get("/v1/own-issuer", status=409)["code"] == "issuer_ambiguous"
    assert node.post("/v1/issuers", **wanted, status=409)["code"] == "issuer_registered"


def test_seal_key_is_rotated_ended_and_declared_compromised(node: RunningNode) -> None:
    (old,) = node.get(ONE)["seal_keys"]
    new = node.post(f"{ONE}/seal-keys", status=201)
    keys = {each["key_id"]: each for each in node.get(ONE)["seal_keys"]}
    assert set(keys) == {old["key_id"], new["key_id"]}
    assert keys[old["key_id"]]["valid_until_unix"] < old["valid_until_unix"]
    ended = node.post(f"{ONE}/seal-keys/{new['key_id']}/end")
    assert ended["key_id"] == new["key_id"]
    since = old["valid_from_unix"]
    node.post(f"{ONE}/seal-keys/{old['key_id']}/compromise", since_unix=since)
    keys = {each["key_id"]: each for each in node.get(ONE)["seal_keys"]}
    assert keys[old["key_id"]]["compromised_since_unix"] == since
    assert keys[new["key_id"]]["compromised_since_unix"] is None


def test_department_of_another_member_cannot_be_changed(shared_node: RunningNode) -> None:
    path = f"/v1/issuers/{ISSUERS[SICHUAN]}"
    for refused in (
        shared_node.post(f"{path}/seal-keys", status=403),
        shared_node.post(f"{path}/mandates", certificate_type=str(SAFETY_STAFF), status=403),
        shared_node.post(f"{path}/seal-keys/{'00' * 32}/end", status=403),
    ):
        assert refused["code"] == "department_not_allowed"
