// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BatchStatement,
    DepartmentStatement,
    MandateStatement,
    SealKeyStatement,
    Signature,
    StatusStatement,
    WordChange
} from "../../types/Statements.sol";
import {RegionCode, Uscc} from "../../types/Identifiers.sol";
import {IEntryLog} from "../../interfaces/IEntryLog.sol";
import {vm} from "../support/Cheatcodes.sol";
import {GasMeter} from "../support/GasMeter.sol";

/// @notice Of registering, anchoring, changing statuses and appending to the log.
contract GasSnapshot is GasMeter {
    function testAnchoring() external {
        uint256[] memory used = new uint256[](64);
        for (uint256 i = 0; i < used.length; ++i) {
            vm.warp(START + i);
            BatchStatement memory statement = _batchStatement(keccak256(abi.encode(i)), 65536);
            Signature memory seal = _seal(statement, SEAL_KEY);
            certificates.anchorBatch(statement, seal);
            used[i] = _used();
        }
        _sort(used);
        vm.snapshotValue(group, "anchorBatch, median of 64", used[used.length / 2]);
        vm.snapshotValue(group, "anchorBatch, least of 64", used[0]);
        vm.snapshotValue(group, "anchorBatch, most of 64", used[used.length - 1]);
    }

    function testSealCheck() external {
        Signature memory seal = _sign(SEAL_KEY, "digest");
        bytes32 keyId = _keyId(SEAL_KEY);
        registry.requireSeal(ISSUER, keyId, W011, uint64(START), "digest", seal);
        uint256 whole = _used();
        // Refused before any curve arithmetic: the rest of the check without it.
        try registry.requireSeal(ISSUER, keyId, W011, uint64(START), "digest", Signature(1, 0, seal.s)) {}
            catch {}
        vm.snapshotValue(group, "P-256 check, the share of it in each act", whole - _used());
    }

    /// One after the other in words 0..63, then again in the same words.
    function testRevokingOne() external {
        bytes32 key = _anchor("large", 65536);
        uint256[] memory fresh = new uint256[](64);
        uint256[] memory again = new uint256[](64);
        for (uint16 i = 0; i < 64; ++i) {
            _changeStatus(key, i, bytes32(bytes1(0x01)));
            fresh[i] = _used();
        }
        for (uint16 i = 0; i < 64; ++i) {
            _changeStatus(key, i, bytes32(bytes1(0x05)));
            again[i] = _used();
        }
        _sort(fresh);
        _sort(again);
        vm.snapshotValue(group, "changeStatus, one certificate in a fresh word, median of 64", fresh[32]);
        vm.snapshotValue(group, "changeStatus, one certificate in a used word, median of 64", again[32]);
    }

    function testRevokingMany() external {
        bytes32 key = _anchor("large", 65536);
        _revokeFull(key, 1, 64);
        vm.snapshotValue(group, "changeStatus, 64 full fresh words (8,192 certificates)", _used());
        vm.snapshotValue(group, "changeStatus, 64 full fresh words, each certificate", _used() / 8192);
        _revokeFull(key, 65, 256);
        vm.snapshotValue(group, "changeStatus, 256 full fresh words (32,768 certificates)", _used());
        vm.snapshotValue(group, "changeStatus, 256 full fresh words, each certificate", _used() / 32768);
    }

    function testAttesting() external {
        bytes32 key = _anchor("batch", 1);
        certificates.attestStatus(key, 0);
        vm.snapshotValue(group, "attestStatus", _used());
    }

    function testAppending() external {
        log = IEntryLog(_deploy("EntryLog", abi.encode(address(this), 0, new bytes32[](0))));
        log.assignKind("kind", address(this));
        uint256[] memory used = new uint256[](64);
        for (uint256 i = 0; i < used.length; ++i) {
            log.append("kind", CHONGQING, bytes18(Uscc.unwrap(ISSUER)), bytes32(i), sha256(abi.encode(i)));
            used[i] = _used();
        }
        _sort(used);
        vm.snapshotValue(group, "EntryLog.append by itself, median of 64", used[used.length / 2]);
        vm.snapshotValue(group, "EntryLog.append by itself, most of 64", used[used.length - 1]);
    }

    function testRegistering() external {
        Uscc issuer = Uscc.wrap("11430000006122244L");
        (DepartmentStatement memory department, Signature memory signature) =
            _signedDepartment(CHONGQING, issuer, RegionCode.wrap("500112"));
        registry.registerDepartment(department, signature);
        vm.snapshotValue(group, "registerDepartment", _used());
        SealKeyStatement memory key;
        (key, signature) = _signedSealKey(CHONGQING, issuer, 303);
        registry.registerSealKey(key, signature);
        vm.snapshotValue(group, "registerSealKey", _used());
        MandateStatement memory mandate;
        (mandate, signature) = _signedMandate(CHONGQING, issuer, W011, uint64(START), NO_END);
        registry.changeMandate(mandate, signature);
        vm.snapshotValue(group, "changeMandate, the first", _used());
    }

    function _revokeFull(bytes32 key, uint16 first, uint16 count) private {
        WordChange[] memory changes = new WordChange[](count);
        for (uint16 i = 0; i < count; ++i) {
            bytes32 allRevoked = 0x5555555555555555555555555555555555555555555555555555555555555555;
            changes[i] = WordChange(first + i, 0, allRevoked);
        }
        StatusStatement memory statement = _statusStatement(key, changes);
        Signature memory seal = _seal(statement, SEAL_KEY);
        certificates.changeStatus(statement, seal);
    }

    function _sort(uint256[] memory values) private pure {
        for (uint256 i = 1; i < values.length; ++i) {
            for (uint256 j = i; j > 0 && values[j - 1] > values[j]; --j) {
                (values[j - 1], values[j]) = (values[j], values[j - 1]);
            }
        }
    }
}
