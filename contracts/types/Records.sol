// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ItemCode, MemberId, RegionCode, Uscc} from "./Identifiers.sol";
import {CaseState, MemberKeys, ProposalAction, StepOutcome} from "./Statements.sol";

/// What the modules answer. All times are unix seconds, UTC; 0 means never.

/// One entry of the log (DESIGN: "one event, one entry"); docs/spec/entries.md gives its bytes.
struct LogEntry {
    bytes32 kind; // topic 0 of the module's event
    MemberId region; // member under whose authority it happened
    bytes18 actor; // who sealed it: a department (Uscc) or a member (MemberId); 0 for an attestation
    bytes32 subject; // what it is about: batch key, proposal id, or an identifier left-aligned
    bytes32 payloadHash; // SHA-256(abi.encode(all parameters of the event in order))
    uint64 timeUnix; // set by the log
}

struct MemberRecord {
    MemberKeys keys; // newest
    uint64 admittedAt;
    uint64 removedAt; // 0 while a member
    uint64 frozenUntil;
    uint64 sequence; // of its last authority act
}

struct ProposalRecord {
    MemberId proposer;
    ProposalAction action;
    bytes32 payloadHash; // keccak256 of the payload
    uint64 expiresAt;
    bool isExecuted;
    uint16 approvals; // recorded; those given in their members' present membership count
    uint16 rejections;
}

struct DepartmentRecord {
    MemberId member;
    RegionCode region;
    uint64 validUntil;
}

struct SealKeyRecord {
    uint16 suite;
    bytes32 x;
    bytes32 y;
    bytes32 certificateFingerprint;
    uint64 validFrom;
    uint64 validUntil;
    uint64 compromisedSince; // 0 if not
}

struct MandateRecord {
    uint64 validFrom;
    uint64 validUntil;
    uint64 recordedAt;
}

struct BatchRecord {
    bytes32 root;
    Uscc issuer;
    uint32 count;
    uint64 anchoredAt;
    uint64 statusSequence; // of its last status change
}

struct TypeRecord {
    MemberId member; // that defined it
    uint32 version;
    bytes32 schemaHash;
    uint64 recordedAt;
    bool isNational;
}

struct MatterRecord {
    uint32 version;
    bytes32 definitionHash;
    uint16 statutoryDays;
    uint16 promisedDays;
    uint8 steps;
    uint64 recordedAt;
}

struct PolicyRecord {
    uint32 version;
    uint8 minimumSealLevel;
    uint64 validFrom;
    uint64 validUntil;
    bytes32 conditionsHash;
    bytes32 pactId; // 0 unless a pact wrote it
    uint64 recordedAt;
}

struct PactRecord {
    uint16 signatures;
    uint16 missing;
    uint64 signUntil;
    uint64 concludedAt; // 0 while signatures are missing
}

struct CaseRecord {
    ItemCode itemCode;
    uint32 matterVersion;
    CaseState state;
    uint16 round;
    uint8 step; // the open or next one
    StepOutcome outcome; // once decided
    Uscc receiver; // 收件地
    Uscc handler; // 办理地
    Uscc custodian; // who has the material
    bytes32 pendingHandOver; // digest of the giver's statement that awaits its taker, else 0
    bytes32 materialsDigest;
    uint64 sequence;
    uint64 openedAt;
    uint64 acceptBy;
    uint64 dueAt;
    uint64 stepDueAt;
    uint64 pausedAt; // 0 while the clock runs
    bool wasSupplemented;
    bool wasExtended;
}
