// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The Merkle tree of RFC 9162 §2.1.1, word for word from its recursive definition
/// @notice Slow and independent of the contracts, which keep a compact range.
library Rfc9162 {
    function leafHash(bytes memory data) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"00", data));
    }

    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        if (leaves.length == 0) return sha256("");
        return _root(leaves, 0, leaves.length);
    }

    function _root(bytes32[] memory leaves, uint256 from, uint256 until) private pure returns (bytes32) {
        uint256 count = until - from;
        if (count == 1) return leaves[from];
        uint256 k = 1;
        while (2 * k < count) k *= 2;
        return sha256(
            bytes.concat(hex"01", _root(leaves, from, from + k), _root(leaves, from + k, until))
        );
    }

    /// The roots of the largest full subtrees, from the left.
    function compactRange(bytes32[] memory leaves) internal pure returns (bytes32[] memory range) {
        uint256 length = 0;
        for (uint256 bits = leaves.length; bits != 0; bits >>= 1) {
            length += bits & 1;
        }
        range = new bytes32[](length);
        uint256 from = 0;
        uint256 next = 0;
        for (uint256 width = 1 << 255; width != 0; width >>= 1) {
            if (leaves.length & width == 0) continue;
            range[next] = _root(leaves, from, from + width);
            ++next;
            from += width;
        }
    }
}
