// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Module} from "./Module.sol";
import {ICertificateLedger} from "./interfaces/ICertificateLedger.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IIssuerRegistry} from "./interfaces/IIssuerRegistry.sol";
import {CivilDates} from "./libraries/CivilDates.sol";
import {StatementHashes} from "./libraries/StatementHashes.sol";
import {StatusWords} from "./libraries/StatusWords.sol";
import {CertificateType, MemberId, Uscc} from "./types/Identifiers.sol";
import {BatchRecord} from "./types/Records.sol";
import {BatchStatement, Signature, StatusStatement, WordChange} from "./types/Statements.sol";

/// @title Batches and statuses; see {ICertificateLedger}
contract CertificateLedger is ICertificateLedger, Module {
    using StatementHashes for BatchStatement;
    using StatementHashes for StatusStatement;
    using StatusWords for bytes32;

    /// @dev Two slots.
    struct Batch {
        bytes32 root;
        Uscc issuer;
        uint32 count;
        uint40 anchoredAt;
        uint40 statusSequence;
    }

    bytes32 private constant NAME = "CertificateLedger";
    bytes32 private constant ISSUER_REGISTRY = "IssuerRegistry";
    uint32 private constant MAX_COUNT = 65536;
    uint256 private constant MAX_WORDS = 512; // MAX_COUNT / StatusWords.POSITIONS
    uint256 private constant MAX_CHANGES = 256;
    uint256 private constant MAX_LEGAL_BASIS = 256;
    CertificateType private constant NO_TYPE = CertificateType.wrap(0);

    ICertificateLedger private immutable _PREDECESSOR;

    mapping(bytes32 batchKey => Batch) private _batches;
    /// @dev For a batch of the predecessor: what has changed since, by exclusive or.
    mapping(bytes32 batchKey => bytes32[MAX_WORDS]) private _words;

    /// @param predecessor the module this one replaces, or 0
    constructor(IConsortium consortium, ICertificateLedger predecessor) Module(consortium) {
        _PREDECESSOR = predecessor;
    }

    /// @inheritdoc ICertificateLedger
    function anchorBatch(BatchStatement calldata statement, Signature calldata seal)
        external
        returns (bytes32 batchKey)
    {
        uint64 nowUnix = uint64(block.timestamp);
        batchKey = sha256(abi.encodePacked(statement.issuer, statement.batchId));
        if (statement.count == 0 || statement.count > MAX_COUNT) revert BatchCountOutOfRange(statement.count);
        if (nowUnix > statement.validUntil) revert BatchExpired(batchKey, statement.validUntil, nowUnix);
        if (_isAnchored(batchKey)) revert BatchExists(batchKey);
        // To requireSeal no type means that no mandate is needed.
        if (CertificateType.unwrap(statement.certificateType) == 0) {
            revert IIssuerRegistry.IssuerNotMandated(statement.issuer, NO_TYPE, nowUnix);
        }

        MemberId member = _registry().requireSeal(
            statement.issuer,
            statement.keyId,
            statement.certificateType,
            nowUnix,
            _digest(statement.hash()),
            seal
        );
        _CONSORTIUM.requireUnfrozen(NAME, member);

        _batches[batchKey] = Batch(statement.root, statement.issuer, statement.count, uint40(nowUnix), 0);
        emit BatchAnchored(batchKey, statement, seal);
        _record(
            BatchAnchored.selector,
            member,
            Uscc.unwrap(statement.issuer),
            batchKey,
            abi.encode(batchKey, statement, seal)
        );
    }

    /// @inheritdoc ICertificateLedger
    function changeStatus(StatusStatement calldata statement, Signature calldata seal) external {
        _requireWellFormed(statement);
        Batch storage target = _adoptBatch(statement.batchKey);
        (Uscc owner, uint32 count, uint64 sequence) =
            (target.issuer, target.count, uint64(target.statusSequence) + 1);
        if (owner != statement.issuer) {
            revert BatchOfAnotherIssuer(statement.batchKey, owner, statement.issuer);
        }
        if (statement.sequence != sequence) {
            revert StatusSequenceUnexpected(statement.batchKey, sequence, statement.sequence);
        }
        MemberId member = _registry().requireSeal(
            statement.issuer,
            statement.keyId,
            NO_TYPE,
            uint64(block.timestamp),
            _digest(statement.hash()),
            seal
        );

        target.statusSequence = uint40(sequence);
        _applyChanges(statement.batchKey, statement.changes, count);

        bytes memory payload = _encodePayload(statement, seal);
        bytes32 payloadHash = sha256(payload);
        _emitStatusChanged(statement.batchKey, payload);
        _LOG.append(
            StatusChanged.selector,
            member,
            Uscc.unwrap(statement.issuer),
            statement.batchKey,
            payloadHash
        );
    }

    /// @inheritdoc ICertificateLedger
    function attestStatus(bytes32 batchKey, uint16 wordIndex) external {
        Batch memory target = _requireBatch(batchKey);
        if (!_hasWord(target.count, wordIndex)) {
            revert StatusOutOfBatch(batchKey, wordIndex, target.count);
        }
        bytes32 word = statusWord(batchKey, wordIndex);
        emit StatusAttested(batchKey, wordIndex, word, target.statusSequence);
        _record(
            StatusAttested.selector,
            _registry().department(target.issuer).member,
            bytes18(0),
            batchKey,
            abi.encode(batchKey, wordIndex, word, uint64(target.statusSequence))
        );
    }

    /// @inheritdoc ICertificateLedger
    function batch(bytes32 batchKey) external view returns (BatchRecord memory) {
        Batch memory found = _findBatch(batchKey);
        return BatchRecord(found.root, found.issuer, found.count, found.anchoredAt, found.statusSequence);
    }

    /// @inheritdoc ICertificateLedger
    function statusOf(bytes32 batchKey, uint32 position) external view returns (uint8) {
        Batch memory target = _requireBatch(batchKey);
        uint16 wordIndex = uint16(position / StatusWords.POSITIONS);
        if (position >= target.count) revert StatusOutOfBatch(batchKey, wordIndex, target.count);
        return statusWord(batchKey, wordIndex).statusAt(position);
    }

    /// @inheritdoc ICertificateLedger
    function statusWord(bytes32 batchKey, uint16 wordIndex) public view returns (bytes32) {
        if (wordIndex >= MAX_WORDS) return 0;
        return _words[batchKey][wordIndex] ^ _inheritedWord(batchKey, wordIndex);
    }

    /// @dev `abi.encode(statement.batchKey, statement, seal)`, but the changes copied in one piece:
    /// they end the encoding, after their number. Their form was checked when they were applied.
    function _encodePayload(StatusStatement calldata statement, Signature calldata seal)
        private
        pure
        returns (bytes memory payload)
    {
        payload = abi.encode(statement.batchKey, _withoutChanges(statement), seal);
        WordChange[] calldata changes = statement.changes;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let size := mul(changes.length, 0x60)
            let end := add(add(payload, 0x20), mload(payload))
            mstore(sub(end, 0x20), changes.length)
            calldatacopy(end, changes.offset, size)
            mstore(payload, add(mload(payload), size))
            mstore(0x40, add(end, size))
        }
    }

    function _withoutChanges(StatusStatement calldata statement)
        private
        pure
        returns (StatusStatement memory)
    {
        return StatusStatement(
            statement.issuer,
            statement.keyId,
            statement.batchKey,
            statement.sequence,
            statement.reasonCode,
            statement.effectiveDate,
            statement.officerCommitment,
            statement.legalBasis,
            new WordChange[](0)
        );
    }

    /// @dev `emit StatusChanged(batchKey, statement, seal)` from the payload that was hashed, since
    /// encoding hundreds of words a second time would cost more than the rest of the event. The
    /// event's data is the payload without its first word, the batch key, which makes the offset in
    /// front of the statement a word less. Spends the payload.
    function _emitStatusChanged(bytes32 batchKey, bytes memory payload) private {
        bytes32 topic = StatusChanged.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let data := add(payload, 0x40)
            mstore(data, sub(mload(data), 0x20))
            log2(data, sub(mload(payload), 0x20), topic, batchKey)
        }
    }

    function _applyChanges(bytes32 batchKey, WordChange[] calldata changes, uint32 count) private {
        bytes32[MAX_WORDS] storage words = _words[batchKey];
        uint256 fullWords = count / StatusWords.POSITIONS;
        bool hasPredecessor = address(_PREDECESSOR) != address(0);
        uint256 next = 0;
        for (uint256 i = 0; i < changes.length; ++i) {
            WordChange calldata change = changes[i];
            uint16 index = change.index;
            (bytes32 wordBefore, bytes32 wordAfter) = (change.wordBefore, change.wordAfter);
            if (index < next) revert StatusChangesMalformed(changes.length);
            if (index >= fullWords && !(_hasWord(count, index) && wordAfter.isWithin(index, count))) {
                revert StatusOutOfBatch(batchKey, index, count);
            }
            next = uint256(index) + 1;

            bytes32 inherited = hasPredecessor ? _PREDECESSOR.statusWord(batchKey, index) : bytes32(0);
            bytes32 stored = words[index] ^ inherited;
            if (stored != wordBefore) revert StatusWordUnexpected(batchKey, index, stored, wordBefore);
            if (wordBefore == wordAfter) revert StatusUnchanged(batchKey, index);
            if (!wordBefore.keepsFinal(wordAfter)) {
                revert StatusFinal(batchKey, index, wordBefore, wordAfter);
            }
            words[index] = wordAfter ^ inherited;
        }
    }

    function _registry() private view returns (IIssuerRegistry) {
        return IIssuerRegistry(_CONSORTIUM.module(ISSUER_REGISTRY));
    }

    function _isAnchored(bytes32 batchKey) private view returns (bool) {
        return _findBatch(batchKey).anchoredAt != 0;
    }

    function _requireBatch(bytes32 batchKey) private view returns (Batch memory found) {
        found = _findBatch(batchKey);
        if (found.anchoredAt == 0) revert BatchUnknown(batchKey);
    }

    /// @dev The record whose status is about to change; a predecessor's becomes one's own first.
    function _adoptBatch(bytes32 batchKey) private returns (Batch storage own) {
        own = _batches[batchKey];
        if (own.anchoredAt == 0) _batches[batchKey] = _requireBatch(batchKey);
    }

    /// @dev One's own record, else the predecessor's, else all zero.
    function _findBatch(bytes32 batchKey) private view returns (Batch memory found) {
        found = _batches[batchKey];
        if (found.anchoredAt != 0 || address(_PREDECESSOR) == address(0)) return found;
        BatchRecord memory older = _PREDECESSOR.batch(batchKey);
        return Batch(
            older.root,
            older.issuer,
            older.count,
            uint40(older.anchoredAt),
            uint40(older.statusSequence)
        );
    }

    /// @dev The predecessor's word: it can change no more, since the log refuses its entries.
    function _inheritedWord(bytes32 batchKey, uint16 wordIndex) private view returns (bytes32) {
        if (address(_PREDECESSOR) == address(0)) return 0;
        return _PREDECESSOR.statusWord(batchKey, wordIndex);
    }

    function _hasWord(uint256 count, uint256 wordIndex) private pure returns (bool) {
        return wordIndex * StatusWords.POSITIONS < count;
    }

    function _requireWellFormed(StatusStatement calldata statement) private pure {
        uint256 changes = statement.changes.length;
        if (changes == 0 || changes > MAX_CHANGES) revert StatusChangesMalformed(changes);
        uint256 length = bytes(statement.legalBasis).length;
        if (length == 0 || length > MAX_LEGAL_BASIS) revert LegalBasisMalformed(length);
        if (!CivilDates.isDay(statement.effectiveDate)) {
            revert EffectiveDateMalformed(statement.effectiveDate);
        }
    }
}
