// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICatalogue} from "../interfaces/ICatalogue.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {IEntryLog} from "../interfaces/IEntryLog.sol";
import {IIssuerRegistry} from "../interfaces/IIssuerRegistry.sol";
import {IVotedModule} from "../interfaces/IVotedModule.sol";
import {CertificateType, ItemCode, MemberId, Uscc} from "../types/Identifiers.sol";
import {MatterRecord, TypeRecord} from "../types/Records.sol";
import {
    Freeze,
    MatterStatement,
    MatterStep,
    ModuleAct,
    NationalType,
    ProposalAction,
    ProposalStatement,
    Signature,
    StepRule,
    TypeStatement
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {CatalogueLedger} from "./support/CatalogueLedger.sol";
import {StatementHasher} from "./support/StatementHasher.sol";

/// @notice Certificate types, national types, service matters.
contract CatalogueTest is CatalogueLedger {
    string private constant BASIS = unicode"《安全生产许可证条例》第二条";

    // -- types -----------------------------------------------------------------------------------

    function testATypeIsRecordedUnderTheMemberThatDefinesIt() external {
        vm.recordLogs();
        _defineType(MINISTRY, W011, 1);
        _assertOneEntry(
            ICatalogue.TypeDefined.selector,
            MINISTRY,
            MemberId.unwrap(MINISTRY),
            bytes32(CertificateType.unwrap(W011))
        );
        TypeRecord memory found = catalogue.typeAt(W011, uint64(START));
        _assertType(found, MINISTRY, 1, uint64(START), false);
        vm.assertEq(found.schemaHash, sha256(abi.encode("schema", uint32(1))));
    }

    function testOnlyTheMemberThatACodeNamesDefinesTheType() external {
        _expectAnotherAuthority(W011, CHONGQING);
        _registerDepartment(CHONGQING, Uscc.wrap(MemberId.unwrap(MINISTRY)));
        _expectAnotherAuthority(W011, CHONGQING);
        _defineType(MINISTRY, W011, 1);
    }

    function testATypeOfADepartmentIsDefinedByItsMember() external {
        _expectAnotherAuthority(LOCAL_TYPE, SICHUAN);
        _expectAnotherAuthority(LOCAL_TYPE, MINISTRY);
        _defineType(CHONGQING, LOCAL_TYPE, 1);
        _expectAnotherAuthority(CertificateType.wrap("11430000006122244L001"), CHONGQING);
    }

    function testTypesOfAMinistryThatLeftGoToWhoeverHasItsDepartment() external {
        _defineType(MINISTRY, W011, 1);
        _remove(MINISTRY);
        _expectAnotherAuthority(W011, BEIJING);
        _registerDepartment(BEIJING, Uscc.wrap(MemberId.unwrap(MINISTRY)));
        _defineType(BEIJING, W011, 2);
        vm.assertTrue(catalogue.typeVersion(W011, 1).member == MINISTRY);
        vm.assertTrue(catalogue.typeVersion(W011, 2).member == BEIJING);
    }

    function testVersionsOfATypeFollowEachOther() external {
        _expectTypeRefused(_typeStatement(MINISTRY, W011, 0), _unexpectedVersion(1, 0));
        _expectTypeRefused(_typeStatement(MINISTRY, W011, 2), _unexpectedVersion(1, 2));
        TypeStatement memory first = _typeStatement(MINISTRY, W011, 1);
        catalogue.defineType(first, _signed(first));
        _expectTypeRefused(first, _unexpectedVersion(2, 1));
        _defineType(MINISTRY, W011, 2);
        vm.assertEq(catalogue.typeVersion(W011, 1).schemaHash, first.schemaHash);
        vm.assertEq(catalogue.typeVersion(W011, 3).version, 0);
    }

    function testATypeStatementSignedByNobodyEntitledIsRefused() external {
        TypeStatement memory statement = _typeStatement(MINISTRY, W011, 1);
        bytes32 digest = hasher.digest(statement);
        bytes memory refusal =
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, MINISTRY, digest);
        Signature memory foreign = _sign(_authorityKeys[CHONGQING], digest);
        vm.expectRevert(refusal);
        catalogue.defineType(statement, foreign);
        bytes32 elsewhere = new StatementHasher("another ledger").digest(statement);
        Signature memory ofAnotherLedger = _sign(_authorityKeys[MINISTRY], elsewhere);
        vm.expectRevert(refusal);
        catalogue.defineType(statement, ofAnotherLedger);

        statement.sequence += 1;
        Signature memory skipping = _signed(statement);
        vm.expectRevert(
            abi.encodeWithSelector(
                IConsortium.AuthoritySequenceUnexpected.selector,
                MINISTRY,
                statement.sequence - 1,
                statement.sequence
            )
        );
        catalogue.defineType(statement, skipping);
    }

    /// An operator's account carries what is signed and decides nothing, whoever has it.
    function testAStolenOperatorAccountDefinesNothing() external {
        TypeStatement memory statement = _typeStatement(MINISTRY, W011, 1);
        bytes32 digest = hasher.digest(statement);
        Signature memory forged = _sign(4711, digest);
        vm.prank(consortium.member(MINISTRY).keys.validator);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, MINISTRY, digest)
        );
        catalogue.defineType(statement, forged);
    }

    function testMalformedTypesAreRefused() external {
        _expectTypeCodeRefused("11100000000013338W01A");
        _expectTypeCodeRefused("11100000000013338W01");
        _expectTypeCodeRefused("1110000000001333?W011");
        _expectTypeCodeRefused(0);
        TypeStatement memory statement = _typeStatement(MINISTRY, W011, 1);
        statement.schemaHash = 0;
        _expectTypeRefused(statement, _malformed("schemaHash"));
        statement.schemaHash = "schema";
        statement.name = "";
        _expectTypeRefused(statement, _malformed("name"));
        statement.name = string(new bytes(257));
        _expectTypeRefused(statement, _malformed("name"));
        statement.name = string(new bytes(256));
        catalogue.defineType(statement, _signed(statement));
    }

    function testFuzz_LaterVersionsNeverChangeEarlierAnswers(uint16[5] calldata gaps) external {
        uint64[5] memory times;
        uint256 time = START;
        for (uint32 i = 0; i < 5; ++i) {
            time += uint256(gaps[i]) % 100;
            vm.warp(time);
            times[i] = uint64(time);
            _defineType(MINISTRY, W011, i + 1);
        }
        for (uint256 i = 0; i < 5; ++i) {
            uint32 newest = uint32(i + 1);
            while (newest < 5 && times[newest] == times[i]) ++newest;
            _assertType(catalogue.typeAt(W011, times[i]), MINISTRY, newest, times[i], false);
            _assertType(catalogue.typeVersion(W011, uint32(i + 1)), MINISTRY, uint32(i + 1), times[i], false);
        }
        vm.assertEq(catalogue.typeAt(W011, times[0] - 1).version, 0);
        vm.assertEq(catalogue.typeAt(W011, type(uint64).max).version, 5);
    }

    function testAFreezeDoesNotStopTheCatalogue() external {
        Freeze memory freeze =
            Freeze(CATALOGUE_NAME, MemberId.wrap(0), uint64(block.timestamp + 72 hours));
        _carry(ProposalAction.Freeze, abi.encode(freeze));
        freeze = Freeze(0, MINISTRY, freeze.until);
        _carry(ProposalAction.Freeze, abi.encode(freeze));
        _defineType(MINISTRY, W011, 1);
        _defineMatter(1, 1);
    }

    // -- national types --------------------------------------------------------------------------

    function testATypeBecomesNationalByVoteAndCeasesByVote() external {
        _defineType(MINISTRY, W011, 1);
        (bytes32 id, bytes memory payload) = _proposeNational(W011, true, 3);
        vm.warp(START + 100);
        vm.recordLogs();
        consortium.execute(id, payload);
        _assertOneEntry(
            ICatalogue.NationalTypeChanged.selector,
            MINISTRY,
            MemberId.unwrap(MINISTRY),
            bytes32(CertificateType.unwrap(W011))
        );
        vm.warp(START + 200);
        _makeNational(W011, false);

        vm.assertFalse(catalogue.isNationalAt(W011, uint64(START + 99)));
        vm.assertTrue(catalogue.isNationalAt(W011, uint64(START + 100)));
        vm.assertTrue(catalogue.isNationalAt(W011, uint64(START + 199)));
        vm.assertFalse(catalogue.isNationalAt(W011, uint64(START + 200)));
        vm.assertFalse(catalogue.isNationalAt(W011, type(uint64).max));
        vm.assertFalse(catalogue.isNationalAt(W012, uint64(START + 150)));
        _assertType(catalogue.typeAt(W011, uint64(START + 150)), MINISTRY, 1, uint64(START), true);
        vm.assertFalse(catalogue.typeVersion(W011, 1).isNational);
    }

    function testNoTypeBecomesNationalByTooFewVotes() external {
        _defineType(MINISTRY, W011, 1);
        (bytes32 id, bytes memory payload) = _proposeNational(W011, true, 2);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.QuorumMissing.selector, id, 3, 5));
        consortium.execute(id, payload);
        vm.assertFalse(catalogue.isNationalAt(W011, uint64(START)));
    }

    function testNoTypeBecomesNationalWithoutVote() external {
        _defineType(MINISTRY, W011, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IVotedModule.CallerNotConsortium.selector, address(this))
        );
        catalogue.carryOut("id", MINISTRY, abi.encode(NationalType(W011, true, BASIS)));
    }

    function testOnlyWhoDefinesATypeProposesItAsNational() external {
        _defineType(MINISTRY, W011, 1);
        _expectProposalRefused(
            CHONGQING,
            abi.encode(NationalType(W011, true, BASIS)),
            abi.encodeWithSelector(ICatalogue.TypeOfAnotherAuthority.selector, W011, CHONGQING)
        );
    }

    function testMalformedNationalTypesAreNotProposed() external {
        bytes memory unknown = abi.encodeWithSelector(ICatalogue.TypeUnknown.selector, W011);
        _expectProposalRefused(MINISTRY, abi.encode(NationalType(W011, true, BASIS)), unknown);
        _defineType(MINISTRY, W011, 1);
        bytes memory basis = _malformed("legalBasis");
        _expectProposalRefused(MINISTRY, abi.encode(NationalType(W011, true, "")), basis);
        string memory long = string(new bytes(257));
        _expectProposalRefused(MINISTRY, abi.encode(NationalType(W011, true, long)), basis);
        bytes memory trailing = bytes.concat(abi.encode(NationalType(W011, true, BASIS)), bytes32(0));
        _expectProposalRefused(MINISTRY, trailing, _malformed("payload"));
    }

    /// Proposed and voted for while the ministry was a member, executed when it is none.
    function testAMinistryThatLeftMakesNoTypeNational() external {
        _defineType(MINISTRY, W011, 1);
        (bytes32 id, bytes memory payload) = _proposeNational(W011, true, 3);
        _remove(MINISTRY);
        vm.expectRevert(
            abi.encodeWithSelector(ICatalogue.TypeOfAnotherAuthority.selector, W011, MINISTRY)
        );
        consortium.execute(id, payload);
    }

    function testALeftoverProposalDoesNotMakeATypeNationalAgain() external {
        _defineType(MINISTRY, W011, 1);
        (bytes32 leftover, bytes memory payload) = _proposeNational(W011, true, 3);
        vm.warp(START + 1);
        _makeNational(W011, true);
        _makeNational(W011, false);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.ProposalLapsed.selector, leftover));
        consortium.execute(leftover, payload);
    }

    // -- matters ---------------------------------------------------------------------------------

    function testAMatterIsRecordedUnderItsDepartment() external {
        MatterStatement memory statement = _matterStatement(1, 3);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.recordLogs();
        catalogue.defineMatter(statement, seal);
        _assertOneEntry(
            ICatalogue.MatterDefined.selector,
            CHONGQING,
            Uscc.unwrap(ISSUER),
            bytes32(ItemCode.unwrap(MATTER))
        );
        MatterRecord memory found = catalogue.matter(MATTER, 1);
        MatterRecord memory expected =
            MatterRecord(1, statement.definitionHash, 45, 20, 3, uint64(START));
        vm.assertTrue(keccak256(abi.encode(found)) == keccak256(abi.encode(expected)));
        for (uint8 i = 0; i < 3; ++i) {
            bytes32 step = keccak256(abi.encode(catalogue.matterStep(MATTER, 1, i)));
            vm.assertEq(step, keccak256(abi.encode(statement.steps[i])));
        }
    }

    function testAMatterOfAnotherDepartmentIsNotDefined() external {
        MatterStatement memory statement = _matterStatement(1, 1);
        (statement.department, statement.keyId) = (OTHER_ISSUER, _keyId(OTHER_SEAL_KEY));
        Signature memory seal = _seal(statement, OTHER_SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICatalogue.MatterOfAnotherDepartment.selector, MATTER, OTHER_ISSUER
            )
        );
        catalogue.defineMatter(statement, seal);

        statement.department = ISSUER;
        seal = _seal(statement, OTHER_SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.SealKeyUnknown.selector, ISSUER, _keyId(OTHER_SEAL_KEY)
            )
        );
        catalogue.defineMatter(statement, seal);

        statement.keyId = _keyId(SEAL_KEY);
        bytes32 digest = hasher.digest(statement);
        seal = _sign(OTHER_SEAL_KEY, digest);
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.SealInvalid.selector, ISSUER, _keyId(SEAL_KEY), digest
            )
        );
        catalogue.defineMatter(statement, seal);
    }

    function testAKeyThatIsCompromisedDefinesNothing() external {
        _declareCompromise(CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START));
        _expectMatterRefused(
            _matterStatement(1, 1),
            abi.encodeWithSelector(
                IIssuerRegistry.SealKeyIsCompromised.selector, ISSUER, _keyId(SEAL_KEY), START
            )
        );
    }

    function testVersionsOfAMatterFollowEachOtherAndStay() external {
        _expectMatterRefused(_matterStatement(2, 1), _unexpectedVersion(1, 2));
        _defineMatter(1, 2);
        bytes32 first = keccak256(abi.encode(catalogue.matter(MATTER, 1)));
        _expectMatterRefused(_matterStatement(1, 2), _unexpectedVersion(2, 1)); // replayed
        vm.warp(START + 1);
        _defineMatter(2, 1);
        vm.assertEq(catalogue.currentMatterVersion(MATTER), 2);
        vm.assertEq(keccak256(abi.encode(catalogue.matter(MATTER, 1))), first);
        vm.assertEq(catalogue.matterStep(MATTER, 1, 1).threshold, 2);
    }

    function testAMatterEndsByAVersionWithoutSteps() external {
        _defineMatter(1, 1);
        _defineMatter(2, 0);
        vm.assertEq(catalogue.currentMatterVersion(MATTER), 2);
        vm.assertEq(catalogue.matter(MATTER, 2).steps, 0);
        _defineMatter(3, 1);
    }

    function testWhatTheCatalogueDoesNotHaveIsUnknown() external {
        _defineMatter(1, 1);
        vm.assertEq(catalogue.matter(MATTER, 2).recordedAt, 0);
        vm.expectRevert(abi.encodeWithSelector(ICatalogue.MatterUnknown.selector, MATTER, 1));
        catalogue.matterStep(MATTER, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICatalogue.MatterUnknown.selector, MATTER, 2));
        catalogue.matterStep(MATTER, 2, 0);
    }

    function testMalformedMattersAreRefused() external {
        MatterStatement memory statement = _matterStatement(1, 1);
        statement.itemCode = ItemCode.wrap("11500000009275791H00001170010A0");
        _expectMatterRefused(statement, _malformed("itemCode"));
        statement.itemCode = ItemCode.wrap("11500000009275791H000011700100");
        _expectMatterRefused(statement, _malformed("itemCode"));
        statement = _matterStatement(1, 1);
        statement.definitionHash = 0;
        _expectMatterRefused(statement, _malformed("definitionHash"));
        statement = _matterStatement(1, 1);
        statement.promisedDays = 0;
        _expectMatterRefused(statement, _malformed("promisedDays"));
        statement.promisedDays = statement.statutoryDays + 1;
        _expectMatterRefused(statement, _malformed("promisedDays"));
        statement = _matterStatement(1, 1);
        statement.name = "";
        _expectMatterRefused(statement, _malformed("name"));
        statement.name = string(new bytes(257));
        _expectMatterRefused(statement, _malformed("name"));
        _expectMatterRefused(_matterStatement(1, 17), _malformed("steps"));
        statement = _matterStatement(1, 1);
        statement.requiredTypes = new CertificateType[](33);
        _expectMatterRefused(statement, _malformed("requiredTypes"));
        statement.requiredTypes = new CertificateType[](1); // no code
        _expectMatterRefused(statement, _malformed("requiredTypes"));
        statement = _matterStatement(1, 1);
        statement.resultTypes = new CertificateType[](9);
        _expectMatterRefused(statement, _malformed("resultTypes"));
    }

    function testMalformedStepsAreRefused() external {
        MatterStep memory step = _jointStep();
        step.name = "";
        _expectStepRefused(step, "name");
        step.name = string(new bytes(129));
        _expectStepRefused(step, "name");
        step = _jointStep();
        step.limitDays = 0;
        _expectStepRefused(step, "limitDays");
        step = _jointStep();
        step.deciders[1] = step.deciders[0];
        _expectStepRefused(step, "deciders");
        step.deciders[1] = Uscc.wrap("500000");
        _expectStepRefused(step, "deciders");
        step.deciders = new Uscc[](0);
        step.named = 17;
        _expectStepRefused(step, "deciders");
        step.named = 0;
        _expectStepRefused(step, "deciders");
    }

    function testThresholdsAndVetoesFitTheirRule() external {
        MatterStep memory step = _jointStep(); // three decide
        step.threshold = 0;
        _expectStepRefused(step, "threshold");
        step.threshold = 4;
        _expectStepRefused(step, "threshold");
        step.threshold = 3;
        step.vetoes = 8; // of a fourth
        _expectStepRefused(step, "vetoes");
        step.vetoes = 0;
        step.rule = StepRule.Ordered;
        step.threshold = 2;
        _expectStepRefused(step, "threshold");
        step.threshold = 3;
        step.vetoes = 1;
        _expectStepRefused(step, "vetoes");
        step.rule = StepRule.All;
        _expectStepRefused(step, "vetoes");
        step.vetoes = 0;
        MatterStatement memory statement = _matterStatement(1, 2);
        statement.steps[1] = step;
        catalogue.defineMatter(statement, _seal(statement, SEAL_KEY));
    }

    function testTheLargestMatterIsDefined() external {
        MatterStatement memory statement = _matterStatement(1, 16);
        Uscc[] memory deciders = new Uscc[](16);
        for (uint256 i = 0; i < 16; ++i) {
            deciders[i] = Uscc.wrap(bytes18(uint144(bytes18("11500000009275791A")) + uint144(i)));
        }
        for (uint256 i = 0; i < 16; ++i) {
            statement.steps[i] = _step(StepRule.Threshold, 16, 0, type(uint16).max, deciders);
        }
        statement.requiredTypes = new CertificateType[](32);
        for (uint256 i = 0; i < 32; ++i) {
            statement.requiredTypes[i] = W011;
        }
        catalogue.defineMatter(statement, _seal(statement, SEAL_KEY));
        vm.assertTrue(catalogue.matterStep(MATTER, 1, 15).deciders[15] == deciders[15]);
    }

    // -- attestations and replacement ------------------------------------------------------------

    function testAnyoneMayAttestTypesAndMatters() external {
        _defineType(MINISTRY, W011, 1);
        _defineMatter(1, 1);
        vm.recordLogs();
        catalogue.attestType(W011);
        _assertOneEntry(
            ICatalogue.TypeAttested.selector, MINISTRY, 0, bytes32(CertificateType.unwrap(W011))
        );
        vm.recordLogs();
        catalogue.attestMatter(MATTER);
        _assertOneEntry(
            ICatalogue.MatterAttested.selector, CHONGQING, 0, bytes32(ItemCode.unwrap(MATTER))
        );
        vm.expectRevert(abi.encodeWithSelector(ICatalogue.TypeUnknown.selector, W012));
        catalogue.attestType(W012);
        ItemCode other = ItemCode.wrap("11500000009275791H0000117002000");
        vm.expectRevert(abi.encodeWithSelector(ICatalogue.MatterUnknown.selector, other, 0));
        catalogue.attestMatter(other);
    }

    function testTypesAndMattersGoOnThroughThePredecessor() external {
        _defineType(MINISTRY, W011, 1);
        _makeNational(W011, true);
        _defineMatter(1, 2);
        bytes32 before = _answers(uint64(START));
        for (uint32 i = 2; i < 4; ++i) {
            vm.warp(START + 100 * i);
            _replaceCatalogue();
            vm.assertEq(_answers(uint64(START)), before);
            vm.assertTrue(catalogue.typeAt(W011, uint64(block.timestamp)).isNational);
            _expectTypeRefused(_typeStatement(MINISTRY, W011, 1), _unexpectedVersion(i, 1));
            _expectMatterRefused(_matterStatement(1, 1), _unexpectedVersion(i, 1));
            _defineType(MINISTRY, W011, i);
            _defineMatter(i, 1);
            vm.assertEq(catalogue.currentMatterVersion(MATTER), i);
            vm.assertEq(catalogue.typeAt(W011, uint64(block.timestamp)).version, i);
            catalogue.attestType(W011);
            catalogue.attestMatter(MATTER);
        }
        _makeNational(W011, false);
        vm.assertFalse(catalogue.isNationalAt(W011, uint64(block.timestamp)));
        vm.assertEq(_answers(uint64(START)), before);
        vm.assertFalse(catalogue.typeVersion(W011, 1).isNational);
        vm.expectRevert(abi.encodeWithSelector(ICatalogue.MatterUnknown.selector, MATTER, 9));
        catalogue.matterStep(MATTER, 9, 0);
    }

    function testThePredecessorDefinesNothingAnyMore() external {
        ICatalogue predecessor = catalogue;
        MatterStatement memory matter = _matterStatement(1, 1);
        Signature memory seal = _seal(matter, SEAL_KEY);
        _replaceCatalogue();
        TypeStatement memory statement = _typeStatement(MINISTRY, W011, 1);
        Signature memory signature = _signed(statement);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.CallerNotModule.selector, address(predecessor))
        );
        predecessor.defineType(statement, signature);
        vm.expectPartialRevert(IEntryLog.KindNotOwned.selector);
        predecessor.defineMatter(matter, seal);
    }

    // -- parts -----------------------------------------------------------------------------------

    /// What the catalogue says of a time, of first versions and of their steps.
    function _answers(uint64 atUnix) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                catalogue.typeAt(W011, atUnix),
                catalogue.isNationalAt(W011, atUnix),
                catalogue.typeVersion(W011, 1).schemaHash,
                catalogue.matter(MATTER, 1),
                catalogue.matterStep(MATTER, 1, 1)
            )
        );
    }

    function _assertType(
        TypeRecord memory found,
        MemberId member,
        uint32 version,
        uint64 recordedAt,
        bool isNational
    ) private pure {
        vm.assertTrue(found.member == member, "member");
        vm.assertEq(found.version, version, "version");
        vm.assertEq(found.recordedAt, recordedAt, "recordedAt");
        vm.assertTrue(found.isNational == isNational, "isNational");
    }

    function _expectAnotherAuthority(CertificateType certificateType, MemberId member) private {
        _expectTypeRefused(
            _typeStatement(member, certificateType, 1),
            abi.encodeWithSelector(
                ICatalogue.TypeOfAnotherAuthority.selector, certificateType, member
            )
        );
    }

    function _expectTypeCodeRefused(bytes21 code) private {
        _expectTypeRefused(
            _typeStatement(MINISTRY, CertificateType.wrap(code), 1), _malformed("certificateType")
        );
    }

    function _expectTypeRefused(TypeStatement memory statement, bytes memory refusal) private {
        Signature memory signature = _signed(statement);
        vm.expectRevert(refusal);
        catalogue.defineType(statement, signature);
    }

    function _expectProposalRefused(MemberId member, bytes memory act, bytes memory refusal) private {
        bytes memory payload = abi.encode(ModuleAct(CATALOGUE_NAME, act));
        (ProposalStatement memory statement, Signature memory signature) =
            _signedProposal(member, ProposalAction.ActInModule, payload);
        vm.expectRevert(refusal);
        consortium.propose(statement, signature);
    }

    function _expectStepRefused(MatterStep memory step, bytes32 field) private {
        MatterStatement memory statement = _matterStatement(1, 2);
        statement.steps[1] = step;
        _expectMatterRefused(
            statement, abi.encodeWithSelector(ICatalogue.StepMalformed.selector, 1, field)
        );
    }

    function _malformed(bytes32 field) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IConsortium.FieldMalformed.selector, field);
    }

    function _unexpectedVersion(uint32 expected, uint32 actual) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICatalogue.VersionUnexpected.selector, expected, actual);
    }
}
