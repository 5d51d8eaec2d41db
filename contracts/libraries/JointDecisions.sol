// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {StepOutcome} from "../types/Statements.sol";

/// @title What the decisions of several departments come to
/// @dev Departments are bits, by their position in the row of deciders.
library JointDecisions {
    /// @param deciders how many there are
    /// @param needed approvals
    /// @param vetoes who may refuse alone
    /// @param approvals who has approved
    /// @param rejections who has rejected
    /// @param isTimeUp whether a veto holder that is silent has forfeited its part
    function outcome(
        uint256 deciders,
        uint256 needed,
        uint16 vetoes,
        uint16 approvals,
        uint16 rejections,
        bool isTimeUp
    ) internal pure returns (StepOutcome) {
        uint16 silentVetoes = vetoes & ~(approvals | rejections);
        uint256 lost = _count(isTimeUp ? rejections | silentVetoes : rejections);
        if (rejections & vetoes != 0 || lost + needed > deciders) return StepOutcome.Rejected;
        if (_count(approvals) < needed) return StepOutcome.Open;
        return silentVetoes == 0 || isTimeUp ? StepOutcome.Approved : StepOutcome.Open;
    }

    function _count(uint16 bits) private pure returns (uint256 count) {
        for (uint256 rest = bits; rest != 0; rest &= rest - 1) {
            ++count;
        }
    }
}
