from __future__ import annotations

import pytest

from ledger.actions.proofs import fetch_log_root, prove_inclusion
from ledger.formats.merkle import verify_inclusion
from tests.support.command_line import Issued, make_id
from tests.support.consortium import ISSUER, SAFETY_STAFF
from tests.support.node import RunningNode

LOG = "/v1/compared-log"
KEY = {"relying": "500000", "source": "510000", "certificate_type": None}


def test_root_and_proofs_are_what_the_commands_print(
    reading_node: RunningNode, issued_ledger: Issued
) -> None:
    root, told = reading_node.get(LOG), issued_ledger.chongqing.json("log", "root")
    assert {**root, "time_unix": 0} == {**told, "time_unix": 0}
    proof = reading_node.get(f"{LOG}/entries/3/inclusion-proof")
    assert proof == issued_ledger.chongqing.json("log", "proof", "3")
    path = [bytes.fromhex(node) for node in proof["path"]]
    leaf, head = bytes.fromhex(proof["leaf_hash"]), bytes.fromhex(root["chain_root"])
    assert verify_inclusion(leaf, 3, root["size"], path, head)
    consistent = reading_node.get(f"{LOG}/consistency-proof", first=2, second=5)
    assert consistent == issued_ledger.chongqing.json("log", "consistency", "2", "5")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("entries/1000000/inclusion-proof", 404),
        ("entries/-1/inclusion-proof", 404),
        ("entries/last/inclusion-proof", 422),
        ("entries/99999999999999999999999/inclusion-proof", 404),
        ("entries/3/inclusion-proof?size=0", 404),
        ("entries/3/inclusion-proof?size=2", 404),
        ("entries/3/inclusion-proof?size=1000000", 404),
        ("consistency-proof?first=0&second=5", 404),
        ("consistency-proof?first=5&second=2", 404),
        ("consistency-proof?first=5", 422),
    ],
)
def test_entry_or_size_that_cannot_be_is_refused(
    reading_node: RunningNode, path: str, status: int
) -> None:
    assert reading_node.local.get(f"{LOG}/{path}").status_code == status


def test_client_gives_what_the_actions_give(reading_node: RunningNode) -> None:
    workspace, call = reading_node.workspace, reading_node.client.call
    assert call(fetch_log_root).chain_root == fetch_log_root(workspace).chain_root
    assert call(prove_inclusion, 2) == prove_inclusion(workspace, 2)


def test_chain_is_not_asked_for_nobody(reading_node: RunningNode) -> None:
    assert reading_node.public.get(LOG).status_code == 401


def test_what_is_current_is_attested_and_what_is_not_there_is_not(
    issued_node: RunningNode,
) -> None:
    attested = issued_node.post(f"/v1/certificates/{make_id(1)}/attestations", status=201)
    audited = issued_node.get("/v1/audit", after=attested["log_index"] - 1)["items"]
    assert audited[0]["act"] == "status_attested"
    terms = {"minimum_seal_level": 1}
    issued_node.post("/v1/recognition/policies", status=201, key=KEY, terms=terms)
    key = issued_node.get(f"/v1/issuers/{ISSUER}")["seal_keys"][0]["key_id"]
    path = "/v1/attestations"
    for kind, members in (
        ("departments", {"issuer": str(ISSUER)}),
        ("seal-keys", {"issuer": str(ISSUER), "key_id": key}),
        ("mandates", {"issuer": str(ISSUER), "certificate_type": str(SAFETY_STAFF)}),
        ("members", {"member": "510000"}),
        ("policies", {"key": KEY}),
    ):
        issued_node.post(f"{path}/{kind}", status=201, **members)
    acts = [each["act"] for each in issued_node.get("/v1/audit", limit=1000)["items"][-5:]]
    assert acts == [
        "department_attested",
        "seal_key_attested",
        "mandate_attested",
        "member_attested",
        "policy_attested",
    ]
    assert issued_node.get("/v1/maintenance/fsck")["problems"] == []
    nobody = {"batch_key": bytes(32).hex(), "position": 0}
    assert issued_node.post(f"{path}/status", status=404, **nobody)["code"]
    for position in (-1, 1 << 40):
        wrong = {"batch_key": bytes(32).hex(), "position": position}
        assert issued_node.post(f"{path}/status", status=404, **wrong)["code"]
    assert issued_node.post(f"{path}/members", status=404, member="530000")["code"]
    for kind, members in (
        ("types", {"certificate_type": "11100000000013338W999"}),
        ("matters", {"item_code": f"{ISSUER}0117002011000"}),
        ("policies", {"key": {**KEY, "relying": "530000"}}),
        ("groups", {"group": "@NOBODY"}),
        ("cases", {"case_id": bytes(32).hex()}),
    ):
        assert issued_node.post(f"{path}/{kind}", status=404, **members)["code"]
    assert issued_node.post(f"{path}/cases", status=422, case_id="00")["field"] == "case_id"
    short = {"batch_key": "00", "position": 0}
    assert issued_node.post(f"{path}/status", status=422, **short)["field"] == "batch_key"
