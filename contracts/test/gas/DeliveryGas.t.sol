// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeliveryStatement, Signature} from "../../types/Statements.sol";
import {vm} from "../support/Cheatcodes.sol";
import {DeliveryWorld} from "../support/DeliveryWorld.sol";
import {GasMeter} from "../support/GasMeter.sol";

/// @notice Of acknowledging a delivery.
contract DeliveryGas is DeliveryWorld, GasMeter {
    function setUp() public override(DeliveryWorld, GasMeter) {
        super.setUp();
    }

    function testAcknowledging() external {
        DeliveryStatement memory statement = _delivery(DELIVERY);
        Signature memory seal = _seal(statement, OTHER_SEAL_KEY);
        deliveries.acknowledge(statement, seal);
        vm.snapshotValue(group, "acknowledge", _used());
    }
}
