"""Proposals, votes and members as the log tells them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.actions.application import read_application
from ledger.actions.authority import submit_authority_act
from ledger.actions.governance import (
    DEFAULT_PERIOD,
    propose_admission,
    propose_freeze,
    propose_removal,
    vote,
)
from ledger.actions.proposals import (
    Proposal,
    describe_key,
    find_proposal_id,
    list_members,
    list_proposals,
)
from ledger.chain.deployment import deploy_module
from ledger.errors import ConflictError, NotFoundError
from ledger.records import ProposalAction, ProposalStatement
from ledger.workspace import Workspace
from tests.ledger.actions.homes import CHONGQING, GUIZHOU, NAMES, SICHUAN, YUNNAN, Ledger

HOUR_S = 3_600
PERIOD_S = int(DEFAULT_PERIOD.total_seconds())


@pytest.fixture(scope="module")
def shared(admitted: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Three provinces, who propose much and decide nothing."""
    return admitted.copy(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def provinces(admitted: Ledger, tmp_path: Path) -> Ledger:
    """Three provinces, for one test."""
    return admitted.copy(tmp_path / "ledger")


def propose_harmless(home: Workspace) -> Proposal:
    """To end a freeze that there is not."""
    return propose_freeze(home, str(CHONGQING), 0, ends=True)


def test_a_proposal_is_open_until_the_second_it_expires(shared: Ledger) -> None:
    def state_at(now_unix: int) -> str:
        listed = list_proposals(home.index, now_unix=now_unix)
        return next(each.state for each in listed if each.proposal_id == proposal.proposal_id)

    with shared.open() as home:
        proposal = propose_harmless(home)
        assert abs(proposal.expires_at_unix - home.now_unix() - PERIOD_S) < HOUR_S
        assert state_at(proposal.expires_at_unix - 1) == "open"
        assert state_at(proposal.expires_at_unix) == "expired"


def test_proposals_are_listed_oldest_first_with_what_they_would_do(provinces: Ledger) -> None:
    provinces.create(YUNNAN)
    with provinces.open(SICHUAN) as home:
        home.sync_index()
        before = len(list_proposals(home.index))
        application = read_application(provinces.home(YUNNAN) / "application.json")
        made = [
            propose_admission(home, application),
            propose_removal(home, GUIZHOU),
            propose_freeze(home, str(GUIZHOU), home.latest_unix() + HOUR_S),
            propose_freeze(home, "IssuerRegistry", home.latest_unix() + HOUR_S),
            propose_freeze(home, "IssuerRegistry", 0, ends=True),
        ]
        listed = list_proposals(home.index)[before:]
    assert listed == made
    assert [f"{each.action} {each.about}" for each in listed] == [
        f"admit member {YUNNAN} {NAMES[YUNNAN]}, key {describe_key(application.keys)}",
        f"remove member {GUIZHOU}",
        f"freeze {GUIZHOU}",
        "freeze IssuerRegistry",
        "unfreeze IssuerRegistry",
    ]
    assert [each.log_index for each in listed] == sorted(each.log_index for each in listed)
    assert {each.proposer for each in listed} == {SICHUAN}


def test_votes_stand_in_the_order_they_were_cast(shared: Ledger) -> None:
    proposal = shared.act(CHONGQING, propose_harmless)
    for voter, approve in ((GUIZHOU, True), (SICHUAN, False), (CHONGQING, True)):
        with shared.open(voter) as home:
            result = vote(home, proposal.proposal_id, approve=approve)
    assert result.proposal.approvals == (GUIZHOU, CHONGQING)
    assert result.proposal.rejections == (SICHUAN,)


def test_a_proposal_is_found_by_the_beginning_of_its_id(shared: Ledger) -> None:
    with shared.open() as home:
        ids = [propose_harmless(home).proposal_id.hex() for _ in range(17)]
        twice = next(a for a in ids if sum(b.startswith(a[0]) for b in ids) > 1)
        for text in (twice, twice.upper(), f"0x{twice}"):
            assert find_proposal_id(home.index, text).hex() == twice
        with pytest.raises(ConflictError, match="give more of the id") as refusal:
            find_proposal_id(home.index, twice[0])
        assert refusal.value.code == "proposal_ambiguous"
        for text in ("xyz", "", "0x"):
            with pytest.raises(NotFoundError, match=repr(text)) as missing:
                find_proposal_id(home.index, text)
            assert missing.value.code == "proposal_unknown"


def test_removed_members_stay_on_the_list(provinces: Ledger) -> None:
    provinces.ahead_s += HOUR_S
    proposal = provinces.act(CHONGQING, lambda home: propose_removal(home, SICHUAN))
    provinces.carry(proposal, CHONGQING, GUIZHOU)
    with provinces.open() as home:
        home.sync_index()
        listed = list_members(home.index)
        removed_at = home.gateway.member(SICHUAN).removed_at
    assert [each.member for each in listed] == [CHONGQING, SICHUAN, GUIZHOU]
    assert [each.name for each in listed] == ["重庆市", "四川省", "贵州省"]
    assert [each.removed_at_unix for each in listed] == [None, removed_at, None]
    assert removed_at >= listed[1].admitted_at_unix + HOUR_S


def test_a_proposal_whose_payload_is_no_text_is_listed_all_the_same(shared: Ledger) -> None:
    with shared.open() as home:
        module = deploy_module(home.gateway, home.submitter, "CertificateLedger")
        payload = replace(module, name=b"\xff" * 32).encode()
        expires_at = home.latest_unix() + HOUR_S
        receipt = submit_authority_act(
            home,
            "Consortium",
            "propose",
            lambda sequence: ProposalStatement(
                CHONGQING, ProposalAction.INSTALL_MODULE, payload, expires_at, sequence
            ),
        )
        home.sync_index()
        newest = list_proposals(home.index)[-1]
    assert newest.proposal_id == receipt.entries[0].entry.subject
    assert (newest.about, newest.state) == ("unreadable payload", "open")


def test_what_this_version_cannot_read_is_passed_over(provinces: Ledger) -> None:
    """An index of a version that knew fewer kinds has no payload for some entries."""
    with provinces.open() as home:
        home.sync_index()
        admissions = [p for p in list_proposals(home.index) if p.action == "admit member"]
        assert len(admissions) == 2
        with closing(sqlite3.connect(home.index_path)) as raw:
            raw.execute(
                "UPDATE entries SET payload = NULL WHERE entry_index = ?",
                (admissions[0].log_index,),
            )
            raw.commit()
        listed = list_proposals(home.index)
        assert admissions[0].proposal_id not in {each.proposal_id for each in listed}
        assert admissions[1] in listed
