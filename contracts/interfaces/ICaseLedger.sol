// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ItemCode, Uscc} from "../types/Identifiers.sol";
import {CaseRecord} from "../types/Records.sol";
import {
    AssignmentStatement,
    CaseAct,
    CaseOpeningStatement,
    CaseState,
    CaseStatement,
    DecisionStatement,
    HandOverStatement,
    Signature,
    StepOutcome,
    TakeOverStatement
} from "../types/Statements.sol";

/// @title Cases: applications on their way through one or several provinces
/// @notice Every state is reached by a sealed statement of a department, or by the passing of time.
/// Nothing personal is held, only digests and salted commitments.
interface ICaseLedger {
    /// @notice A case was opened.
    event CaseOpened(bytes32 indexed caseId, CaseOpeningStatement statement, Signature seal);
    /// @notice A case moved on.
    event CaseAdvanced(
        bytes32 indexed caseId, CaseState stateAfter, CaseStatement statement, Signature seal
    );
    /// @notice A case's material was given to another department.
    event CaseHandedOver(
        bytes32 indexed caseId, bytes32 handOverDigest, HandOverStatement statement, Signature seal
    );
    /// @notice What was handed over was taken.
    event CaseTakenOver(bytes32 indexed caseId, TakeOverStatement statement, Signature seal);
    /// @notice The time for acceptance passed in silence: the case is accepted.
    event AcceptanceDeemed(bytes32 indexed caseId, uint64 dueAt);
    /// @notice A step was opened.
    event StepAssigned(bytes32 indexed caseId, AssignmentStatement statement, Signature seal);
    /// @notice A department decided in a step.
    event StepDecided(
        bytes32 indexed caseId,
        bytes32 decisionDigest,
        StepOutcome outcome,
        CaseState stateAfter,
        DecisionStatement statement,
        Signature seal
    );
    /// @notice The time of the veto holders passed, and the step had its approvals.
    event StepTimeEnded(
        bytes32 indexed caseId, uint8 step, StepOutcome outcome, CaseState stateAfter
    );
    /// @notice The present record of a case, written to the log on request.
    event CaseAttested(bytes32 indexed caseId, CaseRecord record);

    /// @notice No case has this id.
    /// @custom:category not_found
    error CaseUnknown(bytes32 caseId);
    /// @notice This case exists already.
    /// @custom:category conflict
    error CaseExists(bytes32 caseId);
    /// @notice The statement could be recorded only until then.
    /// @custom:category conflict
    error StatementExpired(bytes32 caseId, uint64 validUntil, uint64 atUnix);
    /// @notice The acts on a case are numbered; this is not the next number.
    /// @custom:category conflict
    error CaseSequenceUnexpected(bytes32 caseId, uint64 expected, uint64 actual);
    /// @notice The case is not in a state that allows this act.
    /// @custom:category conflict
    error CaseStateUnexpected(bytes32 caseId, CaseState state);
    /// @notice The clock of the case stands: a special procedure is under way.
    /// @custom:category conflict
    error CasePaused(bytes32 caseId, uint64 pausedAt);
    /// @notice The clock of the case runs.
    /// @custom:category conflict
    error CaseNotPaused(bytes32 caseId);
    /// @notice The department has no part in this act on the case.
    /// @custom:category not_authorized
    error DepartmentNotCompetent(bytes32 caseId, Uscc department);
    /// @notice Only the matter's version in force begins a case, and it must have steps.
    /// @custom:category conflict
    error MatterVersionNotInForce(ItemCode itemCode, uint32 inForce, uint32 cited);
    /// @notice A field of the act is missing, or set though the act has none.
    /// @custom:category malformed_input
    error CaseFieldMalformed(bytes32 field);
    /// @notice A date due must lie within the bounds that the working days leave.
    /// @custom:category malformed_input
    error DueDateOutOfRange(uint64 dueAt, uint64 earliest, uint64 latest);
    /// @notice A supplement is asked for once.
    /// @custom:category conflict
    error SupplementedBefore(bytes32 caseId);
    /// @notice The time for acceptance, refusal or a supplement is up: acceptance is deemed.
    /// @custom:category conflict
    error AcceptanceTimeOver(bytes32 caseId, uint64 acceptBy, uint64 atUnix);
    /// @notice The time for acceptance is not over.
    /// @custom:category conflict
    error AcceptanceTimeRuns(bytes32 caseId, uint64 acceptBy, uint64 atUnix);
    /// @notice A decision's time is extended once.
    /// @custom:category conflict
    error ExtendedBefore(bytes32 caseId);
    /// @notice A hand-over awaits its taker.
    /// @custom:category conflict
    error HandOverPending(bytes32 caseId, bytes32 handOverDigest);
    /// @notice This is not the hand-over that awaits its taker.
    /// @custom:category conflict
    error HandOverUnexpected(bytes32 caseId, bytes32 expected, bytes32 actual);
    /// @notice The material is with another department.
    /// @custom:category conflict
    error NotCustodian(bytes32 caseId, Uscc custodian, Uscc department);
    /// @notice The case is at another step.
    /// @custom:category conflict
    error StepUnexpected(bytes32 caseId, uint8 expected, uint8 actual);
    /// @notice As many departments are named as the step leaves open, each decider once.
    /// @custom:category malformed_input
    error DecidersMalformed(bytes32 caseId, uint256 position);
    /// @notice The decision is about another round of the materials.
    /// @custom:category conflict
    error RoundUnexpected(bytes32 caseId, uint16 expected, uint16 actual);
    /// @notice The decision is about another version of the matter or other materials.
    /// @custom:category conflict
    error DecidedOnOtherGrounds(bytes32 caseId, bytes32 field);
    /// @notice A department decides a step once.
    /// @custom:category conflict
    error DecidedBefore(bytes32 caseId, uint8 step, Uscc department);
    /// @notice Decisions of this step come in order; it is another department's turn.
    /// @custom:category conflict
    error DecisionOutOfTurn(bytes32 caseId, Uscc expected, Uscc actual);
    /// @notice An ordered decision signs the digest of the one before it.
    /// @custom:category conflict
    error PrecedingDecisionUnexpected(bytes32 caseId, bytes32 expected, bytes32 actual);
    /// @notice A veto holder's time to decide is up.
    /// @custom:category conflict
    error DecisionTooLate(bytes32 caseId, Uscc department, uint64 stepDueAt, uint64 atUnix);
    /// @notice Approvals are missing, or veto holders still have time.
    /// @custom:category conflict
    error StepStillOpen(bytes32 caseId, uint8 step);
    /// @notice The conclusion must be that of the steps.
    /// @custom:category conflict
    error ConclusionUnexpected(bytes32 caseId, StepOutcome outcome, CaseAct act);

    function openCase(CaseOpeningStatement calldata statement, Signature calldata seal)
        external
        returns (bytes32 caseId);

    function advanceCase(CaseStatement calldata statement, Signature calldata seal) external;

    function handOver(HandOverStatement calldata statement, Signature calldata seal) external;

    function takeOver(TakeOverStatement calldata statement, Signature calldata seal) external;

    /// @notice Accepts a case whose time for acceptance has passed in silence. Anyone may call it.
    function deemAccepted(bytes32 caseId) external;

    function assignStep(AssignmentStatement calldata statement, Signature calldata seal) external;

    function decideStep(DecisionStatement calldata statement, Signature calldata seal) external;

    /// @notice Concludes a step that has its approvals, once its veto holders' time is up. Anyone may
    /// call it.
    function endStepTime(bytes32 caseId) external;

    /// @notice Writes the present record of a case to the log. Anyone may call it.
    function attestCase(bytes32 caseId) external;

    /// @notice All zero if there is no such case.
    function caseRecord(bytes32 caseId) external view returns (CaseRecord memory);

    /// @notice Deciders of a step in their order; none before it is assigned.
    function stepDeciders(bytes32 caseId, uint8 step) external view returns (Uscc[] memory);

    /// @notice Who has approved and who has rejected in a step: bit i is decider i of `stepDeciders`.
    function stepDecisions(bytes32 caseId, uint8 step)
        external
        view
        returns (uint16 approvals, uint16 rejections);

    /// @notice Digest of a department's decision in a step, 0 if there is none.
    function decisionDigest(bytes32 caseId, uint8 step, Uscc department) external view returns (bytes32);
}
