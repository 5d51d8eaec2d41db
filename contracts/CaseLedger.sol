// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cases} from "./Cases.sol";
import {ICaseLedger} from "./interfaces/ICaseLedger.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {CaseFields} from "./libraries/CaseFields.sol";
import {CaseHashes} from "./libraries/CaseHashes.sol";
import {CaseTimes} from "./libraries/CaseTimes.sol";
import {JointDecisions} from "./libraries/JointDecisions.sol";
import {MemberId, Uscc} from "./types/Identifiers.sol";
import {
    AssignmentStatement,
    CaseAct,
    CaseOpeningStatement,
    CaseState,
    CaseStatement,
    Decision,
    DecisionStatement,
    HandOverStatement,
    MatterStep,
    Signature,
    StepOutcome,
    StepRule,
    TakeOverStatement
} from "./types/Statements.sol";

/// @title Cases, their steps and hand-overs; see {ICaseLedger}
/// @dev Checks come in one order: the case, the form of the statement, its number, who acts, the
/// state, the clock, what is the act's own, and last the seal, which costs most.
contract CaseLedger is Cases {
    using CaseFields for CaseStatement;
    using CaseHashes for AssignmentStatement;
    using CaseHashes for CaseOpeningStatement;
    using CaseHashes for CaseStatement;
    using CaseHashes for DecisionStatement;
    using CaseHashes for HandOverStatement;
    using CaseHashes for TakeOverStatement;

    /// @param predecessor the module this one replaces, or 0
    constructor(IConsortium consortium, ICaseLedger predecessor) Cases(consortium, predecessor) {}

    /// @inheritdoc ICaseLedger
    function openCase(CaseOpeningStatement calldata statement, Signature calldata seal)
        external
        returns (bytes32 caseId)
    {
        caseId = sha256(abi.encodePacked(statement.department, statement.caseNonce));
        Case storage target = _newCase(caseId);
        CaseFields.requireSet(statement.applicantCommitment, "applicantCommitment");
        CaseFields.requireSet(statement.materialsDigest, "materialsDigest");
        CaseFields.requireSet(statement.identityCheckDigest, "identityCheckDigest");
        _requireInTime(caseId, statement.validUntil);
        _requireInForce(statement.itemCode, statement.matterVersion);
        bool isWithHandler = statement.department == statement.itemCode.departmentOf();
        _requireAcceptBy(statement.acceptBy, isWithHandler);
        MemberId member =
            _requireSeal(statement.department, statement.keyId, _digest(statement.hash()), seal);
        _CONSORTIUM.requireUnfrozen(NAME, member);

        target.itemCode = statement.itemCode;
        target.state = CaseState.Received;
        target.receiver = statement.department;
        target.matterVersion = statement.matterVersion;
        target.sequence = 1;
        target.round = 1;
        target.isWithHandler = isWithHandler;
        target.openedAt = uint40(block.timestamp);
        target.acceptBy = uint40(statement.acceptBy);
        target.materialsDigest = statement.materialsDigest;
        emit CaseOpened(caseId, statement, seal);
        _recordAct(
            CaseOpened.selector, member, statement.department, caseId, abi.encode(caseId, statement, seal)
        );
    }

    /// @inheritdoc ICaseLedger
    function advanceCase(CaseStatement calldata statement, Signature calldata seal) external {
        bytes32 caseId = statement.caseId;
        Case storage target = _adopt(caseId);
        statement.requireFields();
        _useSequence(target, caseId, statement.sequence);
        CaseState stateAfter = _mayReceiverAct(target, statement)
            ? _advanceByEither(target, statement)
            : _advanceByHandler(target, statement);
        target.state = stateAfter;
        MemberId member =
            _requireSeal(statement.department, statement.keyId, _digest(statement.hash()), seal);

        emit CaseAdvanced(caseId, stateAfter, statement, seal);
        _recordAct(
            CaseAdvanced.selector,
            member,
            statement.department,
            caseId,
            abi.encode(caseId, stateAfter, statement, seal)
        );
    }

    /// @inheritdoc ICaseLedger
    function handOver(HandOverStatement calldata statement, Signature calldata seal) external {
        bytes32 caseId = statement.caseId;
        Case storage target = _adopt(caseId);
        CaseFields.requireSet(statement.digest, "digest");
        _useSequence(target, caseId, statement.sequence);
        _requireCustodian(target, caseId, statement.giver);
        _requireTaker(target, caseId, statement.taker);
        _requireTravelling(target, caseId);
        bytes32 digest = _digest(statement.hash());
        MemberId member = _requireSeal(statement.giver, statement.keyId, digest, seal);

        target.pendingHandOver = digest;
        emit CaseHandedOver(caseId, digest, statement, seal);
        _recordAct(
            CaseHandedOver.selector,
            member,
            statement.giver,
            caseId,
            abi.encode(caseId, digest, statement, seal)
        );
    }

    /// @inheritdoc ICaseLedger
    function takeOver(TakeOverStatement calldata statement, Signature calldata seal) external {
        bytes32 caseId = statement.caseId;
        Case storage target = _adopt(caseId);
        CaseFields.requireSet(statement.digest, "digest");
        _useSequence(target, caseId, statement.sequence);
        bytes32 pending = target.pendingHandOver;
        if (pending == 0 || statement.handOverDigest != pending) {
            revert HandOverUnexpected(caseId, pending, statement.handOverDigest);
        }
        _requireTaker(target, caseId, statement.taker);
        bool isWithHandler = !target.isWithHandler;
        bool isToAccept = isWithHandler && target.state == CaseState.Received;
        _requireAcceptBy(statement.acceptBy, isToAccept);
        MemberId member = _requireSeal(statement.taker, statement.keyId, _digest(statement.hash()), seal);

        target.pendingHandOver = 0;
        target.isWithHandler = isWithHandler;
        if (isToAccept) target.acceptBy = uint40(statement.acceptBy);
        emit CaseTakenOver(caseId, statement, seal);
        _recordAct(
            CaseTakenOver.selector, member, statement.taker, caseId, abi.encode(caseId, statement, seal)
        );
    }

    /// @inheritdoc ICaseLedger
    function deemAccepted(bytes32 caseId) external {
        Case storage target = _adopt(caseId);
        Uscc handler = _handlerOf(target);
        _requireState(target, caseId, CaseState.Received);
        if (!target.isWithHandler) revert NotCustodian(caseId, target.receiver, handler);
        (uint64 acceptBy, uint64 nowUnix) = (target.acceptBy, uint64(block.timestamp));
        if (nowUnix <= acceptBy) revert AcceptanceTimeRuns(caseId, acceptBy, nowUnix);

        uint64 dueAt = CaseTimes.latest(_matter(target).promisedDays);
        target.state = CaseState.Accepted;
        target.dueAt = uint40(dueAt);
        emit AcceptanceDeemed(caseId, dueAt);
        _recordByItself(AcceptanceDeemed.selector, handler, caseId, abi.encode(caseId, dueAt));
    }

    /// @inheritdoc ICaseLedger
    function assignStep(AssignmentStatement calldata statement, Signature calldata seal) external {
        bytes32 caseId = statement.caseId;
        Case storage target = _adopt(caseId);
        _useSequence(target, caseId, statement.sequence);
        _requireHandler(target, caseId, statement.department);
        _requireState(target, caseId, CaseState.Accepted);
        _requireRunning(target, caseId);
        if (statement.step != target.step) revert StepUnexpected(caseId, target.step, statement.step);
        MatterStep memory step = _matterStep(target);
        Uscc[] memory deciders = _joinDeciders(caseId, step, statement.named);
        CaseTimes.requireWorkingDays(statement.dueAt, step.limitDays);
        MemberId member =
            _requireSeal(statement.department, statement.keyId, _digest(statement.hash()), seal);

        _setDeciders(caseId, statement.step, deciders);
        target.state = CaseState.Reviewing;
        target.stepDueAt = uint40(statement.dueAt);
        emit StepAssigned(caseId, statement, seal);
        _recordAct(
            StepAssigned.selector,
            member,
            statement.department,
            caseId,
            abi.encode(caseId, statement, seal)
        );
    }

    /// @inheritdoc ICaseLedger
    function decideStep(DecisionStatement calldata statement, Signature calldata seal) external {
        bytes32 caseId = statement.caseId;
        Case storage target = _adopt(caseId);
        CaseFields.requireSet(statement.opinionDigest, "opinionDigest");
        _requireInTime(caseId, statement.validUntil);
        _requireState(target, caseId, CaseState.Reviewing);
        _requireRunning(target, caseId);
        _requireSameGrounds(target, statement);
        MatterStep memory step = _matterStep(target);
        Uscc[] memory deciders = stepDeciders(caseId, statement.step);
        uint256 position = _requireDecider(target, step, deciders, statement);
        bytes32 digest = _digest(statement.hash());
        MemberId member = _requireSeal(statement.department, statement.keyId, digest, seal);

        bool approves = statement.decision == Decision.Approve;
        _setDecision(caseId, statement.step, statement.department, position, approves, digest);
        StepOutcome outcome = _computeOutcome(target, caseId, step, deciders.length);
        CaseState stateAfter = _concludeStep(target, outcome);
        emit StepDecided(caseId, digest, outcome, stateAfter, statement, seal);
        _recordAct(
            StepDecided.selector,
            member,
            statement.department,
            caseId,
            abi.encode(caseId, digest, outcome, stateAfter, statement, seal)
        );
    }

    /// @inheritdoc ICaseLedger
    function endStepTime(bytes32 caseId) external {
        Case storage target = _adopt(caseId);
        _requireState(target, caseId, CaseState.Reviewing);
        _requireRunning(target, caseId);
        uint8 step = target.step;
        uint256 deciders = stepDeciders(caseId, step).length;
        StepOutcome outcome = _computeOutcome(target, caseId, _matterStep(target), deciders);
        if (outcome == StepOutcome.Open) revert StepStillOpen(caseId, step);

        CaseState stateAfter = _concludeStep(target, outcome);
        emit StepTimeEnded(caseId, step, outcome, stateAfter);
        _recordByItself(
            StepTimeEnded.selector,
            _handlerOf(target),
            caseId,
            abi.encode(caseId, step, outcome, stateAfter)
        );
    }

    // -- acts on a case --------------------------------------------------------------------------

    /// @dev Whether the act is one that the receiver too may do; reverts if its department may not.
    function _mayReceiverAct(Case storage target, CaseStatement calldata s) private view returns (bool) {
        bool mayReceiver =
            s.act == CaseAct.Supplement || s.act == CaseAct.Deliver || s.act == CaseAct.Withdraw;
        if (!mayReceiver || s.department != target.receiver) {
            _requireHandler(target, s.caseId, s.department);
        }
        return mayReceiver;
    }

    function _advanceByEither(Case storage target, CaseStatement calldata s) private returns (CaseState) {
        if (s.act == CaseAct.Supplement) return _supplement(target, s);
        if (s.act == CaseAct.Deliver) return _deliver(target, s);
        return _withdraw(target, s);
    }

    function _advanceByHandler(Case storage target, CaseStatement calldata s) private returns (CaseState) {
        if (s.act <= CaseAct.Accept) return _answerApplication(target, s);
        if (s.act == CaseAct.Pause) return _pause(target, s);
        if (s.act == CaseAct.Resume) return _resume(target, s);
        if (s.act == CaseAct.Extend) return _extend(target, s);
        if (s.act == CaseAct.IssueResult) return _issueResult(target, s);
        return _concludeCase(target, s);
    }

    /// @dev A supplement is asked for, or the application is refused or accepted.
    function _answerApplication(Case storage target, CaseStatement calldata s)
        private
        returns (CaseState)
    {
        _requireState(target, s.caseId, CaseState.Received);
        _requireCustodian(target, s.caseId, s.department);
        (uint64 acceptBy, uint64 nowUnix) = (target.acceptBy, uint64(block.timestamp));
        if (nowUnix > acceptBy) revert AcceptanceTimeOver(s.caseId, acceptBy, nowUnix);
        if (s.act == CaseAct.RefuseAcceptance) return CaseState.NotAccepted;
        if (s.act == CaseAct.RequestSupplement) {
            if (target.wasSupplemented) revert SupplementedBefore(s.caseId);
            target.wasSupplemented = true;
            return CaseState.Supplementing;
        }
        CaseTimes.requireWorkingDays(s.dueAt, _matter(target).promisedDays);
        target.dueAt = uint40(s.dueAt);
        target.materialsDigest = s.digest;
        return CaseState.Accepted;
    }

    function _supplement(Case storage target, CaseStatement calldata s) private returns (CaseState) {
        _requireState(target, s.caseId, CaseState.Supplementing);
        CaseTimes.requireAcceptance(s.dueAt);
        target.acceptBy = uint40(s.dueAt);
        target.materialsDigest = s.digest;
        ++target.round;
        return CaseState.Received;
    }

    function _pause(Case storage target, CaseStatement calldata s) private returns (CaseState state) {
        state = _requireUnderReview(target, s.caseId);
        _requireRunning(target, s.caseId);
        target.pausedAt = uint40(block.timestamp);
    }

    function _resume(Case storage target, CaseStatement calldata s) private returns (CaseState state) {
        state = _requireUnderReview(target, s.caseId);
        if (target.pausedAt == 0) revert CaseNotPaused(s.caseId);
        uint64 elapsed = uint64(block.timestamp) - target.pausedAt;
        CaseTimes.requireAfterPause(s.dueAt, target.dueAt, elapsed);
        target.dueAt = uint40(s.dueAt);
        if (state == CaseState.Reviewing) target.stepDueAt += uint40(elapsed);
        target.pausedAt = 0;
    }

    function _extend(Case storage target, CaseStatement calldata s) private returns (CaseState state) {
        state = _requireUnderReview(target, s.caseId);
        _requireRunning(target, s.caseId);
        if (target.wasExtended) revert ExtendedBefore(s.caseId);
        CaseTimes.requireExtension(s.dueAt, target.dueAt);
        target.dueAt = uint40(s.dueAt);
        target.wasExtended = true;
    }

    function _concludeCase(Case storage target, CaseStatement calldata s) private view returns (CaseState) {
        _requireState(target, s.caseId, CaseState.Decided);
        _requireRunning(target, s.caseId);
        bool grants = s.act == CaseAct.Grant;
        if (grants != (target.outcome == StepOutcome.Approved)) {
            revert ConclusionUnexpected(s.caseId, target.outcome, s.act);
        }
        return grants ? CaseState.Approved : CaseState.Rejected;
    }

    function _issueResult(Case storage target, CaseStatement calldata s) private view returns (CaseState) {
        _requireState(target, s.caseId, CaseState.Approved);
        return CaseState.Issued;
    }

    function _deliver(Case storage target, CaseStatement calldata s) private view returns (CaseState) {
        CaseState state = target.state;
        bool isConcluded =
            state == CaseState.Approved || state == CaseState.Rejected || state == CaseState.Issued;
        if (!isConcluded) revert CaseStateUnexpected(s.caseId, state);
        _requireCustodian(target, s.caseId, s.department);
        return CaseState.Delivered;
    }

    function _withdraw(Case storage target, CaseStatement calldata s) private view returns (CaseState) {
        CaseState state = target.state;
        bool isBeforeAcceptance = state == CaseState.Received || state == CaseState.Supplementing;
        if (!isBeforeAcceptance) _requireUnderReview(target, s.caseId);
        return CaseState.Withdrawn;
    }

    /// @dev Accepted and not yet concluded.
    function _requireUnderReview(Case storage target, bytes32 caseId) private view returns (CaseState state) {
        state = target.state;
        if (state < CaseState.Accepted || state > CaseState.Decided) {
            revert CaseStateUnexpected(caseId, state);
        }
    }

    // -- hand-overs ------------------------------------------------------------------------------

    /// @dev The other one of receiver and handler than has the material; nobody where they are one.
    function _requireTaker(Case storage target, bytes32 caseId, Uscc taker) private view {
        Uscc other = target.isWithHandler ? target.receiver : _handlerOf(target);
        if (taker != other || taker == _custodianOf(target)) revert DepartmentNotCompetent(caseId, taker);
    }

    /// @dev Material goes to the handler before acceptance, and either way once the case is answered.
    function _requireTravelling(Case storage target, bytes32 caseId) private view {
        CaseState state = target.state;
        bool isOnItsWay = state == CaseState.Received && !target.isWithHandler;
        bool isAnswered = state == CaseState.NotAccepted || state == CaseState.Approved
            || state == CaseState.Rejected || state == CaseState.Issued;
        if (!isOnItsWay && !isAnswered) revert CaseStateUnexpected(caseId, state);
    }

    // -- steps -----------------------------------------------------------------------------------

    /// @dev The deciders of the matter and those named, each an existing department, none twice.
    function _joinDeciders(bytes32 caseId, MatterStep memory step, Uscc[] calldata named)
        private
        view
        returns (Uscc[] memory deciders)
    {
        uint256 fixed_ = step.deciders.length;
        deciders = new Uscc[](fixed_ + step.named);
        if (named.length != step.named) revert DecidersMalformed(caseId, deciders.length);
        for (uint256 i = 0; i < deciders.length; ++i) {
            Uscc decider = i < fixed_ ? step.deciders[i] : named[i - fixed_];
            if (_position(deciders, decider) != deciders.length) revert DecidersMalformed(caseId, i);
            _requireDepartment(caseId, i, decider);
            deciders[i] = decider;
        }
    }

    function _requireSameGrounds(Case storage target, DecisionStatement calldata s) private view {
        if (s.step != target.step) revert StepUnexpected(s.caseId, target.step, s.step);
        if (s.round != target.round) revert RoundUnexpected(s.caseId, target.round, s.round);
        if (s.matterVersion != target.matterVersion) {
            revert DecidedOnOtherGrounds(s.caseId, "matterVersion");
        }
        if (s.materialsDigest != target.materialsDigest) {
            revert DecidedOnOtherGrounds(s.caseId, "materialsDigest");
        }
    }

    /// @dev Its position among the deciders, if it may decide now.
    function _requireDecider(
        Case storage target,
        MatterStep memory step,
        Uscc[] memory deciders,
        DecisionStatement calldata s
    ) private view returns (uint256 position) {
        position = _position(deciders, s.department);
        if (position == deciders.length) revert DepartmentNotCompetent(s.caseId, s.department);
        if (decisionDigest(s.caseId, s.step, s.department) != 0) {
            revert DecidedBefore(s.caseId, s.step, s.department);
        }
        (uint64 stepDueAt, uint64 nowUnix) = (target.stepDueAt, uint64(block.timestamp));
        if (step.vetoes & (1 << position) != 0 && nowUnix > stepDueAt) {
            revert DecisionTooLate(s.caseId, s.department, stepDueAt, nowUnix);
        }
        bytes32 preceding = 0;
        if (step.rule == StepRule.Ordered) preceding = _requireTurn(deciders, position, s);
        if (s.precedingDigest != preceding) {
            revert PrecedingDecisionUnexpected(s.caseId, preceding, s.precedingDigest);
        }
    }

    /// @dev Every decider before it has decided: the last one's decision, 0 for the first.
    function _requireTurn(Uscc[] memory deciders, uint256 position, DecisionStatement calldata s)
        private
        view
        returns (bytes32 preceding)
    {
        for (uint256 i = 0; i < position; ++i) {
            preceding = decisionDigest(s.caseId, s.step, deciders[i]);
            if (preceding == 0) revert DecisionOutOfTurn(s.caseId, deciders[i], s.department);
        }
    }

    function _computeOutcome(Case storage target, bytes32 caseId, MatterStep memory step, uint256 deciders)
        private
        view
        returns (StepOutcome)
    {
        (uint16 approvals, uint16 rejections) = _openDecisions(caseId, target.step);
        return JointDecisions.outcome(
            deciders,
            step.rule == StepRule.Threshold ? step.threshold : deciders,
            step.vetoes,
            approvals,
            rejections,
            block.timestamp > target.stepDueAt
        );
    }

    function _concludeStep(Case storage target, StepOutcome outcome) private returns (CaseState state) {
        if (outcome == StepOutcome.Open) return CaseState.Reviewing;
        bool isLast = target.step + 1 == _matter(target).steps;
        if (outcome == StepOutcome.Approved && !isLast) {
            ++target.step;
            state = CaseState.Accepted;
        } else {
            target.outcome = outcome;
            state = CaseState.Decided;
        }
        target.state = state;
        target.stepDueAt = 0;
    }

    /// @dev The number of deciders if it is none of them.
    function _position(Uscc[] memory deciders, Uscc department) private pure returns (uint256 i) {
        while (i < deciders.length && deciders[i] != department) ++i;
    }
}
