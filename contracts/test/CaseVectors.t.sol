// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AssignmentStatement,
    CaseOpeningStatement,
    CaseStatement,
    DecisionStatement,
    HandOverStatement,
    TakeOverStatement
} from "../types/Statements.sol";
import {CaseHasher} from "./support/CaseHasher.sol";
import {vm} from "./support/Cheatcodes.sol";

/// @notice The vectors of the statements about cases in tests/vectors/statements.json.
contract CaseVectorsTest {
    uint256 private constant FIRST = 18;
    uint256 private constant COUNT = 6;

    function testStatementDigestsOfCases() external {
        string memory json = vm.readFile("../tests/vectors/statements.json");
        CaseHasher hasher = new CaseHasher(vm.parseJsonBytes32(json, ".ledgerId"));
        bytes32[COUNT] memory digests;
        bytes[COUNT] memory encoded;
        for (uint256 i = 0; i < COUNT; ++i) {
            string memory vector = string.concat(".statements[", vm.toString(FIRST + i), "]");
            encoded[i] = vm.parseJsonBytes(json, string.concat(vector, ".encoded"));
            digests[i] = vm.parseJsonBytes32(json, string.concat(vector, ".digest"));
        }
        vm.assertEq(hasher.digest(abi.decode(encoded[0], (CaseOpeningStatement))), digests[0]);
        vm.assertEq(hasher.digest(abi.decode(encoded[1], (CaseStatement))), digests[1]);
        vm.assertEq(hasher.digest(abi.decode(encoded[2], (HandOverStatement))), digests[2]);
        vm.assertEq(hasher.digest(abi.decode(encoded[3], (TakeOverStatement))), digests[3]);
        vm.assertEq(hasher.digest(abi.decode(encoded[4], (AssignmentStatement))), digests[4]);
        vm.assertEq(hasher.digest(abi.decode(encoded[5], (DecisionStatement))), digests[5]);
    }
}
