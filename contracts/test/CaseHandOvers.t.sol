// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICaseLedger} from "../interfaces/ICaseLedger.sol";
import {Uscc} from "../types/Identifiers.sol";
import {
    CaseAct,
    CaseState,
    HandOverStatement,
    Signature,
    TakeOverStatement
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {CaseWorld} from "./support/CaseWorld.sol";

/// @notice A window in one province receives, a department in another decides (异地代收代办).
contract CaseHandOversTest is CaseWorld {
    function testACaseTravelsToTheHandlerAndItsResultBackToTheWindow() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        _assertCustodian(caseId, WINDOW);
        vm.assertTrue(_record(caseId).handler == HANDLER);
        vm.assertEq(_record(caseId).acceptBy, 0);
        _travel(caseId, WINDOW, HANDLER);
        vm.assertEq(_record(caseId).acceptBy, START + 7 days);
        _advance(caseId, HANDLER, CaseAct.Accept);
        _assign(caseId);
        _approve(caseId, HANDLER);
        _advance(caseId, HANDLER, CaseAct.Grant);
        _advance(caseId, HANDLER, CaseAct.IssueResult);
        _travel(caseId, HANDLER, WINDOW);
        _advance(caseId, WINDOW, CaseAct.Deliver);
        _assertState(caseId, CaseState.Delivered);
    }

    function testEachHalfOfAHandOverIsAnEntryOfItsSide() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        vm.recordLogs();
        _give(caseId, WINDOW, HANDLER);
        _assertOneEntry(ICaseLedger.CaseHandedOver.selector, SICHUAN, Uscc.unwrap(WINDOW), caseId);
        vm.recordLogs();
        _take(caseId, HANDLER);
        _assertOneEntry(ICaseLedger.CaseTakenOver.selector, CHONGQING, Uscc.unwrap(HANDLER), caseId);
    }

    function testTheHandlerAnswersNothingBeforeItHasTheMaterial() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        bytes memory refusal = _notCustodian(caseId, WINDOW, HANDLER);
        _refuse(caseId, HANDLER, CaseAct.Accept, refusal);
        _refuse(caseId, HANDLER, CaseAct.RefuseAcceptance, refusal);
        _refuse(caseId, HANDLER, CaseAct.RequestSupplement, refusal);
        vm.warp(START + 100 days);
        vm.expectRevert(refusal);
        cases.deemAccepted(caseId);
    }

    function testAHandOverSignedByTheGiverAloneChangesNoCustodian() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        HandOverStatement memory s = _giving(caseId, WINDOW, HANDLER);
        _give(s);
        bytes32 digest = caseHasher.digest(s);
        vm.assertEq(_record(caseId).pendingHandOver, digest);
        _assertCustodian(caseId, WINDOW);
        bytes memory refusal =
            abi.encodeWithSelector(ICaseLedger.HandOverPending.selector, caseId, digest);
        _refuse(caseId, HANDLER, CaseAct.Accept, refusal);
        _refuse(caseId, HANDLER, CaseAct.RefuseAcceptance, refusal);
        _refuse(caseId, HANDLER, CaseAct.RequestSupplement, refusal);
        _refuseGiving(_giving(caseId, WINDOW, HANDLER), refusal);
        vm.warp(START + 100 days);
        vm.expectRevert(_notCustodian(caseId, WINDOW, HANDLER));
        cases.deemAccepted(caseId);
    }

    function testAHandOverSignedByTheTakerAloneIsRefused() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        TakeOverStatement memory s = _taking(caseId, HANDLER);
        _refuseTaking(s, _unexpected(caseId, 0, 0));
        s.handOverDigest = "made up";
        _refuseTaking(s, _unexpected(caseId, 0, "made up"));
        _assertCustodian(caseId, WINDOW);
    }

    function testAHandOverIsTakenAsItWasGivenAndOnce() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        HandOverStatement memory given = _giving(caseId, WINDOW, HANDLER);
        _give(given);
        bytes32 digest = caseHasher.digest(given);
        TakeOverStatement memory s = _taking(caseId, HANDLER);
        s.handOverDigest = "another";
        _refuseTaking(s, _unexpected(caseId, digest, "another"));
        s.handOverDigest = digest;
        _take(s);
        s.sequence = 4;
        _refuseTaking(s, _unexpected(caseId, 0, digest));
    }

    function testNobodyButTheTakerTakes() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        _give(caseId, WINDOW, HANDLER);
        _refuseTaking(_taking(caseId, WINDOW), _notCompetent(caseId, WINDOW));
        _refuseTaking(_taking(caseId, STRANGER), _notCompetent(caseId, STRANGER));
        TakeOverStatement memory s = _taking(caseId, HANDLER);
        bytes32 digest = caseHasher.digest(s);
        Signature memory seal = _sign(_sealKeys[WINDOW], digest);
        vm.expectRevert(_sealInvalid(HANDLER, s.keyId, digest));
        cases.takeOver(s, seal);
    }

    function testOnlyTheCustodianGivesAndOnlyToTheOtherSide() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        _refuseGiving(_giving(caseId, HANDLER, WINDOW), _notCustodian(caseId, WINDOW, HANDLER));
        _refuseGiving(_giving(caseId, STRANGER, HANDLER), _notCustodian(caseId, WINDOW, STRANGER));
        _refuseGiving(_giving(caseId, WINDOW, STRANGER), _notCompetent(caseId, STRANGER));
        _refuseGiving(_giving(caseId, WINDOW, WINDOW), _notCompetent(caseId, WINDOW));
        bytes32 local = _open(HANDLER, "local");
        _refuseGiving(_giving(local, HANDLER, HANDLER), _notCompetent(local, HANDLER));
    }

    function testTheTimeForAcceptanceBeginsWhenTheHandlerTakes() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        vm.warp(START + 3 days);
        _give(caseId, WINDOW, HANDLER);
        vm.warp(START + 9 days);
        (uint64 earliest, uint64 latest) = (uint64(START + 14 days), uint64(START + 30 days));
        uint64[3] memory refused = [0, earliest - 1, latest + 1];
        for (uint256 i = 0; i < refused.length; ++i) {
            TakeOverStatement memory s = _taking(caseId, HANDLER);
            s.acceptBy = refused[i];
            _refuseTaking(s, _outOfRange(refused[i], earliest, latest));
        }
        _take(caseId, HANDLER);
        vm.warp(START + 16 days + 1);
        cases.deemAccepted(caseId);
        _assertState(caseId, CaseState.Accepted);
    }

    function testTheWayBackHasNoTimeForAcceptance() external {
        bytes32 caseId = _taken();
        _advance(caseId, HANDLER, CaseAct.RefuseAcceptance);
        _give(caseId, HANDLER, WINDOW);
        TakeOverStatement memory s = _taking(caseId, WINDOW);
        s.acceptBy = uint64(START + 7 days);
        _refuseTaking(s, _malformed("acceptBy"));
        _take(caseId, WINDOW);
        _assertCustodian(caseId, WINDOW);
        _assertState(caseId, CaseState.NotAccepted);
    }

    function testBetweenTakingAndAnsweringNothingTravels() external {
        bytes32 caseId = _taken();
        _refuseGiving(_giving(caseId, HANDLER, WINDOW), _inState(caseId, CaseState.Received));
        _advance(caseId, HANDLER, CaseAct.RequestSupplement);
        _refuseGiving(_giving(caseId, HANDLER, WINDOW), _inState(caseId, CaseState.Supplementing));
        _advance(caseId, WINDOW, CaseAct.Supplement);
        _advance(caseId, HANDLER, CaseAct.Accept);
        _refuseGiving(_giving(caseId, HANDLER, WINDOW), _inState(caseId, CaseState.Accepted));
    }

    function testTheWindowSendsInTheSupplement() external {
        bytes32 caseId = _taken();
        _advance(caseId, HANDLER, CaseAct.RequestSupplement);
        _advance(caseId, WINDOW, CaseAct.Supplement);
        _assertState(caseId, CaseState.Received);
        _assertCustodian(caseId, HANDLER);
        vm.assertEq(_record(caseId).round, 2);
    }

    function testOnlyWhoHasTheResultDeliversIt() external {
        bytes32 caseId = _taken();
        _advance(caseId, HANDLER, CaseAct.Accept);
        _assign(caseId);
        _approve(caseId, HANDLER);
        _advance(caseId, HANDLER, CaseAct.Grant);
        _refuse(caseId, WINDOW, CaseAct.Deliver, _notCustodian(caseId, HANDLER, WINDOW));
        _give(caseId, HANDLER, WINDOW);
        bytes memory refusal = abi.encodeWithSelector(
            ICaseLedger.HandOverPending.selector, caseId, _record(caseId).pendingHandOver
        );
        _refuse(caseId, HANDLER, CaseAct.Deliver, refusal);
        _refuse(caseId, WINDOW, CaseAct.Deliver, refusal);
        _advance(caseId, HANDLER, CaseAct.IssueResult);
        _take(caseId, WINDOW);
        _refuse(caseId, HANDLER, CaseAct.Deliver, _notCustodian(caseId, WINDOW, HANDLER));
        _advance(caseId, WINDOW, CaseAct.Deliver);
    }

    function testTheWindowWithdrawsWhatIsOnItsWayAndTheTakerStillSignsForIt() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        _give(caseId, WINDOW, HANDLER);
        _advance(caseId, WINDOW, CaseAct.Withdraw);
        _assertState(caseId, CaseState.Withdrawn);
        _take(caseId, HANDLER);
        _assertCustodian(caseId, HANDLER);
        _assertState(caseId, CaseState.Withdrawn);
    }

    function testAHandOverReplayedInAnotherCaseIsRefused() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        bytes32 other = _open(WINDOW, "other");
        HandOverStatement memory s = _giving(caseId, WINDOW, HANDLER);
        Signature memory seal = _sign(_sealKeys[WINDOW], caseHasher.digest(s));
        cases.handOver(s, seal);
        s.caseId = other;
        vm.expectRevert(_sealInvalid(WINDOW, s.keyId, caseHasher.digest(s)));
        cases.handOver(s, seal);
    }

    function testHandOversAreNumberedAndHaveADigest() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        HandOverStatement memory given = _giving(caseId, WINDOW, HANDLER);
        given.sequence = 3;
        _refuseGiving(given, _sequence(caseId, 2, 3));
        given.digest = 0;
        _refuseGiving(given, _malformed("digest"));
        _give(caseId, WINDOW, HANDLER);
        TakeOverStatement memory taken = _taking(caseId, HANDLER);
        taken.sequence = 2;
        _refuseTaking(taken, _sequence(caseId, 3, 2));
        taken.digest = 0;
        _refuseTaking(taken, _malformed("digest"));
    }

    // -- parts -----------------------------------------------------------------------------------

    function _taken() private returns (bytes32 caseId) {
        caseId = _open(WINDOW, "nonce");
        _give(caseId, WINDOW, HANDLER);
        _take(caseId, HANDLER);
    }

    function _travel(bytes32 caseId, Uscc giver, Uscc taker) private {
        _give(caseId, giver, taker);
        _assertCustodian(caseId, giver);
        _take(caseId, taker);
        _assertCustodian(caseId, taker);
        vm.assertEq(_record(caseId).pendingHandOver, 0);
    }

    function _assertCustodian(bytes32 caseId, Uscc custodian) private view {
        vm.assertTrue(_record(caseId).custodian == custodian, "custodian");
    }

    function _refuseGiving(HandOverStatement memory s, bytes memory refusal) private {
        Signature memory seal = _sign(_sealKeys[s.giver], caseHasher.digest(s));
        vm.expectRevert(refusal);
        cases.handOver(s, seal);
    }

    function _refuseTaking(TakeOverStatement memory s, bytes memory refusal) private {
        Signature memory seal = _sign(_sealKeys[s.taker], caseHasher.digest(s));
        vm.expectRevert(refusal);
        cases.takeOver(s, seal);
    }

    function _notCustodian(bytes32 caseId, Uscc custodian, Uscc department)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(ICaseLedger.NotCustodian.selector, caseId, custodian, department);
    }

    function _unexpected(bytes32 caseId, bytes32 expected, bytes32 actual)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(ICaseLedger.HandOverUnexpected.selector, caseId, expected, actual);
    }

    function _sequence(bytes32 caseId, uint64 expected, uint64 actual) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ICaseLedger.CaseSequenceUnexpected.selector, caseId, expected, actual
        );
    }
}
