// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICaseLedger} from "../interfaces/ICaseLedger.sol";

/// @title Between which bounds a date due may lie
/// @dev Deadlines run in working days, which only the holiday calendar outside the chain knows. In
/// calendar days n working days take at least n and, with weekends and the longest holidays, at most
/// 2n + 21; the five of an acceptance at most 21. docs/spec/cases.md says more.
library CaseTimes {
    uint64 internal constant SLACK = 21 days;
    uint64 private constant ACCEPTANCE = 5 days;
    uint64 private constant LONGEST_ACCEPTANCE = 21 days;
    uint64 private constant LONGEST_EXTENSION = 31 days;

    /// @dev Five working days from now (行政许可法 art. 32).
    function requireAcceptance(uint64 acceptBy) internal view {
        uint64 nowUnix = uint64(block.timestamp);
        _requireWithin(acceptBy, nowUnix + ACCEPTANCE, nowUnix + LONGEST_ACCEPTANCE);
    }

    /// @dev So many working days from now.
    function requireWorkingDays(uint64 dueAt, uint16 workingDays) internal view {
        _requireWithin(dueAt, uint64(block.timestamp) + uint64(workingDays) * 1 days, latest(workingDays));
    }

    /// @dev What was due at `dueBefore`, after a pause of `elapsed`: never sooner, nor later than the
    /// holidays explain that the remaining working days now meet.
    function requireAfterPause(uint64 dueAt, uint64 dueBefore, uint64 elapsed) internal pure {
        _requireWithin(dueAt, dueBefore + elapsed, dueBefore + elapsed + SLACK);
    }

    /// @dev Ten working days more (行政许可法 art. 42).
    function requireExtension(uint64 dueAt, uint64 dueBefore) internal pure {
        _requireWithin(dueAt, dueBefore + 1, dueBefore + LONGEST_EXTENSION);
    }

    /// @dev The latest that so many working days from now may end.
    function latest(uint16 workingDays) internal view returns (uint64) {
        return uint64(block.timestamp) + 2 * uint64(workingDays) * 1 days + SLACK;
    }

    function _requireWithin(uint64 dueAt, uint64 earliest, uint64 latest_) private pure {
        if (dueAt < earliest || dueAt > latest_) {
            revert ICaseLedger.DueDateOutOfRange(dueAt, earliest, latest_);
        }
    }
}
