// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CompactRange} from "../libraries/CompactRange.sol";
import {StatusWords} from "../libraries/StatusWords.sol";
import {LogEntry} from "../types/Records.sol";
import {IEntryLog} from "../interfaces/IEntryLog.sol";
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
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {Ledger} from "./support/Ledger.sol";
import {Rfc9162} from "./support/Rfc9162.sol";
import {StatementHasher} from "./support/StatementHasher.sol";

/// @notice The vectors of tests/vectors, which Python is held to as well.
contract VectorsTest is Ledger {
    using CompactRange for mapping(uint256 level => bytes32);

    uint256 private constant STATEMENTS = 12;
    uint256 private constant TREES = 10;
    uint256 private constant ENTRIES = 7;
    uint256 private constant WORDS = 4;
    uint256 private constant CHANGES = 18;
    uint256 private constant EDGES = 84;

    mapping(uint256 tree => mapping(uint256 level => bytes32)) private _ranges;

    function setUp() public override {}

    function testStatementDigests() external {
        string memory json = vm.readFile("../tests/vectors/statements.json");
        hasher = new StatementHasher(vm.parseJsonBytes32(json, ".ledgerId"));
        bytes32[STATEMENTS] memory digests;
        bytes[STATEMENTS] memory encoded;
        for (uint256 i = 0; i < STATEMENTS; ++i) {
            encoded[i] = vm.parseJsonBytes(json, _at("statements", i, "encoded"));
            digests[i] = vm.parseJsonBytes32(json, _at("statements", i, "digest"));
        }
        vm.assertEq(hasher.digest(abi.decode(encoded[0], (FoundingStatement))), digests[0]);
        vm.assertEq(hasher.digest(abi.decode(encoded[1], (ProposalStatement))), digests[1]);
        vm.assertEq(hasher.digest(abi.decode(encoded[2], (VoteStatement))), digests[2]);
        vm.assertEq(hasher.digest(abi.decode(encoded[3], (MemberKeysStatement))), digests[3]);
        vm.assertEq(hasher.digest(abi.decode(encoded[4], (OperatorStatement))), digests[4]);
        vm.assertEq(hasher.digest(abi.decode(encoded[5], (DepartmentStatement))), digests[5]);
        vm.assertEq(hasher.digest(abi.decode(encoded[6], (SealKeyStatement))), digests[6]);
        vm.assertEq(hasher.digest(abi.decode(encoded[7], (SealKeyEndStatement))), digests[7]);
        vm.assertEq(hasher.digestOfCompromise(abi.decode(encoded[8], (CompromiseStatement))), digests[8]);
        vm.assertEq(hasher.digest(abi.decode(encoded[9], (MandateStatement))), digests[9]);
        vm.assertEq(hasher.digest(abi.decode(encoded[10], (BatchStatement))), digests[10]);
        vm.assertEq(hasher.digest(abi.decode(encoded[11], (StatusStatement))), digests[11]);
    }

    function testStatementDigestsOfCatalogueAndRecognition() external {
        string memory json = vm.readFile("../tests/vectors/statements.json");
        hasher = new StatementHasher(vm.parseJsonBytes32(json, ".ledgerId"));
        bytes32[6] memory digests;
        bytes[6] memory encoded;
        for (uint256 i = 0; i < 6; ++i) {
            encoded[i] = vm.parseJsonBytes(json, _at("statements", STATEMENTS + i, "encoded"));
            digests[i] = vm.parseJsonBytes32(json, _at("statements", STATEMENTS + i, "digest"));
        }
        vm.assertEq(hasher.digest(abi.decode(encoded[0], (TypeStatement))), digests[0]);
        vm.assertEq(hasher.digest(abi.decode(encoded[1], (MatterStatement))), digests[1]);
        vm.assertEq(hasher.digest(abi.decode(encoded[2], (GroupStatement))), digests[2]);
        vm.assertEq(hasher.digest(abi.decode(encoded[3], (GroupExitStatement))), digests[3]);
        vm.assertEq(hasher.digest(abi.decode(encoded[4], (PolicyStatement))), digests[4]);
        vm.assertEq(hasher.digest(abi.decode(encoded[5], (PactStatement))), digests[5]);
    }

    function testTrees() external {
        string memory json = vm.readFile("../tests/vectors/merkle.json");
        for (uint256 i = 0; i < TREES; ++i) {
            bytes32[] memory leaves = vm.parseJsonBytes32Array(json, _at("trees", i, "leafHashes"));
            bytes32 root = vm.parseJsonBytes32(json, _at("trees", i, "root"));
            for (uint256 n = 0; n < leaves.length; ++n) {
                _ranges[i].push(n, leaves[n]);
            }
            vm.assertEq(_ranges[i].root(leaves.length), root);
            vm.assertEq(Rfc9162.root(leaves), root);
            bytes32[] memory range = vm.parseJsonBytes32Array(json, _at("trees", i, "compactRange"));
            vm.assertEq(Rfc9162.compactRange(leaves), range);
        }
    }

    function testLogEntries() external {
        string memory json = vm.readFile("../tests/vectors/log_entries.json");
        log = IEntryLog(_deploy("EntryLog", abi.encode(address(this), 0, new bytes32[](0))));
        for (uint256 i = 0; i < ENTRIES; ++i) {
            bytes memory encoded = vm.parseJsonBytes(json, _at("entries", i, "encoded"));
            vm.assertEq(
                Rfc9162.leafHash(encoded), vm.parseJsonBytes32(json, _at("entries", i, "leafHash"))
            );
            LogEntry memory entry = abi.decode(encoded, (LogEntry));
            log.assignKind(entry.kind, address(this));
            vm.warp(entry.timeUnix);
            log.append(entry.kind, entry.region, entry.actor, entry.subject, entry.payloadHash);
        }
        vm.assertEq(log.root(), vm.parseJsonBytes32(json, ".root"));
    }

    function testStatusWords() external view {
        string memory json = vm.readFile("../tests/vectors/status_words.json");
        for (uint256 i = 0; i < WORDS; ++i) {
            bytes32 word = vm.parseJsonBytes32(json, _at("words", i, "word"));
            uint256[] memory statuses = vm.parseJsonUintArray(json, _at("words", i, "statuses"));
            for (uint256 position = 0; position < 128; ++position) {
                vm.assertEq(StatusWords.statusAt(word, position), statuses[position]);
            }
        }
        for (uint256 i = 0; i < CHANGES; ++i) {
            bytes32 before = vm.parseJsonBytes32(json, _at("changes", i, "before"));
            bytes32 later = vm.parseJsonBytes32(json, _at("changes", i, "after"));
            bool isAllowed = vm.parseJsonUint(json, _at("changes", i, "isAllowed")) == 1;
            vm.assertTrue(StatusWords.keepsFinal(before, later) == isAllowed);
        }
        for (uint256 i = 0; i < EDGES; ++i) {
            bytes32 word = vm.parseJsonBytes32(json, _at("edges", i, "word"));
            uint256 index = vm.parseJsonUint(json, _at("edges", i, "index"));
            uint256 count = vm.parseJsonUint(json, _at("edges", i, "count"));
            bool isWithin = vm.parseJsonUint(json, _at("edges", i, "isWithin")) == 1;
            vm.assertTrue(StatusWords.isWithin(word, index, count) == isWithin);
        }
    }

    function _at(string memory list, uint256 index, string memory member)
        private
        pure
        returns (string memory)
    {
        return string.concat(".", list, "[", vm.toString(index), "].", member);
    }
}
