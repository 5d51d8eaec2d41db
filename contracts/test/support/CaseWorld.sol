// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICaseLedger} from "../../interfaces/ICaseLedger.sol";
import {IIssuerRegistry} from "../../interfaces/IIssuerRegistry.sol";
import {Uscc} from "../../types/Identifiers.sol";
import {CaseRecord} from "../../types/Records.sol";
import {
    AssignmentStatement,
    CaseAct,
    CaseOpeningStatement,
    CaseState,
    CaseStatement,
    Channel,
    Decision,
    DecisionStatement,
    HandOverMode,
    HandOverStatement,
    MatterStatement,
    MatterStep,
    Signature,
    SpecialProcedure,
    StepOutcome,
    StepRule,
    TakeOverStatement
} from "../../types/Statements.sol";
import {CaseHasher} from "./CaseHasher.sol";
import {CatalogueLedger} from "./CatalogueLedger.sol";
import {vm} from "./Cheatcodes.sol";

/// @title A ledger with cases, a department in each of four provinces, and what these do to cases
/// @notice `HANDLER` decides its matters in Chongqing; `WINDOW` in Sichuan receives applications.
abstract contract CaseWorld is CatalogueLedger {
    bytes32 internal constant CASES_NAME = "CaseLedger";
    Uscc internal constant HANDLER = ISSUER;
    Uscc internal constant WINDOW = OTHER_ISSUER;
    Uscc internal constant THIRD = Uscc.wrap("11110000000021186L"); // of Beijing
    Uscc internal constant FOURTH = Uscc.wrap("11440000006941338Y"); // of Guangdong
    Uscc internal constant STRANGER = Uscc.wrap("11500000009275792G"); // of Chongqing, in no matter
    uint16 internal constant PROMISED_DAYS = 10;
    bytes32 internal constant MATERIALS = sha256("materials");
    bytes32 internal constant VERDICTS = sha256("materials with their verdicts");

    ICaseLedger internal cases;
    CaseHasher internal caseHasher;
    mapping(Uscc department => uint256) internal _sealKeys;

    function setUp() public virtual override {
        super.setUp();
        (_sealKeys[HANDLER], _sealKeys[WINDOW]) = (SEAL_KEY, OTHER_SEAL_KEY);
        (_sealKeys[THIRD], _sealKeys[FOURTH], _sealKeys[STRANGER]) = (303, 404, 505);
        _registerIssuer(BEIJING, THIRD, 303);
        _registerIssuer(GUANGDONG, FOURTH, 404);
        _registerIssuer(CHONGQING, STRANGER, 505);
        caseHasher = new CaseHasher(LEDGER_ID);
        cases = _newCaseLedger(address(0));
        _install(CASES_NAME, address(cases), _caseKinds());
        _defineSteps(_oneStep(StepRule.All, 1, 0, _row(HANDLER)));
    }

    function _newCaseLedger(address predecessor) internal returns (ICaseLedger) {
        return ICaseLedger(_deploy("CaseLedger", abi.encode(address(consortium), predecessor)));
    }

    function _caseKinds() internal pure returns (bytes32[] memory kinds) {
        kinds = new bytes32[](9);
        kinds[0] = ICaseLedger.CaseOpened.selector;
        kinds[1] = ICaseLedger.CaseAdvanced.selector;
        kinds[2] = ICaseLedger.CaseHandedOver.selector;
        kinds[3] = ICaseLedger.CaseTakenOver.selector;
        kinds[4] = ICaseLedger.AcceptanceDeemed.selector;
        kinds[5] = ICaseLedger.StepAssigned.selector;
        kinds[6] = ICaseLedger.StepDecided.selector;
        kinds[7] = ICaseLedger.StepTimeEnded.selector;
        kinds[8] = ICaseLedger.CaseAttested.selector;
    }

    // -- matters ---------------------------------------------------------------------------------

    function _defineSteps(MatterStep[] memory steps) internal {
        MatterStatement memory s = _matterStatement(catalogue.currentMatterVersion(MATTER) + 1, 0);
        s.promisedDays = PROMISED_DAYS;
        s.steps = steps;
        catalogue.defineMatter(s, _seal(s, SEAL_KEY));
    }

    function _oneStep(StepRule rule, uint8 threshold, uint16 vetoes, Uscc[] memory deciders)
        internal
        pure
        returns (MatterStep[] memory steps)
    {
        steps = new MatterStep[](1);
        steps[0] = _step(rule, threshold, 0, vetoes, deciders);
    }

    function _row(Uscc first) internal pure returns (Uscc[] memory row) {
        row = new Uscc[](1);
        row[0] = first;
    }

    function _row(Uscc first, Uscc second) internal pure returns (Uscc[] memory row) {
        row = new Uscc[](2);
        (row[0], row[1]) = (first, second);
    }

    function _row(Uscc first, Uscc second, Uscc third) internal pure returns (Uscc[] memory row) {
        row = new Uscc[](3);
        (row[0], row[1], row[2]) = (first, second, third);
    }

    // -- opening ---------------------------------------------------------------------------------

    function _opening(Uscc department, bytes32 nonce) internal view returns (CaseOpeningStatement memory) {
        uint64 nowUnix = uint64(block.timestamp);
        return CaseOpeningStatement(
            department,
            _keyId(_sealKeys[department]),
            nonce,
            MATTER,
            catalogue.currentMatterVersion(MATTER),
            Channel.Window,
            sha256("applicant"),
            MATERIALS,
            sha256("identity check"),
            sha256("officer"),
            department == HANDLER ? nowUnix + 7 days : 0,
            nowUnix + 1 hours
        );
    }

    function _open(CaseOpeningStatement memory s) internal returns (bytes32) {
        return cases.openCase(s, _sign(_sealKeys[s.department], caseHasher.digest(s)));
    }

    function _open(Uscc department, bytes32 nonce) internal returns (bytes32) {
        return _open(_opening(department, nonce));
    }

    // -- moving on -------------------------------------------------------------------------------

    /// With what the act needs, and a due date in the middle of its bounds.
    function _statement(bytes32 caseId, Uscc department, CaseAct act)
        internal
        view
        returns (CaseStatement memory s)
    {
        s.department = department;
        s.keyId = _keyId(_sealKeys[department]);
        s.caseId = caseId;
        s.sequence = _record(caseId).sequence + 1;
        s.act = act;
        s.digest = act == CaseAct.Accept ? VERDICTS : sha256(abi.encode("digest of", act));
        s.officerCommitment = sha256("officer");
        s.dueAt = _dueAt(_record(caseId), act);
        if (act == CaseAct.Pause) s.procedure = SpecialProcedure.ExpertReview;
        bool refuses = act == CaseAct.RefuseAcceptance || act == CaseAct.Reject;
        if (refuses || act == CaseAct.Extend) s.legalBasis = unicode"《行政许可法》第三十二条";
        if (refuses) s.remedies = unicode"六十日内可申请行政复议";
    }

    function _dueAt(CaseRecord memory record, CaseAct act) private view returns (uint64) {
        uint64 nowUnix = uint64(block.timestamp);
        if (act == CaseAct.Supplement) return nowUnix + 7 days;
        if (act == CaseAct.Accept) return nowUnix + 14 days;
        if (act == CaseAct.Resume) return record.dueAt + nowUnix - record.pausedAt;
        return act == CaseAct.Extend ? record.dueAt + 14 days : 0;
    }

    function _seal(CaseStatement memory s) internal view returns (Signature memory) {
        return _sign(_sealKeys[s.department], caseHasher.digest(s));
    }

    function _advance(CaseStatement memory s) internal {
        cases.advanceCase(s, _seal(s));
    }

    function _advance(bytes32 caseId, Uscc department, CaseAct act) internal {
        _advance(_statement(caseId, department, act));
    }

    function _refuse(CaseStatement memory s, bytes memory refusal) internal {
        Signature memory seal = _seal(s);
        vm.expectRevert(refusal);
        cases.advanceCase(s, seal);
    }

    function _refuse(bytes32 caseId, Uscc department, CaseAct act, bytes memory refusal) internal {
        _refuse(_statement(caseId, department, act), refusal);
    }

    // -- hand-overs ------------------------------------------------------------------------------

    function _giving(bytes32 caseId, Uscc giver, Uscc taker)
        internal
        view
        returns (HandOverStatement memory)
    {
        return HandOverStatement(
            giver,
            _keyId(_sealKeys[giver]),
            caseId,
            _record(caseId).sequence + 1,
            taker,
            HandOverMode.Postal,
            sha256("package"),
            sha256("officer")
        );
    }

    function _give(HandOverStatement memory s) internal {
        cases.handOver(s, _sign(_sealKeys[s.giver], caseHasher.digest(s)));
    }

    function _give(bytes32 caseId, Uscc giver, Uscc taker) internal {
        _give(_giving(caseId, giver, taker));
    }

    function _taking(bytes32 caseId, Uscc taker) internal view returns (TakeOverStatement memory) {
        CaseRecord memory record = _record(caseId);
        bool isToAccept = taker == HANDLER && record.state == CaseState.Received;
        return TakeOverStatement(
            taker,
            _keyId(_sealKeys[taker]),
            caseId,
            record.sequence + 1,
            record.pendingHandOver,
            sha256("receipt"),
            isToAccept ? uint64(block.timestamp) + 7 days : 0,
            sha256("officer")
        );
    }

    function _take(TakeOverStatement memory s) internal {
        cases.takeOver(s, _sign(_sealKeys[s.taker], caseHasher.digest(s)));
    }

    function _take(bytes32 caseId, Uscc taker) internal {
        _take(_taking(caseId, taker));
    }

    // -- steps -----------------------------------------------------------------------------------

    function _assignment(bytes32 caseId) internal view returns (AssignmentStatement memory) {
        CaseRecord memory record = _record(caseId);
        return AssignmentStatement(
            HANDLER,
            _keyId(_sealKeys[HANDLER]),
            caseId,
            record.sequence + 1,
            record.step,
            uint64(block.timestamp) + 7 days,
            new Uscc[](0),
            sha256("officer")
        );
    }

    function _assign(AssignmentStatement memory s) internal {
        cases.assignStep(s, _sign(_sealKeys[s.department], caseHasher.digest(s)));
    }

    function _assign(bytes32 caseId) internal {
        _assign(_assignment(caseId));
    }

    function _decision(bytes32 caseId, Uscc department, Decision decision)
        internal
        view
        returns (DecisionStatement memory)
    {
        CaseRecord memory record = _record(caseId);
        return DecisionStatement(
            department,
            _keyId(_sealKeys[department]),
            caseId,
            record.step,
            record.round,
            decision,
            record.matterVersion,
            record.materialsDigest,
            sha256("opinion"),
            0,
            sha256("officer"),
            uint64(block.timestamp) + 1 hours
        );
    }

    function _seal(DecisionStatement memory s) internal view returns (Signature memory) {
        return _sign(_sealKeys[s.department], caseHasher.digest(s));
    }

    function _decide(DecisionStatement memory s) internal returns (bytes32 digest) {
        cases.decideStep(s, _seal(s));
        return caseHasher.digest(s);
    }

    function _approve(bytes32 caseId, Uscc department) internal {
        _decide(_decision(caseId, department, Decision.Approve));
    }

    function _rejectStep(bytes32 caseId, Uscc department) internal {
        _decide(_decision(caseId, department, Decision.Reject));
    }

    function _refuse(DecisionStatement memory s, bytes memory refusal) internal {
        Signature memory seal = _seal(s);
        vm.expectRevert(refusal);
        cases.decideStep(s, seal);
    }

    // -- cases that are on their way ---------------------------------------------------------------

    function _accepted() internal returns (bytes32 caseId) {
        caseId = _open(HANDLER, keccak256(abi.encode(log.size())));
        _advance(caseId, HANDLER, CaseAct.Accept);
    }

    function _reviewing() internal returns (bytes32 caseId) {
        caseId = _accepted();
        _assign(caseId);
    }

    function _decided(Decision decision) internal returns (bytes32 caseId) {
        caseId = _reviewing();
        _decide(_decision(caseId, HANDLER, decision));
    }

    function _record(bytes32 caseId) internal view returns (CaseRecord memory) {
        return cases.caseRecord(caseId);
    }

    function _assertState(bytes32 caseId, CaseState state) internal view {
        vm.assertEq(uint256(_record(caseId).state), uint256(state), "state");
    }

    function _assertOutcome(bytes32 caseId, StepOutcome outcome) internal view {
        vm.assertEq(uint256(_record(caseId).outcome), uint256(outcome), "outcome");
    }

    // -- refusals --------------------------------------------------------------------------------

    function _inState(bytes32 caseId, CaseState state) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseLedger.CaseStateUnexpected.selector, caseId, state);
    }

    function _malformed(bytes32 field) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseLedger.CaseFieldMalformed.selector, field);
    }

    function _notCompetent(bytes32 caseId, Uscc department) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseLedger.DepartmentNotCompetent.selector, caseId, department);
    }

    function _outOfRange(uint64 dueAt, uint64 earliest, uint64 latest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICaseLedger.DueDateOutOfRange.selector, dueAt, earliest, latest);
    }

    function _expired(bytes32 caseId, uint64 validUntil) internal view returns (bytes memory) {
        return abi.encodeWithSelector(
            ICaseLedger.StatementExpired.selector, caseId, validUntil, block.timestamp
        );
    }

    function _sealInvalid(Uscc department, bytes32 keyId, bytes32 digest)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IIssuerRegistry.SealInvalid.selector, department, keyId, digest);
    }
}
