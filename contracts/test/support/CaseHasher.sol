// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CaseHashes} from "../../libraries/CaseHashes.sol";
import {StatementHashes} from "../../libraries/StatementHashes.sol";
import {
    AssignmentStatement,
    CaseOpeningStatement,
    CaseStatement,
    DecisionStatement,
    HandOverStatement,
    TakeOverStatement
} from "../../types/Statements.sol";

/// @title Digests of statements about cases in memory, for the tests to sign
contract CaseHasher {
    bytes32 private immutable _SEPARATOR;

    constructor(bytes32 ledgerId) {
        _SEPARATOR = StatementHashes.domainSeparator(ledgerId);
    }

    function digest(CaseOpeningStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, CaseHashes.hash(s));
    }

    function digest(CaseStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, CaseHashes.hash(s));
    }

    function digest(HandOverStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, CaseHashes.hash(s));
    }

    function digest(TakeOverStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, CaseHashes.hash(s));
    }

    function digest(AssignmentStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, CaseHashes.hash(s));
    }

    function digest(DecisionStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, CaseHashes.hash(s));
    }
}
