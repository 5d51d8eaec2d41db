// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEntryLog} from "./interfaces/IEntryLog.sol";
import {CompactRange} from "./libraries/CompactRange.sol";
import {MemberId} from "./types/Identifiers.sol";
import {LogEntry} from "./types/Records.sol";

/// @title The log; see {IEntryLog}
contract EntryLog is IEntryLog {
    using CompactRange for mapping(uint256 level => bytes32);

    address private immutable _CONSORTIUM;

    uint256 private _size;
    mapping(uint256 level => bytes32) private _range;
    mapping(bytes32 kind => address) private _kindOwners;

    /// @param consortium the consortium's address, known before it is deployed
    /// @param importedSize entries of an earlier engine's log that this one continues, or 0
    /// @param importedRange that log's compact range, largest subtree first
    constructor(address consortium, uint256 importedSize, bytes32[] memory importedRange) {
        _CONSORTIUM = consortium;
        uint256 next = importedRange.length;
        for (uint256 level = 0; importedSize >> level != 0; ++level) {
            if ((importedSize >> level) & 1 == 0) continue;
            if (next == 0) revert ImportedRangeMalformed(importedSize, importedRange.length);
            _range[level] = importedRange[--next];
        }
        if (next != 0) revert ImportedRangeMalformed(importedSize, importedRange.length);
        _size = importedSize;
    }

    /// @inheritdoc IEntryLog
    function append(bytes32 kind, MemberId region, bytes18 actor, bytes32 subject, bytes32 payloadHash)
        external
        returns (uint256 index)
    {
        if (_kindOwners[kind] != msg.sender) revert KindNotOwned(kind, msg.sender);
        LogEntry memory entry = LogEntry(kind, region, actor, subject, payloadHash, uint64(block.timestamp));
        index = _size;
        _range.push(index, sha256(bytes.concat(bytes1(0x00), abi.encode(entry))));
        _size = index + 1;
        emit EntryAppended(index, entry);
    }

    /// @inheritdoc IEntryLog
    function assignKind(bytes32 kind, address module) external {
        if (msg.sender != _CONSORTIUM) revert CallerNotConsortium(msg.sender);
        _kindOwners[kind] = module;
    }

    /// @inheritdoc IEntryLog
    function kindOwner(bytes32 kind) external view returns (address) {
        return _kindOwners[kind];
    }

    /// @inheritdoc IEntryLog
    function size() external view returns (uint256) {
        return _size;
    }

    /// @inheritdoc IEntryLog
    function root() external view returns (bytes32) {
        return _range.root(_size);
    }

    /// @inheritdoc IEntryLog
    function compactRange() external view returns (bytes32[] memory hashes) {
        uint256 length = 0;
        for (uint256 bits = _size; bits != 0; bits &= bits - 1) {
            ++length;
        }
        hashes = new bytes32[](length);
        for (uint256 level = 0; _size >> level != 0; ++level) {
            if ((_size >> level) & 1 == 1) hashes[--length] = _range[level];
        }
    }
}
