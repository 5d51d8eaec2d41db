// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CatalogueHashes} from "../../libraries/CatalogueHashes.sol";
import {RecognitionHashes} from "../../libraries/RecognitionHashes.sol";
import {StatementHashes} from "../../libraries/StatementHashes.sol";
import {
    BatchStatement,
    CompromiseStatement,
    DepartmentStatement,
    FoundingStatement,
    GroupExitStatement,
    GroupStatement,
    MandateStatement,
    MatterStatement,
    MemberKeysStatement,
    OperatorStatement,
    PactStatement,
    PolicyStatement,
    ProposalStatement,
    SealKeyEndStatement,
    SealKeyStatement,
    StatusStatement,
    TypeStatement,
    VoteStatement
} from "../../types/Statements.sol";

/// @title Digests of statements in memory, for the tests to sign
contract StatementHasher {
    bytes32 private immutable _SEPARATOR;

    constructor(bytes32 ledgerId) {
        _SEPARATOR = StatementHashes.domainSeparator(ledgerId);
    }

    function digest(FoundingStatement memory s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(ProposalStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(VoteStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(MemberKeysStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(OperatorStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(DepartmentStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(SealKeyStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(SealKeyEndStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    /// Its members have the types of those of a SealKeyEndStatement, so no overload tells them apart.
    function digestOfCompromise(CompromiseStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(MandateStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(BatchStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(StatusStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, StatementHashes.hash(s));
    }

    function digest(TypeStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, CatalogueHashes.hash(s));
    }

    function digest(MatterStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, CatalogueHashes.hash(s));
    }

    function digest(GroupStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, RecognitionHashes.hash(s));
    }

    function digest(GroupExitStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, RecognitionHashes.hash(s));
    }

    function digest(PolicyStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, RecognitionHashes.hash(s));
    }

    function digest(PactStatement calldata s) external view returns (bytes32) {
        return StatementHashes.digest(_SEPARATOR, RecognitionHashes.hash(s));
    }
}
