// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CertificateType, ItemCode, MemberId, PartyId, RegionCode, Uscc} from "./Identifiers.sol";

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
    uint16 suite; // of the authority key and the encryption key
    bytes32 authorityX; // offline key that signs the member's acts
    bytes32 authorityY;
    bytes32 caFingerprint; // SHA-256 of the DER of the member's root signing certificate
    bytes32 checkpointKey; // Ed25519 public key that cosigns checkpoints
    bytes32 encryptionX; // private material for the member is encrypted to this key
    bytes32 encryptionY;
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

/// An act of a module that takes a vote: the payload of such a proposal.
struct ModuleAct {
    bytes32 module; // its name
    bytes payload; // the module's to read
}

enum ProposalAction {
    AdmitMember, // payload: abi.encode(Admission)
    RemoveMember, // payload: abi.encode(MemberId)
    InstallModule, // payload: abi.encode(Installation)
    Freeze, // payload: abi.encode(Freeze)
    Unfreeze, // payload: abi.encode(Freeze), until = 0
    ActInModule // payload: abi.encode(ModuleAct)
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

/// Puts a version of a certificate type into the catalogue; by the member that defines the type or
/// governs the department that does.
struct TypeStatement {
    MemberId member;
    CertificateType certificateType;
    uint32 version; // one more than the version in force
    bytes32 schemaHash; // SHA-256 of the type's JSON Schema, which is a file beside the ledger
    string name; // 1..256 bytes of UTF-8
    uint64 sequence;
}

/// Makes a type national or ends that: the payload of an act of `Catalogue`.
struct NationalType {
    CertificateType certificateType;
    bool isNational; // recognised by every member on this legal basis
    string legalBasis; // 1..256 bytes of UTF-8
}

/// How the departments of a step decide together.
enum StepRule {
    All, // every decider approves
    Threshold, // so many approve; a veto holder among them can refuse alone
    Ordered // every decider approves, each over the digest of the decision before its own
}

/// A step of a matter: who decides it, and in what time. Its deciders are those of the matter, then
/// those that are named when the step is assigned; a position in that row is a decider's number.
struct MatterStep {
    string name; // 1..128 bytes of UTF-8
    StepRule rule;
    uint8 threshold; // approvals needed; the number of deciders unless the rule is Threshold
    uint8 named; // how many deciders are named when the step is assigned
    uint16 vetoes; // bit i: decider i has a veto; 0 unless the rule is Threshold
    uint16 limitDays; // working days from its assignment
    Uscc[] deciders; // with those to be named 1..16
}

/// Puts a version of a service matter into the catalogue; signed by the seal key of its department.
/// A version without steps ends the matter: no new case may cite it.
struct MatterStatement {
    Uscc department; // the first 18 characters of the matter's code
    bytes32 keyId;
    ItemCode itemCode;
    uint32 version; // one more than the version in force
    bytes32 definitionHash; // SHA-256 of the definition, RFC 8785 JSON in a file beside the ledger
    uint16 statutoryDays; // working days that the law gives for the decision
    uint16 promisedDays; // working days that the department promises, at most the statutory
    string name; // 1..256 bytes of UTF-8
    MatterStep[] steps; // at most 16
    CertificateType[] requiredTypes; // certificates that replace materials (免提交), at most 32
    CertificateType[] resultTypes; // certificates that a granted case ends in, at most 8
}

/// Names a group of regions and national departments, for good. It gives no right by itself.
struct GroupStatement {
    MemberId member;
    PartyId group;
    string name; // 1..128 bytes of UTF-8
    PartyId[] parties; // 2..64, rising; no groups
    uint64 sequence;
}

/// Takes all of a member's parties out of a group: policies of the group no longer speak of them.
struct GroupExitStatement {
    MemberId member;
    PartyId group;
    uint64 sequence;
}

/// Sets a version of a recognition policy; signed by the member of the relying party, which is a
/// region or national department. The newest version of a policy is in force.
struct PolicyStatement {
    MemberId member;
    PartyId relying; // who relies
    PartyId source; // on certificates of whose departments
    CertificateType certificateType; // or 0 for every type
    uint32 version; // one more than the version in force
    uint8 minimumSealLevel; // docs/spec/recognition.md
    uint64 validFrom;
    uint64 validUntil; // exclusive; 0 with validFrom 0 ends the recognition
    bytes32 conditionsHash; // SHA-256 of the conditions in words, 0 if there are none
    uint64 sequence;
}

/// What the sides of a pact agree on. Between two parties each recognises the other; of a group
/// each party recognises every other.
struct PactTerms {
    PartyId partyA;
    PartyId partyB; // the same group as partyA for the pact of a group
    CertificateType[] certificateTypes; // at most 32, rising; none for every type
    uint8 minimumSealLevel;
    uint64 validFrom;
    uint64 validUntil; // exclusive
    bytes32 conditionsHash;
    uint64 signUntil; // the last signature comes before this
    bytes32 nonce; // 32 random bytes; the pact's id is SHA-256(abi.encode(terms))
}

/// Signs a pact. The last signature that was missing writes its policies.
struct PactStatement {
    MemberId member;
    PactTerms terms;
    uint64 sequence;
}

/// Where an application came in.
enum Channel {
    Window,
    Computer,
    Mobile,
    Kiosk
}

/// How far a case is.
enum CaseState {
    None,
    Received, // 收件: at the window, or on its way to the department that decides
    Supplementing, // 补正: the applicant was asked for more
    NotAccepted, // 不予受理; final
    Accepted, // 受理: no step is open
    Reviewing, // 审批: a step is open
    Decided, // every step approved or one rejected; not yet concluded
    Approved, // 办结: granted
    Rejected, // 办结: not granted
    Issued, // 出证
    Delivered, // 送达; final
    Withdrawn // 撤回; final
}

/// What stops the clock of a case (行政许可法 art. 45).
enum SpecialProcedure {
    None,
    Hearing, // 听证
    Inspection, // 检验
    Testing, // 检测
    Appraisal, // 鉴定
    ExpertReview // 专家评审
}

/// What a department does to a case that needs no data of its own kind.
enum CaseAct {
    RequestSupplement, // handler; digest of the one-time notice
    Supplement, // receiver or handler; digest of the new materials, dueAt = acceptBy
    RefuseAcceptance, // handler; digest of the notice, legal basis, remedies
    Accept, // handler; digest of the materials with their verdicts, dueAt, reliances
    Pause, // handler; procedure, digest of the notice
    Resume, // handler; digest of the procedure's record, dueAt
    Extend, // handler, once; digest of the approval, dueAt, legal basis
    Grant, // handler; digest of the decision document
    Reject, // handler; digest of the decision document, legal basis, remedies
    IssueResult, // handler; salted commitment to the result certificate
    Deliver, // receiver or handler; digest of the applicant's receipt
    Withdraw // receiver or handler; digest of the applicant's request
}

/// How something is handed over.
enum HandOverMode {
    Network, // a case package, encrypted to the taker's member
    Postal, // 寄递
    InPerson
}

enum Decision {
    Approve,
    Reject
}

/// What became of a step.
enum StepOutcome {
    Open,
    Approved,
    Rejected
}

/// Opens a case; signed by the department of the window that received the application (收件地).
struct CaseOpeningStatement {
    Uscc department;
    bytes32 keyId;
    bytes32 caseNonce; // 32 random bytes; the case's id is SHA-256(department || caseNonce)
    ItemCode itemCode; // its department decides (办理地)
    uint32 matterVersion; // the version in force
    Channel channel;
    bytes32 applicantCommitment; // salted
    bytes32 materialsDigest; // of the list of materials with a salted commitment to each
    bytes32 identityCheckDigest; // of the record of 身份核验
    bytes32 officerCommitment;
    uint64 acceptBy; // acceptance is deemed after it; 0 unless the window's department decides itself
    uint64 validUntil; // may be recorded up to and including this time
}

/// Moves a case on; signed by a seal key of the department. What each act needs stands at `CaseAct`;
/// all else is zero or empty.
struct CaseStatement {
    Uscc department;
    bytes32 keyId;
    bytes32 caseId;
    uint64 sequence; // the case's sequence number after this act
    CaseAct act;
    SpecialProcedure procedure;
    uint64 dueAt;
    bytes32 digest;
    bytes32 officerCommitment;
    string legalBasis; // at most 256 bytes of UTF-8
    string remedies; // 行政复议, 行政诉讼: where and until when; at most 512 bytes of UTF-8
    bytes32[] reliances; // salted commitments to the certificates it relies on, at most 64
}

/// Gives a case's material to another department; the giver's half of a hand-over.
struct HandOverStatement {
    Uscc giver;
    bytes32 keyId;
    bytes32 caseId;
    uint64 sequence;
    Uscc taker;
    HandOverMode mode;
    bytes32 digest; // of what is handed over
    bytes32 officerCommitment;
}

/// Takes what was handed over; the taker's half.
struct TakeOverStatement {
    Uscc taker;
    bytes32 keyId;
    bytes32 caseId;
    uint64 sequence;
    bytes32 handOverDigest; // EIP-712 digest of the giver's statement
    bytes32 digest; // of the receipt that the taker signed
    uint64 acceptBy; // acceptance is deemed after it; 0 unless the taker is to accept
    bytes32 officerCommitment;
}

/// Opens the next step of a case (分配); signed by the department that handles it.
struct AssignmentStatement {
    Uscc department;
    bytes32 keyId;
    bytes32 caseId;
    uint64 sequence;
    uint8 step;
    uint64 dueAt; // until when a veto holder may decide
    Uscc[] named; // the deciders that the matter leaves to be named
    bytes32 officerCommitment;
}

/// A department's decision in a step of a case.
struct DecisionStatement {
    Uscc department;
    bytes32 keyId;
    bytes32 caseId;
    uint8 step;
    uint16 round; // of the materials: 1, one more after a supplement
    Decision decision;
    uint32 matterVersion;
    bytes32 materialsDigest; // of the materials with their verdicts, as accepted
    bytes32 opinionDigest; // of the opinion with its reasons
    bytes32 precedingDigest; // where decisions are ordered: EIP-712 digest of the one before, else 0
    bytes32 officerCommitment;
    uint64 validUntil; // may be recorded up to and including this time
}

/// Acknowledges what another department sent, whatever it was; signed by a seal key of the department
/// that it was for. Says that it came, decrypted, and is kept: not that anybody agrees with it.
struct DeliveryStatement {
    Uscc receiver;
    bytes32 keyId;
    Uscc sender;
    bytes32 deliveryId; // 32 random bytes chosen by the sender
    bytes32 contentDigest; // SHA-256 of the encrypted envelope as it came
    bytes32 receiptDigest; // of the receipt that goes back to the sender
    uint64 validUntil; // may be recorded up to and including this time
}
