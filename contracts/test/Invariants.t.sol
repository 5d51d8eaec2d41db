// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerHandler} from "./support/LedgerHandler.sol";

/// @notice What holds after any sequence of acts and attacks; {LedgerHandler} has them.
contract InvariantsTest {
    LedgerHandler private handler;

    function setUp() external {
        handler = new LedgerHandler();
        handler.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory acts = new bytes4[](15);
        acts[0] = LedgerHandler.pass.selector;
        acts[1] = LedgerHandler.anchor.selector;
        acts[2] = LedgerHandler.changeStatus.selector;
        acts[3] = LedgerHandler.attest.selector;
        acts[4] = LedgerHandler.mandate.selector;
        acts[5] = LedgerHandler.rotateAuthority.selector;
        acts[6] = LedgerHandler.proposeFreeze.selector;
        acts[7] = LedgerHandler.vote.selector;
        acts[8] = LedgerHandler.execute.selector;
        acts[9] = LedgerHandler.replaceCertificateLedger.selector;
        acts[10] = LedgerHandler.ask.selector;
        acts[11] = LedgerHandler.anchorWithAForeignKey.selector;
        acts[12] = LedgerHandler.anchorWithAnotherType.selector;
        acts[13] = LedgerHandler.replayStatus.selector;
        acts[14] = LedgerHandler.changeStatusWithAForeignKey.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), acts);
    }

    /// One campaign for all: forge would run the same sequences again for each invariant.
    function invariant_LogStatusesVotesFreezesAndPast() external view {
        handler.checkLog();
        handler.checkStatuses();
        handler.checkVotes();
        handler.checkFreezes();
        handler.checkThePast();
    }
}
