"""Who may propose and vote, what carries a proposal, and what each proposal does once carried."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ledger.actions.application import read_application
from ledger.actions.decisions import LifecycleAct
from ledger.actions.governance import (
    DEFAULT_PERIOD,
    VoteResult,
    carry_installation,
    execute,
    propose_admission,
    propose_freeze,
    propose_installation,
    propose_removal,
    vote,
)
from ledger.actions.issuers import change_mandate, declare_compromise, find_seal_key
from ledger.actions.lifecycle import change_status
from ledger.actions.presentation import present, verify_document
from ledger.actions.proposals import Proposal, find_proposal, list_members
from ledger.chain.artifacts import MODULE_NAMES
from ledger.chain.deployment import deploy_module
from ledger.errors import ConflictError, MalformedInputError, NotFoundError
from ledger.identifiers import MemberId
from ledger.records import (
    AlreadyVotedError,
    FieldMalformedError,
    FrozenError,
    LastMemberError,
    MemberExistsError,
    MemberUnknownError,
    ProposalExecutedError,
    ProposalExpiredError,
    ProposalLapsedError,
    ProposalUnknownError,
    RemovalTargetMayNotVoteError,
)
from ledger.verification.finding import Outcome
from ledger.workspace import Workspace
from tests.ledger.actions.homes import (
    CHONGQING,
    DECISION,
    GUIZHOU,
    HOUSING,
    NAMES,
    SHAANXI,
    SICHUAN,
    TYPE,
    YUNNAN,
    Ledger,
    identify,
    write_file,
)

MEMBERS = (CHONGQING, SICHUAN, GUIZHOU, YUNNAN, SHAANXI)
HOUR_S = 3_600
PERIOD_S = int(DEFAULT_PERIOD.total_seconds())


@pytest.fixture(scope="module")
def ladder(founded: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Ledger]:
    """Ledgers with one to five members. Whoever changes the membership takes a copy."""
    ledger = founded.copy(tmp_path_factory.mktemp("1"))
    steps = {1: ledger}
    for count, candidate in enumerate(MEMBERS[1:], 2):
        ledger = ledger.copy(tmp_path_factory.mktemp(str(count)))
        ledger.create(candidate)
        ledger.admit(candidate, *MEMBERS[: 2 * (count - 1) // 3 + 1])
        steps[count] = ledger
    return steps


def propose_harmless(ledger: Ledger, proposer: MemberId = CHONGQING) -> Proposal:
    """To end a freeze that there is not: carried out, it leaves everything as it is."""
    return ledger.act(proposer, lambda home: propose_freeze(home, str(CHONGQING), 0, ends=True))


def propose_leaving(ledger: Ledger, target: MemberId, proposer: MemberId = CHONGQING) -> Proposal:
    return ledger.act(proposer, lambda home: propose_removal(home, target))


def cast(ledger: Ledger, proposal: Proposal, *voters: MemberId, approve: bool = True) -> VoteResult:
    """The voters vote in turn; what the last of them is told."""
    for voter in voters:
        with ledger.open(voter) as home:
            result = vote(home, proposal.proposal_id, approve=approve)
    return result


def carry_out(ledger: Ledger, proposal: Proposal, by: MemberId) -> VoteResult:
    with ledger.open(by) as home:
        return execute(home, proposal.proposal_id)


def active(ledger: Ledger) -> set[MemberId]:
    """By the chain and, which must be the same, by the log."""
    with ledger.open() as home:
        home.sync_index()
        told = {each.member for each in list_members(home.index) if each.removed_at_unix is None}
        assert told == set(home.gateway.active_members())
    return told


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4)])
def test_more_than_two_thirds_of_the_members_carry_a_proposal(
    ladder: Mapping[int, Ledger], count: int, needed: int
) -> None:
    ledger = ladder[count]
    proposal = propose_harmless(ledger)
    for number, voter in enumerate(MEMBERS[:needed], 1):
        result = cast(ledger, proposal, voter)
        assert result.proposal.approvals == MEMBERS[:number]
        assert result.executed is (number == needed)
        if number < needed:
            assert result.proposal.state == "open"
            assert result.missing == f"{number} of {count} members approve; more than 2/3 must"
    assert (result.proposal.state, result.missing) == ("executed", "")


def test_proposing_is_no_vote_and_anyone_may_try_to_carry_it_out(
    ladder: Mapping[int, Ledger],
) -> None:
    proposal = propose_harmless(ladder[2])
    assert (proposal.approvals, proposal.rejections, proposal.state) == ((), (), "open")
    result = carry_out(ladder[2], proposal, SICHUAN)
    assert (result.executed, result.proposal.state) == (False, "open")
    assert result.missing == "0 of 2 members approve; more than 2/3 must"


def test_rejections_are_listed_and_do_not_lower_what_is_needed(
    ladder: Mapping[int, Ledger],
) -> None:
    ledger = ladder[4]
    proposal = propose_harmless(ledger)
    cast(ledger, proposal, SICHUAN, approve=False)
    assert not cast(ledger, proposal, CHONGQING, GUIZHOU).executed
    result = cast(ledger, proposal, YUNNAN)
    assert result.executed
    assert result.proposal.rejections == (SICHUAN,)
    assert result.proposal.approvals == (CHONGQING, GUIZHOU, YUNNAN)


def test_one_rejection_of_three_stops_a_proposal_for_good(ladder: Mapping[int, Ledger]) -> None:
    ledger = ladder[3]
    proposal = propose_harmless(ledger)
    cast(ledger, proposal, CHONGQING, SICHUAN)
    result = cast(ledger, proposal, GUIZHOU, approve=False)
    assert (result.executed, result.proposal.state) == (False, "open")
    assert result.missing == "2 of 3 members approve; more than 2/3 must"


@pytest.mark.parametrize("first", [True, False], ids=["approved", "rejected"])
@pytest.mark.parametrize("second", [True, False], ids=["approve", "reject"])
def test_a_second_vote_of_a_member_is_refused_and_counts_nothing(
    ladder: Mapping[int, Ledger], first: bool, second: bool
) -> None:
    ledger = ladder[3]
    proposal = propose_harmless(ledger)
    before = cast(ledger, proposal, SICHUAN, approve=first).proposal
    with ledger.open(SICHUAN) as home:
        with pytest.raises(AlreadyVotedError):
            vote(home, proposal.proposal_id, approve=second)
        home.sync_index()
        assert find_proposal(home.index, proposal.proposal_id) == before
        record = home.gateway.proposal(proposal.proposal_id)
    assert (record.approvals, record.rejections) == (int(first), int(not first))


def test_what_was_carried_out_takes_no_more_votes_and_is_not_carried_out_again(
    ladder: Mapping[int, Ledger],
) -> None:
    ledger = ladder[4]
    proposal = propose_harmless(ledger)
    assert cast(ledger, proposal, *MEMBERS[:3]).executed
    with ledger.open(YUNNAN) as home:
        size = home.gateway.log_size()
        with pytest.raises(ProposalExecutedError):
            vote(home, proposal.proposal_id, approve=False)
        result = execute(home, proposal.proposal_id)
        assert home.gateway.log_size() == size
    assert (result.executed, result.missing) == (False, "the proposal is executed")


def test_nobody_votes_after_expiry_and_what_lacked_a_vote_is_not_carried_out(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    ledger = ladder[2].copy(tmp_path / "ledger")
    proposal = propose_harmless(ledger)
    cast(ledger, proposal, CHONGQING)
    ledger.ahead_s += PERIOD_S
    with ledger.open(SICHUAN) as home:
        with pytest.raises(ProposalExpiredError):
            vote(home, proposal.proposal_id, approve=True)
        result = execute(home, proposal.proposal_id)
    assert (result.executed, result.missing) == (False, "the proposal is expired")
    assert result.proposal.approvals == (CHONGQING,)


def test_votes_enough_are_of_no_use_after_expiry(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    """Three of five do not suffice, three of four do: but it is too late for these."""
    ledger = ladder[5].copy(tmp_path / "ledger")
    proposal = propose_harmless(ledger)
    assert not cast(ledger, proposal, *MEMBERS[:3]).executed
    ledger.ahead_s += HOUR_S
    removal = propose_leaving(ledger, SHAANXI)
    ledger.ahead_s += PERIOD_S - HOUR_S
    assert cast(ledger, removal, *MEMBERS[:3]).executed
    result = carry_out(ledger, proposal, CHONGQING)
    assert (result.executed, result.missing) == (False, "the proposal is expired")


def test_who_is_no_member_neither_proposes_nor_votes(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    """An applicant has keys, a home and an account; what it lacks is its admission."""
    ledger = ladder[2].copy(tmp_path / "ledger")
    ledger.create(GUIZHOU)
    proposal = propose_harmless(ledger)
    with ledger.open(GUIZHOU) as home:
        size = home.gateway.log_size()
        with pytest.raises(MemberUnknownError):
            vote(home, proposal.proposal_id, approve=True)
        application = read_application(ledger.home(GUIZHOU) / "application.json")
        with pytest.raises(MemberUnknownError):
            propose_admission(home, application)
        with pytest.raises(MemberUnknownError):
            propose_removal(home, SICHUAN)
        assert home.gateway.log_size() == size
        assert home.vault.outbox.unresolved(home.submitter.account) == []


def test_any_member_proposes_anything_even_its_own_removal(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    ledger = ladder[3].copy(tmp_path / "ledger")
    proposal = propose_leaving(ledger, GUIZHOU, proposer=GUIZHOU)
    assert (proposal.proposer, proposal.about) == (GUIZHOU, str(GUIZHOU))
    assert cast(ledger, proposal, CHONGQING, SICHUAN).executed
    assert active(ledger) == {CHONGQING, SICHUAN}


def test_an_admitted_member_counts_from_then_on(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    """Two of two approve only one proposal in time; the other needs the newcomer as well."""
    ledger = ladder[2].copy(tmp_path / "ledger")
    ledger.create(GUIZHOU)
    waiting = propose_harmless(ledger)
    cast(ledger, waiting, CHONGQING)
    application = read_application(ledger.home(GUIZHOU) / "application.json")
    proposal = ledger.act(SICHUAN, lambda home: propose_admission(home, application))
    assert proposal.action == "admit member"
    assert proposal.about.startswith(f"{GUIZHOU} {NAMES[GUIZHOU]}, key ")
    assert active(ledger) == {CHONGQING, SICHUAN}
    assert cast(ledger, proposal, CHONGQING, SICHUAN).executed
    assert active(ledger) == {CHONGQING, SICHUAN, GUIZHOU}
    assert cast(ledger, waiting, SICHUAN).missing.startswith("2 of 3 members approve")
    assert cast(ledger, waiting, GUIZHOU).executed
    with ledger.open(GUIZHOU) as home:
        assert home.gateway.member(GUIZHOU).keys == application.keys


def test_a_member_is_not_admitted_twice(ladder: Mapping[int, Ledger], tmp_path: Path) -> None:
    """Proposed twice before it is a member, it is admitted once; the other proposal lapses."""
    ledger = ladder[1].copy(tmp_path / "ledger")
    ledger.create(SICHUAN)
    application = read_application(ledger.home(SICHUAN) / "application.json")
    first, second = (
        ledger.act(CHONGQING, lambda home: propose_admission(home, application)) for _ in range(2)
    )
    assert cast(ledger, first, CHONGQING).executed
    with ledger.open(SICHUAN) as home, pytest.raises(ProposalLapsedError):
        vote(home, second.proposal_id, approve=True)
    with ledger.open() as home:
        home.sync_index()
        assert find_proposal(home.index, second.proposal_id).state == "lapsed"
        with pytest.raises(MemberExistsError):
            propose_admission(home, application)


def test_who_is_to_be_removed_neither_votes_nor_counts(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    ledger = ladder[3].copy(tmp_path / "ledger")
    proposal = propose_leaving(ledger, GUIZHOU)
    with ledger.open(GUIZHOU) as home, pytest.raises(RemovalTargetMayNotVoteError):
        vote(home, proposal.proposal_id, approve=False)
    assert cast(ledger, proposal, CHONGQING).missing.startswith("1 of 2 members approve")
    assert cast(ledger, proposal, SICHUAN).executed


def test_of_two_members_neither_removes_the_other_alone(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    ledger = ladder[2].copy(tmp_path / "ledger")
    proposal = propose_leaving(ledger, SICHUAN)
    assert cast(ledger, proposal, CHONGQING).missing.startswith("1 of 2 members approve")
    assert active(ledger) == {CHONGQING, SICHUAN}
    assert cast(ledger, proposal, SICHUAN).executed
    assert active(ledger) == {CHONGQING}


def test_the_last_member_stays(ladder: Mapping[int, Ledger]) -> None:
    proposal = propose_leaving(ladder[1], CHONGQING)
    result = cast(ladder[1], proposal, CHONGQING)
    assert result.missing == LastMemberError(CHONGQING).message
    assert (result.executed, result.proposal.state) == (False, "open")
    assert active(ladder[1]) == {CHONGQING}


def test_who_never_was_a_member_cannot_be_removed_or_frozen(
    ladder: Mapping[int, Ledger],
) -> None:
    with ladder[2].open() as home:
        with pytest.raises(MemberUnknownError):
            propose_removal(home, SHAANXI)
        with pytest.raises(MemberUnknownError):
            propose_freeze(home, str(SHAANXI), home.latest_unix() + HOUR_S)


def test_a_removal_takes_the_votes_of_who_left_and_what_they_were_counted_against(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    """Of five, three approved each: not enough. Then one of five leaves, who approved only one."""
    ledger = ladder[5].copy(tmp_path / "ledger")
    without, with_its_vote = propose_harmless(ledger), propose_harmless(ledger)
    cast(ledger, without, *MEMBERS[:3])
    cast(ledger, with_its_vote, *MEMBERS[2:])
    assert cast(ledger, propose_leaving(ledger, SHAANXI), *MEMBERS[:3]).executed
    told = carry_out(ledger, with_its_vote, CHONGQING)
    assert told.missing == "2 of 4 members approve; more than 2/3 must"
    assert told.proposal.approvals == MEMBERS[2:]
    assert carry_out(ledger, without, SHAANXI).executed  # anyone may carry out what is decided


def test_a_removed_member_does_nothing_more_until_it_is_admitted_again(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    ledger = ladder[3].copy(tmp_path / "ledger")
    proposal = propose_harmless(ledger)
    assert cast(ledger, propose_leaving(ledger, CHONGQING, SICHUAN), SICHUAN, GUIZHOU).executed
    with ledger.open(CHONGQING) as home:
        size = home.gateway.log_size()
        with pytest.raises(MemberUnknownError):
            vote(home, proposal.proposal_id, approve=True)
        with pytest.raises(MemberUnknownError):
            propose_removal(home, SICHUAN)
        with pytest.raises(MemberUnknownError):
            change_mandate(home, HOUSING, TYPE)
        with pytest.raises(MemberUnknownError):
            declare_compromise(home, HOUSING, find_seal_key(home, HOUSING).key_id, 1)
        assert home.gateway.log_size() == size
    with pytest.raises(MemberUnknownError):
        ledger.issue(write_file(tmp_path / "rows.csv", range(2)))
    ledger.admit(CHONGQING, SICHUAN, GUIZHOU)
    assert ledger.issue(tmp_path / "rows.csv").already_issued == 2
    assert cast(ledger, proposal, *MEMBERS[:3]).executed
    with ledger.open(CHONGQING) as home:
        (member,) = [each for each in list_members(home.index) if each.member == CHONGQING]
        assert member.removed_at_unix is None
        assert member.admitted_at_unix == home.gateway.member(CHONGQING).admitted_at


def freeze(ledger: Ledger, target: str, *voters: MemberId, hours: float = 1) -> VoteResult:
    def propose(home: Workspace) -> Proposal:
        return propose_freeze(home, target, home.latest_unix() + int(hours * HOUR_S))

    return cast(ledger, ledger.act(voters[0], propose), *voters)


def test_a_frozen_member_begins_nothing_new_and_may_still_withdraw(
    provinces: Ledger, tmp_path: Path
) -> None:
    """It votes, suspends, revokes and declares compromises; it neither issues nor mandates."""
    ledger = provinces
    assert freeze(ledger, str(CHONGQING), SICHUAN, GUIZHOU, CHONGQING).executed
    with pytest.raises(FrozenError):
        ledger.issue(write_file(tmp_path / "rows.csv", range(50, 52)))
    with ledger.open() as home:
        with pytest.raises(FrozenError):
            change_mandate(home, HOUSING, TYPE)
        change_status(home, LifecycleAct.SUSPEND, [identify(0)], DECISION)
        change_status(home, LifecycleAct.REVOKE, [identify(0)], DECISION)
        ended = change_mandate(home, HOUSING, TYPE, valid_until_unix=home.latest_unix())
        key_id = find_seal_key(home, HOUSING).key_id
        declared = declare_compromise(home, HOUSING, key_id, home.latest_unix())
        assert declared.log_index == ended.log_index + 1
    assert cast(ledger, propose_harmless(ledger), CHONGQING, SICHUAN, GUIZHOU).executed
    with ledger.open() as home:
        change_mandate(home, HOUSING, TYPE)


def test_a_frozen_module_stops_every_member(provinces: Ledger, tmp_path: Path) -> None:
    ledger = provinces
    result = freeze(ledger, "CertificateLedger", CHONGQING, SICHUAN, GUIZHOU)
    assert (result.executed, result.proposal.about) == (True, "CertificateLedger")
    rows = write_file(tmp_path / "rows.csv", range(50, 52))
    with pytest.raises(FrozenError, match="CertificateLedger"):
        ledger.issue(rows)
    with ledger.open() as home:
        change_status(home, LifecycleAct.REVOKE, [identify(0)], DECISION)
        change_mandate(home, HOUSING, TYPE)  # another module
        proposal = propose_freeze(home, "CertificateLedger", 0, ends=True)
    assert proposal.action == "unfreeze"
    assert cast(ledger, proposal, *MEMBERS[:3]).executed
    assert ledger.issue(rows).already_issued == 2


def test_a_freeze_ends_by_itself(ladder: Mapping[int, Ledger], tmp_path: Path) -> None:
    ledger = ladder[1].copy(tmp_path / "ledger")
    assert freeze(ledger, "IssuerRegistry", CHONGQING, hours=72).executed
    for ahead_s in (0, 71 * HOUR_S):
        ledger.ahead_s = ahead_s
        with ledger.open() as home, pytest.raises(FrozenError, match="IssuerRegistry"):
            change_mandate(home, HOUSING, TYPE)
    ledger.ahead_s = 72 * HOUR_S
    with ledger.open() as home:
        change_mandate(home, HOUSING, TYPE)


def test_a_freeze_of_more_than_72_hours_is_not_carried_out_before_its_end_is_near_enough(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    ledger = ladder[1].copy(tmp_path / "ledger")
    result = freeze(ledger, str(CHONGQING), CHONGQING, hours=73)
    assert not result.executed
    assert "until" in result.missing
    with ledger.open() as home:
        change_mandate(home, HOUSING, TYPE)
    ledger.ahead_s += HOUR_S
    assert carry_out(ledger, result.proposal, CHONGQING).executed


@pytest.mark.parametrize("target", ["CertificateLedgr", "Consortium", "EntryLog", "证照", "5", ""])
def test_only_members_and_modules_that_there_are_can_be_frozen(
    ladder: Mapping[int, Ledger], target: str
) -> None:
    """A freeze of a name that nothing has would be voted for and stop nothing."""
    with ladder[1].open() as home:
        size = home.gateway.log_size()
        with pytest.raises(MalformedInputError, match="CertificateLedger") as refusal:
            propose_freeze(home, target, home.latest_unix() + HOUR_S)
        assert refusal.value.field == "target"
        assert repr(target) in refusal.value.message
        assert home.gateway.log_size() == size


def test_an_end_of_a_freeze_has_no_time(ladder: Mapping[int, Ledger]) -> None:
    with ladder[1].open() as home, pytest.raises(FieldMalformedError):
        propose_freeze(home, str(CHONGQING), home.latest_unix() + HOUR_S, ends=True)


def test_a_replaced_module_goes_on_with_what_its_predecessor_recorded(
    provinces: Ledger, tmp_path: Path
) -> None:
    ledger = provinces
    with ledger.open() as home:
        before = {name: home.gateway.module(name).address for name in MODULE_NAMES}
    for name in MODULE_NAMES:
        with ledger.open(SICHUAN) as home:
            proposal = propose_installation(home, name)
        assert proposal.action == "install module"
        assert cast(ledger, proposal, *MEMBERS[:2]).missing.startswith("2 of 3")
        assert cast(ledger, proposal, GUIZHOU).executed
        with ledger.open() as home:
            assert proposal.about == f"{name} at {home.gateway.module(name).address}"
            assert home.gateway.module(name).address != before[name]
    ledger.issue(write_file(tmp_path / "rows.csv", range(50, 52)))
    with ledger.open() as home:
        for number in (0, 50):
            document = present(home, identify(number), None).to_json()
            assert verify_document(home, document).outcome is Outcome.PASSED
            change_status(home, LifecycleAct.REVOKE, [identify(number)], DECISION)
            assert verify_document(home, document).outcome is Outcome.FAILED


def test_an_installation_proposed_before_another_was_carried_out_lapses(
    ladder: Mapping[int, Ledger], tmp_path: Path
) -> None:
    """It reads through the module that was in force then, and would forget the other's batches."""
    ledger = ladder[1].copy(tmp_path / "ledger")
    with ledger.open() as home:
        first, second, other = (
            propose_installation(home, name)
            for name in ("CertificateLedger", "CertificateLedger", "IssuerRegistry")
        )
        assert vote(home, first.proposal_id, approve=True).executed
    assert ledger.issue(write_file(tmp_path / "rows.csv", range(2))).issued == 2
    with ledger.open() as home:
        for approve in (True, False):
            with pytest.raises(ProposalLapsedError):
                vote(home, second.proposal_id, approve=approve)
        assert find_proposal(home.index, second.proposal_id).state == "lapsed"
        assert find_proposal(home.index, other.proposal_id).state == "open"
        change_status(home, LifecycleAct.REVOKE, [identify(0)], DECISION)


@pytest.mark.parametrize("name", ["EntryLog", "Consortium", "Nothing", "../x", ""])
def test_only_modules_of_this_version_are_installed(
    ladder: Mapping[int, Ledger], name: str
) -> None:
    """The log and the consortium are never replaced."""
    with ladder[1].open() as home:
        nonce = home.submitter.next_nonce()
        with pytest.raises(MalformedInputError, match="CertificateLedger") as refusal:
            propose_installation(home, name)
        assert refusal.value.field == "name"
        assert repr(name) in refusal.value.message
        assert home.submitter.next_nonce() == nonce


def test_one_of_two_members_carries_no_installation_alone(ladder: Mapping[int, Ledger]) -> None:
    with ladder[2].open() as home:
        installation = deploy_module(home.gateway, home.submitter, "CertificateLedger")
        before = home.gateway.module("CertificateLedger")
        with pytest.raises(ConflictError, match="1 of 2 members approve"):
            carry_installation(home, installation)
        assert home.gateway.module("CertificateLedger") == before


def test_nobody_votes_on_what_nobody_proposed(ladder: Mapping[int, Ledger]) -> None:
    with ladder[1].open() as home:
        with pytest.raises(NotFoundError, match=bytes(32).hex()):
            vote(home, bytes(32), approve=True)
        with pytest.raises(ProposalUnknownError):
            vote(home, bytes(32), approve=False)
        with pytest.raises(NotFoundError, match=bytes(32).hex()):
            execute(home, bytes(32))
