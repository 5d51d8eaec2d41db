// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Uscc} from "../../types/Identifiers.sol";
import {CaseRecord} from "../../types/Records.sol";
import {
    CaseAct,
    CaseState,
    CaseStatement,
    Decision,
    DecisionStatement,
    MatterStep,
    Signature,
    StepOutcome,
    StepRule
} from "../../types/Statements.sol";
import {CaseWorld} from "./CaseWorld.sol";
import {vm} from "./Cheatcodes.sol";

/// @title Everything that departments and strangers may do to a few cases, in any order
/// @notice Keeps its own account of each case, brought up to date only by acts that were sealed or by
/// times that passed. What must be refused and is not, or moves a case as it must not, fails the run.
contract CaseHandler is CaseWorld {
    uint256 private constant MAX_CASES = 6;
    uint8 private constant STEPS = 2;

    bytes32[] public caseIds;
    mapping(bytes32 caseId => CaseRecord) private _known;
    mapping(bytes32 caseId => uint64) private _numbered; // sealed acts that counted
    mapping(bytes32 caseId => mapping(uint8 step => uint256)) private _decisions; // that counted
    mapping(bytes32 caseId => mapping(uint8 step => mapping(Uscc => bytes32))) private _digests;
    bytes private _lastDecision; // statement and seal
    bytes private _lastAct;

    /// First two of three, of whom HANDLER has a veto; then HANDLER and THIRD in this order.
    function setUp() public override {
        super.setUp();
        MatterStep[] memory steps = new MatterStep[](STEPS);
        steps[0] = _oneStep(StepRule.Threshold, 2, 1, _row(HANDLER, WINDOW, THIRD))[0];
        steps[1] = _oneStep(StepRule.Ordered, 2, 0, _row(HANDLER, THIRD))[0];
        _defineSteps(steps);
    }

    // -- what happens ----------------------------------------------------------------------------

    function pass(uint32 time) external {
        vm.warp(block.timestamp + (time % 4 days));
    }

    function open(bool byTheWindow) external {
        if (caseIds.length == MAX_CASES) return;
        bytes32 caseId = _open(byTheWindow ? WINDOW : HANDLER, bytes32(caseIds.length));
        caseIds.push(caseId);
        _numbered[caseId] = 1;
        _known[caseId] = _record(caseId);
    }

    /// The natural next act, which must succeed.
    function proceed(uint256 which, uint8 mood) external {
        if (caseIds.length == 0) return;
        bytes32 caseId = _case(which);
        CaseRecord memory record = _record(caseId);
        CaseState state = record.state;
        bool isFinal = _isFinal(state);
        if (isFinal) return;
        if (record.pendingHandOver != 0) return _takeOn(caseId, record);
        if (state == CaseState.Received) return _proceedToAcceptance(caseId, record, mood);
        if (state == CaseState.Supplementing) return _sealed(caseId, HANDLER, CaseAct.Supplement);
        if (record.pausedAt != 0) return _sealed(caseId, HANDLER, CaseAct.Resume);
        if (state == CaseState.Accepted) return _assignNext(caseId);
        if (state == CaseState.Reviewing) return _proceedInStep(caseId, record, mood);
        if (state == CaseState.Decided) {
            bool isApproved = record.outcome == StepOutcome.Approved;
            return _sealed(caseId, HANDLER, isApproved ? CaseAct.Grant : CaseAct.Reject);
        }
        _proceedToDelivery(caseId, record, mood);
    }

    /// Any act of any department, properly sealed.
    function tryAct(uint256 which, uint8 who, uint8 act) external {
        if (caseIds.length == 0) return;
        bytes32 caseId = _case(which);
        CaseStatement memory s = _statement(caseId, _department(who), CaseAct(act % 12));
        try cases.advanceCase(s, _seal(s)) {
            _noteAct(s);
        } catch {}
    }

    function pause(uint256 which) external {
        if (caseIds.length == 0) return;
        CaseStatement memory s = _statement(_case(which), HANDLER, CaseAct.Pause);
        try cases.advanceCase(s, _seal(s)) {
            _noteAct(s);
        } catch {}
    }

    /// A pause whose end would take time from the case.
    function resumeEarlier(uint256 which, uint32 less) external {
        if (caseIds.length == 0) return;
        CaseStatement memory s = _statement(_case(which), HANDLER, CaseAct.Resume);
        s.dueAt -= 1 + (less % 30 days);
        try cases.advanceCase(s, _seal(s)) {
            revert("a pause shortened a deadline");
        } catch {}
    }

    function tryDecision(uint256 which, uint8 who, bool approves, bool citesThePreceding) external {
        if (caseIds.length == 0) return;
        bytes32 caseId = _case(which);
        DecisionStatement memory s =
            _decision(caseId, _department(who), approves ? Decision.Approve : Decision.Reject);
        if (citesThePreceding) s.precedingDigest = _digests[caseId][s.step][HANDLER];
        try cases.decideStep(s, _seal(s)) {
            _noteDecision(s);
        } catch {}
    }

    function endStepTime(uint256 which) external {
        if (caseIds.length == 0) return;
        bytes32 caseId = _case(which);
        uint64 stepDueAt = _known[caseId].stepDueAt;
        try cases.endStepTime(caseId) {
            vm.assertTrue(block.timestamp > stepDueAt, "a step was ended before its time");
            _note(caseId);
        } catch {}
    }

    function deemAccepted(uint256 which) external {
        if (caseIds.length == 0) return;
        bytes32 caseId = _case(which);
        uint64 acceptBy = _known[caseId].acceptBy;
        try cases.deemAccepted(caseId) {
            vm.assertTrue(block.timestamp > acceptBy, "acceptance was deemed before its time");
            _note(caseId);
        } catch {}
    }

    // -- what must be refused --------------------------------------------------------------------

    function actWithAForeignKey(uint256 which, uint8 act, uint32 seed) external {
        if (caseIds.length == 0) return;
        CaseStatement memory s = _statement(_case(which), HANDLER, CaseAct(act % 12));
        Signature memory seal = _sign(5000 + uint256(seed), caseHasher.digest(s));
        try cases.advanceCase(s, seal) {
            revert("a case was moved without its department's seal");
        } catch {}
    }

    function decideWithAForeignKey(uint256 which, uint8 who, uint32 seed) external {
        if (caseIds.length == 0) return;
        DecisionStatement memory s = _decision(_case(which), _department(who), Decision.Approve);
        Signature memory seal = _sign(5000 + uint256(seed), caseHasher.digest(s));
        try cases.decideStep(s, seal) {
            revert("a step was decided without its department's seal");
        } catch {}
    }

    function replay(bool theDecision, bool inAnotherCase, uint256 which) external {
        if (theDecision ? _lastDecision.length == 0 : _lastAct.length == 0) return;
        if (theDecision) {
            (DecisionStatement memory decision, Signature memory seal) =
                abi.decode(_lastDecision, (DecisionStatement, Signature));
            if (inAnotherCase) decision.caseId = _case(which);
            try cases.decideStep(decision, seal) {
                revert("a decision was counted twice");
            } catch {}
        } else {
            (CaseStatement memory s, Signature memory seal) =
                abi.decode(_lastAct, (CaseStatement, Signature));
            if (inAnotherCase) s.caseId = _case(which);
            try cases.advanceCase(s, seal) {
                revert("an act was counted twice");
            } catch {}
        }
    }

    function decideOnOtherGrounds(uint256 which, uint8 who, uint8 field) external {
        if (caseIds.length == 0) return;
        DecisionStatement memory s = _decision(_case(which), _department(who), Decision.Approve);
        if (field % 4 == 0) s.materialsDigest = sha256("changed materials");
        if (field % 4 == 1) ++s.round;
        if (field % 4 == 2) ++s.matterVersion;
        if (field % 4 == 3) ++s.step;
        try cases.decideStep(s, _seal(s)) {
            revert("a decision on other grounds was counted");
        } catch {}
    }

    // -- what must hold --------------------------------------------------------------------------

    /// No state but those that sealed acts and the passing of time brought about.
    function checkStates() external view {
        for (uint256 i = 0; i < caseIds.length; ++i) {
            CaseRecord memory record = _record(caseIds[i]);
            CaseRecord memory known = _known[caseIds[i]];
            vm.assertEq(
                keccak256(abi.encode(record)), keccak256(abi.encode(known)), "a state without its seal"
            );
            vm.assertEq(record.sequence, _numbered[caseIds[i]], "acts on a case");
        }
    }

    /// Each decision stands as it was made, and counts once.
    function checkDecisions() external view {
        Uscc[4] memory departments = [HANDLER, WINDOW, THIRD, STRANGER];
        for (uint256 i = 0; i < caseIds.length; ++i) {
            for (uint8 step = 0; step < STEPS; ++step) {
                (uint16 approvals, uint16 rejections) = cases.stepDecisions(caseIds[i], step);
                vm.assertEq(approvals & rejections, 0, "a department decided both ways");
                vm.assertEq(
                    _count(approvals) + _count(rejections), _decisions[caseIds[i]][step], "decisions"
                );
                for (uint256 d = 0; d < departments.length; ++d) {
                    bytes32 digest = cases.decisionDigest(caseIds[i], step, departments[d]);
                    vm.assertEq(digest, _digests[caseIds[i]][step][departments[d]], "a decision");
                }
            }
        }
    }

    // -- parts -----------------------------------------------------------------------------------

    function _case(uint256 which) private view returns (bytes32) {
        return caseIds[which % caseIds.length];
    }

    function _department(uint8 who) private pure returns (Uscc) {
        return [HANDLER, WINDOW, THIRD, STRANGER][who % 4];
    }

    function _isFinal(CaseState state) private pure returns (bool) {
        return state == CaseState.NotAccepted || state == CaseState.Delivered
            || state == CaseState.Withdrawn;
    }

    function _proceedToAcceptance(bytes32 caseId, CaseRecord memory record, uint8 mood) private {
        if (record.custodian == WINDOW) {
            _give(caseId, WINDOW, HANDLER);
            return _noteNumbered(caseId);
        }
        if (block.timestamp > record.acceptBy) {
            cases.deemAccepted(caseId);
            return _note(caseId);
        }
        if (mood % 16 == 0) return _sealed(caseId, HANDLER, CaseAct.RefuseAcceptance);
        bool asks = mood % 4 == 1 && !record.wasSupplemented;
        _sealed(caseId, HANDLER, asks ? CaseAct.RequestSupplement : CaseAct.Accept);
    }

    function _takeOn(bytes32 caseId, CaseRecord memory record) private {
        _take(caseId, record.custodian == WINDOW ? HANDLER : WINDOW);
        _noteNumbered(caseId);
    }

    function _assignNext(bytes32 caseId) private {
        _assign(caseId);
        _noteNumbered(caseId);
    }

    /// One that may still decide does, mostly in favour.
    function _proceedInStep(bytes32 caseId, CaseRecord memory record, uint8 mood) private {
        Uscc[] memory deciders = cases.stepDeciders(caseId, record.step);
        for (uint256 n = 0; n < deciders.length; ++n) {
            uint256 i = record.step == 0 ? (n + mood) % deciders.length : n;
            bool isLate = record.step == 0 && i == 0 && block.timestamp > record.stepDueAt;
            if (isLate || _digests[caseId][record.step][deciders[i]] != 0) continue;
            DecisionStatement memory s = _decision(
                caseId, deciders[i], mood % 5 == 0 ? Decision.Reject : Decision.Approve
            );
            if (record.step == 1 && i == 1) s.precedingDigest = _digests[caseId][1][HANDLER];
            Signature memory seal = _seal(s);
            cases.decideStep(s, seal);
            return _noteDecision(s);
        }
        cases.endStepTime(caseId);
        _note(caseId);
    }

    function _proceedToDelivery(bytes32 caseId, CaseRecord memory record, uint8 mood) private {
        if (record.state == CaseState.Approved && mood % 2 == 0) {
            return _sealed(caseId, HANDLER, CaseAct.IssueResult);
        }
        if (record.custodian != record.receiver) {
            _give(caseId, HANDLER, WINDOW);
            return _noteNumbered(caseId);
        }
        _sealed(caseId, record.custodian, CaseAct.Deliver);
    }

    function _sealed(bytes32 caseId, Uscc department, CaseAct act) private {
        CaseStatement memory s = _statement(caseId, department, act);
        cases.advanceCase(s, _seal(s));
        _noteAct(s);
    }

    function _noteAct(CaseStatement memory s) private {
        _lastAct = abi.encode(s, _seal(s));
        _noteNumbered(s.caseId);
    }

    function _noteNumbered(bytes32 caseId) private {
        ++_numbered[caseId];
        _note(caseId);
    }

    function _noteDecision(DecisionStatement memory s) private {
        vm.assertEq(_digests[s.caseId][s.step][s.department], 0, "a decision was counted twice");
        vm.assertFalse(s.department == STRANGER);
        CaseRecord memory before = _known[s.caseId];
        vm.assertTrue(before.state == CaseState.Reviewing && before.pausedAt == 0);
        bool hasVeto = s.step == 0 && s.department == HANDLER;
        vm.assertFalse(hasVeto && block.timestamp > before.stepDueAt);
        _digests[s.caseId][s.step][s.department] = caseHasher.digest(s);
        ++_decisions[s.caseId][s.step];
        _lastDecision = abi.encode(s, _seal(s));
        _note(s.caseId);
        bool awaitsVeto = s.step == 0 && _digests[s.caseId][0][HANDLER] == 0
            && block.timestamp <= before.stepDueAt;
        bool isApproved = _known[s.caseId].step == 1;
        if (awaitsVeto) vm.assertFalse(isApproved);
    }

    /// Takes over what a case has become, if it may have become that.
    function _note(bytes32 caseId) private {
        CaseRecord memory before = _known[caseId];
        CaseRecord memory later = _record(caseId);
        if (_isFinal(before.state)) vm.assertTrue(later.state == before.state, "a final state changed");
        if (before.outcome != StepOutcome.Open) {
            vm.assertTrue(later.outcome == before.outcome, "an outcome changed");
        }
        vm.assertTrue(later.dueAt >= before.dueAt, "a deadline became shorter");
        if (before.pausedAt != 0 && later.pausedAt == 0) {
            uint256 elapsed = block.timestamp - before.pausedAt;
            vm.assertTrue(later.dueAt >= before.dueAt + elapsed, "a pause shortened a deadline");
            if (before.stepDueAt != 0) vm.assertEq(later.stepDueAt, before.stepDueAt + elapsed);
        }
        _known[caseId] = later;
    }

    function _count(uint16 bits) private pure returns (uint256 count) {
        for (uint256 i = 0; i < 16; ++i) {
            count += (bits >> i) & 1;
        }
    }
}
