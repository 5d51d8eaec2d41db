// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICaseLedger} from "../interfaces/ICaseLedger.sol";
import {IEntryLog} from "../interfaces/IEntryLog.sol";
import {CaseRecord} from "../types/Records.sol";
import {
    CaseAct,
    CaseOpeningStatement,
    CaseState,
    CaseStatement,
    Decision,
    Signature,
    StepOutcome,
    StepRule
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {CaseWorld} from "./support/CaseWorld.sol";

/// @notice Cases that one module begins and its successors finish.
contract CaseReplacementTest is CaseWorld {
    function testACaseGoesOnThroughThePredecessor() external {
        _defineSteps(_oneStep(StepRule.Threshold, 2, 0, _row(HANDLER, WINDOW, THIRD)));
        bytes32 caseId = _reviewing();
        _rejectStep(caseId, WINDOW);
        CaseRecord memory before = _record(caseId);
        bytes32 digest = cases.decisionDigest(caseId, 0, WINDOW);
        _replace();
        _assertSame(caseId, before);

        _approve(caseId, HANDLER);
        vm.assertEq(cases.decisionDigest(caseId, 0, WINDOW), digest);
        _refuse(
            _decision(caseId, WINDOW, Decision.Approve),
            abi.encodeWithSelector(ICaseLedger.DecidedBefore.selector, caseId, 0, WINDOW)
        );
        before = _record(caseId);
        _replace();
        _assertSame(caseId, before);
        (uint16 approvals, uint16 rejections) = cases.stepDecisions(caseId, 0);
        vm.assertEq(approvals, 1);
        vm.assertEq(rejections, 2);
        vm.assertEq(
            keccak256(abi.encode(cases.stepDeciders(caseId, 0))),
            keccak256(abi.encode(_row(HANDLER, WINDOW, THIRD)))
        );
        _rejectStep(caseId, THIRD);
        _assertOutcome(caseId, StepOutcome.Rejected);
        _advance(caseId, HANDLER, CaseAct.Reject);
        _advance(caseId, HANDLER, CaseAct.Deliver);
        _assertState(caseId, CaseState.Delivered);
    }

    function testClockFlagsAndHandOversGoOnThroughThePredecessor() external {
        bytes32 caseId = _accepted();
        _advance(caseId, HANDLER, CaseAct.Extend);
        _advance(caseId, HANDLER, CaseAct.Pause);
        bytes32 travelling = _open(WINDOW, "travelling");
        _give(travelling, WINDOW, HANDLER);
        (CaseRecord memory paused, CaseRecord memory given) = (_record(caseId), _record(travelling));
        _replace();
        _assertSame(caseId, paused);
        _assertSame(travelling, given);

        vm.warp(START + 3 days);
        _advance(caseId, HANDLER, CaseAct.Resume);
        vm.assertEq(_record(caseId).dueAt, paused.dueAt + 3 days);
        bytes memory refusal = abi.encodeWithSelector(ICaseLedger.ExtendedBefore.selector, caseId);
        _refuse(caseId, HANDLER, CaseAct.Extend, refusal);
        _take(travelling, HANDLER);
        _advance(travelling, HANDLER, CaseAct.Accept);
    }

    function testACaseOfThePredecessorIsNotOpenedAgain() external {
        CaseOpeningStatement memory s = _opening(HANDLER, "nonce");
        bytes32 caseId = _open(s);
        _replace();
        Signature memory seal = _sign(SEAL_KEY, caseHasher.digest(s));
        vm.expectRevert(abi.encodeWithSelector(ICaseLedger.CaseExists.selector, caseId));
        cases.openCase(s, seal);
    }

    function testThePredecessorRecordsNoCaseAnyMore() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Accept);
        Signature memory seal = _seal(s);
        ICaseLedger predecessor = cases;
        _replace();
        vm.expectPartialRevert(IEntryLog.KindNotOwned.selector);
        predecessor.advanceCase(s, seal);
        _advance(s);
        vm.assertEq(predecessor.caseRecord(caseId).sequence, 1);
    }

    function testAnUnknownCaseIsUnknownToTheSuccessorToo() external {
        _replace();
        vm.assertEq(uint256(_record("none").state), uint256(CaseState.None));
        vm.assertEq(cases.stepDeciders("none", 0).length, 0);
        vm.expectRevert(abi.encodeWithSelector(ICaseLedger.CaseUnknown.selector, bytes32("none")));
        cases.endStepTime("none");
    }

    function _replace() private {
        cases = _newCaseLedger(address(cases));
        _install(CASES_NAME, address(cases), _caseKinds());
    }

    function _assertSame(bytes32 caseId, CaseRecord memory expected) private view {
        vm.assertEq(keccak256(abi.encode(_record(caseId))), keccak256(abi.encode(expected)));
    }
}
