from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import at
from tests.support.consortium import CHONGQING, SICHUAN, Consortium


def test_freeze_stops_an_issuer_until_it_is_ended_by_vote(consortium: Consortium) -> None:
    members = [at(consortium, member) for member in (CHONGQING, SICHUAN)]

    def carry(*proposal: str) -> str:
        proposed = members[0].json("govern", "propose", *proposal)
        for member in members:
            result = member.json("govern", "vote", proposed["proposal_id"], "--approve")
        return str(result["proposal"]["state"])

    assert carry("freeze", "510000", "--hours", "24") == "executed"
    mandate = ("issuer", "mandate", "11510000000000001L", "W011")
    error = members[1].json(*mandate, code=1)["error"]
    assert error["code"] == "frozen"
    assert carry("unfreeze", "510000") == "executed"
    members[1].run(*mandate)


def test_proposal_about_what_was_decided_since_has_lapsed(consortium: Consortium) -> None:
    first, second = at(consortium), at(consortium, SICHUAN)
    freeze = ("govern", "propose", "freeze", "510000", "--hours", "24")
    earlier = first.json(*freeze)["proposal_id"]
    later = second.json(*freeze)["proposal_id"]
    other = first.json("govern", "propose", "freeze", "500000", "--hours", "24")["proposal_id"]
    for member in (first, second):
        member.run("govern", "vote", later, "--approve")
    error = first.json("govern", "vote", earlier, "--approve", code=1)["error"]
    assert error["code"] == "proposal_lapsed"
    states = {each["proposal_id"]: each["state"] for each in first.json("govern", "list")}
    assert states == states | {earlier: "lapsed", later: "executed", other: "open"}
    told = first.run("govern", "execute", earlier).stdout
    assert "the proposal is lapsed" in told


def test_rejected_proposal_is_not_carried_out(consortium: Consortium) -> None:
    first, second = at(consortium), at(consortium, SICHUAN)
    proposal = first.json("govern", "propose", "freeze", "CertificateLedger", "--hours", "1")
    short = proposal["proposal_id"][:6]
    first.run("govern", "vote", short, "--approve")
    told = second.run("govern", "vote", short, "--reject").stdout
    assert "Not carried out yet" in told
    assert "against  510000" in told
    assert "Not carried out yet" in second.run("govern", "execute", short).stdout
    listed = first.run("govern", "list").stdout
    assert "for: 500000; against: 510000" in listed
    assert "open until" in listed


def test_member_votes_once(consortium: Consortium) -> None:
    first = at(consortium)
    proposal = first.json("govern", "propose", "freeze", "510000", "--hours", "1")["proposal_id"]
    first.run("govern", "vote", proposal, "--approve")
    error = first.json("govern", "vote", proposal, "--approve", code=1)["error"]
    assert error["code"] == "already_voted"


def test_removal_of_one_of_two_takes_the_other_alone(consortium: Consortium) -> None:
    first, second = at(consortium), at(consortium, SICHUAN)
    proposal = first.json("govern", "propose", "remove", "510000")["proposal_id"]
    first.run("govern", "vote", proposal, "--approve")
    second.run("govern", "vote", proposal, "--approve")
    assert "510000" in first.run("govern", "members").stdout
    members = first.json("govern", "members")
    assert members[1]["removed_at_unix"] is not None


def test_module_of_this_version_can_be_proposed(consortium: Consortium) -> None:
    proposal = at(consortium).json("govern", "propose", "install", "CertificateLedger")
    assert proposal["about"].startswith("CertificateLedger at 0x")


@pytest.mark.parametrize("prefix", ["", "zz", "0x"])
def test_proposal_nobody_made_is_not_found(founded_consortium: Consortium, prefix: str) -> None:
    error = at(founded_consortium).json("govern", "execute", prefix, code=1)["error"]
    assert error["code"] == "proposal_unknown"


@pytest.mark.parametrize("hours", ["0", "73", "-1", "many"])
def test_freeze_is_at_most_72_hours(founded_consortium: Consortium, hours: str) -> None:
    freeze = ("govern", "propose", "freeze", "510000", "--hours", hours)
    at(founded_consortium).run(*freeze, code=2)


def test_vote_says_how(founded_consortium: Consortium) -> None:
    at(founded_consortium).run("govern", "vote", "abc", code=2)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"member": "520000"}', "\x00"])
def test_file_that_is_no_application_is_refused(
    founded_consortium: Consortium, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "application.json"
    file.write_text(content)
    error = at(founded_consortium).json("govern", "propose", "admit", file, code=1)["error"]
    assert error["code"] == "malformed_input"
    missing = at(founded_consortium).json("govern", "propose", "admit", tmp_path / "x", code=1)
    assert missing["error"]["code"] == "not_found"
