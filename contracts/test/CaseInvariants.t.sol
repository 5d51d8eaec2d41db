// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CaseHandler} from "./support/CaseHandler.sol";

/// @notice What holds of cases after any sequence of acts and attacks; {CaseHandler} has them.
contract CaseInvariantsTest {
    CaseHandler private handler;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() external {
        handler = new CaseHandler();
        handler.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// The natural next act thrice, so that cases get far.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory acts = new bytes4[](15);
        acts[0] = CaseHandler.pass.selector;
        acts[1] = CaseHandler.open.selector;
        acts[2] = CaseHandler.proceed.selector;
        acts[3] = CaseHandler.proceed.selector;
        acts[4] = CaseHandler.proceed.selector;
        acts[5] = CaseHandler.tryAct.selector;
        acts[6] = CaseHandler.pause.selector;
        acts[7] = CaseHandler.resumeEarlier.selector;
        acts[8] = CaseHandler.tryDecision.selector;
        acts[9] = CaseHandler.endStepTime.selector;
        acts[10] = CaseHandler.deemAccepted.selector;
        acts[11] = CaseHandler.actWithAForeignKey.selector;
        acts[12] = CaseHandler.decideWithAForeignKey.selector;
        acts[13] = CaseHandler.replay.selector;
        acts[14] = CaseHandler.decideOnOtherGrounds.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), acts);
    }

    /// One campaign for all: forge would run the same sequences again for each invariant.
    function invariant_StatesSealsDecisionsAndDeadlines() external view {
        handler.checkStates();
        handler.checkDecisions();
    }
}
