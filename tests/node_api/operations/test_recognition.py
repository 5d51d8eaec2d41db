from __future__ import annotations

from hashlib import sha256

from ledger.actions.pact_file import parse_pact
from ledger.actions.recognition import Terms, set_policy
from ledger.actions.recognition_listing import explain_issuer
from ledger.identifiers import PartyId, RegionCode
from ledger.verification.recognition_book import PolicyKey
from tests.support.consortium import ISSUERS, SAFETY_STAFF, SICHUAN
from tests.support.node import RunningNode

KEY = {"relying": "500000", "source": "510000", "certificate_type": str(SAFETY_STAFF)}
QUESTION = {
    "relying_region": "500000",
    "issuer": str(ISSUERS[SICHUAN]),
    "certificate_type": str(SAFETY_STAFF),
}


def test_policy_is_set_explained_and_ended(node: RunningNode) -> None:
    assert not node.get("/v1/recognition/explanation", **QUESTION)["is_recognised"]
    terms = {"minimum_seal_level": 1}
    policy = node.post("/v1/recognition/policies", key=KEY, terms=terms, status=201)
    assert (policy["version"], policy["state"]) == (1, "in force")
    assert node.get("/v1/recognition")["policies"] == [policy]
    explained = node.get("/v1/recognition/explanation", **QUESTION)
    assert explained["cited"]["policy"] == policy
    by_region = node.get("/v1/recognition/explanation", **{**QUESTION, "issuer": "510100"})
    assert by_region["is_recognised"]
    ended = node.post("/v1/recognition/policy-ends", key=KEY, status=201)
    assert (ended["version"], ended["state"]) == (2, "ended")
    assert not node.get("/v1/recognition/explanation", **QUESTION)["is_recognised"]
    again = node.post("/v1/recognition/policy-ends", key=KEY, status=409)
    assert again["code"] == "policy_ended"
    assert node.get("/v1/recognition", at_unix=1)["policies"] == []


def test_policy_of_another_member_is_refused(node: RunningNode) -> None:
    key = {**KEY, "relying": "510000", "source": "500000"}
    refused = node.post("/v1/recognition/policies", key=key, terms={}, status=403)
    assert refused["code"] == "party_of_another_member"


def test_group_is_named_and_left(node: RunningNode) -> None:
    named = node.post(
        "/v1/recognition/groups",
        group="@CHUANYU",
        name="川渝",
        parties=["500000", "510000"],
        status=201,
    )
    assert named["left_at_unix"] == {}
    left = node.post("/v1/recognition/groups/@CHUANYU/exit")
    assert list(left["left_at_unix"]) == ["500000"]
    assert node.get("/v1/recognition")["groups"] == [left]


def test_pact_is_drafted_and_signed_by_its_document(node: RunningNode) -> None:
    draft = node.local.post(
        "/v1/recognition/pact-drafts",
        json={"party_a": "500000", "party_b": "510000", "types": [str(SAFETY_STAFF)]},
    )
    assert draft.status_code == 200
    assert draft.headers["content-type"] == "application/vnd.zhenglian.pact+json"
    terms = parse_pact(draft.content).terms
    assert [str(each) for each in terms.certificate_types] == [str(SAFETY_STAFF)]
    signed = node.post("/v1/recognition/pacts", document=draft.content.hex(), status=201)
    assert signed["pact_id"] == sha256(terms.encode()).hexdigest()
    assert (signed["state"], signed["missing"]) == ("open", ["510000"])
    assert node.get(f"/v1/recognition/pacts/{signed['pact_id'][:10]}") == signed
    assert node.get("/v1/recognition/pacts/ff00ff", status=404)["code"] == "pact_unknown"
    again = node.post("/v1/recognition/pacts", document=draft.content.hex(), status=409)
    assert again["code"] == "pact_signed_before"
    other = draft.content.replace(
        node.workspace.gateway.ledger_id.hex().encode(), bytes(32).hex().encode()
    )
    problem = node.post("/v1/recognition/pacts", document=other.hex(), status=422)
    assert (problem["code"], problem["field"]) == ("pact_of_another_ledger", "ledger_id")


def test_client_gives_what_the_action_gives(shared_node: RunningNode) -> None:
    question = RegionCode.parse("500000"), str(ISSUERS[SICHUAN]), SAFETY_STAFF
    asked = shared_node.client.call(explain_issuer, *question, seal_level=2, at_unix=1_800_000_000)
    assert asked == explain_issuer(
        shared_node.workspace, *question, seal_level=2, at_unix=1_800_000_000
    )


def test_question_that_cannot_be_read_names_the_parameter(shared_node: RunningNode) -> None:
    problem = shared_node.get(
        "/v1/recognition/explanation", **{**QUESTION, "relying_region": "5"}, status=422
    )
    assert problem["field"] == "relying_region"
    problem = shared_node.get("/v1/recognition/explanation", issuer="510000", status=422)
    assert (problem["code"], problem["field"]) == ("parameter_missing", "relying_region")
    problem = shared_node.get("/v1/recognition", colour="red", status=422)
    assert (problem["code"], problem["field"]) == ("parameter_unknown", "colour")
    key = {"relying": "@", "source": "510000", "certificate_type": None}
    problem = shared_node.post("/v1/recognition/policy-ends", key=key, status=422)
    assert problem["status"] == 422


def test_policy_key_without_a_type_is_every_type(node: RunningNode) -> None:
    key = PolicyKey(PartyId.parse("500000"), PartyId.parse("510000"), None)
    policy = node.client.call(set_policy, key, Terms(minimum_seal_level=2))
    assert (policy.certificate_type, policy.minimum_seal_level) == (None, 2)
