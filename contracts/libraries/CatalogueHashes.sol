// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MatterStatement, MatterStep, TypeStatement} from "../types/Statements.sol";

/// @title hashStruct of the statements of the catalogue (EIP-712)
library CatalogueHashes {
    string private constant MATTER_STEP =
        "MatterStep(string name,uint8 rule,uint8 threshold,uint8 named,uint16 vetoes,uint16 limitDays,bytes18[] deciders)";

    bytes32 private constant MATTER_STEP_TYPE = keccak256(bytes(MATTER_STEP));
    bytes32 private constant TYPE_TYPE = keccak256(
        "TypeStatement(bytes18 member,bytes21 certificateType,uint32 version,bytes32 schemaHash,string name,uint64 sequence)"
    );
    bytes32 private constant MATTER_TYPE = keccak256(
        abi.encodePacked(
            "MatterStatement(bytes18 department,bytes32 keyId,bytes31 itemCode,uint32 version,bytes32 definitionHash,uint16 statutoryDays,uint16 promisedDays,string name,MatterStep[] steps,bytes21[] requiredTypes,bytes21[] resultTypes)",
            MATTER_STEP
        )
    );

    function hash(TypeStatement calldata s) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                TYPE_TYPE,
                s.member,
                s.certificateType,
                s.version,
                s.schemaHash,
                keccak256(bytes(s.name)),
                s.sequence
            )
        );
    }

    function hash(MatterStatement calldata s) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                MATTER_TYPE,
                s.department,
                s.keyId,
                s.itemCode,
                s.version,
                s.definitionHash,
                s.statutoryDays,
                s.promisedDays,
                keccak256(bytes(s.name)),
                _hash(s.steps),
                keccak256(abi.encodePacked(s.requiredTypes)),
                keccak256(abi.encodePacked(s.resultTypes))
            )
        );
    }

    function _hash(MatterStep[] calldata steps) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](steps.length);
        for (uint256 i = 0; i < steps.length; ++i) {
            hashes[i] = keccak256(
                abi.encode(
                    MATTER_STEP_TYPE,
                    keccak256(bytes(steps[i].name)),
                    steps[i].rule,
                    steps[i].threshold,
                    steps[i].named,
                    steps[i].vetoes,
                    steps[i].limitDays,
                    keccak256(abi.encodePacked(steps[i].deciders))
                )
            );
        }
        return keccak256(abi.encodePacked(hashes));
    }
}
