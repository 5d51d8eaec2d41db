// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecognitionHandler} from "./support/RecognitionHandler.sol";

/// @notice What holds after any sequence of acts and attacks; {RecognitionHandler} has them.
contract RecognitionInvariantsTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    RecognitionHandler private handler;

    function setUp() external {
        handler = new RecognitionHandler();
        handler.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory acts = new bytes4[](9);
        acts[0] = RecognitionHandler.pass.selector;
        acts[1] = RecognitionHandler.set.selector;
        acts[2] = RecognitionHandler.offer.selector;
        acts[3] = RecognitionHandler.sign.selector;
        acts[4] = RecognitionHandler.leaveTheGroup.selector;
        acts[5] = RecognitionHandler.replaceRegistry.selector;
        acts[6] = RecognitionHandler.setForAnother.selector;
        acts[7] = RecognitionHandler.setAnotherVersion.selector;
        acts[8] = RecognitionHandler.replayPolicy.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), acts);
    }

    function invariant_PoliciesAndThePast() external view {
        handler.checkPolicies();
        handler.checkThePast();
    }
}
