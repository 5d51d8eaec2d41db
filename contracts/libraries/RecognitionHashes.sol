// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    GroupExitStatement,
    GroupStatement,
    PactStatement,
    PactTerms,
    PolicyStatement
} from "../types/Statements.sol";

/// @title hashStruct of the statements of recognition (EIP-712)
library RecognitionHashes {
    string private constant PACT_TERMS =
        "PactTerms(bytes18 partyA,bytes18 partyB,bytes21[] certificateTypes,uint8 minimumSealLevel,uint64 validFrom,uint64 validUntil,bytes32 conditionsHash,uint64 signUntil,bytes32 nonce)";

    bytes32 private constant PACT_TERMS_TYPE = keccak256(bytes(PACT_TERMS));
    bytes32 private constant GROUP_TYPE = keccak256(
        "GroupStatement(bytes18 member,bytes18 group,string name,bytes18[] parties,uint64 sequence)"
    );
    bytes32 private constant GROUP_EXIT_TYPE =
        keccak256("GroupExitStatement(bytes18 member,bytes18 group,uint64 sequence)");
    bytes32 private constant POLICY_TYPE = keccak256(
        "PolicyStatement(bytes18 member,bytes18 relying,bytes18 source,bytes21 certificateType,uint32 version,uint8 minimumSealLevel,uint64 validFrom,uint64 validUntil,bytes32 conditionsHash,uint64 sequence)"
    );
    bytes32 private constant PACT_TYPE = keccak256(
        abi.encodePacked("PactStatement(bytes18 member,PactTerms terms,uint64 sequence)", PACT_TERMS)
    );

    function hash(GroupStatement calldata s) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                GROUP_TYPE,
                s.member,
                s.group,
                keccak256(bytes(s.name)),
                keccak256(abi.encodePacked(s.parties)),
                s.sequence
            )
        );
    }

    function hash(GroupExitStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(GROUP_EXIT_TYPE, s));
    }

    function hash(PolicyStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(POLICY_TYPE, s));
    }

    function hash(PactStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(PACT_TYPE, s.member, _hash(s.terms), s.sequence));
    }

    function _hash(PactTerms calldata t) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                PACT_TERMS_TYPE,
                t.partyA,
                t.partyB,
                keccak256(abi.encodePacked(t.certificateTypes)),
                t.minimumSealLevel,
                t.validFrom,
                t.validUntil,
                t.conditionsHash,
                t.signUntil,
                t.nonce
            )
        );
    }
}
