// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";
import {MemberId} from "../types/Identifiers.sol";
import {MemberRecord, ProposalRecord} from "../types/Records.sol";
import {
    Admission,
    FoundingStatement,
    Freeze,
    Installation,
    MemberKeys,
    MemberKeysStatement,
    OperatorStatement,
    ProposalAction,
    ProposalStatement,
    Signature,
    VoteStatement
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {Ledger} from "./support/Ledger.sol";

/// @notice Members, their keys and what they sign; votes.
contract ConsortiumTest is Ledger {
    // -- founding --------------------------------------------------------------------------------

    function testFounderSignsForItself() external {
        vm.recordLogs();
        _found(CHONGQING);
        _assertOneEntry(
            IConsortium.ConsortiumFounded.selector,
            CHONGQING,
            MemberId.unwrap(CHONGQING),
            bytes32(MemberId.unwrap(CHONGQING))
        );
        vm.assertTrue(consortium.isActiveMember(CHONGQING));
        vm.assertEq(consortium.activeMembers().length, 1);
        vm.assertEq(consortium.ledgerId(), LEDGER_ID);
        vm.assertEq(consortium.getValidators()[0], address(1));
    }

    function testFoundingWithAnotherKeysSignatureIsRefused() external {
        FoundingStatement memory statement = FoundingStatement(_admission(CHONGQING));
        bytes32 digest = hasher.digest(statement);
        address future = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        address newLog = _deploy("EntryLog", abi.encode(future, 0, new bytes32[](0)));
        bytes memory arguments =
            abi.encode(LEDGER_ID, newLog, statement, _sign(_authorityKeys[SICHUAN], digest));

        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, CHONGQING, digest)
        );
        this.deploy("Consortium", arguments);
    }

    /// What no vote could carry does not found a ledger either.
    function testMalformedMembersNeitherFoundNorAreAdmitted() external {
        bytes18[6] memory ids =
            [bytes18(0), "5000", "500100", "5X0000", "11100000000013338", "1110000000001333?W"];
        for (uint256 i = 0; i < 9; ++i) {
            Admission memory admission = _admission(HUNAN);
            bytes32 field = "member";
            if (i < 6) admission.member = MemberId.wrap(ids[i]);
            if (i == 6) (admission.name, field) = ("", "name");
            if (i == 7) (admission.name, field) = (string(new bytes(129)), "name");
            if (i == 8) (admission.keys.validator, field) = (address(0), "validator");
            bytes memory refusal =
                abi.encodeWithSelector(IConsortium.FieldMalformed.selector, field);

            (ProposalStatement memory proposal, Signature memory ballot) =
                _signedProposal(CHONGQING, ProposalAction.AdmitMember, abi.encode(admission));
            vm.expectRevert(refusal);
            consortium.propose(proposal, ballot);

            address future = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
            address newLog = _deploy("EntryLog", abi.encode(future, 0, new bytes32[](0)));
            FoundingStatement memory statement = FoundingStatement(admission);
            Signature memory signature = _sign(_authorityKeys[HUNAN], hasher.digest(statement));
            bytes memory arguments = abi.encode(LEDGER_ID, newLog, statement, signature);
            vm.expectRevert(refusal);
            this.deploy("Consortium", arguments);
        }
    }

    function deploy(string memory name, bytes memory arguments) external returns (address) {
        return _deploy(name, arguments);
    }

    // -- admission and removal -------------------------------------------------------------------

    function testAdmittedMemberIsRecordedInFull() external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(BEIJING, id, true);
        vm.recordLogs();
        consortium.execute(id, payload);
        _assertOneEntry(
            IConsortium.MemberAdmitted.selector,
            HUNAN,
            MemberId.unwrap(CHONGQING),
            bytes32(MemberId.unwrap(HUNAN))
        );

        MemberRecord memory record = consortium.member(HUNAN);
        vm.assertTrue(keccak256(abi.encode(record.keys)) == keccak256(abi.encode(_memberKeys(5))));
        vm.assertEq(record.admittedAt, START);
        vm.assertEq(record.removedAt, 0);
        vm.assertEq(record.sequence, 0);
        vm.assertEq(consortium.activeMembers().length, 5);
        vm.assertEq(consortium.getValidators()[4], address(5));
    }

    function testTwoThirdsAreNotMoreThanTwoThirds() external {
        _admit(HUNAN);
        _admitNamed("130000");
        bytes memory payload = abi.encode(_admissionOf("140000"));
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(BEIJING, id, true);
        _vote(GUANGDONG, id, true); // 4 of 6

        vm.expectRevert(abi.encodeWithSelector(IConsortium.QuorumMissing.selector, id, 4, 6));
        consortium.execute(id, payload);
        _vote(HUNAN, id, true);
        consortium.execute(id, payload);
        vm.assertEq(consortium.activeMembers().length, 7);
    }

    function testApprovalOfAMemberThatLeftDoesNotCount() external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(GUANGDONG, id, true);
        _remove(GUANGDONG);

        vm.expectRevert(abi.encodeWithSelector(IConsortium.QuorumMissing.selector, id, 2, 3));
        consortium.execute(id, payload);
        _vote(BEIJING, id, true);
        consortium.execute(id, payload);
    }

    function testTargetOfARemovalNeitherVotesNorCounts() external {
        bytes memory payload = abi.encode(GUANGDONG);
        bytes32 id = _propose(CHONGQING, ProposalAction.RemoveMember, payload);
        (VoteStatement memory statement, Signature memory signature) = _signedVote(GUANGDONG, id, false);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.RemovalTargetMayNotVote.selector, id, GUANGDONG)
        );
        consortium.vote(statement, signature);

        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.QuorumMissing.selector, id, 2, 3));
        consortium.execute(id, payload);
        _vote(BEIJING, id, true);
        vm.recordLogs();
        consortium.execute(id, payload);
        _assertOneEntry(
            IConsortium.MemberRemoved.selector,
            GUANGDONG,
            MemberId.unwrap(CHONGQING),
            bytes32(MemberId.unwrap(GUANGDONG))
        );
        vm.assertFalse(consortium.isActiveMember(GUANGDONG));
        vm.assertEq(consortium.member(GUANGDONG).removedAt, START);
        vm.assertEq(consortium.getValidators().length, 3);
    }

    function testOfTwoLeftBothMustAgreeToARemoval() external {
        _remove(GUANGDONG);
        _remove(BEIJING);
        bytes memory payload = abi.encode(SICHUAN);
        bytes32 id = _propose(CHONGQING, ProposalAction.RemoveMember, payload);
        _vote(CHONGQING, id, true);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.QuorumMissing.selector, id, 1, 2));
        consortium.execute(id, payload);

        _vote(SICHUAN, id, true);
        consortium.execute(id, payload);
        vm.assertEq(consortium.activeMembers().length, 1);
    }

    function testTargetsVoteOfTheTimeOfTwoCountsNoMoreWhenThereAreThree() external {
        _remove(GUANGDONG);
        _remove(BEIJING);
        bytes memory payload = abi.encode(SICHUAN);
        bytes32 id = _propose(CHONGQING, ProposalAction.RemoveMember, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _admit(BEIJING);

        vm.expectRevert(abi.encodeWithSelector(IConsortium.QuorumMissing.selector, id, 1, 2));
        consortium.execute(id, payload);
    }

    function testTheLastMemberCannotBeRemoved() external {
        _found(CHONGQING);
        bytes memory payload = abi.encode(CHONGQING);
        bytes32 id = _propose(CHONGQING, ProposalAction.RemoveMember, payload);
        _vote(CHONGQING, id, true);

        vm.expectRevert(abi.encodeWithSelector(IConsortium.LastMember.selector, CHONGQING));
        consortium.execute(id, payload);
    }

    function testMembershipAtATimeOutlivesWhatFollows() external {
        vm.warp(START + 100);
        _remove(GUANGDONG);
        vm.warp(START + 200);
        _admit(GUANGDONG);
        vm.warp(START + 300);
        _remove(GUANGDONG);
        vm.warp(START + 1 days);

        uint64 start = uint64(START);
        vm.assertFalse(consortium.wasMemberAt(GUANGDONG, start - 1));
        vm.assertTrue(consortium.wasMemberAt(GUANGDONG, start));
        vm.assertTrue(consortium.wasMemberAt(GUANGDONG, start + 99));
        vm.assertFalse(consortium.wasMemberAt(GUANGDONG, start + 100));
        vm.assertFalse(consortium.wasMemberAt(GUANGDONG, start + 199));
        vm.assertTrue(consortium.wasMemberAt(GUANGDONG, start + 200));
        vm.assertTrue(consortium.wasMemberAt(GUANGDONG, start + 299));
        vm.assertFalse(consortium.wasMemberAt(GUANGDONG, start + 300));
        vm.assertFalse(consortium.wasMemberAt(HUNAN, start));
    }

    function testAMemberIsNotAdmittedTwice() external {
        bytes memory payload = abi.encode(_admission(SICHUAN));
        (ProposalStatement memory statement, Signature memory signature) =
            _signedProposal(CHONGQING, ProposalAction.AdmitMember, payload);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.MemberExists.selector, SICHUAN));
        consortium.propose(statement, signature);

        bytes memory admission = abi.encode(_admission(HUNAN));
        bytes32 first = _propose(CHONGQING, ProposalAction.AdmitMember, admission);
        bytes32 second = _propose(SICHUAN, ProposalAction.AdmitMember, admission);
        MemberId[] memory members = consortium.activeMembers();
        for (uint256 i = 0; i < 4; ++i) {
            _vote(members[i], first, true);
            _vote(members[i], second, true);
        }
        consortium.execute(first, admission);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.ProposalLapsed.selector, second));
        consortium.execute(second, admission);
    }

    /// Anyone may execute: what was carried twice must not be kept for the day after the removal.
    function testALeftoverAdmissionDoesNotUndoARemoval() external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        bytes32 first = _withThreeVotes(ProposalAction.AdmitMember, payload);
        _authorityKeys[HUNAN] = 88;
        bytes memory other = abi.encode(_admission(HUNAN));
        bytes32 second = _withThreeVotes(ProposalAction.AdmitMember, other);
        consortium.execute(first, payload);
        _remove(HUNAN);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.ProposalLapsed.selector, second));
        consortium.execute(second, other);
        vm.assertFalse(consortium.isActiveMember(HUNAN));
    }

    function testALeftoverRemovalDoesNotRemoveWhoReturned() external {
        bytes memory payload = abi.encode(GUANGDONG);
        bytes32 leftover = _withThreeVotes(ProposalAction.RemoveMember, payload);
        _remove(GUANGDONG);
        _admit(GUANGDONG);
        bytes memory refusal =
            abi.encodeWithSelector(IConsortium.ProposalLapsed.selector, leftover);
        vm.expectRevert(refusal);
        consortium.execute(leftover, payload);
        (VoteStatement memory statement, Signature memory signature) =
            _signedVote(CHONGQING, leftover, true);
        vm.expectRevert(refusal); // nor does anyone vote on it any more
        consortium.vote(statement, signature);
    }

    function testAProposalDoesNotLapseByWhatIsDecidedOfAnother() external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        bytes32 id = _withThreeVotes(ProposalAction.AdmitMember, payload);
        _admitNamed("130000");
        _vote(GUANGDONG, id, true); // of five
        consortium.execute(id, payload);
        vm.assertTrue(consortium.isActiveMember(HUNAN));
    }

    /// A thief of an authority key votes; the member is removed and returns with another key.
    function testAVoteFromBeforeARemovalDoesNotCountAfterTheReturn() external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(GUANGDONG, id, true);
        _remove(GUANGDONG);
        vm.assertFalse(consortium.hasVoted(id, GUANGDONG));
        _authorityKeys[GUANGDONG] = 88;
        _admit(GUANGDONG);

        vm.expectRevert(abi.encodeWithSelector(IConsortium.QuorumMissing.selector, id, 2, 4));
        consortium.execute(id, payload);
        vm.assertFalse(consortium.hasVoted(id, GUANGDONG));
        _vote(GUANGDONG, id, true); // now itself
        consortium.execute(id, payload);
    }

    function testTheConsortiumHoldsAtMost128Members() external {
        _found(CHONGQING);
        for (uint256 i = 1; i < 128; ++i) {
            _admitNamed(_numbered(i));
        }
        bytes memory payload = abi.encode(_admissionOf(_numbered(128)));
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, payload);
        MemberId[] memory members = consortium.activeMembers();
        for (uint256 i = 0; i < 86; ++i) {
            _vote(members[i], id, true);
        }
        vm.expectRevert(abi.encodeWithSelector(IConsortium.MembersExhausted.selector, 128));
        consortium.execute(id, payload);
    }

    // -- proposals and votes ---------------------------------------------------------------------

    function testProposalAndVoteAreRecorded() external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        (ProposalStatement memory statement, Signature memory signature) =
            _signedProposal(SICHUAN, ProposalAction.AdmitMember, payload);
        vm.recordLogs();
        bytes32 id = consortium.propose(statement, signature);
        _assertOneEntry(
            IConsortium.ProposalSubmitted.selector, SICHUAN, MemberId.unwrap(SICHUAN), id
        );
        vm.assertEq(id, hasher.digest(statement));

        vm.recordLogs();
        _vote(BEIJING, id, false);
        _assertOneEntry(IConsortium.VoteCast.selector, BEIJING, MemberId.unwrap(BEIJING), id);
        ProposalRecord memory record = consortium.proposal(id);
        vm.assertEq(record.approvals, 0);
        vm.assertEq(record.rejections, 1);
        vm.assertTrue(consortium.hasVoted(id, BEIJING));
        vm.assertFalse(consortium.hasVoted(id, SICHUAN)); // to propose is not to vote
    }

    function testAMemberVotesOnce() external {
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, abi.encode(_admission(HUNAN)));
        _vote(SICHUAN, id, false);

        (VoteStatement memory statement, Signature memory signature) = _signedVote(SICHUAN, id, true);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.AlreadyVoted.selector, id, SICHUAN));
        consortium.vote(statement, signature);
        vm.assertEq(consortium.proposal(id).approvals, 0);
    }

    function testAfterExpiryNobodyVotesOrExecutes() external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(BEIJING, id, true);
        uint64 end = uint64(START + 1 days);
        (VoteStatement memory statement, Signature memory signature) = _signedVote(GUANGDONG, id, true);

        vm.warp(end);
        bytes memory refusal =
            abi.encodeWithSelector(IConsortium.ProposalExpired.selector, id, end, end);
        vm.expectRevert(refusal);
        consortium.vote(statement, signature);
        vm.expectRevert(refusal);
        consortium.execute(id, payload);

        vm.warp(end - 1);
        consortium.vote(statement, signature);
        consortium.execute(id, payload);
    }

    function testAProposalIsCarriedOutOnceAndWithItsOwnPayload() external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        bytes memory other = abi.encode(_admissionOf("130000"));
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(BEIJING, id, true);

        vm.expectRevert(
            abi.encodeWithSelector(
                IConsortium.ProposalPayloadMismatch.selector, id, keccak256(payload), keccak256(other)
            )
        );
        consortium.execute(id, other);
        consortium.execute(id, payload);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.ProposalExecuted.selector, id));
        consortium.execute(id, payload);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.ProposalUnknown.selector, bytes32("no")));
        consortium.execute("no", payload);
    }

    function testFuzz_ProposalMustEndWithinBounds(uint64 expiresAt) external {
        bytes memory payload = abi.encode(_admission(HUNAN));
        ProposalStatement memory statement = ProposalStatement(
            CHONGQING, ProposalAction.AdmitMember, payload, expiresAt, _next(CHONGQING)
        );
        Signature memory signature = _sign(1, hasher.digest(statement));
        (uint64 earliest, uint64 latest) = (uint64(START + 1 minutes), uint64(START + 90 days));
        if (expiresAt < earliest || expiresAt > latest) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IConsortium.ProposalExpiryOutOfRange.selector, expiresAt, earliest, latest
                )
            );
        }
        consortium.propose(statement, signature);
    }

    // -- authority -------------------------------------------------------------------------------

    /// Who reads a payload before voting must read what is carried out.
    function testAPayloadHasOneEncoding() external {
        bytes[4] memory payloads = [
            abi.encode(_admission(HUNAN)),
            abi.encode(GUANGDONG),
            abi.encode(Installation(LEDGER_NAME, address(certificates), 0, new bytes32[](0))),
            abi.encode(Freeze(LEDGER_NAME, MemberId.wrap(0), uint64(START + 1)))
        ];
        for (uint8 i = 0; i < 4; ++i) {
            (ProposalStatement memory statement, Signature memory signature) = _signedProposal(
                CHONGQING, ProposalAction(i), bytes.concat(payloads[i], bytes32(0))
            );
            vm.expectRevert(
                abi.encodeWithSelector(IConsortium.FieldMalformed.selector, bytes32("payload"))
            );
            consortium.propose(statement, signature);
            _propose(CHONGQING, ProposalAction(i), payloads[i]);
        }
    }

    function testAReplayedVoteOrProposalIsRefused() external {
        (ProposalStatement memory proposal, Signature memory signature) =
            _signedProposal(CHONGQING, ProposalAction.AdmitMember, abi.encode(_admission(HUNAN)));
        bytes32 id = consortium.propose(proposal, signature);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.ProposalExists.selector, id));
        consortium.propose(proposal, signature);

        (VoteStatement memory statement, Signature memory ballot) = _signedVote(SICHUAN, id, true);
        consortium.vote(statement, ballot);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.AlreadyVoted.selector, id, SICHUAN));
        consortium.vote(statement, ballot);
    }

    function testFuzz_AuthorityActsAreNumberedWithoutGaps(uint64 sequence) external {
        uint64 expected = _next(SICHUAN);
        vm.assume(sequence != expected);
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, abi.encode(_admission(HUNAN)));
        VoteStatement memory statement = VoteStatement(SICHUAN, id, true, sequence);
        Signature memory signature = _sign(_authorityKeys[SICHUAN], hasher.digest(statement));

        vm.expectRevert(
            abi.encodeWithSelector(
                IConsortium.AuthoritySequenceUnexpected.selector, SICHUAN, expected, sequence
            )
        );
        consortium.vote(statement, signature);
    }

    function testSignatureOfAnotherMemberIsRefused() external {
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, abi.encode(_admission(HUNAN)));
        (VoteStatement memory statement,) = _signedVote(SICHUAN, id, true);
        bytes32 digest = hasher.digest(statement);
        bytes memory refusal =
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, SICHUAN, digest);

        vm.expectRevert(refusal);
        consortium.vote(statement, _sign(_authorityKeys[BEIJING], digest));
        Signature memory own = _sign(_authorityKeys[SICHUAN], digest);
        vm.expectRevert(refusal);
        consortium.vote(statement, _high(own));
        vm.expectRevert(refusal);
        consortium.vote(statement, Signature(2, own.r, own.s));
        vm.expectRevert(refusal);
        consortium.vote(statement, Signature(1, 0, 0));
        consortium.vote(statement, own);
    }

    function testAStatementOfAnotherLedgerIsRefused() external {
        (MemberKeysStatement memory statement,) = _rotation(SICHUAN, 77);
        bytes32 digest = hasher.digest(statement);
        bytes32 foreign = keccak256(abi.encode("another domain", digest));

        Signature memory signature = _sign(_authorityKeys[SICHUAN], foreign);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, SICHUAN, digest));
        consortium.changeMemberKeys(statement, signature);
    }

    function testAMemberThatLeftActsNoMoreAndKeepsCountingWhenItReturns() external {
        uint64 before = consortium.member(GUANGDONG).sequence;
        (MemberKeysStatement memory statement, Signature memory signature) = _rotation(GUANGDONG, 77);
        _remove(GUANGDONG);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.MemberUnknown.selector, GUANGDONG));
        consortium.changeMemberKeys(statement, signature);

        _admit(GUANGDONG);
        vm.assertEq(consortium.member(GUANGDONG).sequence, before);
    }

    function testKeysAreReplacedByTheKeyInForce() external {
        (MemberKeysStatement memory statement, Signature memory signature) = _rotation(SICHUAN, 77);
        vm.recordLogs();
        consortium.changeMemberKeys(statement, signature);
        _assertOneEntry(
            IConsortium.MemberKeysChanged.selector,
            SICHUAN,
            MemberId.unwrap(SICHUAN),
            bytes32(MemberId.unwrap(SICHUAN))
        );
        vm.assertEq(consortium.getValidators()[1], address(77));

        (statement, signature) = _rotation(SICHUAN, 88); // by the key that was
        bytes32 digest = hasher.digest(statement);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, SICHUAN, digest));
        consortium.changeMemberKeys(statement, signature);
        consortium.changeMemberKeys(statement, _sign(77, digest));
    }

    function testMalformedKeysAreRefused() external {
        for (uint256 i = 0; i < 6; ++i) {
            MemberKeys memory keys = _memberKeys(77);
            bytes32 field;
            if (i == 0) (keys.suite, field) = (2, "suite");
            if (i == 1) (keys.authorityY, field) = (keys.authorityX, "authority");
            if (i == 2) (keys.caFingerprint, field) = (0, "caFingerprint");
            if (i == 3) (keys.checkpointKey, field) = (0, "checkpointKey");
            if (i == 4) (keys.validator, field) = (address(0), "validator");
            if (i == 5) (keys.encryptionY, field) = (keys.encryptionX, "encryption");
            MemberKeysStatement memory statement = MemberKeysStatement(SICHUAN, keys, _next(SICHUAN));
            Signature memory signature = _sign(_authorityKeys[SICHUAN], hasher.digest(statement));
            vm.expectRevert(abi.encodeWithSelector(IConsortium.FieldMalformed.selector, field));
            consortium.changeMemberKeys(statement, signature);
        }
    }

    /// A validator listed twice would count twice in the engine, a shared checkpoint key would let
    /// one cosignature stand for two.
    function testAKeyOfAnotherMemberIsRefused() external {
        MemberKeys memory others = _memberKeys(_authorityKeys[BEIJING]);
        for (uint256 i = 0; i < 4; ++i) {
            MemberKeys memory keys = _memberKeys(77);
            bytes32 field;
            if (i == 0) (keys.validator, field) = (others.validator, "validator");
            if (i == 1) (keys.checkpointKey, field) = (others.checkpointKey, "checkpointKey");
            if (i >= 2) {
                (keys.authorityX, keys.authorityY) = (others.authorityX, others.authorityY);
                field = "authority";
            }
            if (i == 3) keys.authorityY = bytes32(_P256_FIELD - uint256(keys.authorityY));
            MemberKeysStatement memory statement = MemberKeysStatement(SICHUAN, keys, _next(SICHUAN));
            Signature memory signature = _sign(_authorityKeys[SICHUAN], hasher.digest(statement));
            vm.expectRevert(
                abi.encodeWithSelector(
                    IConsortium.KeyOfAnotherMember.selector, field, BEIJING, SICHUAN
                )
            );
            consortium.changeMemberKeys(statement, signature);
        }
    }

    function testNobodyIsAdmittedWithAnothersValidator() external {
        Admission memory admission = _admission(HUNAN);
        admission.keys.validator = address(2);
        (ProposalStatement memory statement, Signature memory signature) =
            _signedProposal(CHONGQING, ProposalAction.AdmitMember, abi.encode(admission));
        bytes memory refusal = abi.encodeWithSelector(
            IConsortium.KeyOfAnotherMember.selector, bytes32("validator"), SICHUAN, HUNAN
        );
        vm.expectRevert(refusal);
        consortium.propose(statement, signature);

        admission.keys.validator = address(77); // free when it is proposed, and not any more later
        bytes memory payload = abi.encode(admission);
        bytes32 id = _propose(CHONGQING, ProposalAction.AdmitMember, payload);
        for (uint256 i = 0; i < 3; ++i) {
            _vote(consortium.activeMembers()[i], id, true);
        }
        (MemberKeysStatement memory rotation, Signature memory ballot) = _rotation(SICHUAN, 77);
        consortium.changeMemberKeys(rotation, ballot);
        vm.expectRevert(refusal);
        consortium.execute(id, payload);
    }

    function testKeysThatAMemberGaveUpAreFreeAndItsNewOnesAreNot() external {
        (MemberKeysStatement memory statement, Signature memory signature) = _rotation(SICHUAN, 77);
        consortium.changeMemberKeys(statement, signature);
        _authorityKeys[SICHUAN] = 77;
        (statement, signature) = _rotation(BEIJING, 2); // what Sichuan had
        consortium.changeMemberKeys(statement, signature);
        _authorityKeys[BEIJING] = 2;
        (statement, signature) = _rotation(GUANGDONG, 77);
        vm.expectPartialRevert(IConsortium.KeyOfAnotherMember.selector);
        consortium.changeMemberKeys(statement, signature);
        (statement, signature) = _rotation(SICHUAN, 77); // its own may stay
        consortium.changeMemberKeys(statement, signature);
    }

    function testKeysOfAMemberThatLeftMayBeTakenAndAreNotTakenBack() external {
        _remove(GUANGDONG);
        (MemberKeysStatement memory statement, Signature memory signature) = _rotation(SICHUAN, 4);
        consortium.changeMemberKeys(statement, signature);
        _authorityKeys[SICHUAN] = 4;
        bytes memory payload = abi.encode(_admission(GUANGDONG));
        (ProposalStatement memory proposal, Signature memory ballot) =
            _signedProposal(CHONGQING, ProposalAction.AdmitMember, payload);
        vm.expectPartialRevert(IConsortium.KeyOfAnotherMember.selector);
        consortium.propose(proposal, ballot);

        _authorityKeys[GUANGDONG] = 88; // it returns with others, and Sichuan keeps its own
        _admit(GUANGDONG);
        (statement, signature) = _rotation(GUANGDONG, 4);
        vm.expectRevert(
            abi.encodeWithSelector(
                IConsortium.KeyOfAnotherMember.selector, bytes32("authority"), SICHUAN, GUANGDONG
            )
        );
        consortium.changeMemberKeys(statement, signature);
    }

    function testOnlyModulesUseAuthority() external {
        Signature memory signature = _sign(_authorityKeys[SICHUAN], "digest");
        uint64 sequence = _next(SICHUAN);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.CallerNotModule.selector, address(this))
        );
        consortium.useAuthority(SICHUAN, sequence, "digest", signature);
    }

    function testOperatorsAreRecordedForASpan() external {
        uint64 from = uint64(START + 1);
        OperatorStatement memory statement =
            OperatorStatement(SICHUAN, address(0xCA), from, from + 10, _next(SICHUAN));
        vm.recordLogs();
        consortium.changeOperator(statement, _sign(2, hasher.digest(statement)));
        _assertOneEntry(
            IConsortium.OperatorChanged.selector,
            SICHUAN,
            MemberId.unwrap(SICHUAN),
            bytes32(MemberId.unwrap(SICHUAN))
        );
        (uint64 validFrom, uint64 validUntil) = consortium.operator(SICHUAN, address(0xCA));
        vm.assertEq(validFrom, from);
        vm.assertEq(validUntil, from + 10);

        statement = OperatorStatement(SICHUAN, address(0xCA), from, from - 1, _next(SICHUAN));
        Signature memory signature = _sign(2, hasher.digest(statement));
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.FieldMalformed.selector, bytes32("validUntil"))
        );
        consortium.changeOperator(statement, signature);
    }

    function testAnyoneMayAttestAMemberEvenOneThatLeft() external {
        _remove(GUANGDONG);
        vm.recordLogs();
        vm.prank(address(0x5747));
        consortium.attestMember(GUANGDONG);
        _assertOneEntry(
            IConsortium.MemberAttested.selector, GUANGDONG, 0, bytes32(MemberId.unwrap(GUANGDONG))
        );

        vm.expectRevert(abi.encodeWithSelector(IConsortium.MemberUnknown.selector, HUNAN));
        consortium.attestMember(HUNAN);
    }

    function _withThreeVotes(ProposalAction action, bytes memory payload) private returns (bytes32 id) {
        id = _propose(CHONGQING, action, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(BEIJING, id, true);
    }

    uint256 private constant _P256_FIELD =
        0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF;

    function _rotation(MemberId member, uint256 newKey)
        private
        view
        returns (MemberKeysStatement memory statement, Signature memory signature)
    {
        statement = MemberKeysStatement(member, _memberKeys(newKey), _next(member));
        signature = _sign(_authorityKeys[member], hasher.digest(statement));
    }

    function _admissionOf(bytes18 name) private pure returns (Admission memory) {
        return Admission(MemberId.wrap(name), unicode"省", _memberKeys(1000 + uint144(name) % 1_000_003));
    }

    function _admitNamed(bytes18 name) private {
        _authorityKeys[MemberId.wrap(name)] = 1000 + uint144(name) % 1_000_003;
        _carry(ProposalAction.AdmitMember, abi.encode(_admissionOf(name)));
    }

    function _numbered(uint256 number) private pure returns (bytes18) {
        return bytes18(bytes(vm.toString(111_000_000_000_000_000 + number)));
    }
}
