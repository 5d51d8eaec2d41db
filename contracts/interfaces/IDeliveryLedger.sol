// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Uscc} from "../types/Identifiers.sol";
import {DeliveryStatement, Signature} from "../types/Statements.sol";

/// @title Receipts for what travels between nodes
/// @notice Presentations, materials, packages and results travel encrypted, beside the chain. What the
/// receiving department owes for them is here: one receipt, once, under its seal.
interface IDeliveryLedger {
    /// @notice A department acknowledged a delivery.
    event DeliveryAcknowledged(DeliveryStatement statement, Signature seal);

    /// @notice The department acknowledged this delivery before; the receipt is the one given.
    /// @custom:category conflict
    error DeliveryExists(Uscc receiver, bytes32 deliveryId, bytes32 receiptDigest);
    /// @notice The acknowledgement's time to be recorded is over.
    /// @custom:category conflict
    error DeliveryExpired(bytes32 deliveryId, uint64 validUntil, uint256 atUnix);

    function acknowledge(DeliveryStatement calldata statement, Signature calldata seal) external;

    /// @notice Digest of the receipt that a department gave for a delivery, 0 if it gave none.
    function receiptDigest(Uscc receiver, bytes32 deliveryId) external view returns (bytes32);
}
