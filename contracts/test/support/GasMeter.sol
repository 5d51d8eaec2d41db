// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signature} from "../../types/Statements.sol";
import {vm} from "./Cheatcodes.sol";
import {Ledger} from "./Ledger.sol";

/// @notice Gas of whole transactions, base fee of 21,000 and calldata included, written to
/// gas-snapshot/ by `forge test` under the profiles "gas" (P-256 in Solidity) and "gas-precompile".
/// Each call is a transaction of its own, so that every slot is cold.
abstract contract GasMeter is Ledger {
    string internal group;

    function setUp() public virtual override {
        super.setUp();
        bool hasPrecompile = address(0x100).code.length == 0 && _precompileAnswers();
        group = hasPrecompile ? "with-precompile" : "in-solidity";
    }

    function _used() internal view returns (uint256) {
        return vm.lastCallGas().gasTotalUsed;
    }

    function _precompileAnswers() private view returns (bool) {
        Signature memory good = _sign(SEAL_KEY, "probe");
        (bytes32 x, bytes32 y) = _point(SEAL_KEY);
        (, bytes memory answer) =
            address(0x100).staticcall(abi.encode(bytes32("probe"), good.r, good.s, x, y));
        return answer.length == 32;
    }
}
