// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Uscc} from "../types/Identifiers.sol";
import {BatchRecord} from "../types/Records.sol";
import {BatchStatement, Signature, StatusStatement} from "../types/Statements.sol";

/// @title Batches of certificates and the status of each certificate
/// @notice Never holds a certificate or anything derived from its content but Merkle roots.
interface ICertificateLedger {
    /// @notice A batch was anchored. batchKey = SHA-256(issuer || batchId).
    event BatchAnchored(bytes32 indexed batchKey, BatchStatement statement, Signature seal);
    /// @notice Certificates of one batch changed their status.
    event StatusChanged(bytes32 indexed batchKey, StatusStatement statement, Signature seal);
    /// @notice The present status word, written to the log on request.
    event StatusAttested(
        bytes32 indexed batchKey, uint16 indexed wordIndex, bytes32 word, uint64 statusSequence
    );

    /// @notice No batch has this key.
    /// @custom:category not_found
    error BatchUnknown(bytes32 batchKey);
    /// @notice This batch is anchored already.
    /// @custom:category conflict
    error BatchExists(bytes32 batchKey);
    /// @notice A batch holds between 1 and 65536 certificates.
    /// @custom:category malformed_input
    error BatchCountOutOfRange(uint32 count);
    /// @notice The batch statement could be anchored only until then.
    /// @custom:category conflict
    error BatchExpired(bytes32 batchKey, uint64 validUntil, uint64 atUnix);
    /// @notice The batch was issued by another department.
    /// @custom:category not_authorized
    error BatchOfAnotherIssuer(bytes32 batchKey, Uscc owner, Uscc caller);
    /// @notice Status changes of a batch are numbered; this is not the next number.
    /// @custom:category conflict
    error StatusSequenceUnexpected(bytes32 batchKey, uint64 expected, uint64 actual);
    /// @notice The word is not what the statement says it was before.
    /// @custom:category conflict
    error StatusWordUnexpected(bytes32 batchKey, uint16 index, bytes32 expected, bytes32 actual);
    /// @notice Revoked and superseded are final.
    /// @custom:category conflict
    error StatusFinal(bytes32 batchKey, uint16 index, bytes32 wordBefore, bytes32 wordAfter);
    /// @notice A change must change the word.
    /// @custom:category malformed_input
    error StatusUnchanged(bytes32 batchKey, uint16 index);
    /// @notice The word has positions that the batch does not have.
    /// @custom:category malformed_input
    error StatusOutOfBatch(bytes32 batchKey, uint16 index, uint32 count);
    /// @notice A statement changes between 1 and 256 words, in rising order.
    /// @custom:category malformed_input
    error StatusChangesMalformed(uint256 changes);
    /// @notice The legal basis takes 1 to 256 bytes.
    /// @custom:category malformed_input
    error LegalBasisMalformed(uint256 length);
    /// @notice The effective date is no day of the calendar since 1949, as yyyymmdd.
    /// @custom:category malformed_input
    error EffectiveDateMalformed(uint32 effectiveDate);

    function anchorBatch(BatchStatement calldata statement, Signature calldata seal)
        external
        returns (bytes32 batchKey);

    function changeStatus(StatusStatement calldata statement, Signature calldata seal) external;

    /// @notice Writes the present status word to the log. Anyone may call it.
    function attestStatus(bytes32 batchKey, uint16 wordIndex) external;

    function batch(bytes32 batchKey) external view returns (BatchRecord memory);

    /// @notice 128 status values as 32 bytes of a Token Status List with 2 bits each.
    function statusWord(bytes32 batchKey, uint16 wordIndex) external view returns (bytes32);

    /// @notice 0 valid, 1 revoked, 2 suspended, 3 superseded.
    function statusOf(bytes32 batchKey, uint32 position) external view returns (uint8);
}
