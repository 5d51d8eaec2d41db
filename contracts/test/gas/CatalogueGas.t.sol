// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MatterStatement, Signature, TypeStatement} from "../../types/Statements.sol";
import {vm} from "../support/Cheatcodes.sol";
import {CatalogueLedger} from "../support/CatalogueLedger.sol";
import {GasMeter} from "../support/GasMeter.sol";

/// @notice Of defining types and matters.
contract CatalogueGas is CatalogueLedger, GasMeter {
    function setUp() public override(CatalogueLedger, GasMeter) {
        super.setUp();
    }

    function testDefining() external {
        TypeStatement memory definition = _typeStatement(MINISTRY, W011, 1);
        Signature memory signature = _signed(definition);
        catalogue.defineType(definition, signature);
        vm.snapshotValue(group, "defineType, the first version", _used());
        MatterStatement memory matter = _matterStatement(1, 3);
        Signature memory seal = _seal(matter, SEAL_KEY);
        catalogue.defineMatter(matter, seal);
        vm.snapshotValue(group, "defineMatter, of three steps", _used());
    }
}
