// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberId} from "../types/Identifiers.sol";

/// @title A module with acts that take a vote of the consortium
interface IVotedModule {
    /// @notice Only the consortium may do this.
    /// @custom:category not_authorized
    error CallerNotConsortium(address caller);

    /// @notice Carries out what was voted for.
    function carryOut(bytes32 proposalId, MemberId proposer, bytes calldata payload) external;

    /// @notice Reverts unless this member may propose this payload, in its one encoding.
    /// @return subject what the act decides: of two proposals about it the later lapses
    function checkAct(MemberId proposer, bytes calldata payload) external view returns (bytes32 subject);
}
