// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeliveryStatement} from "../types/Statements.sol";

/// @title hashStruct of the statement about a delivery (EIP-712)
library DeliveryHashes {
    bytes32 private constant DELIVERY_TYPE = keccak256(
        "DeliveryStatement(bytes18 receiver,bytes32 keyId,bytes18 sender,bytes32 deliveryId,bytes32 contentDigest,bytes32 receiptDigest,uint64 validUntil)"
    );

    function hash(DeliveryStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(DELIVERY_TYPE, s));
    }
}
