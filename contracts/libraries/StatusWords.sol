// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title 128 certificate statuses in 32 bytes
/// @notice Position p of a batch: word p / 128, byte (p % 128) / 4 of it counted from the first,
/// bits 2 * (p % 4) counted from the least significant: the bytes of an IETF Token Status List with
/// 2 bits a status. 0 valid, 1 revoked, 2 suspended, 3 superseded.
library StatusWords {
    uint256 internal constant POSITIONS = 128;

    /// The low bit of each status: set in the final ones, revoked (01) and superseded (11).
    uint256 private constant LOW_BITS = 0x5555555555555555555555555555555555555555555555555555555555555555;

    /// Whether no final status changes.
    function keepsFinal(bytes32 wordBefore, bytes32 wordAfter) internal pure returns (bool) {
        uint256 finalBits = uint256(wordBefore) & LOW_BITS;
        return (uint256(wordBefore ^ wordAfter) & (finalBits | (finalBits << 1))) == 0;
    }

    /// Whether the word has no status at positions from `count` of the batch on.
    function isWithin(bytes32 word, uint256 index, uint256 count) internal pure returns (bool) {
        uint256 first = index * POSITIONS;
        if (first >= count) return word == 0;
        uint256 used = count - first;
        if (used >= POSITIONS) return true;
        // Whole bytes from the left, then the low bits of the byte in which the batch ends.
        uint256 wholeBits = (used / 4) * 8;
        uint256 mask = wholeBits == 0 ? 0 : ~(type(uint256).max >> wholeBits);
        uint256 rest = used % 4;
        if (rest != 0) mask |= ((1 << (2 * rest)) - 1) << (248 - wholeBits);
        return uint256(word) & ~mask == 0;
    }

    function statusAt(bytes32 word, uint256 position) internal pure returns (uint8) {
        uint256 p = position % POSITIONS;
        return uint8(uint256(word) >> (8 * (31 - p / 4) + 2 * (p % 4))) & 3;
    }
}
