// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberId, RegionCode, Uscc} from "./Identifiers.sol";
import {MemberKeys, ProposalAction} from "./Statements.sol";

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
