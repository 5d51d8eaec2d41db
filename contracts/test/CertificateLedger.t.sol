// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICertificateLedger} from "../interfaces/ICertificateLedger.sol";
import {IIssuerRegistry} from "../interfaces/IIssuerRegistry.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {CertificateType, Uscc} from "../types/Identifiers.sol";
import {BatchRecord, LogEntry} from "../types/Records.sol";
import {BatchStatement, Signature, StatusStatement, WordChange} from "../types/Statements.sol";
import {Cheatcodes, vm} from "./support/Cheatcodes.sol";
import {Ledger} from "./support/Ledger.sol";
import {StatementHasher} from "./support/StatementHasher.sol";

/// @notice Batches and the status of every certificate in them.
contract CertificateLedgerTest is Ledger {
    uint32 private constant COUNT = 300; // three words, the last with 44 positions
    bytes32 private batchKey;

    function setUp() public override {
        super.setUp();
        batchKey = _anchor("batch", COUNT);
    }

    // -- batches ---------------------------------------------------------------------------------

    function testBatchIsRecordedUnderTheIssuersOwnKey() external {
        vm.warp(START + 5);
        BatchStatement memory statement = _batchStatement("another", 65536);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.recordLogs();
        bytes32 key = certificates.anchorBatch(statement, seal);
        _assertOneEntry(
            ICertificateLedger.BatchAnchored.selector, CHONGQING, Uscc.unwrap(ISSUER), key
        );
        vm.assertEq(key, sha256(abi.encodePacked(Uscc.unwrap(ISSUER), bytes32("another"))));
        BatchRecord memory expected =
            BatchRecord(statement.root, ISSUER, 65536, uint64(START + 5), 0);
        vm.assertTrue(
            keccak256(abi.encode(certificates.batch(key))) == keccak256(abi.encode(expected))
        );
    }

    function testABatchIsAnchoredOnce() external {
        BatchStatement memory statement = _batchStatement("batch", COUNT);
        statement.root = "another root";
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(ICertificateLedger.BatchExists.selector, batchKey)
        );
        certificates.anchorBatch(statement, seal);
    }

    function testNobodySquatsOnAnotherIssuersBatchId() external {
        BatchStatement memory statement = _batchStatement("batch", COUNT);
        (statement.issuer, statement.keyId) = (OTHER_ISSUER, _keyId(OTHER_SEAL_KEY));
        bytes32 key = certificates.anchorBatch(statement, _seal(statement, OTHER_SEAL_KEY));
        vm.assertTrue(key != batchKey);
    }

    function testABatchIsAnchoredUpToItsEndAndNotAfter() external {
        BatchStatement memory statement = _batchStatement("late", 1);
        Signature memory seal = _seal(statement, SEAL_KEY);
        bytes32 key = sha256(abi.encodePacked(Uscc.unwrap(ISSUER), bytes32("late")));
        vm.warp(statement.validUntil + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICertificateLedger.BatchExpired.selector,
                key,
                statement.validUntil,
                statement.validUntil + 1
            )
        );
        certificates.anchorBatch(statement, seal);
        vm.warp(statement.validUntil);
        certificates.anchorBatch(statement, seal);
    }

    function testFuzz_ABatchHoldsBetween1And65536(uint32 count) external {
        BatchStatement memory statement = _batchStatement("sized", count);
        Signature memory seal = _seal(statement, SEAL_KEY);
        if (count == 0 || count > 65536) {
            vm.expectRevert(
                abi.encodeWithSelector(ICertificateLedger.BatchCountOutOfRange.selector, count)
            );
        }
        certificates.anchorBatch(statement, seal);
    }

    function testNothingIsAnchoredWithoutMandate() external {
        BatchStatement memory statement = _batchStatement("w012", 1);
        statement.certificateType = W012;
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.IssuerNotMandated.selector, ISSUER, W012, uint64(START)
            )
        );
        certificates.anchorBatch(statement, seal);
    }

    /// An empty type asks `requireSeal` for no mandate; anchoring must never ask that.
    function testNothingIsAnchoredUnderNoType() external {
        BatchStatement memory statement = _batchStatement("untyped", 1);
        statement.certificateType = CertificateType.wrap(0);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectPartialRevert(IIssuerRegistry.IssuerNotMandated.selector);
        certificates.anchorBatch(statement, seal);
    }

    function testNothingIsAnchoredWithAForgedSeal() external {
        BatchStatement memory statement = _batchStatement("forged", 1);
        Signature memory good = _seal(statement, SEAL_KEY);
        BatchStatement memory other = _batchStatement("forged", 2);
        Signature[4] memory forged = [
            _seal(statement, OTHER_SEAL_KEY),
            _seal(statement, _authorityKeys[CHONGQING]),
            _seal(other, SEAL_KEY),
            _high(good)
        ];
        for (uint256 i = 0; i < forged.length; ++i) {
            vm.expectPartialRevert(IIssuerRegistry.SealInvalid.selector);
            certificates.anchorBatch(statement, forged[i]);
        }
        certificates.anchorBatch(statement, good);
    }

    function testASealMadeForAnotherLedgerIsRefused() external {
        BatchStatement memory batch = _batchStatement("elsewhere", 1);
        StatusStatement memory status = _oneChange(batchKey, 0, bytes32(bytes1(0x01)));
        hasher = new StatementHasher(keccak256("another ledger"));
        Signature memory batchSeal = _seal(batch, SEAL_KEY);
        Signature memory statusSeal = _seal(status, SEAL_KEY);
        vm.expectPartialRevert(IIssuerRegistry.SealInvalid.selector);
        certificates.anchorBatch(batch, batchSeal);
        vm.expectPartialRevert(IIssuerRegistry.SealInvalid.selector);
        certificates.changeStatus(status, statusSeal);
    }

    function testADepartmentOfAMemberThatLeftAnchorsNothingAndStillRevokes() external {
        _remove(CHONGQING);
        BatchStatement memory statement = _batchStatement("after", 1);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(abi.encodeWithSelector(IConsortium.MemberUnknown.selector, CHONGQING));
        certificates.anchorBatch(statement, seal);
        _changeStatus(batchKey, 0, bytes32(bytes1(0x01)));
    }

    // -- status ----------------------------------------------------------------------------------

    function testStatusChangeIsRecorded() external {
        StatusStatement memory statement = _oneChange(batchKey, 1, bytes32(bytes1(0x02)));
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.recordLogs();
        certificates.changeStatus(statement, seal);
        _assertOneEntry(
            ICertificateLedger.StatusChanged.selector, CHONGQING, Uscc.unwrap(ISSUER), batchKey
        );
        vm.assertEq(certificates.statusOf(batchKey, 128), 2);
        vm.assertEq(certificates.statusOf(batchKey, 129), 0);
        vm.assertEq(certificates.batch(batchKey).statusSequence, 1);
    }

    function testADepartmentWhoseMandateEndedStillRevokes() external {
        _changeMandate(CHONGQING, ISSUER, W011, uint64(START), uint64(START));
        _changeStatus(batchKey, 0, bytes32(bytes1(0x01)));
        vm.assertEq(certificates.statusOf(batchKey, 0), 1);
    }

    /// Every pair of statuses at every position of a word.
    function testFuzz_RevokedAndSupersededAreFinal(uint8 position, uint8 pair) external {
        uint16 index = uint16(position % 2);
        uint256 shift = 8 * (31 - (position % 128) / 4) + 2 * (position % 4);
        (uint256 before, uint256 later) = (pair & 3, (pair >> 2) & 3);
        if (before != 0) _changeStatus(batchKey, index, bytes32(before << shift));
        vm.assume(before != later);

        StatusStatement memory statement = _oneChange(batchKey, index, bytes32(later << shift));
        Signature memory seal = _seal(statement, SEAL_KEY);
        bool isFinal = before == 1 || before == 3;
        if (isFinal) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    ICertificateLedger.StatusFinal.selector,
                    batchKey,
                    index,
                    bytes32(before << shift),
                    bytes32(later << shift)
                )
            );
        }
        certificates.changeStatus(statement, seal);
        uint32 inBatch = uint32(index) * 128 + (position % 128);
        vm.assertEq(certificates.statusOf(batchKey, inBatch), isFinal ? before : later);
    }

    /// Independent of the contract's bit tricks: status by status.
    function testFuzz_WordsChangeExactlyWhereNoFinalStatusDoes(bytes32 first, bytes32 second) external {
        vm.assume(first != 0 && first != second);
        _changeStatus(batchKey, 0, first);
        StatusStatement memory statement = _oneChange(batchKey, 0, second);
        Signature memory seal = _seal(statement, SEAL_KEY);
        if (_changesAFinalStatus(first, second)) {
            vm.expectPartialRevert(ICertificateLedger.StatusFinal.selector);
        }
        certificates.changeStatus(statement, seal);
    }

    function testFuzz_FinalStatusesMayStayWhileOthersChange(bytes32 first, bytes32 noise) external {
        vm.assume(first != 0);
        _changeStatus(batchKey, 0, first);
        bytes32 finals = (first & _LOW_BITS) | ((first & _LOW_BITS) << 1);
        bytes32 second = (first & finals) | (noise & ~finals);
        vm.assume(first != second);
        _changeStatus(batchKey, 0, second);
        vm.assertEq(certificates.statusWord(batchKey, 0), second);
    }

    function testFuzz_PositionsBeyondTheBatchHaveNoStatus(uint16 position) external {
        uint256 place = position % 1024;
        uint16 index = uint16(place / 128);
        bytes32 word = bytes32(uint256(2) << (8 * (31 - (place % 128) / 4) + 2 * (place % 4)));
        StatusStatement memory statement = _oneChange(batchKey, index, word);
        Signature memory seal = _seal(statement, SEAL_KEY);
        if (place >= COUNT) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    ICertificateLedger.StatusOutOfBatch.selector, batchKey, index, COUNT
                )
            );
        }
        certificates.changeStatus(statement, seal);
        if (place >= COUNT) return;
        vm.assertEq(certificates.statusOf(batchKey, uint32(place)), 2);
    }

    function testUpTo256WordsChangeUnderOneSealAndOneEntry() external {
        bytes32 key = _anchor("large", 65536);
        WordChange[] memory changes = new WordChange[](256);
        for (uint16 i = 0; i < 256; ++i) {
            changes[i] = WordChange(i * 2, 0, bytes32(type(uint256).max));
        }
        StatusStatement memory statement = _statusStatement(key, changes);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.recordLogs();
        certificates.changeStatus(statement, seal);
        _assertOneEntry(
            ICertificateLedger.StatusChanged.selector, CHONGQING, Uscc.unwrap(ISSUER), key
        );
        vm.assertEq(certificates.statusOf(key, 65536 - 129), 3);
        vm.assertEq(certificates.statusOf(key, 65535), 0);
    }

    /// The contract copies the changes as they stand in the call: what is recorded must be the
    /// canonical encoding all the same, whatever gaps the call has.
    function testAGapInTheCallDoesNotReachTheRecord() external {
        StatusStatement memory statement = _oneChange(batchKey, 1, bytes32(bytes1(0x02)));
        statement.legalBasis = "a";
        Signature memory seal = _seal(statement, SEAL_KEY);
        bytes memory tight = abi.encodeCall(certificates.changeStatus, (statement, seal));
        bytes memory call = new bytes(tight.length + 32);
        uint256 changes = tight.length - 128; // their number and one change
        for (uint256 i = 0; i < tight.length; ++i) {
            call[i < changes ? i : i + 32] = tight[i];
        }
        call[changes] = 0xFF; // in the gap
        uint256 offset = 4 + 4 * 32 + 8 * 32 + 31;
        call[offset] = bytes1(uint8(call[offset]) + 32);

        vm.recordLogs();
        (bool isDone,) = address(certificates).call(call);
        vm.assertTrue(isDone);
        Cheatcodes.Log[] memory logs = vm.getRecordedLogs();
        vm.assertTrue(keccak256(logs[0].data) == keccak256(abi.encode(statement, seal)), "event");
        LogEntry memory entry = abi.decode(logs[1].data, (LogEntry));
        vm.assertEq(entry.payloadHash, sha256(abi.encode(batchKey, statement, seal)));
    }

    function testAnIndexWithDirtyBitsIsRefused() external {
        StatusStatement memory statement = _oneChange(batchKey, 1, bytes32(bytes1(0x02)));
        Signature memory seal = _seal(statement, SEAL_KEY);
        bytes memory call = abi.encodeCall(certificates.changeStatus, (statement, seal));
        call[call.length - 96] = 0x01; // the first byte of the index
        (bool isDone,) = address(certificates).call(call);
        vm.assertFalse(isDone);
        vm.assertEq(certificates.statusWord(batchKey, 1), 0);
    }

    function testFuzz_TheRecordIsTheCanonicalEncoding(
        WordChange[] calldata noise,
        string calldata legalBasis,
        uint16 reasonCode,
        bytes32 officer
    ) external {
        uint256 length = bytes(legalBasis).length;
        vm.assume(noise.length != 0 && length != 0 && length <= 256);
        uint256 count = noise.length > 512 ? 256 : (noise.length + 1) / 2;
        bytes32 key = _anchor("large", 65536);
        WordChange[] memory changes = new WordChange[](count);
        for (uint16 i = 0; i < count; ++i) {
            changes[i] = WordChange(i * 2 + 1, 0, keccak256(abi.encode(noise[i])));
        }
        StatusStatement memory statement = _statusStatement(key, changes);
        (statement.legalBasis, statement.reasonCode) = (legalBasis, reasonCode);
        statement.officerCommitment = officer;
        Signature memory seal = _seal(statement, SEAL_KEY);

        vm.recordLogs();
        certificates.changeStatus(statement, seal);
        Cheatcodes.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[0].topics[1], key);
        vm.assertTrue(keccak256(logs[0].data) == keccak256(abi.encode(statement, seal)), "event");
        LogEntry memory entry = abi.decode(logs[1].data, (LogEntry));
        vm.assertEq(entry.payloadHash, sha256(abi.encode(key, statement, seal)));
    }

    function testWordsThatNoBatchHasAreRefused() external {
        bytes32 key = _anchor("large", 65536);
        uint16[2] memory indices = [uint16(512), 65535];
        for (uint256 i = 0; i < 2; ++i) {
            WordChange[] memory changes = new WordChange[](1);
            changes[0] = WordChange(indices[i], 0, bytes32(bytes1(0x01)));
            _expectRefused(
                _statusStatement(key, changes),
                abi.encodeWithSelector(
                    ICertificateLedger.StatusOutOfBatch.selector, key, indices[i], 65536
                )
            );
            vm.assertEq(certificates.statusWord(key, indices[i]), 0);
        }
    }

    /// Not even to leave it as it is: there is no such word.
    function testWordsBeyondTheBatchAreRefusedWhateverTheyAreSetTo() external {
        uint16[4] memory indices = [uint16(512), 65535, 3, 511]; // the batch has words 0 to 2
        for (uint256 i = 0; i < indices.length; ++i) {
            WordChange[] memory changes = new WordChange[](1);
            changes[0] = WordChange(indices[i], bytes32(bytes1(0x02)), 0);
            _expectRefused(
                _statusStatement(batchKey, changes),
                abi.encodeWithSelector(
                    ICertificateLedger.StatusOutOfBatch.selector, batchKey, indices[i], COUNT
                )
            );
        }
    }

    function testMalformedChangesAreRefused() external {
        WordChange[] memory none = new WordChange[](0);
        _expectChangesRefused(none);
        _expectChangesRefused(new WordChange[](257));
        WordChange[] memory twice = new WordChange[](2);
        twice[0] = WordChange(1, 0, bytes32(bytes1(0x02)));
        twice[1] = WordChange(1, bytes32(bytes1(0x02)), bytes32(0));
        _expectChangesRefused(twice);
        twice[1].index = 0;
        _expectChangesRefused(twice);
    }

    function testAChangeMustChange() external {
        StatusStatement memory statement = _oneChange(batchKey, 0, 0);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(ICertificateLedger.StatusUnchanged.selector, batchKey, 0)
        );
        certificates.changeStatus(statement, seal);
    }

    function testAReplayedStatusStatementIsRefused() external {
        StatusStatement memory suspend = _oneChange(batchKey, 0, bytes32(bytes1(0x02)));
        Signature memory seal = _seal(suspend, SEAL_KEY);
        certificates.changeStatus(suspend, seal);
        _changeStatus(batchKey, 0, 0); // restored: the word is again what `suspend` starts from

        vm.expectRevert(
            abi.encodeWithSelector(
                ICertificateLedger.StatusSequenceUnexpected.selector, batchKey, 3, 1
            )
        );
        certificates.changeStatus(suspend, seal);
    }

    function testAStatementMadeForAnotherWordIsRefused() external {
        StatusStatement memory statement = _oneChange(batchKey, 0, bytes32(bytes1(0x01)));
        statement.changes[0].wordBefore = bytes32(bytes1(0x02));
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICertificateLedger.StatusWordUnexpected.selector,
                batchKey,
                0,
                bytes32(0),
                bytes32(bytes1(0x02))
            )
        );
        certificates.changeStatus(statement, seal);
    }

    function testOnlyTheIssuersSealChangesItsBatch() external {
        StatusStatement memory statement = _oneChange(batchKey, 0, bytes32(bytes1(0x01)));
        Signature memory foreign = _seal(statement, OTHER_SEAL_KEY);
        Signature memory high = _high(_seal(statement, SEAL_KEY));
        vm.expectPartialRevert(IIssuerRegistry.SealInvalid.selector);
        certificates.changeStatus(statement, foreign);
        vm.expectPartialRevert(IIssuerRegistry.SealInvalid.selector);
        certificates.changeStatus(statement, high);

        (statement.issuer, statement.keyId) = (OTHER_ISSUER, _keyId(OTHER_SEAL_KEY));
        Signature memory own = _seal(statement, OTHER_SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICertificateLedger.BatchOfAnotherIssuer.selector, batchKey, ISSUER, OTHER_ISSUER
            )
        );
        certificates.changeStatus(statement, own);
        vm.assertEq(certificates.statusWord(batchKey, 0), 0);
    }

    function testACompromisedKeyRevokesNothing() external {
        _declareCompromise(CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START));
        StatusStatement memory statement = _oneChange(batchKey, 0, bytes32(bytes1(0x01)));
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectPartialRevert(IIssuerRegistry.SealKeyIsCompromised.selector);
        certificates.changeStatus(statement, seal);

        _registerSealKey(CHONGQING, ISSUER, 303); // a new key revokes what the old one sealed
        statement.keyId = _keyId(303);
        certificates.changeStatus(statement, _seal(statement, 303));
    }

    function testALegalBasisIsGiven() external {
        uint256[2] memory lengths = [uint256(0), 257];
        for (uint256 i = 0; i < 2; ++i) {
            StatusStatement memory statement = _oneChange(batchKey, 0, bytes32(bytes1(0x01)));
            statement.legalBasis = string(new bytes(lengths[i]));
            Signature memory seal = _seal(statement, SEAL_KEY);
            vm.expectRevert(
                abi.encodeWithSelector(
                    ICertificateLedger.LegalBasisMalformed.selector, lengths[i]
                )
            );
            certificates.changeStatus(statement, seal);
        }
    }

    function testAnEffectiveDateIsADate() external {
        uint32[9] memory dates = [
            uint32(0), 20260001, 20261301, 20260100, 20260132, 19481231, 20240231, 20250229, 20260431
        ];
        for (uint256 i = 0; i < dates.length; ++i) {
            StatusStatement memory statement = _oneChange(batchKey, 0, bytes32(bytes1(0x01)));
            statement.effectiveDate = dates[i];
            Signature memory seal = _seal(statement, SEAL_KEY);
            vm.expectRevert(
                abi.encodeWithSelector(
                    ICertificateLedger.EffectiveDateMalformed.selector, dates[i]
                )
            );
            certificates.changeStatus(statement, seal);
        }
    }

    function testAnUnknownBatchHasNoStatus() external {
        bytes memory refusal =
            abi.encodeWithSelector(ICertificateLedger.BatchUnknown.selector, bytes32("none"));
        vm.expectRevert(refusal);
        certificates.statusOf("none", 0);
        vm.expectRevert(refusal);
        certificates.attestStatus("none", 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICertificateLedger.StatusOutOfBatch.selector, batchKey, 2, COUNT
            )
        );
        certificates.statusOf(batchKey, COUNT);
        vm.assertEq(certificates.batch("none").anchoredAt, 0);
    }

    function testAnyoneMayAttestAStatusWord() external {
        _changeStatus(batchKey, 2, bytes32(bytes1(0x01)));
        vm.recordLogs();
        vm.prank(address(0x5747));
        certificates.attestStatus(batchKey, 2);
        _assertOneEntry(ICertificateLedger.StatusAttested.selector, CHONGQING, 0, batchKey);

        vm.expectRevert(
            abi.encodeWithSelector(
                ICertificateLedger.StatusOutOfBatch.selector, batchKey, 3, COUNT
            )
        );
        certificates.attestStatus(batchKey, 3);
    }

    bytes32 private constant _LOW_BITS =
        0x5555555555555555555555555555555555555555555555555555555555555555;

    function _changesAFinalStatus(bytes32 first, bytes32 second) private pure returns (bool) {
        for (uint256 i = 0; i < 128; ++i) {
            uint256 before = (uint256(first) >> (2 * i)) & 3;
            uint256 later = (uint256(second) >> (2 * i)) & 3;
            if ((before == 1 || before == 3) && before != later) return true;
        }
        return false;
    }

    function _expectRefused(StatusStatement memory statement, bytes memory refusal) private {
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(refusal);
        certificates.changeStatus(statement, seal);
    }

    function _expectChangesRefused(WordChange[] memory changes) private {
        StatusStatement memory statement = _statusStatement(batchKey, changes);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICertificateLedger.StatusChangesMalformed.selector, changes.length
            )
        );
        certificates.changeStatus(statement, seal);
    }
}
