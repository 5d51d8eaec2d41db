// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICaseLedger} from "../interfaces/ICaseLedger.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {IIssuerRegistry} from "../interfaces/IIssuerRegistry.sol";
import {MemberId, Uscc} from "../types/Identifiers.sol";
import {CaseRecord} from "../types/Records.sol";
import {
    AssignmentStatement,
    CaseAct,
    CaseOpeningStatement,
    CaseState,
    CaseStatement,
    Decision,
    DecisionStatement,
    Freeze,
    HandOverStatement,
    MatterStep,
    ProposalAction,
    Signature,
    SpecialProcedure,
    StepOutcome,
    StepRule,
    TakeOverStatement
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {CaseWorld} from "./support/CaseWorld.sol";

/// @notice The way of a case that one department receives and decides, and what is refused on it.
contract CaseLedgerTest is CaseWorld {
    // -- the main path ---------------------------------------------------------------------------

    function testACaseGoesFromReceiptToDelivery() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        vm.assertEq(caseId, sha256(abi.encodePacked(HANDLER, bytes32("nonce"))));
        _assertState(caseId, CaseState.Received);
        _advance(caseId, HANDLER, CaseAct.Accept);
        _assertState(caseId, CaseState.Accepted);
        _assign(caseId);
        _assertState(caseId, CaseState.Reviewing);
        _approve(caseId, HANDLER);
        _assertState(caseId, CaseState.Decided);
        _assertOutcome(caseId, StepOutcome.Approved);
        _advance(caseId, HANDLER, CaseAct.Grant);
        _assertState(caseId, CaseState.Approved);
        _advance(caseId, HANDLER, CaseAct.IssueResult);
        _assertState(caseId, CaseState.Issued);
        _advance(caseId, HANDLER, CaseAct.Deliver);
        _assertState(caseId, CaseState.Delivered);
        vm.assertEq(_record(caseId).sequence, 6);
    }

    function testARefusedCaseEndsWithItsBasisAndRemedies() external {
        bytes32 caseId = _decided(Decision.Reject);
        _assertOutcome(caseId, StepOutcome.Rejected);
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Reject);
        s.legalBasis = "";
        _refuse(s, _malformed("legalBasis"));
        s = _statement(caseId, HANDLER, CaseAct.Reject);
        s.remedies = "";
        _refuse(s, _malformed("remedies"));
        _advance(caseId, HANDLER, CaseAct.Reject);
        _assertState(caseId, CaseState.Rejected);
        _advance(caseId, HANDLER, CaseAct.Deliver);
        _assertState(caseId, CaseState.Delivered);
    }

    function testAnOpenedCaseIsRecordedInFull() external {
        CaseOpeningStatement memory s = _opening(HANDLER, "nonce");
        vm.recordLogs();
        bytes32 caseId = _open(s);
        _assertOneEntry(ICaseLedger.CaseOpened.selector, CHONGQING, Uscc.unwrap(HANDLER), caseId);
        CaseRecord memory expected;
        (expected.itemCode, expected.matterVersion) = (MATTER, 1);
        (expected.state, expected.round, expected.sequence) = (CaseState.Received, 1, 1);
        (expected.receiver, expected.handler, expected.custodian) = (HANDLER, HANDLER, HANDLER);
        (expected.openedAt, expected.acceptBy) = (uint64(START), uint64(START + 7 days));
        expected.materialsDigest = MATERIALS;
        vm.assertEq(keccak256(abi.encode(_record(caseId))), keccak256(abi.encode(expected)));
    }

    function testEachActIsOneEventAndOneEntryOfItsDepartment() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        vm.recordLogs();
        _advance(caseId, HANDLER, CaseAct.Accept);
        _assertOneEntry(ICaseLedger.CaseAdvanced.selector, CHONGQING, Uscc.unwrap(HANDLER), caseId);
        vm.recordLogs();
        _assign(caseId);
        _assertOneEntry(ICaseLedger.StepAssigned.selector, CHONGQING, Uscc.unwrap(HANDLER), caseId);
        vm.recordLogs();
        _approve(caseId, HANDLER);
        _assertOneEntry(ICaseLedger.StepDecided.selector, CHONGQING, Uscc.unwrap(HANDLER), caseId);
        vm.recordLogs();
        cases.attestCase(caseId);
        _assertOneEntry(ICaseLedger.CaseAttested.selector, CHONGQING, 0, caseId);
    }

    function testStepsFollowOneAnother() external {
        MatterStep[] memory steps = new MatterStep[](2);
        steps[0] = _oneStep(StepRule.All, 1, 0, _row(HANDLER))[0];
        steps[1] = _oneStep(StepRule.All, 1, 0, _row(THIRD))[0];
        _defineSteps(steps);
        bytes32 caseId = _reviewing();
        _approve(caseId, HANDLER);
        _assertState(caseId, CaseState.Accepted);
        _assertOutcome(caseId, StepOutcome.Open);
        vm.assertEq(_record(caseId).step, 1);
        vm.assertEq(_record(caseId).stepDueAt, 0);
        AssignmentStatement memory again = _assignment(caseId);
        again.step = 0;
        Signature memory seal = _sign(SEAL_KEY, caseHasher.digest(again));
        vm.expectRevert(abi.encodeWithSelector(ICaseLedger.StepUnexpected.selector, caseId, 1, 0));
        cases.assignStep(again, seal);
        _assign(caseId);
        _approve(caseId, THIRD);
        _assertState(caseId, CaseState.Decided);
        vm.assertEq(_record(caseId).step, 1);
    }

    // -- opening ---------------------------------------------------------------------------------

    function testACaseIsOpenedOnce() external {
        CaseOpeningStatement memory s = _opening(HANDLER, "nonce");
        bytes32 caseId = _open(s);
        _refuseOpening(s, abi.encodeWithSelector(ICaseLedger.CaseExists.selector, caseId));
    }

    function testAnOpeningCountsUpToItsEndAndNotAfter() external {
        CaseOpeningStatement memory s = _opening(HANDLER, "nonce");
        bytes32 caseId = sha256(abi.encodePacked(HANDLER, bytes32("nonce")));
        vm.warp(s.validUntil + 1);
        _refuseOpening(s, _expired(caseId, s.validUntil));
        vm.warp(s.validUntil);
        _open(s);
    }

    function testOnlyTheVersionInForceBeginsACase() external {
        CaseOpeningStatement memory s = _opening(HANDLER, "nonce");
        s.matterVersion = 2;
        _refuseOpening(s, _notInForce(1, 2));
        _defineSteps(_oneStep(StepRule.All, 1, 0, _row(HANDLER)));
        s.matterVersion = 1;
        _refuseOpening(s, _notInForce(2, 1));
        _defineSteps(new MatterStep[](0));
        s.matterVersion = 3;
        _refuseOpening(s, _notInForce(3, 3));
    }

    function testACaseGoesOnUnderTheVersionItBeganWith() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        _defineSteps(new MatterStep[](0));
        _advance(caseId, HANDLER, CaseAct.Accept);
        _assign(caseId);
        _approve(caseId, HANDLER);
        _assertState(caseId, CaseState.Decided);
    }

    function testAnOpeningNeedsItsDigests() external {
        CaseOpeningStatement memory s = _opening(HANDLER, "nonce");
        s.applicantCommitment = 0;
        _refuseOpening(s, _malformed("applicantCommitment"));
        s = _opening(HANDLER, "nonce");
        s.materialsDigest = 0;
        _refuseOpening(s, _malformed("materialsDigest"));
        s = _opening(HANDLER, "nonce");
        s.identityCheckDigest = 0;
        _refuseOpening(s, _malformed("identityCheckDigest"));
    }

    function testOnlyTheWindowThatDecidesItselfHasATimeToAccept() external {
        CaseOpeningStatement memory s = _opening(WINDOW, "nonce");
        s.acceptBy = uint64(START + 7 days);
        _refuseOpening(s, _malformed("acceptBy"));
        s = _opening(HANDLER, "nonce");
        (uint64 earliest, uint64 latest) = (uint64(START + 5 days), uint64(START + 21 days));
        uint64[3] memory refused = [0, earliest - 1, latest + 1];
        for (uint256 i = 0; i < refused.length; ++i) {
            s.acceptBy = refused[i];
            _refuseOpening(s, _outOfRange(refused[i], earliest, latest));
        }
        (s.acceptBy, s.caseNonce) = (earliest, "first");
        _open(s);
        (s.acceptBy, s.caseNonce) = (latest, "last");
        _open(s);
    }

    function testAFreezeStopsNewCasesAndNothingElse() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        CaseOpeningStatement memory s = _opening(HANDLER, "frozen");
        uint64 until = uint64(START + 1 hours);
        bytes memory refusal =
            abi.encodeWithSelector(IConsortium.Frozen.selector, CASES_NAME, CHONGQING, until);
        bytes memory freeze = abi.encode(Freeze(CASES_NAME, MemberId.wrap(0), until));
        _carry(ProposalAction.Freeze, freeze);
        _refuseOpening(s, refusal);
        _advance(caseId, HANDLER, CaseAct.Accept);
        _assign(caseId);
        _approve(caseId, HANDLER);
        _advance(caseId, HANDLER, CaseAct.Grant);
    }

    // -- before acceptance -----------------------------------------------------------------------

    function testASupplementBeginsANewRound() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        _advance(caseId, HANDLER, CaseAct.RequestSupplement);
        _assertState(caseId, CaseState.Supplementing);
        vm.warp(START + 60 days);
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Supplement);
        _advance(s);
        CaseRecord memory record = _record(caseId);
        _assertState(caseId, CaseState.Received);
        vm.assertEq(record.round, 2);
        vm.assertEq(record.materialsDigest, s.digest);
        vm.assertEq(record.acceptBy, START + 67 days);
        vm.assertTrue(record.wasSupplemented);
    }

    function testASupplementIsAskedForOnce() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        _advance(caseId, HANDLER, CaseAct.RequestSupplement);
        _advance(caseId, HANDLER, CaseAct.Supplement);
        bytes memory refusal = abi.encodeWithSelector(ICaseLedger.SupplementedBefore.selector, caseId);
        _refuse(caseId, HANDLER, CaseAct.RequestSupplement, refusal);
    }

    function testASupplementHasATimeForItsAcceptance() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        _advance(caseId, HANDLER, CaseAct.RequestSupplement);
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Supplement);
        (uint64 earliest, uint64 latest) = (uint64(START + 5 days), uint64(START + 21 days));
        s.dueAt = earliest - 1;
        _refuse(s, _outOfRange(s.dueAt, earliest, latest));
        s.dueAt = latest + 1;
        _refuse(s, _outOfRange(s.dueAt, earliest, latest));
    }

    function testSilenceIsAcceptance() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        uint64 acceptBy = uint64(START + 7 days);
        vm.warp(acceptBy);
        bytes memory refusal = abi.encodeWithSelector(
            ICaseLedger.AcceptanceTimeRuns.selector, caseId, acceptBy, acceptBy
        );
        vm.expectRevert(refusal);
        cases.deemAccepted(caseId);

        vm.warp(acceptBy + 1);
        refusal = abi.encodeWithSelector(
            ICaseLedger.AcceptanceTimeOver.selector, caseId, acceptBy, acceptBy + 1
        );
        _refuse(caseId, HANDLER, CaseAct.Accept, refusal);
        _refuse(caseId, HANDLER, CaseAct.RefuseAcceptance, refusal);
        _refuse(caseId, HANDLER, CaseAct.RequestSupplement, refusal);
        vm.recordLogs();
        cases.deemAccepted(caseId);
        _assertOneEntry(ICaseLedger.AcceptanceDeemed.selector, CHONGQING, 0, caseId);
        _assertState(caseId, CaseState.Accepted);
        vm.assertEq(_record(caseId).dueAt, acceptBy + 1 + 41 days);
        vm.assertEq(_record(caseId).materialsDigest, MATERIALS);
    }

    function testOnlyWhatWaitsForAcceptanceIsDeemedAccepted() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        _advance(caseId, HANDLER, CaseAct.RequestSupplement);
        vm.warp(START + 30 days);
        vm.expectRevert(_inState(caseId, CaseState.Supplementing));
        cases.deemAccepted(caseId);
        vm.expectRevert(abi.encodeWithSelector(ICaseLedger.CaseUnknown.selector, bytes32("none")));
        cases.deemAccepted("none");
    }

    function testNonAcceptanceIsFinal() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        _advance(caseId, HANDLER, CaseAct.RefuseAcceptance);
        _assertState(caseId, CaseState.NotAccepted);
        _refuseEveryAct(caseId, CaseState.NotAccepted);
    }

    function testAcceptanceFixesTheMaterialsAndTheTimeForTheDecision() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Accept);
        (uint64 earliest, uint64 latest) = (uint64(START + 10 days), uint64(START + 41 days));
        s.dueAt = earliest - 1;
        _refuse(s, _outOfRange(s.dueAt, earliest, latest));
        s.dueAt = latest + 1;
        _refuse(s, _outOfRange(s.dueAt, earliest, latest));
        s.dueAt = latest;
        s.reliances = new bytes32[](64);
        _advance(s);
        vm.assertEq(_record(caseId).dueAt, latest);
        vm.assertEq(_record(caseId).materialsDigest, VERDICTS);
    }

    // -- the clock -------------------------------------------------------------------------------

    function testASpecialProcedureStopsTheClockOfCaseAndStep() external {
        bytes32 caseId = _reviewing();
        CaseRecord memory before = _record(caseId);
        _advance(caseId, HANDLER, CaseAct.Pause);
        vm.assertEq(_record(caseId).pausedAt, START);
        _assertState(caseId, CaseState.Reviewing);
        vm.warp(START + 30 days);
        _advance(caseId, HANDLER, CaseAct.Resume);
        CaseRecord memory later = _record(caseId);
        vm.assertEq(later.pausedAt, 0);
        vm.assertEq(later.dueAt, before.dueAt + 30 days);
        vm.assertEq(later.stepDueAt, before.stepDueAt + 30 days);
        _approve(caseId, HANDLER);
    }

    function testWhilePausedNothingIsDecidedButTheCaseMayBeWithdrawn() external {
        bytes32 caseId = _reviewing();
        _advance(caseId, HANDLER, CaseAct.Pause);
        bytes memory refusal = _paused(caseId, uint64(START));
        vm.warp(START + 8 days);
        _refuse(_decision(caseId, HANDLER, Decision.Approve), refusal);
        vm.expectRevert(refusal);
        cases.endStepTime(caseId);
        _refuse(caseId, HANDLER, CaseAct.Extend, refusal);
        _refuse(caseId, HANDLER, CaseAct.Pause, refusal);
        _advance(caseId, HANDLER, CaseAct.Withdraw);
        _assertState(caseId, CaseState.Withdrawn);
    }

    function testWhilePausedNothingIsAssignedOrConcluded() external {
        bytes32 caseId = _accepted();
        _advance(caseId, HANDLER, CaseAct.Pause);
        AssignmentStatement memory s = _assignment(caseId);
        Signature memory seal = _sign(SEAL_KEY, caseHasher.digest(s));
        vm.expectRevert(_paused(caseId, uint64(START)));
        cases.assignStep(s, seal);

        caseId = _decided(Decision.Approve);
        _advance(caseId, HANDLER, CaseAct.Pause);
        _refuse(caseId, HANDLER, CaseAct.Grant, _paused(caseId, uint64(START)));
        _advance(caseId, HANDLER, CaseAct.Resume);
        vm.assertEq(_record(caseId).stepDueAt, 0);
        _advance(caseId, HANDLER, CaseAct.Grant);
    }

    function testFuzz_APauseNeitherShortensNorStretchesADeadline(uint32 elapsed, uint64 dueAt) external {
        elapsed %= 3000 days; // the seal key ends after 3650
        bytes32 caseId = _accepted();
        uint64 before = _record(caseId).dueAt;
        _advance(caseId, HANDLER, CaseAct.Pause);
        vm.warp(START + elapsed);
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Resume);
        (uint64 earliest, uint64 latest) = (before + elapsed, before + elapsed + 21 days);
        if (dueAt % 2 == 0) dueAt = earliest - 30 days + (dueAt % 80 days);
        s.dueAt = dueAt;
        if (dueAt < earliest || dueAt > latest) {
            _refuse(s, _outOfRange(dueAt, earliest, latest));
        } else {
            _advance(s);
            vm.assertEq(_record(caseId).dueAt, dueAt);
        }
    }

    function testOnlyAPausedClockIsResumed() external {
        bytes32 caseId = _accepted();
        bytes memory refusal = abi.encodeWithSelector(ICaseLedger.CaseNotPaused.selector, caseId);
        _refuse(caseId, HANDLER, CaseAct.Resume, refusal);
    }

    function testAPauseNamesItsProcedureAndOtherActsNone() external {
        bytes32 caseId = _accepted();
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Pause);
        s.procedure = SpecialProcedure.None;
        _refuse(s, _malformed("procedure"));
        s = _statement(caseId, HANDLER, CaseAct.Extend);
        s.procedure = SpecialProcedure.Hearing;
        _refuse(s, _malformed("procedure"));
    }

    function testTheTimeIsExtendedOnceAndByTenWorkingDays() external {
        bytes32 caseId = _accepted();
        uint64 dueAt = _record(caseId).dueAt;
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Extend);
        s.dueAt = dueAt;
        _refuse(s, _outOfRange(dueAt, dueAt + 1, dueAt + 31 days));
        s.dueAt = dueAt + 31 days + 1;
        _refuse(s, _outOfRange(s.dueAt, dueAt + 1, dueAt + 31 days));
        s.dueAt = dueAt + 31 days;
        _advance(s);
        vm.assertEq(_record(caseId).dueAt, dueAt + 31 days);
        vm.assertTrue(_record(caseId).wasExtended);
        bytes memory refusal = abi.encodeWithSelector(ICaseLedger.ExtendedBefore.selector, caseId);
        _refuse(caseId, HANDLER, CaseAct.Extend, refusal);
    }

    function testAStepHasAtLeastItsWorkingDays() external {
        bytes32 caseId = _accepted();
        (uint64 earliest, uint64 latest) = (uint64(START + 5 days), uint64(START + 31 days));
        uint64[2] memory refused = [earliest - 1, latest + 1];
        for (uint256 i = 0; i < 2; ++i) {
            AssignmentStatement memory s = _assignment(caseId);
            s.dueAt = refused[i];
            Signature memory seal = _sign(SEAL_KEY, caseHasher.digest(s));
            vm.expectRevert(_outOfRange(refused[i], earliest, latest));
            cases.assignStep(s, seal);
        }
    }

    // -- conclusion ------------------------------------------------------------------------------

    function testAConclusionIsThatOfTheSteps() external {
        bytes32 caseId = _decided(Decision.Approve);
        _refuse(caseId, HANDLER, CaseAct.Reject, _unexpected(caseId, StepOutcome.Approved, CaseAct.Reject));
        caseId = _decided(Decision.Reject);
        _refuse(caseId, HANDLER, CaseAct.Grant, _unexpected(caseId, StepOutcome.Rejected, CaseAct.Grant));
    }

    function testADeliveredOrWithdrawnCaseIsFinal() external {
        bytes32 caseId = _decided(Decision.Approve);
        _advance(caseId, HANDLER, CaseAct.Grant);
        _advance(caseId, HANDLER, CaseAct.Deliver);
        _refuseEveryAct(caseId, CaseState.Delivered);
        caseId = _accepted();
        _advance(caseId, HANDLER, CaseAct.Withdraw);
        _refuseEveryAct(caseId, CaseState.Withdrawn);
    }

    function testAConcludedCaseIsNotWithdrawn() external {
        bytes32 caseId = _decided(Decision.Approve);
        _advance(caseId, HANDLER, CaseAct.Grant);
        _refuse(caseId, HANDLER, CaseAct.Withdraw, _inState(caseId, CaseState.Approved));
        _advance(caseId, HANDLER, CaseAct.IssueResult);
        _refuse(caseId, HANDLER, CaseAct.Withdraw, _inState(caseId, CaseState.Issued));
    }

    function testARejectedCaseHasNoResult() external {
        bytes32 caseId = _decided(Decision.Reject);
        _advance(caseId, HANDLER, CaseAct.Reject);
        _refuse(caseId, HANDLER, CaseAct.IssueResult, _inState(caseId, CaseState.Rejected));
    }

    function testAnyoneMayAttestACaseThatIs() external {
        bytes32 caseId = _accepted();
        vm.prank(address(77));
        cases.attestCase(caseId);
        vm.expectRevert(abi.encodeWithSelector(ICaseLedger.CaseUnknown.selector, bytes32("none")));
        cases.attestCase("none");
    }

    // -- whose act it is, and its form -------------------------------------------------------------

    function testActsAreNumberedAndCountOnce() external {
        bytes32 caseId = _accepted();
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Pause);
        _advance(s);
        _refuse(s, abi.encodeWithSelector(ICaseLedger.CaseSequenceUnexpected.selector, caseId, 4, 3));
        s = _statement(caseId, HANDLER, CaseAct.Resume);
        s.sequence = 5;
        _refuse(s, abi.encodeWithSelector(ICaseLedger.CaseSequenceUnexpected.selector, caseId, 4, 5));
    }

    function testNobodyButTheHandlerAndTheReceiverActs() external {
        bytes32 caseId = _open(WINDOW, "nonce");
        for (uint8 i = 0; i <= uint8(CaseAct.Withdraw); ++i) {
            _refuse(caseId, STRANGER, CaseAct(i), _notCompetent(caseId, STRANGER));
        }
        CaseAct[9] memory handlers = [
            CaseAct.RequestSupplement,
            CaseAct.RefuseAcceptance,
            CaseAct.Accept,
            CaseAct.Pause,
            CaseAct.Resume,
            CaseAct.Extend,
            CaseAct.Grant,
            CaseAct.Reject,
            CaseAct.IssueResult
        ];
        for (uint256 i = 0; i < handlers.length; ++i) {
            _refuse(caseId, WINDOW, handlers[i], _notCompetent(caseId, WINDOW));
        }
    }

    function testAStolenOperatorAccountMovesNoCase() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        uint256 thiefsKey = 999;
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Accept);
        bytes32 digest = caseHasher.digest(s);
        Signature memory seal = _sign(thiefsKey, digest);
        vm.prank(address(uint160(1))); // an account of the member
        vm.expectRevert(_sealInvalid(HANDLER, s.keyId, digest));
        cases.advanceCase(s, seal);

        CaseOpeningStatement memory opening = _opening(HANDLER, "of the thief");
        digest = caseHasher.digest(opening);
        seal = _sign(thiefsKey, digest);
        vm.prank(address(uint160(1)));
        vm.expectRevert(_sealInvalid(HANDLER, opening.keyId, digest));
        cases.openCase(opening, seal);
    }

    function testAnAlteredStatementLosesItsSeal() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Accept);
        Signature memory seal = _seal(s);
        s.dueAt += 1 days;
        vm.expectRevert(_sealInvalid(HANDLER, s.keyId, caseHasher.digest(s)));
        cases.advanceCase(s, seal);
    }

    function testACompromisedKeyMovesNoCase() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        _declareCompromise(CHONGQING, HANDLER, _keyId(SEAL_KEY), uint64(START));
        bytes memory refusal = abi.encodeWithSelector(
            IIssuerRegistry.SealKeyIsCompromised.selector, HANDLER, _keyId(SEAL_KEY), START
        );
        _refuse(caseId, HANDLER, CaseAct.Accept, refusal);
    }

    function testEveryActNeedsItsDigestAndNoFieldOfAnother() external {
        bytes32 caseId = _accepted();
        for (uint8 i = 0; i <= uint8(CaseAct.Withdraw); ++i) {
            CaseAct act = CaseAct(i);
            CaseStatement memory s = _statement(caseId, HANDLER, act);
            s.digest = 0;
            _refuse(s, _malformed("digest"));
            s = _statement(caseId, HANDLER, act);
            bool dates = act == CaseAct.Supplement || act == CaseAct.Accept || act == CaseAct.Resume
                || act == CaseAct.Extend;
            s.dueAt = 1;
            if (!dates) _refuse(s, _malformed("dueAt"));
            s = _statement(caseId, HANDLER, act);
            bool hasBasis = bytes(s.legalBasis).length != 0;
            s.legalBasis = hasBasis ? string(new bytes(257)) : "basis";
            _refuse(s, _malformed("legalBasis"));
            s = _statement(caseId, HANDLER, act);
            s.remedies = bytes(s.remedies).length != 0 ? string(new bytes(513)) : "remedy";
            _refuse(s, _malformed("remedies"));
            s = _statement(caseId, HANDLER, act);
            s.reliances = new bytes32[](act == CaseAct.Accept ? 65 : 1);
            _refuse(s, _malformed("reliances"));
        }
    }

    // -- parts -----------------------------------------------------------------------------------

    /// No act of the handler's, no hand-over, assignment, decision or passing of time moves it.
    function _refuseEveryAct(bytes32 caseId, CaseState state) private {
        bytes memory refusal = _inState(caseId, state);
        for (uint8 i = 0; i <= uint8(CaseAct.Withdraw); ++i) {
            _refuse(caseId, HANDLER, CaseAct(i), refusal);
        }
        AssignmentStatement memory s = _assignment(caseId);
        Signature memory seal = _sign(SEAL_KEY, caseHasher.digest(s));
        vm.expectRevert(refusal);
        cases.assignStep(s, seal);
        _refuse(_decision(caseId, HANDLER, Decision.Reject), refusal);
        vm.expectRevert(refusal);
        cases.deemAccepted(caseId);
        vm.expectRevert(refusal);
        cases.endStepTime(caseId);
    }

    function _refuseOpening(CaseOpeningStatement memory s, bytes memory refusal) private {
        Signature memory seal = _sign(_sealKeys[s.department], caseHasher.digest(s));
        vm.expectRevert(refusal);
        cases.openCase(s, seal);
    }

    function _notInForce(uint32 inForce, uint32 cited) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ICaseLedger.MatterVersionNotInForce.selector, MATTER, inForce, cited
        );
    }

    function _unexpected(bytes32 caseId, StepOutcome outcome, CaseAct act)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(ICaseLedger.ConclusionUnexpected.selector, caseId, outcome, act);
    }

    function _paused(bytes32 caseId, uint64 pausedAt) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseLedger.CasePaused.selector, caseId, pausedAt);
    }
}
