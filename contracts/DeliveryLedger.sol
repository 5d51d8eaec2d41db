// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Module} from "./Module.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IDeliveryLedger} from "./interfaces/IDeliveryLedger.sol";
import {IIssuerRegistry} from "./interfaces/IIssuerRegistry.sol";
import {DeliveryHashes} from "./libraries/DeliveryHashes.sol";
import {CertificateType, MemberId, Uscc} from "./types/Identifiers.sol";
import {DeliveryStatement, Signature} from "./types/Statements.sol";

/// @title Receipts for what travels between nodes; see {IDeliveryLedger}
contract DeliveryLedger is IDeliveryLedger, Module {
    using DeliveryHashes for DeliveryStatement;

    bytes32 private constant ISSUER_REGISTRY = "IssuerRegistry";
    CertificateType private constant NO_TYPE = CertificateType.wrap(0);

    IDeliveryLedger private immutable _PREDECESSOR;

    /// @dev By the receiver: nobody else can use up the identifier of a delivery.
    mapping(Uscc receiver => mapping(bytes32 deliveryId => bytes32)) private _receipts;

    /// @param predecessor the module this one replaces, or 0
    constructor(IConsortium consortium, IDeliveryLedger predecessor) Module(consortium) {
        _PREDECESSOR = predecessor;
    }

    /// @inheritdoc IDeliveryLedger
    function acknowledge(DeliveryStatement calldata statement, Signature calldata seal) external {
        _requireWellFormed(statement);
        if (block.timestamp > statement.validUntil) {
            revert DeliveryExpired(statement.deliveryId, statement.validUntil, block.timestamp);
        }
        bytes32 given = receiptDigest(statement.receiver, statement.deliveryId);
        if (given != 0) revert DeliveryExists(statement.receiver, statement.deliveryId, given);
        MemberId member = IIssuerRegistry(_CONSORTIUM.module(ISSUER_REGISTRY)).requireSeal(
            statement.receiver,
            statement.keyId,
            NO_TYPE,
            uint64(block.timestamp),
            _digest(statement.hash()),
            seal
        );

        _receipts[statement.receiver][statement.deliveryId] = statement.receiptDigest;
        emit DeliveryAcknowledged(statement, seal);
        _record(
            DeliveryAcknowledged.selector,
            member,
            Uscc.unwrap(statement.receiver),
            statement.deliveryId,
            abi.encode(statement, seal)
        );
    }

    /// @inheritdoc IDeliveryLedger
    function receiptDigest(Uscc receiver, bytes32 deliveryId) public view returns (bytes32 digest) {
        digest = _receipts[receiver][deliveryId];
        if (digest == 0 && address(_PREDECESSOR) != address(0)) {
            return _PREDECESSOR.receiptDigest(receiver, deliveryId);
        }
    }

    function _requireWellFormed(DeliveryStatement calldata statement) private pure {
        if (!statement.sender.isUscc()) revert IConsortium.FieldMalformed("sender");
        if (statement.deliveryId == 0) revert IConsortium.FieldMalformed("deliveryId");
        if (statement.contentDigest == 0) revert IConsortium.FieldMalformed("contentDigest");
        if (statement.receiptDigest == 0) revert IConsortium.FieldMalformed("receiptDigest");
    }
}
