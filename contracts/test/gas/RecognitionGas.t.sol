// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PactStatement, PactTerms, PolicyStatement, Signature} from "../../types/Statements.sol";
import {vm} from "../support/Cheatcodes.sol";
import {GasMeter} from "../support/GasMeter.sol";
import {RecognitionLedger} from "../support/RecognitionLedger.sol";

/// @notice Of policies and pacts.
contract RecognitionGas is RecognitionLedger, GasMeter {
    function setUp() public override(RecognitionLedger, GasMeter) {
        super.setUp();
    }

    function testRecognising() external {
        PolicyStatement memory policy = _policyStatement(1);
        Signature memory signature = _signed(policy);
        recognition.setPolicy(policy, signature);
        vm.snapshotValue(group, "setPolicy, the first version", _used());
        PactTerms memory terms = _terms(BEIJING_PARTY, SICHUAN_PARTY);
        PactStatement memory pact;
        (pact, signature) = _signedPact(BEIJING, terms);
        recognition.signPact(pact, signature);
        vm.snapshotValue(group, "signPact, the first of two", _used());
        (pact, signature) = _signedPact(SICHUAN, terms);
        recognition.signPact(pact, signature);
        vm.snapshotValue(group, "signPact, the last of two, which writes four policies", _used());
    }
}
