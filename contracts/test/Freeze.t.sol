// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";
import {MemberId} from "../types/Identifiers.sol";
import {
    BatchStatement,
    Freeze,
    MandateStatement,
    ProposalAction,
    ProposalStatement,
    Signature
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {Ledger} from "./support/Ledger.sol";

/// @notice What a freeze stops, what it never stops, and when it ends.
contract FreezeTest is Ledger {
    bytes32 private batchKey;

    function setUp() public override {
        super.setUp();
        batchKey = _anchor("before the freeze", 200);
    }

    function testAFrozenMemberAnchorsAndMandatesNothing() external {
        uint64 until = _freezeMember(CHONGQING, 72 hours);
        BatchStatement memory batch = _batchStatement("batch", 1);
        Signature memory seal = _seal(batch, SEAL_KEY);
        bytes memory refusal =
            abi.encodeWithSelector(IConsortium.Frozen.selector, bytes32(0), CHONGQING, until);
        vm.expectRevert(refusal);
        certificates.anchorBatch(batch, seal);

        (MandateStatement memory mandate, Signature memory signature) =
            _signedMandate(CHONGQING, ISSUER, W012, uint64(START), NO_END);
        vm.expectRevert(refusal);
        registry.changeMandate(mandate, signature);
    }

    function testAFrozenModuleAnchorsNothingForAnyone() external {
        uint64 until = _freezeModule(LEDGER_NAME, 1 hours);
        BatchStatement memory batch = _batchStatement("batch", 1);
        (batch.issuer, batch.keyId) = (OTHER_ISSUER, _keyId(OTHER_SEAL_KEY));
        Signature memory seal = _seal(batch, OTHER_SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.Frozen.selector, LEDGER_NAME, SICHUAN, until)
        );
        certificates.anchorBatch(batch, seal);
        vm.assertEq(consortium.moduleFrozenUntil(LEDGER_NAME), until);
    }

    function testAFreezeOfOneMemberLeavesTheOthers() external {
        _freezeMember(SICHUAN, 72 hours);
        _anchor("batch", 1);
        _changeMandate(CHONGQING, ISSUER, W012, uint64(START), NO_END);
    }

    function testAFreezeEndsByItself() external {
        uint64 until = _freezeMember(CHONGQING, 72 hours);
        BatchStatement memory batch = _batchStatement("batch", 1);
        batch.validUntil = NO_END;
        Signature memory seal = _seal(batch, SEAL_KEY);
        vm.warp(until - 1);
        vm.expectPartialRevert(IConsortium.Frozen.selector);
        certificates.anchorBatch(batch, seal);
        vm.warp(until);
        certificates.anchorBatch(batch, seal);
    }

    function testFuzz_NoFreezeLastsLongerThan72Hours(uint64 until) external {
        uint64 latest = uint64(START + 72 hours);
        bytes memory payload = abi.encode(Freeze(0, CHONGQING, until));
        bytes32 id = _proposeWithVotes(ProposalAction.Freeze, payload);
        if (until > latest) {
            vm.expectRevert(
                abi.encodeWithSelector(IConsortium.FreezeTooLong.selector, until, latest)
            );
        }
        consortium.execute(id, payload);
        vm.assertLe(consortium.member(CHONGQING).frozenUntil, latest, "frozenUntil");
    }

    function testAFreezeMayLast72HoursAndNotASecondLonger() external {
        uint64 latest = uint64(START + 72 hours);
        bytes memory payload = abi.encode(Freeze(0, CHONGQING, latest + 1));
        bytes32 id = _proposeWithVotes(ProposalAction.Freeze, payload);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.FreezeTooLong.selector, latest + 1, latest)
        );
        consortium.execute(id, payload);
        _freezeMember(CHONGQING, 72 hours);
        vm.assertEq(consortium.member(CHONGQING).frozenUntil, latest);
    }

    function testAFreezeIsMeasuredFromItsExecution() external {
        bytes memory payload = abi.encode(Freeze(0, CHONGQING, uint64(START + 72 hours + 600)));
        bytes32 id = _proposeWithVotes(ProposalAction.Freeze, payload);
        vm.expectPartialRevert(IConsortium.FreezeTooLong.selector);
        consortium.execute(id, payload);
        vm.warp(START + 600);
        consortium.execute(id, payload);
    }

    function testAFreezeNeverStopsSuspensionRevocationOrCompromise() external {
        _freezeMember(CHONGQING, 72 hours);
        _freezeModule(LEDGER_NAME, 72 hours);
        _freezeModule(REGISTRY_NAME, 72 hours);
        _freezeModule("Consortium", 72 hours);

        _changeStatus(batchKey, 0, bytes32(bytes1(0x02))); // suspended
        _changeStatus(batchKey, 0, bytes32(0)); // restored
        _changeStatus(batchKey, 0, bytes32(bytes1(0x01))); // revoked
        vm.assertEq(certificates.statusOf(batchKey, 0), 1);
        certificates.attestStatus(batchKey, 0);
        _declareCompromise(CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START));
    }

    function testAFreezeStopsTheGivingOfMandatesAndNotTheirEnd() external {
        _freezeMember(CHONGQING, 72 hours);
        _changeMandate(CHONGQING, ISSUER, W011, uint64(START), uint64(START));
        vm.assertFalse(registry.isMandatedAt(ISSUER, W011, uint64(START)));
    }

    function testAFreezeNeverStopsVotesAndIsEndedByThem() external {
        _freezeMember(CHONGQING, 72 hours);
        _freezeModule(LEDGER_NAME, 72 hours);
        bytes memory payload = abi.encode(Freeze(0, CHONGQING, 0));
        bytes32 id = _proposeWithVotes(ProposalAction.Unfreeze, payload); // Chongqing votes too
        vm.recordLogs();
        consortium.execute(id, payload);
        _assertOneEntry(
            IConsortium.FreezeEnded.selector,
            CHONGQING,
            MemberId.unwrap(CHONGQING),
            bytes32(MemberId.unwrap(CHONGQING))
        );
        _carry(ProposalAction.Unfreeze, abi.encode(Freeze(LEDGER_NAME, MemberId.wrap(0), 0)));
        _anchor("batch", 1);
    }

    function testALeftoverUnfreezingDoesNotEndALaterFreeze() external {
        _freezeModule(LEDGER_NAME, 72 hours);
        bytes memory payload = abi.encode(Freeze(LEDGER_NAME, MemberId.wrap(0), 0));
        bytes32 first = _proposeWithVotes(ProposalAction.Unfreeze, payload);
        vm.warp(START + 1);
        bytes32 second = _proposeWithVotes(ProposalAction.Unfreeze, payload);
        consortium.execute(first, payload);
        uint64 until = _freezeModule(LEDGER_NAME, 72 hours);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.ProposalLapsed.selector, second));
        consortium.execute(second, payload);
        vm.assertEq(consortium.moduleFrozenUntil(LEDGER_NAME), until);
    }

    function testAFreezeIsRecordedUnderItsProposer() external {
        bytes memory payload = abi.encode(Freeze(LEDGER_NAME, MemberId.wrap(0), uint64(START + 5)));
        bytes32 id = _proposeWithVotes(ProposalAction.Freeze, payload);
        vm.recordLogs();
        consortium.execute(id, payload);
        _assertOneEntry(
            IConsortium.FreezeBegun.selector, CHONGQING, MemberId.unwrap(CHONGQING), LEDGER_NAME
        );
    }

    function testAFreezeNamesExactlyOneTarget() external {
        _expectProposalRefused(Freeze(0, MemberId.wrap(0), 1), "target");
        _expectProposalRefused(Freeze(LEDGER_NAME, CHONGQING, 1), "target");
    }

    function testAReturningMemberIsNotFrozen() external {
        _freezeMember(GUANGDONG, 72 hours);
        _remove(GUANGDONG);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.MemberUnknown.selector, GUANGDONG));
        consortium.requireUnfrozen(LEDGER_NAME, GUANGDONG);
        _admit(GUANGDONG);
        consortium.requireUnfrozen(LEDGER_NAME, GUANGDONG);
    }

    function _expectProposalRefused(Freeze memory freeze, bytes32 field) private {
        (ProposalStatement memory statement, Signature memory signature) =
            _signedProposal(CHONGQING, ProposalAction.Freeze, abi.encode(freeze));
        vm.expectRevert(abi.encodeWithSelector(IConsortium.FieldMalformed.selector, field));
        consortium.propose(statement, signature);
    }

    function _proposeWithVotes(ProposalAction action, bytes memory payload) private returns (bytes32 id) {
        id = _propose(CHONGQING, action, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(BEIJING, id, true);
    }

    function _freezeMember(MemberId member, uint64 time) private returns (uint64 until) {
        until = uint64(block.timestamp) + time;
        _carry(ProposalAction.Freeze, abi.encode(Freeze(0, member, until)));
    }

    function _freezeModule(bytes32 name, uint64 time) private returns (uint64 until) {
        until = uint64(block.timestamp) + time;
        _carry(ProposalAction.Freeze, abi.encode(Freeze(name, MemberId.wrap(0), until)));
    }
}
