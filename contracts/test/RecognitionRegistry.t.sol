// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";
import {IEntryLog} from "../interfaces/IEntryLog.sol";
import {IIssuerRegistry} from "../interfaces/IIssuerRegistry.sol";
import {IRecognitionRegistry} from "../interfaces/IRecognitionRegistry.sol";
import {CertificateType, MemberId, PartyId} from "../types/Identifiers.sol";
import {PactRecord, PolicyRecord} from "../types/Records.sol";
import {
    Freeze,
    GroupExitStatement,
    GroupStatement,
    PactStatement,
    PactTerms,
    PolicyStatement,
    ProposalAction,
    Signature
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {RecognitionLedger} from "./support/RecognitionLedger.sol";
import {StatementHasher} from "./support/StatementHasher.sol";

/// @notice Groups, policies, pacts.
contract RecognitionRegistryTest is RecognitionLedger {
    MemberId private constant MINISTRY = MemberId.wrap("11100000000013338W");

    // -- groups ----------------------------------------------------------------------------------

    function testAGroupIsRecordedUnderTheMemberThatNamesIt() external {
        GroupStatement memory statement = _groupStatement(CHUANYU);
        (statement.member, statement.sequence) = (GUANGDONG, _next(GUANGDONG)); // is not in it
        Signature memory signature = _signed(statement);
        vm.recordLogs();
        recognition.defineGroup(statement, signature);
        _assertOneEntry(
            IRecognitionRegistry.GroupDefined.selector,
            GUANGDONG,
            MemberId.unwrap(GUANGDONG),
            bytes32(PartyId.unwrap(CHUANYU))
        );
        bytes32 found = keccak256(abi.encode(recognition.groupParties(CHUANYU)));
        vm.assertEq(found, keccak256(abi.encode(statement.parties)));
    }

    function testAGroupIsNamedOnce() external {
        _defineGroup(CHUANYU);
        _expectGroupRefused(
            _groupStatement(CHUANYU),
            abi.encodeWithSelector(IRecognitionRegistry.GroupExists.selector, CHUANYU)
        );
    }

    function testMalformedGroupsAreRefused() external {
        bytes18[5] memory names = [bytes18("CHUANYU"), "@", "@chuanyu", "500000", 0];
        for (uint256 i = 0; i < names.length; ++i) {
            GroupStatement memory named = _groupStatement(PartyId.wrap(names[i]));
            _expectGroupRefused(named, _malformed("group"));
        }
        GroupStatement memory statement = _groupStatement(CHUANYU);
        statement.name = "";
        _expectGroupRefused(statement, _malformed("name"));
        statement.name = string(new bytes(129));
        _expectGroupRefused(statement, _malformed("name"));
    }

    function testPartiesOfAGroupRiseAndAreNoGroups() external {
        GroupStatement memory statement = _groupStatement(CHUANYU);
        PartyId[] memory parties = statement.parties;
        (parties[1], parties[2]) = (parties[2], parties[1]);
        _expectPartiesRefused(statement, 2);
        parties[2] = parties[1];
        _expectPartiesRefused(statement, 2);
        parties[2] = PartyId.wrap("51010");
        _expectPartiesRefused(statement, 2);
        parties[0] = PartyId.wrap("@OTHERS");
        _expectPartiesRefused(statement, 0);
        statement.parties = new PartyId[](1);
        _expectPartiesRefused(statement, 1);
        statement.parties = new PartyId[](65);
        _expectPartiesRefused(statement, 65);
    }

    function testAMemberTakesItsPartiesOutOfAGroupOnce() external {
        _defineGroup(CHUANYU);
        vm.assertEq(recognition.leftAt(CHUANYU, SICHUAN), 0);
        vm.warp(START + 7);
        (GroupExitStatement memory statement, Signature memory signature) =
            _signedExit(SICHUAN, CHUANYU);
        vm.recordLogs();
        recognition.leaveGroup(statement, signature);
        _assertOneEntry(
            IRecognitionRegistry.GroupLeft.selector,
            SICHUAN,
            MemberId.unwrap(SICHUAN),
            bytes32(PartyId.unwrap(CHUANYU))
        );
        vm.assertEq(recognition.leftAt(CHUANYU, SICHUAN), START + 7);
        vm.assertEq(recognition.leftAt(CHUANYU, CHONGQING), 0);
        vm.assertEq(recognition.groupParties(CHUANYU).length, 4);
        _expectExitRefused(SICHUAN, CHUANYU, _notOfGroup(SICHUAN));
        _expectExitRefused(GUANGDONG, CHUANYU, _notOfGroup(GUANGDONG));
        _expectExitRefused(SICHUAN, PartyId.wrap("@NONE"), _unknownGroup("@NONE"));
    }

    function testNobodyTakesAnotherMembersPartiesOutOfAGroup() external {
        _defineGroup(CHUANYU);
        GroupExitStatement memory statement =
            GroupExitStatement(SICHUAN, CHUANYU, _next(SICHUAN));
        bytes32 digest = hasher.digest(statement);
        Signature memory foreign = _sign(_authorityKeys[CHONGQING], digest);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, SICHUAN, digest)
        );
        recognition.leaveGroup(statement, foreign);
    }

    function testAnyoneMayAttestWhoIsInAGroup() external {
        _defineGroup(CHUANYU);
        _leaveGroup(CHONGQING, CHUANYU);
        vm.recordLogs();
        recognition.attestGroup(CHUANYU);
        PartyId[] memory remaining = new PartyId[](3);
        (remaining[0], remaining[1], remaining[2]) = (BEIJING_PARTY, SICHUAN_PARTY, CHENGDU);
        bytes memory data = vm.getRecordedLogs()[0].data;
        vm.assertEq(keccak256(data), keccak256(abi.encode(remaining)));
        vm.recordLogs();
        recognition.attestGroup(CHUANYU);
        _assertOneEntry(
            IRecognitionRegistry.GroupAttested.selector, BEIJING, 0, bytes32(PartyId.unwrap(CHUANYU))
        );
        vm.expectRevert(_unknownGroup("@NONE"));
        recognition.attestGroup(PartyId.wrap("@NONE"));
    }

    // -- policies --------------------------------------------------------------------------------

    function testAPolicyIsRecordedUnderTheRelyingPartysMember() external {
        PolicyStatement memory statement = _policyStatement(1);
        Signature memory signature = _signed(statement);
        vm.recordLogs();
        recognition.setPolicy(statement, signature);
        _assertOneEntry(
            IRecognitionRegistry.PolicySet.selector,
            CHONGQING,
            MemberId.unwrap(CHONGQING),
            _policyKey(CHONGQING_PARTY, SICHUAN_PARTY, W011)
        );
        _assertPolicy(_policy(uint64(START)), statement, uint64(START));
        vm.assertEq(_policy(uint64(START - 1)).version, 0);
        _assertNoPolicy(SICHUAN_PARTY, CHONGQING_PARTY, W011);
        _assertNoPolicy(CHONGQING_PARTY, SICHUAN_PARTY, W012);
        _assertNoPolicy(CHONGQING_PARTY, SICHUAN_PARTY, EVERY_TYPE);
    }

    function testOnlyTheRelyingPartysMemberSetsItsPolicies() external {
        PolicyStatement memory statement = _policyStatement(1);
        statement.relying = SICHUAN_PARTY;
        statement.source = CHONGQING_PARTY;
        _expectPolicyRefused(statement, _partyOfAnother(SICHUAN_PARTY));
        statement.relying = CHENGDU;
        _expectPolicyRefused(statement, _partyOfAnother(CHENGDU));
        _defineGroup(CHUANYU);
        statement.relying = CHUANYU;
        _expectPolicyRefused(statement, _partyOfAnother(CHUANYU));
        statement.relying = PartyId.wrap(0);
        _expectPolicyRefused(statement, _partyOfAnother(PartyId.wrap(0)));
    }

    function testAPolicySignedByTheOtherSideIsRefused() external {
        PolicyStatement memory statement = _policyStatement(1);
        bytes32 digest = hasher.digest(statement);
        Signature memory foreign = _sign(_authorityKeys[SICHUAN], digest);
        bytes memory refusal =
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, CHONGQING, digest);
        vm.expectRevert(refusal);
        recognition.setPolicy(statement, foreign);
        bytes32 elsewhere = new StatementHasher("another ledger").digest(statement);
        Signature memory ofAnotherLedger = _sign(_authorityKeys[CHONGQING], elsewhere);
        vm.expectRevert(refusal);
        recognition.setPolicy(statement, ofAnotherLedger);
    }

    /// An operator's account carries what is signed and decides nothing, whoever has it.
    function testAStolenOperatorAccountSetsNoPolicy() external {
        PolicyStatement memory statement = _policyStatement(1);
        bytes32 digest = hasher.digest(statement);
        Signature memory forged = _sign(4711, digest);
        vm.prank(consortium.member(CHONGQING).keys.validator);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, CHONGQING, digest)
        );
        recognition.setPolicy(statement, forged);
    }

    function testACityMinistryGroupAndWildcardMayStandInAPolicy() external {
        _defineGroup(CHUANYU);
        PolicyStatement memory statement = _policyStatement(1);
        (statement.member, statement.relying) = (SICHUAN, CHENGDU);
        (statement.source, statement.certificateType) = (CHUANYU, EVERY_TYPE);
        statement.sequence = _next(SICHUAN);
        _setPolicy(statement);
        statement.source = PartyId.wrap(MemberId.unwrap(MINISTRY));
        statement.sequence = _next(SICHUAN);
        _setPolicy(statement);
        statement.source = SICHUAN_PARTY; // one's own province
        statement.sequence = _next(SICHUAN);
        _setPolicy(statement);
        vm.assertEq(_policyOf(CHENGDU, CHUANYU, EVERY_TYPE).version, 1);
    }

    function testMalformedPoliciesAreRefused() external {
        PolicyStatement memory statement = _policyStatement(1);
        statement.source = PartyId.wrap("@NONE");
        _expectPolicyRefused(statement, _unknownGroup("@NONE"));
        bytes18[4] memory sources = [bytes18("500000"), "51000", "@", 0];
        for (uint256 i = 0; i < sources.length; ++i) {
            statement.source = PartyId.wrap(sources[i]);
            _expectPolicyRefused(statement, _malformedParties(CHONGQING_PARTY, statement.source));
        }
        statement = _policyStatement(1);
        statement.certificateType = CertificateType.wrap("11100000000013338W01A");
        _expectPolicyRefused(statement, _malformed("certificateType"));
        statement = _policyStatement(1);
        statement.validUntil = statement.validFrom;
        _expectPolicyRefused(statement, _malformedPeriod(statement.validFrom, statement.validUntil));
        statement.validUntil = NO_END + 1;
        _expectPolicyRefused(statement, _malformedPeriod(statement.validFrom, statement.validUntil));
        statement.validUntil = 0;
        _expectPolicyRefused(statement, _malformedPeriod(statement.validFrom, 0));
    }

    function testVersionsOfAPolicyFollowEachOther() external {
        _expectPolicyRefused(_policyStatement(0), _unexpectedVersion(1, 0));
        _expectPolicyRefused(_policyStatement(2), _unexpectedVersion(1, 2));
        PolicyStatement memory first = _policyStatement(1);
        _setPolicy(first);
        _expectPolicyRefused(first, _unexpectedVersion(2, 1)); // replayed
        PolicyStatement memory skipping = _policyStatement(2);
        skipping.sequence += 1;
        _expectPolicyRefused(
            skipping,
            abi.encodeWithSelector(
                IConsortium.AuthoritySequenceUnexpected.selector,
                CHONGQING,
                skipping.sequence - 1,
                skipping.sequence
            )
        );
    }

    function testAPolicyEndsByAVersionWithoutPeriod() external {
        _setPolicy(_policyStatement(1));
        vm.warp(START + 50);
        PolicyStatement memory end = _policyStatement(2);
        (end.validFrom, end.validUntil, end.conditionsHash) = (0, 0, 0);
        _setPolicy(end);
        vm.assertEq(_policy(uint64(START + 49)).validUntil, START + 365 days);
        _assertPolicy(_policy(uint64(START + 50)), end, uint64(START + 50));
        _setPolicy(_policyStatement(3));
        vm.assertEq(_policy(uint64(START + 50)).version, 3);
    }

    function testFuzz_APolicyNeverChangesThePast(uint16[6] calldata gaps, uint40[6] calldata ends)
        external
    {
        uint64[6] memory times;
        bytes32[6] memory answers;
        uint256 time = START;
        for (uint256 i = 0; i < 6; ++i) {
            time += 1 + (uint256(gaps[i]) % 1000);
            vm.warp(time);
            times[i] = uint64(time);
            PolicyStatement memory statement = _policyStatement(uint32(i + 1));
            statement.minimumSealLevel = uint8(i);
            statement.validUntil = statement.validFrom + 1 + (uint64(ends[i]) % 1000 days);
            statement.conditionsHash = i % 2 == 0 ? bytes32(0) : bytes32(i);
            _setPolicy(statement);
            answers[i] = keccak256(abi.encode(_policy(uint64(time))));
            _assertPolicy(_policy(uint64(time)), statement, uint64(time));
            for (uint256 j = 0; j <= i; ++j) {
                vm.assertEq(keccak256(abi.encode(_policy(times[j]))), answers[j]);
                uint64 before = _policy(times[j] - 1).version;
                vm.assertEq(before, j);
            }
        }
        vm.assertEq(_policy(type(uint64).max).version, 6);
    }

    function testOfVersionsOfOneSecondTheLastHolds() external {
        _setPolicy(_policyStatement(1));
        PolicyStatement memory second = _policyStatement(2);
        second.minimumSealLevel = 1;
        _setPolicy(second);
        _assertPolicy(_policy(uint64(START)), second, uint64(START));
        vm.assertEq(_policy(uint64(START - 1)).version, 0);
    }

    function testAnyoneMayAttestAPolicy() external {
        _setPolicy(_policyStatement(1));
        vm.recordLogs();
        recognition.attestPolicy(CHONGQING_PARTY, SICHUAN_PARTY, W011);
        _assertOneEntry(
            IRecognitionRegistry.PolicyAttested.selector,
            CHONGQING,
            0,
            _policyKey(CHONGQING_PARTY, SICHUAN_PARTY, W011)
        );
        vm.expectRevert(
            abi.encodeWithSelector(
                IRecognitionRegistry.PolicyUnknown.selector, SICHUAN_PARTY, CHONGQING_PARTY, W011
            )
        );
        recognition.attestPolicy(SICHUAN_PARTY, CHONGQING_PARTY, W011);
    }

    function testAFreezeDoesNotStopRecognition() external {
        Freeze memory freeze =
            Freeze(RECOGNITION_NAME, MemberId.wrap(0), uint64(block.timestamp + 72 hours));
        _carry(ProposalAction.Freeze, abi.encode(freeze));
        freeze = Freeze(0, CHONGQING, freeze.until);
        _carry(ProposalAction.Freeze, abi.encode(freeze));
        _setPolicy(_policyStatement(1));
    }

    // -- pacts of two ----------------------------------------------------------------------------

    function testAPactThatBothSidesSignedWritesItsPoliciesBothWays() external {
        PactTerms memory terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        bytes32 pactId = sha256(abi.encode(terms));
        (PactStatement memory statement, Signature memory signature) = _signedPact(SICHUAN, terms);
        vm.recordLogs();
        vm.assertEq(recognition.signPact(statement, signature), pactId);
        _assertOneEntry(
            IRecognitionRegistry.PactSigned.selector, SICHUAN, MemberId.unwrap(SICHUAN), pactId
        );
        _assertPact(pactId, 1, 1, 0);
        vm.assertTrue(recognition.hasSignedPact(pactId, SICHUAN));
        vm.assertFalse(recognition.hasSignedPact(pactId, CHONGQING));

        vm.warp(START + 10);
        (statement, signature) = _signedPact(CHONGQING, terms);
        vm.recordLogs();
        recognition.signPact(statement, signature);
        _assertOneEntry(
            IRecognitionRegistry.PactSigned.selector, CHONGQING, MemberId.unwrap(CHONGQING), pactId
        );
        _assertPact(pactId, 2, 0, uint64(START + 10));
        for (uint256 i = 0; i < 2; ++i) {
            CertificateType written = terms.certificateTypes[i];
            _assertWritten(_policyOf(CHONGQING_PARTY, SICHUAN_PARTY, written), terms, 1, pactId);
            _assertWritten(_policyOf(SICHUAN_PARTY, CHONGQING_PARTY, written), terms, 1, pactId);
        }
        _assertNoPolicy(CHONGQING_PARTY, SICHUAN_PARTY, EVERY_TYPE);
    }

    function testAPactSignedByOneSideOnlyWritesNothing() external {
        PactTerms memory terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        bytes32 pactId = _signPact(CHONGQING, terms);
        _assertNoPolicy(CHONGQING_PARTY, SICHUAN_PARTY, W011);
        _assertNoPolicy(SICHUAN_PARTY, CHONGQING_PARTY, W011);
        _expectPactRefused(
            CHONGQING,
            terms,
            abi.encodeWithSelector(
                IRecognitionRegistry.PactSignedBefore.selector, pactId, CHONGQING
            )
        );
        _assertPact(pactId, 1, 1, 0);
    }

    function testAThirdPartySignsNoPact() external {
        PactTerms memory terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        _signPact(CHONGQING, terms);
        _expectPactRefused(
            BEIJING,
            terms,
            abi.encodeWithSelector(
                IRecognitionRegistry.PartyOfAnotherMember.selector, CHONGQING_PARTY, BEIJING
            )
        );
        PactStatement memory statement = PactStatement(SICHUAN, terms, _next(SICHUAN));
        bytes32 digest = hasher.digest(statement);
        Signature memory foreign = _sign(_authorityKeys[BEIJING], digest);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, SICHUAN, digest)
        );
        recognition.signPact(statement, foreign);
    }

    /// What the first side signed is not what the second side signs.
    function testSignaturesUnderOtherTermsDoNotAddUp() external {
        PactTerms memory terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        bytes32 first = _signPact(CHONGQING, terms);
        terms.minimumSealLevel = 1;
        bytes32 second = _signPact(SICHUAN, terms);
        vm.assertFalse(first == second);
        _assertPact(first, 1, 1, 0);
        _assertPact(second, 1, 1, 0);
        _assertNoPolicy(SICHUAN_PARTY, CHONGQING_PARTY, W011);
    }

    function testAPactIsSignedBeforeItsTimeIsUp() external {
        PactTerms memory terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        bytes32 pactId = _signPact(CHONGQING, terms);
        vm.warp(terms.signUntil);
        _expectPactRefused(
            SICHUAN,
            terms,
            abi.encodeWithSelector(
                IRecognitionRegistry.PactExpired.selector, pactId, terms.signUntil, terms.signUntil
            )
        );
        vm.warp(terms.signUntil - 1);
        _signPact(SICHUAN, terms);
    }

    function testPartiesOfOneMemberTakeOneSignature() external {
        PactTerms memory terms = _terms(SICHUAN_PARTY, CHENGDU);
        bytes32 pactId = _signPact(SICHUAN, terms);
        _assertPact(pactId, 1, 0, uint64(START));
        _assertWritten(_policyOf(CHENGDU, SICHUAN_PARTY, W011), terms, 1, pactId);
    }

    function testAPactWritesTheNextVersionOfEachPolicy() external {
        _setPolicy(_policyStatement(1));
        _setPolicy(_policyStatement(2));
        vm.warp(START + 10);
        PactTerms memory terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        bytes32 pactId = _signPact(CHONGQING, terms);
        _signPact(SICHUAN, terms);
        _assertWritten(_policyOf(CHONGQING_PARTY, SICHUAN_PARTY, W011), terms, 3, pactId);
        _assertWritten(_policyOf(CHONGQING_PARTY, SICHUAN_PARTY, W012), terms, 1, pactId);
        vm.assertEq(_policy(uint64(START + 9)).version, 2);
        _setPolicy(_policyStatement(4)); // and goes its own way again
        vm.assertEq(_policyOf(CHONGQING_PARTY, SICHUAN_PARTY, W011).pactId, 0);
    }

    function testAPactOfEveryTypeWritesOnePolicyEachWay() external {
        PactTerms memory terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        terms.certificateTypes = new CertificateType[](0);
        bytes32 pactId = _signPact(CHONGQING, terms);
        _signPact(SICHUAN, terms);
        _assertWritten(_policyOf(CHONGQING_PARTY, SICHUAN_PARTY, EVERY_TYPE), terms, 1, pactId);
        _assertWritten(_policyOf(SICHUAN_PARTY, CHONGQING_PARTY, EVERY_TYPE), terms, 1, pactId);
        _assertNoPolicy(CHONGQING_PARTY, SICHUAN_PARTY, W011);
    }

    function testMalformedPactsAreRefused() external {
        _expectPartiesOfPactRefused(CHONGQING_PARTY, CHONGQING_PARTY);
        _expectPartiesOfPactRefused(CHONGQING_PARTY, CHUANYU);
        _expectPartiesOfPactRefused(CHUANYU, CHONGQING_PARTY);
        _expectPartiesOfPactRefused(CHUANYU, PartyId.wrap("@OTHERS"));
        _expectPartiesOfPactRefused(CHONGQING_PARTY, PartyId.wrap("51000"));
        _expectPactRefused(CHONGQING, _terms(CHUANYU, CHUANYU), _unknownGroup("@CHUANYU"));
        PactTerms memory terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        terms.validUntil = terms.validFrom;
        _expectPactRefused(CHONGQING, terms, _malformedPeriod(terms.validFrom, terms.validFrom));
        terms = _terms(CHONGQING_PARTY, SICHUAN_PARTY);
        terms.certificateTypes[1] = W011;
        _expectTypesRefused(terms, 1);
        terms.certificateTypes[0] = EVERY_TYPE;
        _expectTypesRefused(terms, 0);
        terms.certificateTypes = new CertificateType[](33);
        _expectTypesRefused(terms, 32);
    }

    // -- pacts of a group ------------------------------------------------------------------------

    function testAPactOfAGroupTakesEachMemberAndIsWrittenOnce() external {
        _defineGroup(CHUANYU);
        PactTerms memory terms = _terms(CHUANYU, CHUANYU);
        bytes32 pactId = _signPact(CHONGQING, terms);
        _assertPact(pactId, 1, 2, 0);
        _expectPactRefused(GUANGDONG, terms, _notOfGroup(GUANGDONG));
        _signPact(BEIJING, terms);
        _assertNoPolicy(CHUANYU, CHUANYU, W011);
        _signPact(SICHUAN, terms);
        _assertPact(pactId, 3, 0, uint64(START));
        _assertWritten(_policyOf(CHUANYU, CHUANYU, W011), terms, 1, pactId);
        _assertNoPolicy(CHONGQING_PARTY, SICHUAN_PARTY, W011);
        vm.recordLogs();
        recognition.attestPolicy(CHUANYU, CHUANYU, W012);
        _assertOneEntry(
            IRecognitionRegistry.PolicyAttested.selector,
            BEIJING,
            0,
            _policyKey(CHUANYU, CHUANYU, W012)
        );
    }

    function testAMemberThatLeftTheGroupNeitherSignsNorIsWaitedFor() external {
        _defineGroup(CHUANYU);
        PactTerms memory terms = _terms(CHUANYU, CHUANYU);
        bytes32 pactId = _signPact(CHONGQING, terms);
        _leaveGroup(BEIJING, CHUANYU);
        _expectPactRefused(BEIJING, terms, _notOfGroup(BEIJING));
        _signPact(SICHUAN, terms);
        _assertPact(pactId, 2, 0, uint64(START));
    }

    function testTheLargestPactOfTheLargestGroupIsConcluded() external {
        GroupStatement memory statement = _groupStatement(CHUANYU);
        statement.parties = new PartyId[](64);
        for (uint256 i = 0; i < 64; ++i) {
            bytes18 code = bytes18(bytes(vm.toString(i == 63 ? 510000 : 500100 + i)));
            statement.parties[i] = PartyId.wrap(code);
        }
        recognition.defineGroup(statement, _signed(statement));
        PactTerms memory terms = _terms(CHUANYU, CHUANYU);
        terms.certificateTypes = new CertificateType[](32);
        for (uint256 i = 0; i < 32; ++i) {
            string memory code = string.concat("11100000000013338W", vm.toString(100 + i));
            terms.certificateTypes[i] = CertificateType.wrap(bytes21(bytes(code)));
        }
        bytes32 pactId = _signPact(CHONGQING, terms);
        _signPact(SICHUAN, terms);
        _assertPact(pactId, 2, 0, uint64(START));
        _assertWritten(_policyOf(CHUANYU, CHUANYU, terms.certificateTypes[31]), terms, 1, pactId);
    }

    // -- replacement -----------------------------------------------------------------------------

    function testPoliciesGroupsAndPactsGoOnThroughThePredecessor() external {
        _defineGroup(CHUANYU);
        _leaveGroup(BEIJING, CHUANYU);
        _setPolicy(_policyStatement(1));
        PactTerms memory terms = _terms(CHUANYU, CHUANYU);
        bytes32 pactId = _signPact(CHONGQING, terms);
        bytes32 before = keccak256(abi.encode(_policy(uint64(START))));
        vm.warp(START + 100);
        _replaceRecognition();

        vm.assertEq(keccak256(abi.encode(_policy(uint64(START)))), before);
        vm.assertEq(recognition.groupParties(CHUANYU).length, 4);
        vm.assertEq(recognition.leftAt(CHUANYU, BEIJING), START);
        _assertPact(pactId, 1, 1, 0);
        _expectGroupRefused(
            _groupStatement(CHUANYU),
            abi.encodeWithSelector(IRecognitionRegistry.GroupExists.selector, CHUANYU)
        );
        _expectExitRefused(BEIJING, CHUANYU, _notOfGroup(BEIJING));
        _expectPolicyRefused(_policyStatement(1), _unexpectedVersion(2, 1));
        _expectPactRefused(
            CHONGQING,
            terms,
            abi.encodeWithSelector(
                IRecognitionRegistry.PactSignedBefore.selector, pactId, CHONGQING
            )
        );
        _signPact(SICHUAN, terms);
        _assertPact(pactId, 2, 0, uint64(START + 100));
        _setPolicy(_policyStatement(2));
        vm.warp(START + 200);
        _replaceRecognition();
        vm.assertEq(keccak256(abi.encode(_policy(uint64(START + 99)))), before);
        vm.assertEq(_policy(uint64(START + 100)).version, 2);
        _assertPact(pactId, 2, 0, uint64(START + 100));
        vm.assertTrue(recognition.hasSignedPact(pactId, CHONGQING));
        recognition.attestPolicy(CHUANYU, CHUANYU, W011);
        bytes32 unknown = keccak256("no pact");
        vm.expectRevert(abi.encodeWithSelector(IRecognitionRegistry.PactUnknown.selector, unknown));
        recognition.pact(unknown);
    }

    function testThePredecessorRecognisesNothingAnyMore() external {
        _setPolicy(_policyStatement(1));
        IRecognitionRegistry predecessor = recognition;
        _replaceRecognition();
        PolicyStatement memory statement = _policyStatement(2);
        Signature memory signature = _signed(statement);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.CallerNotModule.selector, address(predecessor))
        );
        predecessor.setPolicy(statement, signature);
        vm.expectPartialRevert(IEntryLog.KindNotOwned.selector);
        predecessor.attestPolicy(CHONGQING_PARTY, SICHUAN_PARTY, W011);
    }

    // -- parts -----------------------------------------------------------------------------------

    function _policy(uint64 atUnix) private view returns (PolicyRecord memory) {
        return recognition.policyAt(CHONGQING_PARTY, SICHUAN_PARTY, W011, atUnix);
    }

    function _policyOf(PartyId relying, PartyId source, CertificateType certificateType)
        private
        view
        returns (PolicyRecord memory)
    {
        return recognition.policyAt(relying, source, certificateType, uint64(block.timestamp));
    }

    function _assertNoPolicy(PartyId relying, PartyId source, CertificateType certificateType)
        private
        view
    {
        PolicyRecord memory none;
        PolicyRecord memory found = _policyOf(relying, source, certificateType);
        vm.assertEq(keccak256(abi.encode(found)), keccak256(abi.encode(none)));
    }

    function _assertPolicy(PolicyRecord memory found, PolicyStatement memory set, uint64 recordedAt)
        private
        pure
    {
        PolicyRecord memory expected = PolicyRecord(
            set.version,
            set.minimumSealLevel,
            set.validFrom,
            set.validUntil,
            set.conditionsHash,
            0,
            recordedAt
        );
        vm.assertEq(keccak256(abi.encode(found)), keccak256(abi.encode(expected)));
    }

    function _assertWritten(
        PolicyRecord memory found,
        PactTerms memory terms,
        uint32 version,
        bytes32 pactId
    ) private view {
        PolicyRecord memory expected = PolicyRecord(
            version,
            terms.minimumSealLevel,
            terms.validFrom,
            terms.validUntil,
            terms.conditionsHash,
            pactId,
            uint64(block.timestamp)
        );
        vm.assertEq(keccak256(abi.encode(found)), keccak256(abi.encode(expected)));
    }

    function _assertPact(bytes32 pactId, uint16 signatures, uint16 missing, uint64 concludedAt)
        private
        view
    {
        PactRecord memory found = recognition.pact(pactId);
        vm.assertEq(found.signatures, signatures, "signatures");
        vm.assertEq(found.missing, missing, "missing");
        vm.assertEq(found.concludedAt, concludedAt, "concludedAt");
        vm.assertEq(found.signUntil, START + 30 days, "signUntil");
    }

    function _expectGroupRefused(GroupStatement memory statement, bytes memory refusal) private {
        Signature memory signature = _signed(statement);
        vm.expectRevert(refusal);
        recognition.defineGroup(statement, signature);
    }

    function _expectPartiesRefused(GroupStatement memory statement, uint256 position) private {
        _expectGroupRefused(
            statement,
            abi.encodeWithSelector(IRecognitionRegistry.GroupPartiesMalformed.selector, position)
        );
    }

    function _expectExitRefused(MemberId member, PartyId group, bytes memory refusal) private {
        (GroupExitStatement memory statement, Signature memory signature) = _signedExit(member, group);
        vm.expectRevert(refusal);
        recognition.leaveGroup(statement, signature);
    }

    function _expectPolicyRefused(PolicyStatement memory statement, bytes memory refusal) private {
        Signature memory signature = _signed(statement);
        vm.expectRevert(refusal);
        recognition.setPolicy(statement, signature);
    }

    function _expectPartiesOfPactRefused(PartyId partyA, PartyId partyB) private {
        _expectPactRefused(CHONGQING, _terms(partyA, partyB), _malformedParties(partyA, partyB));
    }

    function _expectTypesRefused(PactTerms memory terms, uint256 position) private {
        _expectPactRefused(
            CHONGQING,
            terms,
            abi.encodeWithSelector(IRecognitionRegistry.PactTypesMalformed.selector, position)
        );
    }

    function _malformed(bytes32 field) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IConsortium.FieldMalformed.selector, field);
    }

    function _malformedParties(PartyId partyA, PartyId partyB) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IRecognitionRegistry.PartiesMalformed.selector, partyA, partyB
        );
    }

    function _malformedPeriod(uint64 validFrom, uint64 validUntil) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IIssuerRegistry.PeriodMalformed.selector, validFrom, validUntil
        );
    }

    function _partyOfAnother(PartyId party) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IRecognitionRegistry.PartyOfAnotherMember.selector, party, CHONGQING
        );
    }

    function _notOfGroup(MemberId member) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRecognitionRegistry.NotOfGroup.selector, CHUANYU, member);
    }

    function _unknownGroup(bytes18 group) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRecognitionRegistry.GroupUnknown.selector, group);
    }

    function _unexpectedVersion(uint32 expected, uint32 actual) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IRecognitionRegistry.PolicyVersionUnexpected.selector, expected, actual
        );
    }
}
