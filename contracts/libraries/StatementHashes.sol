// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Admission,
    BatchStatement,
    CompromiseStatement,
    DepartmentStatement,
    FoundingStatement,
    MandateStatement,
    MemberKeys,
    MemberKeysStatement,
    OperatorStatement,
    ProposalStatement,
    SealKeyEndStatement,
    SealKeyStatement,
    StatusStatement,
    VoteStatement,
    WordChange
} from "../types/Statements.sol";

/// @title hashStruct of every statement (EIP-712)
/// @dev A static struct encodes exactly as EIP-712 wants it: abi.encode(TYPEHASH, statement).
library StatementHashes {
    string private constant MEMBER_KEYS =
        "MemberKeys(uint16 suite,bytes32 authorityX,bytes32 authorityY,bytes32 caFingerprint,bytes32 checkpointKey,bytes32 encryptionX,bytes32 encryptionY,address validator)";
    string private constant ADMISSION = "Admission(bytes18 member,string name,MemberKeys keys)";
    string private constant WORD_CHANGE = "WordChange(uint16 index,bytes32 wordBefore,bytes32 wordAfter)";

    bytes32 private constant DOMAIN = keccak256("EIP712Domain(string name,string version,bytes32 salt)");
    bytes32 private constant MEMBER_KEYS_TYPE = keccak256(bytes(MEMBER_KEYS));
    bytes32 private constant ADMISSION_TYPE = keccak256(abi.encodePacked(ADMISSION, MEMBER_KEYS));
    bytes32 private constant WORD_CHANGE_TYPE = keccak256(bytes(WORD_CHANGE));
    bytes32 private constant FOUNDING_TYPE =
        keccak256(abi.encodePacked("FoundingStatement(Admission founder)", ADMISSION, MEMBER_KEYS));
    bytes32 private constant PROPOSAL_TYPE = keccak256(
        "ProposalStatement(bytes18 member,uint8 action,bytes payload,uint64 expiresAt,uint64 sequence)"
    );
    bytes32 private constant VOTE_TYPE =
        keccak256("VoteStatement(bytes18 member,bytes32 proposalId,bool approve,uint64 sequence)");
    bytes32 private constant MEMBER_KEYS_CHANGE_TYPE = keccak256(
        abi.encodePacked("MemberKeysStatement(bytes18 member,MemberKeys keys,uint64 sequence)", MEMBER_KEYS)
    );
    bytes32 private constant OPERATOR_TYPE = keccak256(
        "OperatorStatement(bytes18 member,address account,uint64 validFrom,uint64 validUntil,uint64 sequence)"
    );
    bytes32 private constant DEPARTMENT_TYPE = keccak256(
        "DepartmentStatement(bytes18 member,bytes18 issuer,bytes6 region,string name,uint64 validUntil,uint64 sequence)"
    );
    bytes32 private constant SEAL_KEY_TYPE = keccak256(
        "SealKeyStatement(bytes18 member,bytes18 issuer,uint16 suite,bytes32 x,bytes32 y,bytes32 certificateFingerprint,uint64 validFrom,uint64 validUntil,uint64 sequence)"
    );
    bytes32 private constant SEAL_KEY_END_TYPE = keccak256(
        "SealKeyEndStatement(bytes18 member,bytes18 issuer,bytes32 keyId,uint64 validUntil,uint64 sequence)"
    );
    bytes32 private constant COMPROMISE_TYPE = keccak256(
        "CompromiseStatement(bytes18 member,bytes18 issuer,bytes32 keyId,uint64 compromisedSince,uint64 sequence)"
    );
    bytes32 private constant MANDATE_TYPE = keccak256(
        "MandateStatement(bytes18 member,bytes18 issuer,bytes21 certificateType,uint64 validFrom,uint64 validUntil,uint64 sequence)"
    );
    bytes32 private constant BATCH_TYPE = keccak256(
        "BatchStatement(bytes18 issuer,bytes32 keyId,bytes21 certificateType,bytes32 batchId,bytes32 root,uint32 count,uint64 validUntil)"
    );
    bytes32 private constant STATUS_TYPE = keccak256(
        abi.encodePacked(
            "StatusStatement(bytes18 issuer,bytes32 keyId,bytes32 batchKey,uint64 sequence,uint16 reasonCode,uint32 effectiveDate,bytes32 officerCommitment,string legalBasis,WordChange[] changes)",
            WORD_CHANGE
        )
    );

    function domainSeparator(bytes32 ledgerId) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("Zhenglian"), keccak256("1"), ledgerId));
    }

    function digest(bytes32 separator, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    function hash(FoundingStatement memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(FOUNDING_TYPE, _hash(s.founder)));
    }

    function hash(ProposalStatement calldata s) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(PROPOSAL_TYPE, s.member, s.action, keccak256(s.payload), s.expiresAt, s.sequence)
        );
    }

    function hash(VoteStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOTE_TYPE, s));
    }

    function hash(MemberKeysStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(MEMBER_KEYS_CHANGE_TYPE, s.member, _hash(s.keys), s.sequence));
    }

    function hash(OperatorStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(OPERATOR_TYPE, s));
    }

    function hash(DepartmentStatement calldata s) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                DEPARTMENT_TYPE,
                s.member,
                s.issuer,
                s.region,
                keccak256(bytes(s.name)),
                s.validUntil,
                s.sequence
            )
        );
    }

    function hash(SealKeyStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(SEAL_KEY_TYPE, s));
    }

    function hash(SealKeyEndStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(SEAL_KEY_END_TYPE, s));
    }

    function hash(CompromiseStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(COMPROMISE_TYPE, s));
    }

    function hash(MandateStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(MANDATE_TYPE, s));
    }

    function hash(BatchStatement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(BATCH_TYPE, s));
    }

    function hash(StatusStatement calldata s) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                STATUS_TYPE,
                s.issuer,
                s.keyId,
                s.batchKey,
                s.sequence,
                s.reasonCode,
                s.effectiveDate,
                s.officerCommitment,
                keccak256(bytes(s.legalBasis)),
                _hash(s.changes)
            )
        );
    }

    /// @dev The hashes of the changes, one after the other, hashed. Each is
    /// keccak256(abi.encode(WORD_CHANGE_TYPE, change)), made in one piece of memory for all.
    function _hash(WordChange[] calldata changes) private pure returns (bytes32 result) {
        bytes32 changeType = WORD_CHANGE_TYPE;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let hashes := mload(0x40)
            let buffer := add(hashes, mul(changes.length, 0x20))
            mstore(buffer, changeType)
            let end := add(changes.offset, mul(changes.length, 0x60))
            let next := hashes
            for { let change := changes.offset } lt(change, end) { change := add(change, 0x60) } {
                calldatacopy(add(buffer, 0x20), change, 0x60)
                mstore(next, keccak256(buffer, 0x80))
                next := add(next, 0x20)
            }
            result := keccak256(hashes, sub(next, hashes))
        }
    }

    function _hash(Admission memory a) private pure returns (bytes32) {
        return keccak256(abi.encode(ADMISSION_TYPE, a.member, keccak256(bytes(a.name)), _hash(a.keys)));
    }

    function _hash(MemberKeys memory k) private pure returns (bytes32) {
        return keccak256(abi.encode(MEMBER_KEYS_TYPE, k));
    }
}
