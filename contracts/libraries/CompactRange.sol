// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The right edge of an RFC 9162 §2.1 Merkle tree
/// @notice One hash a level: level i is in use when bit i of the size is set. Appending merges the
/// full subtrees on the right and writes a single slot.
library CompactRange {
    /// @dev Writes the slot of the lowest level that was free; levels below keep stale hashes that
    /// the size says are not in use.
    function push(mapping(uint256 level => bytes32) storage self, uint256 size, bytes32 leaf) internal {
        uint256 level = 0;
        bytes32 subtree = leaf;
        for (; (size >> level) & 1 == 1; ++level) {
            subtree = node(self[level], subtree);
        }
        self[level] = subtree;
    }

    function root(mapping(uint256 level => bytes32) storage self, uint256 size)
        internal
        view
        returns (bytes32 result)
    {
        if (size == 0) return sha256("");
        bool started = false;
        for (uint256 level = 0; size >> level != 0; ++level) {
            if ((size >> level) & 1 == 0) continue;
            result = started ? node(self[level], result) : self[level];
            started = true;
        }
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
