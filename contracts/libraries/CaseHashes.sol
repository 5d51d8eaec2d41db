// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AssignmentStatement,
    CaseOpeningStatement,
    CaseStatement,
    DecisionStatement,
    HandOverStatement,
    TakeOverStatement
} from "../types/Statements.sol";

/// @title hashStruct of the statements about cases (EIP-712)
/// @dev A static struct encodes exactly as EIP-712 wants it: abi.encode(TYPEHASH, statement).
library CaseHashes {
    bytes32 private constant OPENING_TYPE = keccak256(
        "CaseOpeningStatement(bytes18 department,bytes32 keyId,bytes32 caseNonce,bytes31 itemCode,uint32 matterVersion,uint8 channel,bytes32 applicantCommitment,bytes32 materialsDigest,bytes32 identityCheckDigest,bytes32 officerCommitment,uint64 acceptBy,uint64 validUntil)"
    );
    bytes32 private constant CASE_TYPE = keccak256(
        "CaseStatement(bytes18 department,bytes32 keyId,bytes32 caseId,uint64 sequence,uint8 act,uint8 procedure,uint64 dueAt,bytes32 digest,bytes32 officerCommitment,string legalBasis,string remedies,bytes32[] reliances)"
    );
    bytes32 private constant HAND_OVER_TYPE = keccak256(
        "HandOverStatement(bytes18 giver,bytes32 keyId,bytes32 caseId,uint64 sequence,bytes18 taker,uint8 mode,bytes32 digest,bytes32 officerCommitment)"
    );
    bytes32 private constant TAKE_OVER_TYPE = keccak256(
        "TakeOverStatement(bytes18 taker,bytes32 keyId,bytes32 caseId,uint64 sequence,bytes32 handOverDigest,bytes32 digest,uint64 acceptBy,bytes32 officerCommitment)"
    );
    bytes32 private constant ASSIGNMENT_TYPE = keccak256(
        "AssignmentStatement(bytes18 department,bytes32 keyId,bytes32 caseId,uint64 sequence,uint8 step,uint64 dueAt,bytes18[] named,bytes32 officerCommitment)"
    );
    bytes32 private constant DECISION_TYPE = keccak256(
        "DecisionStatement(bytes18 department,bytes32 keyId,bytes32 caseId,uint8 step,uint16 round,uint8 decision,uint32 matterVersion,bytes32 materialsDigest,bytes32 opinionDigest,bytes32 precedingDigest,bytes32 officerCommitment,uint64 validUntil)"
    );

    function hash(CaseOpeningStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(OPENING_TYPE, s));
    }

    function hash(CaseStatement calldata s) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CASE_TYPE,
                s.department,
                s.keyId,
                s.caseId,
                s.sequence,
                s.act,
                s.procedure,
                s.dueAt,
                s.digest,
                s.officerCommitment,
                keccak256(bytes(s.legalBasis)),
                keccak256(bytes(s.remedies)),
                keccak256(abi.encodePacked(s.reliances))
            )
        );
    }

    function hash(HandOverStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(HAND_OVER_TYPE, s));
    }

    function hash(TakeOverStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(TAKE_OVER_TYPE, s));
    }

    function hash(AssignmentStatement calldata s) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                ASSIGNMENT_TYPE,
                s.department,
                s.keyId,
                s.caseId,
                s.sequence,
                s.step,
                s.dueAt,
                keccak256(abi.encodePacked(s.named)),
                s.officerCommitment
            )
        );
    }

    function hash(DecisionStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(DECISION_TYPE, s));
    }
}
