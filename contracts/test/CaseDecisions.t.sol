// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICaseLedger} from "../interfaces/ICaseLedger.sol";
import {JointDecisions} from "../libraries/JointDecisions.sol";
import {Uscc} from "../types/Identifiers.sol";
import {
    AssignmentStatement,
    CaseAct,
    CaseState,
    Decision,
    DecisionStatement,
    MatterStep,
    Signature,
    StepOutcome,
    StepRule
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {CaseWorld} from "./support/CaseWorld.sol";

/// @notice Steps that departments of several provinces decide: by all, by so many, in order, with a veto.
contract CaseDecisionsTest is CaseWorld {
    // -- by all ----------------------------------------------------------------------------------

    function testAStepOfAllNeedsEveryApproval() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        _approve(caseId, THIRD);
        _approve(caseId, HANDLER);
        _assertState(caseId, CaseState.Reviewing);
        _approve(caseId, WINDOW);
        _assertDecided(caseId, StepOutcome.Approved);
    }

    function testAStepOfAllEndsWithTheFirstRejection() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        _approve(caseId, THIRD);
        _rejectStep(caseId, WINDOW);
        _assertDecided(caseId, StepOutcome.Rejected);
        _refuse(_decision(caseId, HANDLER, Decision.Approve), _inState(caseId, CaseState.Decided));
    }

    // -- by so many ------------------------------------------------------------------------------

    function testAStepOfTwoOfThreeEndsWithTheSecondApproval() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 0);
        _rejectStep(caseId, HANDLER);
        _approve(caseId, THIRD);
        _assertState(caseId, CaseState.Reviewing);
        _approve(caseId, WINDOW);
        _assertDecided(caseId, StepOutcome.Approved);
    }

    function testAStepOfTwoOfThreeEndsWhenTwoApprovalsHaveBecomeImpossible() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 0);
        _rejectStep(caseId, HANDLER);
        _approve(caseId, THIRD);
        _rejectStep(caseId, WINDOW);
        _assertDecided(caseId, StepOutcome.Rejected);
        (uint16 approvals, uint16 rejections) = cases.stepDecisions(caseId, 0);
        vm.assertEq(approvals, 4);
        vm.assertEq(rejections, 3);
    }

    function testADepartmentDecidesOnceAndForGood() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 0);
        DecisionStatement memory s = _decision(caseId, HANDLER, Decision.Approve);
        bytes32 digest = _decide(s);
        bytes memory refusal =
            abi.encodeWithSelector(ICaseLedger.DecidedBefore.selector, caseId, 0, HANDLER);
        _refuse(s, refusal);
        s.decision = Decision.Reject;
        _refuse(s, refusal);
        vm.assertEq(cases.decisionDigest(caseId, 0, HANDLER), digest);
        vm.assertEq(cases.decisionDigest(caseId, 0, THIRD), 0);
    }

    function testADecisionAfterTheTimeOfAStepWithoutVetoCounts() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        vm.warp(START + 30 days);
        vm.expectRevert(_stillOpen(caseId));
        cases.endStepTime(caseId);
        _approve(caseId, HANDLER);
        _approve(caseId, WINDOW);
        _approve(caseId, THIRD);
        _assertDecided(caseId, StepOutcome.Approved);
    }

    // -- in order --------------------------------------------------------------------------------

    function testOrderedDecisionsSignTheOneBefore() external {
        bytes32 caseId = _step(StepRule.Ordered, 3, 0);
        DecisionStatement memory s = _decision(caseId, HANDLER, Decision.Approve);
        s.precedingDigest = "something";
        _refuse(s, _preceding(caseId, 0, "something"));
        s.precedingDigest = 0;
        bytes32 first = _decide(s);

        s = _decision(caseId, WINDOW, Decision.Approve);
        _refuse(s, _preceding(caseId, first, 0));
        s.precedingDigest = first;
        bytes32 second = _decide(s);
        s = _decision(caseId, THIRD, Decision.Approve);
        s.precedingDigest = first;
        _refuse(s, _preceding(caseId, second, first));
        s.precedingDigest = second;
        _decide(s);
        _assertDecided(caseId, StepOutcome.Approved);
    }

    function testNobodyDecidesOutOfTurn() external {
        bytes32 caseId = _step(StepRule.Ordered, 3, 0);
        bytes32 first = caseHasher.digest(_decision(caseId, HANDLER, Decision.Approve));
        DecisionStatement memory s = _decision(caseId, WINDOW, Decision.Approve);
        s.precedingDigest = first;
        _refuse(s, _outOfTurn(caseId, HANDLER, WINDOW));
        _approve(caseId, HANDLER);
        _refuse(_decision(caseId, THIRD, Decision.Reject), _outOfTurn(caseId, WINDOW, THIRD));
        _decide(s);
    }

    function testAnOrderedStepEndsWithTheFirstRejection() external {
        bytes32 caseId = _step(StepRule.Ordered, 3, 0);
        _rejectStep(caseId, HANDLER);
        _assertDecided(caseId, StepOutcome.Rejected);
    }

    function testWhereNoOrderIsNoDecisionSignsAnother() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        DecisionStatement memory s = _decision(caseId, HANDLER, Decision.Approve);
        s.precedingDigest = "something";
        _refuse(s, _preceding(caseId, 0, "something"));
    }

    // -- with a veto -----------------------------------------------------------------------------

    function testAStepIsOpenUntilItsVetoHolderHasDecided() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 1);
        _approve(caseId, WINDOW);
        _approve(caseId, THIRD);
        _assertState(caseId, CaseState.Reviewing);
        vm.warp(_record(caseId).stepDueAt);
        vm.expectRevert(_stillOpen(caseId));
        cases.endStepTime(caseId);
        _approve(caseId, HANDLER);
        _assertDecided(caseId, StepOutcome.Approved);
    }

    function testAVetoRefusesAlone() external {
        bytes32 caseId = _step(StepRule.Threshold, 1, 1);
        _approve(caseId, WINDOW);
        _rejectStep(caseId, HANDLER);
        _assertDecided(caseId, StepOutcome.Rejected);
    }

    function testTheKthApprovalRacingAVetoInOneBlockLosesInEitherOrder() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 1);
        bytes32 other = _reviewing();
        _approve(caseId, WINDOW);
        _approve(other, WINDOW);
        DecisionStatement memory approval = _decision(other, THIRD, Decision.Approve);

        _approve(caseId, THIRD);
        _rejectStep(caseId, HANDLER);
        _assertDecided(caseId, StepOutcome.Rejected);
        _rejectStep(other, HANDLER);
        _refuse(approval, _inState(other, CaseState.Decided));
        _assertDecided(other, StepOutcome.Rejected);
    }

    function testAVetoAfterItsTimeIsForfeited() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 1);
        _approve(caseId, WINDOW);
        _approve(caseId, THIRD);
        uint64 stepDueAt = _record(caseId).stepDueAt;
        vm.warp(stepDueAt + 1);
        bytes memory refusal = abi.encodeWithSelector(
            ICaseLedger.DecisionTooLate.selector, caseId, HANDLER, stepDueAt, stepDueAt + 1
        );
        _refuse(_decision(caseId, HANDLER, Decision.Reject), refusal);
        vm.recordLogs();
        cases.endStepTime(caseId);
        _assertOneEntry(ICaseLedger.StepTimeEnded.selector, CHONGQING, 0, caseId);
        _assertDecided(caseId, StepOutcome.Approved);
    }

    function testTheLastApprovalAfterTheVetoHoldersTimeConcludes() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 1);
        _approve(caseId, WINDOW);
        vm.warp(_record(caseId).stepDueAt + 1);
        vm.expectRevert(_stillOpen(caseId));
        cases.endStepTime(caseId);
        _approve(caseId, THIRD);
        _assertDecided(caseId, StepOutcome.Approved);
    }

    function testAStepThatCannotBeApprovedWithoutItsSilentVetoHolderIsRejected() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 1);
        _approve(caseId, WINDOW);
        _rejectStep(caseId, THIRD);
        vm.warp(_record(caseId).stepDueAt);
        vm.expectRevert(_stillOpen(caseId));
        cases.endStepTime(caseId);
        vm.warp(_record(caseId).stepDueAt + 1);
        cases.endStepTime(caseId);
        _assertDecided(caseId, StepOutcome.Rejected);
    }

    function testAPauseIsNoTimeOfAVetoHolder() external {
        bytes32 caseId = _step(StepRule.Threshold, 2, 1);
        _approve(caseId, WINDOW);
        _approve(caseId, THIRD);
        uint64 stepDueAt = _record(caseId).stepDueAt;
        _advance(caseId, HANDLER, CaseAct.Pause);
        vm.warp(stepDueAt + 10 days);
        _advance(caseId, HANDLER, CaseAct.Resume);
        vm.expectRevert(_stillOpen(caseId));
        cases.endStepTime(caseId);
        _rejectStep(caseId, HANDLER);
        _assertDecided(caseId, StepOutcome.Rejected);
    }

    /// Against a count of one department after the other.
    function testFuzz_AnOutcomeIsWhatTheDecisionsCountTo(
        uint8 deciders,
        uint8 needed,
        uint16 vetoes,
        uint16 decided,
        uint16 approved,
        bool isTimeUp
    ) external pure {
        Votes memory v;
        v.count = 1 + (deciders % 16);
        v.needed = 1 + (needed % v.count);
        uint16 all = uint16((1 << v.count) - 1);
        (v.vetoes, v.isTimeUp) = (vetoes & all, isTimeUp);
        (v.approvals, v.rejections) = (decided & approved & all, decided & ~approved & all);
        StepOutcome outcome = JointDecisions.outcome(
            v.count, v.needed, v.vetoes, v.approvals, v.rejections, v.isTimeUp
        );
        vm.assertEq(uint256(outcome), uint256(_countOneByOne(v)));
    }

    // -- what a decision is about ------------------------------------------------------------------

    function testAnApprovalReplayedInAnotherCaseIsRefused() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        bytes32 other = _reviewing();
        DecisionStatement memory s = _decision(caseId, WINDOW, Decision.Approve);
        Signature memory seal = _seal(s);
        cases.decideStep(s, seal);
        s.caseId = other;
        vm.expectRevert(_sealInvalid(WINDOW, s.keyId, caseHasher.digest(s)));
        cases.decideStep(s, seal);
    }

    function testAnApprovalOfAnotherRoundIsRefused() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        DecisionStatement memory early = _decision(caseId, HANDLER, Decision.Approve);
        early.materialsDigest = VERDICTS;
        early.validUntil += 1 days;
        _advance(caseId, HANDLER, CaseAct.RequestSupplement);
        _advance(caseId, HANDLER, CaseAct.Supplement);
        _advance(caseId, HANDLER, CaseAct.Accept);
        _assign(caseId);
        _refuse(early, abi.encodeWithSelector(ICaseLedger.RoundUnexpected.selector, caseId, 2, 1));
    }

    function testAnApprovalOverChangedMaterialsIsRefused() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        DecisionStatement memory s = _decision(caseId, WINDOW, Decision.Approve);
        s.materialsDigest = MATERIALS;
        _refuse(s, _otherGrounds(caseId, "materialsDigest"));
    }

    function testAnApprovalUnderAnotherVersionOfTheMatterIsRefused() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        DecisionStatement memory s = _decision(caseId, WINDOW, Decision.Approve);
        ++s.matterVersion;
        _refuse(s, _otherGrounds(caseId, "matterVersion"));
    }

    function testAnApprovalOfAnotherStepIsRefused() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        DecisionStatement memory s = _decision(caseId, WINDOW, Decision.Approve);
        s.step = 1;
        _refuse(s, abi.encodeWithSelector(ICaseLedger.StepUnexpected.selector, caseId, 0, 1));
    }

    function testADepartmentWithoutCompetenceDecidesNothing() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        _refuse(_decision(caseId, FOURTH, Decision.Approve), _notCompetent(caseId, FOURTH));
        _refuse(_decision(caseId, STRANGER, Decision.Reject), _notCompetent(caseId, STRANGER));
        DecisionStatement memory s = _decision(caseId, WINDOW, Decision.Approve);
        Signature memory seal = _sign(_sealKeys[FOURTH], caseHasher.digest(s));
        vm.expectRevert(_sealInvalid(WINDOW, s.keyId, caseHasher.digest(s)));
        cases.decideStep(s, seal);
    }

    function testADecisionCountsUpToItsEndAndNotAfter() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        DecisionStatement memory s = _decision(caseId, WINDOW, Decision.Approve);
        vm.warp(s.validUntil + 1);
        _refuse(s, _expired(caseId, s.validUntil));
        vm.warp(s.validUntil);
        _decide(s);
    }

    function testADecisionHasAnOpinion() external {
        bytes32 caseId = _step(StepRule.All, 3, 0);
        DecisionStatement memory s = _decision(caseId, WINDOW, Decision.Approve);
        s.opinionDigest = 0;
        _refuse(s, _malformed("opinionDigest"));
    }

    function testNothingIsDecidedBeforeTheStepIsAssigned() external {
        bytes32 caseId = _accepted();
        _refuse(_decision(caseId, HANDLER, Decision.Approve), _inState(caseId, CaseState.Accepted));
    }

    // -- deciders --------------------------------------------------------------------------------

    function testDecidersAreThoseOfTheMatterAndThenThoseNamed() external {
        bytes32 caseId = _withTwoToName();
        AssignmentStatement memory s = _assignment(caseId);
        s.named = _row(THIRD, WINDOW);
        _assign(s);
        Uscc[] memory deciders = cases.stepDeciders(caseId, 0);
        vm.assertEq(
            keccak256(abi.encode(deciders)), keccak256(abi.encode(_row(HANDLER, THIRD, WINDOW)))
        );
        _approve(caseId, WINDOW);
        _approve(caseId, THIRD);
        _assertDecided(caseId, StepOutcome.Approved);
    }

    function testAsManyDecidersAreNamedAsTheStepLeavesOpen() external {
        bytes32 caseId = _withTwoToName();
        _refuseNamed(caseId, new Uscc[](0), 3);
        _refuseNamed(caseId, _row(THIRD), 3);
        _refuseNamed(caseId, _row(THIRD, WINDOW, FOURTH), 3);
    }

    function testNobodyIsNamedTwiceAndNobodyWhoIsNot() external {
        bytes32 caseId = _withTwoToName();
        _refuseNamed(caseId, _row(HANDLER, THIRD), 1);
        _refuseNamed(caseId, _row(THIRD, THIRD), 2);
        _refuseNamed(caseId, _row(THIRD, Uscc.wrap("11430000006122244L")), 2);
        _refuseNamed(caseId, _row(Uscc.wrap(0), THIRD), 1);
    }

    function testOnlyTheHandlerAssigns() external {
        bytes32 caseId = _accepted();
        AssignmentStatement memory s = _assignment(caseId);
        (s.department, s.keyId) = (WINDOW, _keyId(_sealKeys[WINDOW]));
        Signature memory seal = _sign(_sealKeys[WINDOW], caseHasher.digest(s));
        vm.expectRevert(_notCompetent(caseId, WINDOW));
        cases.assignStep(s, seal);
    }

    function testAStepIsAssignedOnce() external {
        bytes32 caseId = _reviewing();
        AssignmentStatement memory s = _assignment(caseId);
        Signature memory seal = _sign(_sealKeys[HANDLER], caseHasher.digest(s));
        vm.expectRevert(_inState(caseId, CaseState.Reviewing));
        cases.assignStep(s, seal);
    }

    // -- parts -----------------------------------------------------------------------------------

    struct Votes {
        uint256 count;
        uint256 needed;
        uint16 vetoes;
        uint16 approvals;
        uint16 rejections;
        bool isTimeUp;
    }

    function _countOneByOne(Votes memory v) private pure returns (StepOutcome) {
        uint256 approvals = 0;
        uint256 stillPossible = 0;
        bool awaitsVeto = false;
        for (uint256 i = 0; i < v.count; ++i) {
            bool hasVeto = _has(v.vetoes, i);
            if (_has(v.approvals, i)) {
                ++approvals;
                ++stillPossible;
            } else if (_has(v.rejections, i)) {
                if (hasVeto) return StepOutcome.Rejected;
            } else if (!hasVeto || !v.isTimeUp) {
                ++stillPossible;
                if (hasVeto) awaitsVeto = true;
            }
        }
        if (stillPossible < v.needed) return StepOutcome.Rejected;
        return approvals >= v.needed && !awaitsVeto ? StepOutcome.Approved : StepOutcome.Open;
    }

    function _has(uint16 bits, uint256 position) private pure returns (bool) {
        return bits & (1 << position) != 0;
    }

    /// A case whose one step HANDLER, WINDOW and THIRD decide, in this order.
    function _step(StepRule rule, uint8 threshold, uint16 vetoes) private returns (bytes32) {
        _defineSteps(_oneStep(rule, threshold, vetoes, _row(HANDLER, WINDOW, THIRD)));
        return _reviewing();
    }

    function _withTwoToName() private returns (bytes32) {
        MatterStep[] memory steps = _oneStep(StepRule.Threshold, 2, 0, _row(HANDLER));
        steps[0].named = 2;
        _defineSteps(steps);
        return _accepted();
    }

    function _refuseNamed(bytes32 caseId, Uscc[] memory named, uint256 position) private {
        AssignmentStatement memory s = _assignment(caseId);
        s.named = named;
        Signature memory seal = _sign(SEAL_KEY, caseHasher.digest(s));
        vm.expectRevert(
            abi.encodeWithSelector(ICaseLedger.DecidersMalformed.selector, caseId, position)
        );
        cases.assignStep(s, seal);
    }

    function _assertDecided(bytes32 caseId, StepOutcome outcome) private view {
        _assertState(caseId, CaseState.Decided);
        _assertOutcome(caseId, outcome);
        vm.assertEq(_record(caseId).stepDueAt, 0);
    }

    function _stillOpen(bytes32 caseId) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseLedger.StepStillOpen.selector, caseId, 0);
    }

    function _preceding(bytes32 caseId, bytes32 expected, bytes32 actual)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            ICaseLedger.PrecedingDecisionUnexpected.selector, caseId, expected, actual
        );
    }

    function _outOfTurn(bytes32 caseId, Uscc expected, Uscc actual) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseLedger.DecisionOutOfTurn.selector, caseId, expected, actual);
    }

    function _otherGrounds(bytes32 caseId, bytes32 field) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseLedger.DecidedOnOtherGrounds.selector, caseId, field);
    }
}
