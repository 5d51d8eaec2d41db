// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeliveryHashes} from "../../libraries/DeliveryHashes.sol";
import {StatementHashes} from "../../libraries/StatementHashes.sol";
import {DeliveryStatement} from "../../types/Statements.sol";

/// @title Digest of a statement about a delivery in memory, for the tests to sign
contract DeliveryHasher {
    bytes32 private immutable _SEPARATOR;

    constructor(bytes32 ledgerId) {
        _SEPARATOR = StatementHashes.domainSeparator(ledgerId);
    }

    function digest(DeliveryStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, DeliveryHashes.hash(s));
    }
}
