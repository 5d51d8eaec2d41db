// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CertificateType, MemberId, RegionCode, Uscc} from "./Identifiers.sol";

/// The signed acts of the ledger. Each struct whose name ends in "Statement" is EIP-712 typed data
/// under the domain {name "Zhenglian", version "1", salt ledgerId}; docs/spec/statements.md gives
/// the digests. All times are unix seconds, UTC.

/// A P-256 signature over a statement's digest.
struct Signature {
    uint16 suite; // 1 = ECDSA P-256 over the 32-byte digest, s in the lower half of the order
    bytes32 r;
    bytes32 s;
}

/// What a member is known by. No two active members have the same authority key, checkpoint key or
/// validator.
struct MemberKeys {
    uint16 suite; // of the authority key
    bytes32 authorityX; // offline key that signs the member's acts
    bytes32 authorityY;
    bytes32 caFingerprint; // SHA-256 of the DER of the member's root signing certificate
    bytes32 checkpointKey; // Ed25519 public key that cosigns checkpoints
    address validator; // its validator in the engine
}

/// A member to be: the payload of an admission.
struct Admission {
    MemberId member;
    string name; // 1..128 bytes of UTF-8
    MemberKeys keys;
}

/// A module to be: the payload of an installation. Replaces the module of that name, if any.
struct Installation {
    bytes32 name; // ASCII, left-aligned
    address module;
    bytes32 codeHash; // EXTCODEHASH of the module at execution
    bytes32[] kinds; // topics of the events it may append, at most 32
}

/// A freeze to be: the payload of a freeze. Exactly one of the two names a target.
struct Freeze {
    bytes32 module; // name of the module, or 0
    MemberId member; // member, or 0
    uint64 until; // at most 72 hours after execution
}

enum ProposalAction {
    AdmitMember, // payload: abi.encode(Admission)
    RemoveMember, // payload: abi.encode(MemberId)
    InstallModule, // payload: abi.encode(Installation)
    Freeze, // payload: abi.encode(Freeze)
    Unfreeze // payload: abi.encode(Freeze), until = 0
}

/// Founds the consortium; signed by the founder's authority key.
struct FoundingStatement {
    Admission founder;
}

/// Proposes a change of the consortium. Its digest is the proposal's id.
struct ProposalStatement {
    MemberId member;
    ProposalAction action;
    bytes payload;
    uint64 expiresAt; // votes and execution only before this
    uint64 sequence; // the member's next authority sequence number
}

struct VoteStatement {
    MemberId member;
    bytes32 proposalId;
    bool approve;
    uint64 sequence;
}

/// Replaces a member's keys; signed by the authority key in force until then.
struct MemberKeysStatement {
    MemberId member;
    MemberKeys keys;
    uint64 sequence;
}

/// Lets an account carry the member's transactions during [validFrom, validUntil).
struct OperatorStatement {
    MemberId member;
    address account;
    uint64 validFrom;
    uint64 validUntil;
    uint64 sequence;
}

/// Registers a department, or changes its name, region or end.
struct DepartmentStatement {
    MemberId member;
    Uscc issuer;
    RegionCode region; // inside the member's province; any for a national department
    string name; // 1..256 bytes of UTF-8
    uint64 validUntil; // exclusive; 2^40 - 1 for no end
    uint64 sequence;
}

/// Registers a seal key of a department for [validFrom, validUntil).
struct SealKeyStatement {
    MemberId member;
    Uscc issuer;
    uint16 suite;
    bytes32 x;
    bytes32 y;
    bytes32 certificateFingerprint; // SHA-256 of the DER of the department's signing certificate
    uint64 validFrom;
    uint64 validUntil;
    uint64 sequence;
}

/// Ends the validity of a seal key earlier, not before the present.
struct SealKeyEndStatement {
    MemberId member;
    Uscc issuer;
    bytes32 keyId;
    uint64 validUntil;
    uint64 sequence;
}

/// Declares a seal key compromised from a time on, which may lie in the past. The newest counts.
struct CompromiseStatement {
    MemberId member;
    Uscc issuer;
    bytes32 keyId;
    uint64 compromisedSince;
    uint64 sequence;
}

/// Lets a department issue a type during [validFrom, validUntil). The newest counts from now on.
struct MandateStatement {
    MemberId member;
    Uscc issuer;
    CertificateType certificateType;
    uint64 validFrom;
    uint64 validUntil;
    uint64 sequence;
}

/// Anchors a batch of certificates; signed by the department's seal key.
struct BatchStatement {
    Uscc issuer;
    bytes32 keyId;
    CertificateType certificateType;
    bytes32 batchId; // 32 random bytes chosen before sealing
    bytes32 root; // RFC 9162 root hash over the leaves in order
    uint32 count; // 1..65536 leaves
    uint64 validUntil; // may be anchored up to and including this time
}

/// One status word of a batch: 128 certificates, 2 bits each, as 32 bytes of a Token Status List.
struct WordChange {
    uint16 index; // word w holds positions 128w .. 128w+127
    bytes32 wordBefore;
    bytes32 wordAfter;
}

/// Changes the status of certificates of one batch; signed by a seal key of its issuer.
struct StatusStatement {
    Uscc issuer;
    bytes32 keyId;
    bytes32 batchKey;
    uint64 sequence; // the batch's status sequence number after this change
    uint16 reasonCode; // from the type's catalogue entry
    uint32 effectiveDate; // civil date in China as yyyymmdd
    bytes32 officerCommitment; // SHA-256(32 random bytes || officer), 0 if none is kept
    string legalBasis; // 1..256 bytes of UTF-8, names a rule and never a person
    WordChange[] changes; // 1..256, index strictly rising
}
