// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";
import {IDeliveryLedger} from "../interfaces/IDeliveryLedger.sol";
import {IEntryLog} from "../interfaces/IEntryLog.sol";
import {IIssuerRegistry} from "../interfaces/IIssuerRegistry.sol";
import {Uscc} from "../types/Identifiers.sol";
import {DeliveryStatement, Signature} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {DeliveryHasher} from "./support/DeliveryHasher.sol";
import {DeliveryWorld} from "./support/DeliveryWorld.sol";

/// @notice Receipts for what travels between nodes.
contract DeliveryLedgerTest is DeliveryWorld {
    function testAReceiptIsRecordedUnderTheDepartmentThatGaveIt() external {
        DeliveryStatement memory statement = _delivery(DELIVERY);
        Signature memory seal = _seal(statement, OTHER_SEAL_KEY);
        vm.recordLogs();
        deliveries.acknowledge(statement, seal);
        _assertOneEntry(
            IDeliveryLedger.DeliveryAcknowledged.selector, SICHUAN, Uscc.unwrap(OTHER_ISSUER), DELIVERY
        );
        vm.assertEq(deliveries.receiptDigest(OTHER_ISSUER, DELIVERY), sha256("receipt"));
        vm.assertEq(deliveries.receiptDigest(ISSUER, DELIVERY), 0);
    }

    function testADeliveryIsAcknowledgedOnce() external {
        _acknowledge(_delivery(DELIVERY));
        DeliveryStatement memory again = _delivery(DELIVERY);
        again.receiptDigest = sha256("another receipt");
        bytes memory refusal = abi.encodeWithSelector(
            IDeliveryLedger.DeliveryExists.selector, OTHER_ISSUER, DELIVERY, sha256("receipt")
        );
        _expectRefused(again, OTHER_SEAL_KEY, refusal);
        _replaceDeliveries();
        _expectRefused(again, OTHER_SEAL_KEY, refusal);
        vm.assertEq(deliveries.receiptDigest(OTHER_ISSUER, DELIVERY), sha256("receipt"));
        _acknowledge(_delivery(sha256("another delivery")));
    }

    function testNobodyUsesUpTheDeliveryOfAnotherDepartment() external {
        DeliveryStatement memory squatting = _delivery(DELIVERY);
        (squatting.receiver, squatting.keyId) = (ISSUER, _keyId(SEAL_KEY));
        deliveries.acknowledge(squatting, _seal(squatting, SEAL_KEY));
        _acknowledge(_delivery(DELIVERY));
    }

    function testAReceiptUnderTheSealOfAnotherIsRefused() external {
        DeliveryStatement memory statement = _delivery(DELIVERY);
        bytes32 digest = deliveryHasher.digest(statement);
        _expectRefused(
            statement,
            SEAL_KEY,
            abi.encodeWithSelector(
                IIssuerRegistry.SealInvalid.selector, OTHER_ISSUER, statement.keyId, digest
            )
        );
        statement.keyId = _keyId(SEAL_KEY);
        _expectRefused(
            statement,
            SEAL_KEY,
            abi.encodeWithSelector(
                IIssuerRegistry.SealKeyUnknown.selector, OTHER_ISSUER, statement.keyId
            )
        );
    }

    function testFuzz_AnAlteredReceiptLosesItsSeal(uint8 field) external {
        DeliveryStatement memory statement = _delivery(DELIVERY);
        Signature memory seal = _seal(statement, OTHER_SEAL_KEY);
        if (field % 5 == 0) statement.sender = OTHER_ISSUER;
        if (field % 5 == 1) statement.deliveryId = sha256("another delivery");
        if (field % 5 == 2) statement.contentDigest = sha256("other content");
        if (field % 5 == 3) statement.receiptDigest = sha256("another receipt");
        if (field % 5 == 4) ++statement.validUntil;
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.SealInvalid.selector,
                OTHER_ISSUER,
                statement.keyId,
                deliveryHasher.digest(statement)
            )
        );
        deliveries.acknowledge(statement, seal);
    }

    function testACompromisedKeyAcknowledgesNothing() external {
        _declareCompromise(SICHUAN, OTHER_ISSUER, _keyId(OTHER_SEAL_KEY), uint64(START));
        _expectRefused(
            _delivery(DELIVERY),
            OTHER_SEAL_KEY,
            abi.encodeWithSelector(
                IIssuerRegistry.SealKeyIsCompromised.selector,
                OTHER_ISSUER,
                _keyId(OTHER_SEAL_KEY),
                uint64(START)
            )
        );
    }

    function testAReceiptIsRecordedInItsTime() external {
        DeliveryStatement memory statement = _delivery(DELIVERY);
        vm.warp(statement.validUntil + 1);
        _expectRefused(
            statement,
            OTHER_SEAL_KEY,
            abi.encodeWithSelector(
                IDeliveryLedger.DeliveryExpired.selector,
                DELIVERY,
                statement.validUntil,
                block.timestamp
            )
        );
        vm.warp(statement.validUntil);
        _acknowledge(statement);
    }

    function testMalformedReceiptsAreRefused() external {
        DeliveryStatement memory statement = _delivery(DELIVERY);
        statement.sender = Uscc.wrap("500000");
        _expectMalformed(statement, "sender");
        _expectMalformed(_delivery(0), "deliveryId");
        statement = _delivery(DELIVERY);
        statement.contentDigest = 0;
        _expectMalformed(statement, "contentDigest");
        statement = _delivery(DELIVERY);
        statement.receiptDigest = 0;
        _expectMalformed(statement, "receiptDigest");
    }

    function testThePredecessorAcknowledgesNothingAnyMore() external {
        IDeliveryLedger predecessor = deliveries;
        _replaceDeliveries();
        DeliveryStatement memory statement = _delivery(DELIVERY);
        Signature memory seal = _seal(statement, OTHER_SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEntryLog.KindNotOwned.selector,
                IDeliveryLedger.DeliveryAcknowledged.selector,
                address(predecessor)
            )
        );
        predecessor.acknowledge(statement, seal);
    }

    /// @dev The last vector of tests/vectors/statements.json.
    function testStatementDigestOfADelivery() external {
        string memory json = vm.readFile("../tests/vectors/statements.json");
        DeliveryHasher vectors = new DeliveryHasher(vm.parseJsonBytes32(json, ".ledgerId"));
        bytes memory encoded = vm.parseJsonBytes(json, ".statements[24].encoded");
        vm.assertEq(
            vectors.digest(abi.decode(encoded, (DeliveryStatement))),
            vm.parseJsonBytes32(json, ".statements[24].digest")
        );
    }

    function _acknowledge(DeliveryStatement memory statement) private {
        deliveries.acknowledge(statement, _seal(statement, OTHER_SEAL_KEY));
    }

    function _expectMalformed(DeliveryStatement memory statement, bytes32 field) private {
        _expectRefused(
            statement,
            OTHER_SEAL_KEY,
            abi.encodeWithSelector(IConsortium.FieldMalformed.selector, field)
        );
    }

    function _expectRefused(DeliveryStatement memory statement, uint256 key, bytes memory refusal)
        private
    {
        Signature memory seal = _seal(statement, key);
        vm.expectRevert(refusal);
        deliveries.acknowledge(statement, seal);
    }
}
