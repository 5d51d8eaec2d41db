// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICaseLedger} from "../interfaces/ICaseLedger.sol";
import {CaseAct, CaseStatement, SpecialProcedure} from "../types/Statements.sol";

/// @title Which fields of a statement an act needs; all others are zero or empty
library CaseFields {
    uint256 private constant MAX_LEGAL_BASIS = 256;
    uint256 private constant MAX_REMEDIES = 512;
    uint256 private constant MAX_RELIANCES = 64;

    function requireFields(CaseStatement calldata s) internal pure {
        CaseAct act = s.act;
        bool refuses = act == CaseAct.RefuseAcceptance || act == CaseAct.Reject;
        bool dates = act == CaseAct.Supplement || act == CaseAct.Accept || act == CaseAct.Resume
            || act == CaseAct.Extend;
        requireSet(s.digest, "digest");
        _require((act == CaseAct.Pause) == (s.procedure != SpecialProcedure.None), "procedure");
        _require(dates || s.dueAt == 0, "dueAt");
        _requireText(
            bytes(s.legalBasis), refuses || act == CaseAct.Extend ? MAX_LEGAL_BASIS : 0, "legalBasis"
        );
        _requireText(bytes(s.remedies), refuses ? MAX_REMEDIES : 0, "remedies");
        _require(s.reliances.length <= (act == CaseAct.Accept ? MAX_RELIANCES : 0), "reliances");
    }

    function requireSet(bytes32 value, bytes32 field) internal pure {
        _require(value != 0, field);
    }

    /// @dev Empty where it may have no bytes, else not.
    function _requireText(bytes calldata text, uint256 longest, bytes32 field) private pure {
        _require(text.length <= longest && (text.length == 0) == (longest == 0), field);
    }

    function _require(bool holds, bytes32 field) private pure {
        if (!holds) revert ICaseLedger.CaseFieldMalformed(field);
    }
}
