// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AssignmentStatement,
    CaseAct,
    CaseOpeningStatement,
    CaseStatement,
    Decision,
    DecisionStatement,
    HandOverStatement,
    Signature,
    StepRule,
    TakeOverStatement
} from "../../types/Statements.sol";
import {Uscc} from "../../types/Identifiers.sol";
import {CaseWorld} from "../support/CaseWorld.sol";
import {vm} from "../support/Cheatcodes.sol";
import {GasMeter} from "../support/GasMeter.sol";

/// @notice Of the acts on a case.
contract CaseGas is CaseWorld, GasMeter {
    function setUp() public override(CaseWorld, GasMeter) {
        super.setUp();
        _defineSteps(_oneStep(StepRule.Threshold, 2, 1, _row(HANDLER, WINDOW, THIRD)));
    }

    function testACaseThroughTwoProvinces() external {
        bytes32 caseId = _opened();
        _handedOver(caseId);
        _advanced(caseId, CaseAct.Accept, "advanceCase, accept");
        _assigned(caseId);
        _decided(caseId, WINDOW, "decideStep, the first of three");
        _decided(caseId, THIRD, "decideStep, the second of three");
        _decided(caseId, HANDLER, "decideStep, the last, which ends the step");
        _advanced(caseId, CaseAct.Grant, "advanceCase, grant");
        _advanced(caseId, CaseAct.IssueResult, "advanceCase, issue");
        _advanced(caseId, CaseAct.Deliver, "advanceCase, deliver");
    }

    function testAcceptingOnManyReliances() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        CaseStatement memory s = _statement(caseId, HANDLER, CaseAct.Accept);
        s.reliances = new bytes32[](64);
        for (uint256 i = 0; i < 64; ++i) {
            s.reliances[i] = sha256(abi.encode(i));
        }
        Signature memory seal = _seal(s);
        cases.advanceCase(s, seal);
        _snapshot("advanceCase, accept on 64 reliances");
    }

    function testASilentAcceptance() external {
        bytes32 caseId = _open(HANDLER, "nonce");
        vm.warp(START + 8 days);
        cases.deemAccepted(caseId);
        _snapshot("deemAccepted");
        cases.attestCase(caseId);
        _snapshot("attestCase");
    }

    function _opened() private returns (bytes32 caseId) {
        CaseOpeningStatement memory s = _opening(WINDOW, "nonce");
        Signature memory seal = _sign(_sealKeys[WINDOW], caseHasher.digest(s));
        caseId = cases.openCase(s, seal);
        _snapshot("openCase");
    }

    function _handedOver(bytes32 caseId) private {
        HandOverStatement memory given = _giving(caseId, WINDOW, HANDLER);
        Signature memory seal = _sign(_sealKeys[WINDOW], caseHasher.digest(given));
        cases.handOver(given, seal);
        _snapshot("handOver");
        TakeOverStatement memory taken = _taking(caseId, HANDLER);
        seal = _sign(_sealKeys[HANDLER], caseHasher.digest(taken));
        cases.takeOver(taken, seal);
        _snapshot("takeOver");
    }

    function _advanced(bytes32 caseId, CaseAct act, string memory name) private {
        CaseStatement memory s = _statement(caseId, HANDLER, act);
        Signature memory seal = _seal(s);
        cases.advanceCase(s, seal);
        _snapshot(name);
    }

    function _assigned(bytes32 caseId) private {
        AssignmentStatement memory s = _assignment(caseId);
        Signature memory seal = _sign(_sealKeys[HANDLER], caseHasher.digest(s));
        cases.assignStep(s, seal);
        _snapshot("assignStep, three deciders");
    }

    function _decided(bytes32 caseId, Uscc department, string memory name) private {
        DecisionStatement memory s = _decision(caseId, department, Decision.Approve);
        Signature memory seal = _seal(s);
        cases.decideStep(s, seal);
        _snapshot(name);
    }

    function _snapshot(string memory name) private {
        vm.snapshotValue(group, name, _used());
    }
}
