// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliveryLedger} from "../../interfaces/IDeliveryLedger.sol";
import {DeliveryStatement, Signature} from "../../types/Statements.sol";
import {DeliveryHasher} from "./DeliveryHasher.sol";
import {Ledger} from "./Ledger.sol";

/// @title A ledger with receipts for deliveries; what ISSUER sends is for OTHER_ISSUER
abstract contract DeliveryWorld is Ledger {
    bytes32 internal constant DELIVERIES_NAME = "DeliveryLedger";
    bytes32 internal constant DELIVERY = sha256("a delivery");

    IDeliveryLedger internal deliveries;
    DeliveryHasher internal deliveryHasher;

    function setUp() public virtual override {
        super.setUp();
        deliveryHasher = new DeliveryHasher(LEDGER_ID);
        _replaceDeliveries();
    }

    function _replaceDeliveries() internal {
        IDeliveryLedger successor = IDeliveryLedger(
            _deploy("DeliveryLedger", abi.encode(address(consortium), address(deliveries)))
        );
        bytes32[] memory kinds = new bytes32[](1);
        kinds[0] = IDeliveryLedger.DeliveryAcknowledged.selector;
        _install(DELIVERIES_NAME, address(successor), kinds);
        deliveries = successor;
    }

    function _delivery(bytes32 deliveryId) internal view returns (DeliveryStatement memory) {
        return DeliveryStatement(
            OTHER_ISSUER,
            _keyId(OTHER_SEAL_KEY),
            ISSUER,
            deliveryId,
            sha256("content"),
            sha256("receipt"),
            uint64(block.timestamp + 1 hours)
        );
    }

    function _seal(DeliveryStatement memory statement, uint256 key)
        internal
        view
        returns (Signature memory)
    {
        return _sign(key, deliveryHasher.digest(statement));
    }
}
