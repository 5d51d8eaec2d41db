// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEntryLog} from "../interfaces/IEntryLog.sol";
import {MemberId} from "../types/Identifiers.sol";
import {LogEntry} from "../types/Records.sol";
import {Cheatcodes, vm} from "./support/Cheatcodes.sol";
import {Ledger} from "./support/Ledger.sol";
import {Rfc9162} from "./support/Rfc9162.sol";

/// @notice The log by itself: this contract plays the consortium and a module.
contract EntryLogTest is Ledger {
    bytes32 private constant KIND = keccak256("SomethingHappened()");
    address private constant STRANGER = address(0x5747);

    function setUp() public override {
        vm.warp(START);
        log = _newLog(0, new bytes32[](0));
    }

    function testEmptyLogHasRootOfEmptyString() external view {
        vm.assertEq(log.size(), 0);
        vm.assertEq(log.root(), sha256(""));
        vm.assertEq(log.compactRange(), new bytes32[](0));
    }

    function testRootIsThatOfRfc9162AtEverySize() external {
        bytes32[] memory all = _leaves(65, "every");
        for (uint256 n = 1; n <= all.length; ++n) {
            all[n - 1] = _append(log, uint64(n), bytes32(n));
            bytes32[] memory leaves = _first(all, n);
            vm.assertEq(log.root(), Rfc9162.root(leaves));
            vm.assertEq(log.compactRange(), Rfc9162.compactRange(leaves));
            vm.assertEq(log.size(), n);
        }
    }

    function testFuzz_ImportedRangeContinuesTheSameTree(uint8 before, uint8 later, bytes32 salt) external {
        uint256 size = before % 70;
        bytes32[] memory leaves = _leaves(size + (later % 40), salt);
        IEntryLog continued = _newLog(size, Rfc9162.compactRange(_first(leaves, size)));
        vm.assertEq(continued.root(), Rfc9162.root(_first(leaves, size)));

        for (uint256 n = size; n < leaves.length; ++n) {
            leaves[n] = _append(continued, uint64(n), salt);
        }
        vm.assertEq(continued.size(), leaves.length);
        vm.assertEq(continued.root(), Rfc9162.root(leaves));
        vm.assertEq(continued.compactRange(), Rfc9162.compactRange(leaves));
    }

    function testImportOfVeryManyEntriesTakesTheirRange() external {
        uint256 size = (1 << 40) + (1 << 3) + 1;
        bytes32[] memory range = _leaves(3, "huge");
        IEntryLog continued = _newLog(size, range);

        vm.assertEq(continued.size(), size);
        vm.assertEq(continued.compactRange(), range);
        vm.assertEq(continued.root(), _node(range[0], _node(range[1], range[2])));
        bytes32 leaf = _append(continued, 1, "next");
        vm.assertEq(
            continued.root(), _node(range[0], _node(range[1], _node(range[2], leaf))), "two ones merge"
        );
    }

    function testFuzz_ImportWithAnotherNumberOfHashesIsRefused(uint16 size, uint8 hashes) external {
        uint256 bits = Rfc9162.compactRange(new bytes32[](size % 512)).length;
        vm.assume(hashes != bits);
        vm.expectRevert(
            abi.encodeWithSelector(IEntryLog.ImportedRangeMalformed.selector, size % 512, hashes)
        );
        this.newLog(size % 512, new bytes32[](hashes));
    }

    function testFuzz_EntryIsEmittedAsItIsHashed(
        MemberId region,
        bytes18 actor,
        bytes32 subject,
        bytes32 payloadHash,
        uint40 atUnix
    ) external {
        vm.warp(atUnix);
        vm.recordLogs();
        uint256 index = log.append(KIND, region, actor, subject, payloadHash);

        Cheatcodes.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "logs");
        vm.assertEq(logs[0].topics[0], IEntryLog.EntryAppended.selector);
        vm.assertEq(uint256(logs[0].topics[1]), index);
        LogEntry memory entry = LogEntry(KIND, region, actor, subject, payloadHash, atUnix);
        vm.assertTrue(keccak256(logs[0].data) == keccak256(abi.encode(entry)), "entry");
        vm.assertEq(log.root(), Rfc9162.leafHash(logs[0].data));
    }

    function testKindOfAnotherModuleIsRefused() external {
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IEntryLog.KindNotOwned.selector, KIND, STRANGER));
        log.append(KIND, CHONGQING, 0, 0, 0);

        vm.expectRevert(
            abi.encodeWithSelector(IEntryLog.KindNotOwned.selector, bytes32("unassigned"), address(this))
        );
        log.append("unassigned", CHONGQING, 0, 0, 0);
        vm.assertEq(log.size(), 0);
    }

    function testOnlyTheConsortiumAssignsKinds() external {
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IEntryLog.CallerNotConsortium.selector, STRANGER));
        log.assignKind(KIND, STRANGER);
        vm.assertEq(log.kindOwner(KIND), address(this));

        log.assignKind(KIND, STRANGER);
        vm.assertEq(log.kindOwner(KIND), STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IEntryLog.KindNotOwned.selector, KIND, address(this)));
        log.append(KIND, CHONGQING, 0, 0, 0);
    }

    /// External, so that a refusal in the constructor can be expected.
    function newLog(uint256 size, bytes32[] memory range) external returns (IEntryLog) {
        return _newLog(size, range);
    }

    function _newLog(uint256 size, bytes32[] memory range) private returns (IEntryLog made) {
        made = IEntryLog(_deploy("EntryLog", abi.encode(address(this), size, range)));
        made.assignKind(KIND, address(this));
    }

    function _append(IEntryLog to, uint64 number, bytes32 salt) private returns (bytes32 leaf) {
        LogEntry memory entry =
            LogEntry(KIND, CHONGQING, bytes18(bytes8(number)), salt, sha256(abi.encode(number)), uint64(START));
        uint256 index = to.append(entry.kind, entry.region, entry.actor, entry.subject, entry.payloadHash);
        vm.assertEq(index + 1, to.size());
        return Rfc9162.leafHash(abi.encode(entry));
    }

    function _leaves(uint256 count, bytes32 salt) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = sha256(abi.encode(salt, i));
        }
    }

    function _first(bytes32[] memory leaves, uint256 count) private pure returns (bytes32[] memory part) {
        part = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            part[i] = leaves[i];
        }
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(bytes.concat(hex"01", left, right));
    }
}
