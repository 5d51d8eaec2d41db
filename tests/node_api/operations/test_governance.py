from __future__ import annotations

import json

from ledger.actions.governance import vote
from ledger.actions.proposals import find_proposal_id, list_members
from tests.support.consortium import CHONGQING, NAMES, SICHUAN, Consortium
from tests.support.node import RunningNode

PROPOSALS = "/v1/governance/proposals"


def test_members_and_application_are_told(shared_node: RunningNode) -> None:
    members = shared_node.get("/v1/governance/members")
    assert [(each["member"], each["name"]) for each in members] == [
        (str(CHONGQING), NAMES[CHONGQING]),
        (str(SICHUAN), NAMES[SICHUAN]),
    ]
    assert shared_node.client.call(list_members) == list_members(shared_node.workspace.index)
    application = shared_node.local.get("/v1/governance/application")
    assert application.headers["content-type"] == "application/vnd.zhenglian.application+json"
    assert json.loads(application.content)["member"] == str(CHONGQING)


def test_removal_is_proposed_voted_and_shown(node: RunningNode) -> None:
    proposed = node.post(f"{PROPOSALS}/removal", member="510000", status=201)
    assert (proposed["action"], proposed["state"]) == ("remove member", "open")
    proposal_id = proposed["proposal_id"]
    assert node.get(f"{PROPOSALS}/{proposal_id}") == proposed
    assert proposed in node.get(PROPOSALS)
    assert node.get(f"/v1/governance/proposal-ids/{proposal_id[:8]}") == proposal_id
    assert node.client.call(find_proposal_id, proposal_id[:8]).hex() == proposal_id
    waiting = node.post(f"{PROPOSALS}/{proposal_id}/execution")
    assert (waiting["executed"], waiting["missing"][:1]) == (False, "0")
    result = node.client.call(vote, bytes.fromhex(proposal_id), approve=False)
    assert (result.executed, [str(each) for each in result.proposal.rejections]) == (
        False,
        ["500000"],
    )


def test_applicant_is_proposed_by_the_application(
    node: RunningNode, consortium: Consortium
) -> None:
    application = (consortium.home(SICHUAN) / "application.json").read_bytes()
    exists = node.post(f"{PROPOSALS}/admission", application=application.hex(), status=409)
    assert exists["code"] == "member_exists"
    altered = json.loads(application) | {"member": "530000"}
    altered["keys"]["authority_x"] = "00" * 32
    wrong = json.dumps(altered).encode().hex()
    problem = node.post(f"{PROPOSALS}/admission", application=wrong, status=422)
    assert problem["field"] == "authority_x"


def test_what_cannot_be_proposed_names_what_was_expected(shared_node: RunningNode) -> None:
    problem = shared_node.post(f"{PROPOSALS}/installation", name="Nothing", status=422)
    assert problem["field"] == "name"
    problem = shared_node.post(f"{PROPOSALS}/freeze", target="x", until_unix=1, status=422)
    assert problem["field"] == "target"
    missing = shared_node.get(f"{PROPOSALS}/{'00' * 32}", status=404)
    assert missing["code"] == "proposal_unknown"
    assert shared_node.get(f"{PROPOSALS}/xyz", status=422)["field"] == "proposal_id"
