// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberId} from "../types/Identifiers.sol";
import {LogEntry} from "../types/Records.sol";

/// @title The one append-only log over everything the ledger records
/// @notice A Merkle tree per RFC 9162 §2.1 kept as a compact range. Never replaced by vote.
interface IEntryLog {
    /// @notice An entry was appended. Its leaf hash is SHA-256(0x00 || abi.encode(entry)).
    /// @param index position in the log, from 0
    event EntryAppended(uint256 indexed index, LogEntry entry);

    /// @notice The caller may not append entries of this kind.
    /// @custom:category not_authorized
    error KindNotOwned(bytes32 kind, address caller);

    /// @notice Only the consortium may do this.
    /// @custom:category not_authorized
    error CallerNotConsortium(address caller);

    /// @notice An imported compact range must hold one hash for each set bit of the size.
    /// @custom:category malformed_input
    error ImportedRangeMalformed(uint256 size, uint256 hashes);

    /// @notice Appends an entry; the log sets its time.
    /// @return index position of the new entry
    function append(bytes32 kind, MemberId region, bytes18 actor, bytes32 subject, bytes32 payloadHash)
        external
        returns (uint256 index);

    /// @notice Gives a kind of entry to a module. Consortium only.
    function assignKind(bytes32 kind, address module) external;

    /// @notice The module that may append this kind, 0 if none.
    function kindOwner(bytes32 kind) external view returns (address);

    /// @notice Number of entries.
    function size() external view returns (uint256);

    /// @notice RFC 9162 root hash over all entries; SHA-256 of the empty string when there are none.
    function root() external view returns (bytes32);

    /// @notice The compact range: subtree roots, largest subtree first.
    function compactRange() external view returns (bytes32[] memory);
}
