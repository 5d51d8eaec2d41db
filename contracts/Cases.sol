// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Module} from "./Module.sol";
import {ICaseLedger} from "./interfaces/ICaseLedger.sol";
import {ICatalogue} from "./interfaces/ICatalogue.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IIssuerRegistry} from "./interfaces/IIssuerRegistry.sol";
import {CaseTimes} from "./libraries/CaseTimes.sol";
import {CertificateType, ItemCode, MemberId, Uscc} from "./types/Identifiers.sol";
import {CaseRecord, MatterRecord} from "./types/Records.sol";
import {CaseState, MatterStep, Signature, StepOutcome} from "./types/Statements.sol";

/// @title What is kept of cases, and what acts on them require; the part of {CaseLedger} that reads
abstract contract Cases is ICaseLedger, Module {
    /// @dev Five slots.
    struct Case {
        ItemCode itemCode;
        CaseState state;
        Uscc receiver;
        uint32 matterVersion;
        uint32 sequence;
        uint16 round;
        uint8 step;
        StepOutcome outcome;
        bool isWithHandler; // else the receiver has the material
        bool wasSupplemented;
        uint40 openedAt;
        uint40 acceptBy;
        uint40 dueAt;
        uint40 stepDueAt; // of the open step
        uint40 pausedAt;
        bool wasExtended;
        bytes32 pendingHandOver;
        bytes32 materialsDigest;
    }

    /// @dev Bit i of the decisions is decider i.
    struct Step {
        uint16 approvals;
        uint16 rejections;
        Uscc[] deciders;
    }

    bytes32 internal constant NAME = "CaseLedger";
    bytes32 private constant ISSUER_REGISTRY = "IssuerRegistry";
    bytes32 private constant CATALOGUE = "Catalogue";

    ICaseLedger private immutable _PREDECESSOR;

    mapping(bytes32 caseId => Case) private _cases;
    mapping(bytes32 caseId => mapping(uint8 step => Step)) private _steps;
    mapping(bytes32 caseId => mapping(uint8 step => mapping(Uscc department => bytes32 digest))) private
        _decisions;

    /// @param predecessor the module this one replaces, or 0
    constructor(IConsortium consortium, ICaseLedger predecessor) Module(consortium) {
        _PREDECESSOR = predecessor;
    }

    /// @inheritdoc ICaseLedger
    function attestCase(bytes32 caseId) external {
        CaseRecord memory record = caseRecord(caseId);
        if (record.state == CaseState.None) revert CaseUnknown(caseId);
        emit CaseAttested(caseId, record);
        _recordByItself(CaseAttested.selector, record.handler, caseId, abi.encode(caseId, record));
    }

    /// @inheritdoc ICaseLedger
    function stepDecisions(bytes32 caseId, uint8 step)
        external
        view
        returns (uint16 approvals, uint16 rejections)
    {
        Step storage own = _steps[caseId][step];
        (approvals, rejections) = (own.approvals, own.rejections);
        if (_hasPredecessor() && approvals | rejections == 0) {
            return _PREDECESSOR.stepDecisions(caseId, step);
        }
    }

    /// @inheritdoc ICaseLedger
    function caseRecord(bytes32 caseId) public view returns (CaseRecord memory record) {
        Case storage own = _cases[caseId];
        if (own.state == CaseState.None) {
            return _hasPredecessor() ? _PREDECESSOR.caseRecord(caseId) : record;
        }
        record.itemCode = own.itemCode;
        record.matterVersion = own.matterVersion;
        record.state = own.state;
        record.round = own.round;
        record.step = own.step;
        record.outcome = own.outcome;
        record.receiver = own.receiver;
        record.handler = _handlerOf(own);
        record.custodian = _custodianOf(own);
        record.pendingHandOver = own.pendingHandOver;
        record.materialsDigest = own.materialsDigest;
        record.sequence = own.sequence;
        record.openedAt = own.openedAt;
        record.acceptBy = own.acceptBy;
        record.dueAt = own.dueAt;
        record.stepDueAt = own.stepDueAt;
        record.pausedAt = own.pausedAt;
        record.wasSupplemented = own.wasSupplemented;
        record.wasExtended = own.wasExtended;
    }

    /// @inheritdoc ICaseLedger
    function stepDeciders(bytes32 caseId, uint8 step) public view returns (Uscc[] memory deciders) {
        deciders = _steps[caseId][step].deciders;
        if (deciders.length == 0 && _hasPredecessor()) return _PREDECESSOR.stepDeciders(caseId, step);
    }

    /// @inheritdoc ICaseLedger
    function decisionDigest(bytes32 caseId, uint8 step, Uscc department)
        public
        view
        returns (bytes32 digest)
    {
        digest = _decisions[caseId][step][department];
        if (digest == 0 && _hasPredecessor()) {
            return _PREDECESSOR.decisionDigest(caseId, step, department);
        }
    }

    function _newCase(bytes32 caseId) internal view returns (Case storage) {
        if (caseRecord(caseId).state != CaseState.None) revert CaseExists(caseId);
        return _cases[caseId];
    }

    /// @dev The case that is about to change; a predecessor's becomes one's own first.
    function _adopt(bytes32 caseId) internal returns (Case storage own) {
        own = _cases[caseId];
        if (own.state != CaseState.None) return own;
        CaseRecord memory older = caseRecord(caseId);
        if (older.state == CaseState.None) revert CaseUnknown(caseId);
        _cases[caseId] = _fromRecord(older);
        (uint16 approvals, uint16 rejections) = _PREDECESSOR.stepDecisions(caseId, older.step);
        Step storage open = _steps[caseId][older.step];
        (open.approvals, open.rejections) = (approvals, rejections);
    }

    function _setDeciders(bytes32 caseId, uint8 step, Uscc[] memory deciders) internal {
        _steps[caseId][step].deciders = deciders;
    }

    /// @dev Of the step that is open.
    function _setDecision(
        bytes32 caseId,
        uint8 step,
        Uscc department,
        uint256 position,
        bool approves,
        bytes32 digest
    ) internal {
        Step storage open = _steps[caseId][step];
        uint16 bit = uint16(1 << position);
        if (approves) open.approvals |= bit;
        else open.rejections |= bit;
        _decisions[caseId][step][department] = digest;
    }

    /// @dev Of the open step of a case of one's own.
    function _openDecisions(bytes32 caseId, uint8 step) internal view returns (uint16, uint16) {
        Step storage open = _steps[caseId][step];
        return (open.approvals, open.rejections);
    }

    // -- what an act requires --------------------------------------------------------------------

    function _useSequence(Case storage target, bytes32 caseId, uint64 sequence) internal {
        uint32 next = target.sequence + 1;
        if (sequence != next) revert CaseSequenceUnexpected(caseId, next, sequence);
        target.sequence = next;
    }

    function _requireInTime(bytes32 caseId, uint64 validUntil) internal view {
        uint64 nowUnix = uint64(block.timestamp);
        if (nowUnix > validUntil) revert StatementExpired(caseId, validUntil, nowUnix);
    }

    function _requireState(Case storage target, bytes32 caseId, CaseState state) internal view {
        if (target.state != state) revert CaseStateUnexpected(caseId, target.state);
    }

    function _requireRunning(Case storage target, bytes32 caseId) internal view {
        if (target.pausedAt != 0) revert CasePaused(caseId, target.pausedAt);
    }

    function _requireHandler(Case storage target, bytes32 caseId, Uscc department) internal view {
        if (department != _handlerOf(target)) revert DepartmentNotCompetent(caseId, department);
    }

    /// @dev It has the material, and has not signed it away.
    function _requireCustodian(Case storage target, bytes32 caseId, Uscc department) internal view {
        if (target.pendingHandOver != 0) revert HandOverPending(caseId, target.pendingHandOver);
        Uscc custodian = _custodianOf(target);
        if (department != custodian) revert NotCustodian(caseId, custodian, department);
    }

    /// @dev Only who is to accept has a time for it.
    function _requireAcceptBy(uint64 acceptBy, bool isToAccept) internal view {
        if (isToAccept) CaseTimes.requireAcceptance(acceptBy);
        else if (acceptBy != 0) revert CaseFieldMalformed("acceptBy");
    }

    function _requireInForce(ItemCode itemCode, uint32 version) internal view {
        ICatalogue catalogue = _catalogue();
        uint32 inForce = catalogue.currentMatterVersion(itemCode);
        if (version != inForce || catalogue.matter(itemCode, version).steps == 0) {
            revert MatterVersionNotInForce(itemCode, inForce, version);
        }
    }

    function _requireSeal(Uscc department, bytes32 keyId, bytes32 digest, Signature calldata seal)
        internal
        view
        returns (MemberId member)
    {
        return _registry()
            .requireSeal(department, keyId, CertificateType.wrap(0), uint64(block.timestamp), digest, seal);
    }

    function _requireDepartment(bytes32 caseId, uint256 position, Uscc department) internal view {
        if (MemberId.unwrap(_registry().department(department).member) == 0) {
            revert DecidersMalformed(caseId, position);
        }
    }

    // -- what a case consists of -----------------------------------------------------------------

    function _matter(Case storage target) internal view returns (MatterRecord memory) {
        return _catalogue().matter(target.itemCode, target.matterVersion);
    }

    function _matterStep(Case storage target) internal view returns (MatterStep memory) {
        return _catalogue().matterStep(target.itemCode, target.matterVersion, target.step);
    }

    function _handlerOf(Case storage target) internal view returns (Uscc) {
        return target.itemCode.departmentOf();
    }

    function _custodianOf(Case storage target) internal view returns (Uscc) {
        return target.isWithHandler ? _handlerOf(target) : target.receiver;
    }

    // -- what is recorded ------------------------------------------------------------------------

    function _recordAct(
        bytes32 kind,
        MemberId member,
        Uscc department,
        bytes32 caseId,
        bytes memory payload
    ) internal {
        _record(kind, member, Uscc.unwrap(department), caseId, payload);
    }

    /// @dev What nobody sealed: time has passed, or somebody asked.
    function _recordByItself(bytes32 kind, Uscc handler, bytes32 caseId, bytes memory payload) internal {
        _record(kind, _registry().department(handler).member, bytes18(0), caseId, payload);
    }

    function _registry() private view returns (IIssuerRegistry) {
        return IIssuerRegistry(_CONSORTIUM.module(ISSUER_REGISTRY));
    }

    function _catalogue() private view returns (ICatalogue) {
        return ICatalogue(_CONSORTIUM.module(CATALOGUE));
    }

    function _hasPredecessor() private view returns (bool) {
        return address(_PREDECESSOR) != address(0);
    }

    function _fromRecord(CaseRecord memory older) private pure returns (Case memory own) {
        own.itemCode = older.itemCode;
        own.state = older.state;
        own.receiver = older.receiver;
        own.matterVersion = older.matterVersion;
        own.sequence = uint32(older.sequence);
        own.round = older.round;
        own.step = older.step;
        own.outcome = older.outcome;
        own.isWithHandler = older.custodian == older.handler;
        own.wasSupplemented = older.wasSupplemented;
        own.openedAt = uint40(older.openedAt);
        own.acceptBy = uint40(older.acceptBy);
        own.dueAt = uint40(older.dueAt);
        own.stepDueAt = uint40(older.stepDueAt);
        own.pausedAt = uint40(older.pausedAt);
        own.wasExtended = older.wasExtended;
        own.pendingHandOver = older.pendingHandOver;
        own.materialsDigest = older.materialsDigest;
    }
}
