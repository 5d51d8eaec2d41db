// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberId} from "../types/Identifiers.sol";
import {MemberRecord, ProposalRecord} from "../types/Records.sol";
import {
    Admission,
    Freeze,
    FoundingStatement,
    Installation,
    MemberKeysStatement,
    OperatorStatement,
    ProposalStatement,
    Signature,
    VoteStatement
} from "../types/Statements.sol";
import {IEntryLog} from "./IEntryLog.sol";

/// @title Who belongs to the ledger and what it consists of
/// @notice Members, their keys and operator accounts; proposals and votes; the directory of modules;
/// freezes. Admission, removal, installation and freezes need more than two thirds of the members
/// active at execution. A proposal lapses when another one about the same member, module or freeze
/// is carried out, so that none that was left over undoes what was decided later.
interface IConsortium {
    /// @notice The consortium began with one member.
    event ConsortiumFounded(bytes32 indexed ledgerId, FoundingStatement statement, Signature signature);
    /// @notice A change was proposed.
    event ProposalSubmitted(bytes32 indexed proposalId, ProposalStatement statement, Signature signature);
    /// @notice A member voted.
    event VoteCast(VoteStatement statement, Signature signature);
    /// @notice A proposal was carried: a member joined.
    event MemberAdmitted(bytes32 indexed proposalId, Admission admission);
    /// @notice A proposal was carried: a member left.
    event MemberRemoved(bytes32 indexed proposalId, MemberId indexed member);
    /// @notice A proposal was carried: a module was installed or replaced.
    event ModuleInstalled(bytes32 indexed proposalId, address indexed predecessor, Installation installation);
    /// @notice A proposal was carried: new batches, mandates and cases stop until the given time.
    event FreezeBegun(bytes32 indexed proposalId, Freeze freeze);
    /// @notice A proposal was carried: a freeze ended early.
    event FreezeEnded(bytes32 indexed proposalId, Freeze freeze);
    /// @notice A member replaced its keys.
    event MemberKeysChanged(MemberKeysStatement statement, Signature signature);
    /// @notice A member let an account carry its transactions, or ended that.
    event OperatorChanged(OperatorStatement statement, Signature signature);
    /// @notice The present record of a member, written to the log on request.
    event MemberAttested(MemberId indexed member, MemberRecord record);

    /// @notice No active member has this identifier.
    /// @custom:category not_found
    error MemberUnknown(MemberId member);
    /// @notice This member exists already.
    /// @custom:category conflict
    error MemberExists(MemberId member);
    /// @notice The consortium holds as many members as it may.
    /// @custom:category conflict
    error MembersExhausted(uint256 limit);
    /// @notice A field is empty, too long or not of its form.
    /// @custom:category malformed_input
    error FieldMalformed(bytes32 field);
    /// @notice Another member has this authority key, checkpoint key or validator.
    /// @custom:category conflict
    error KeyOfAnotherMember(bytes32 field, MemberId owner, MemberId member);
    /// @notice The signature was not made by the member's authority key over this digest.
    /// @custom:category not_authorized
    error AuthorityInvalid(MemberId member, bytes32 digest);
    /// @notice Authority acts are numbered; this is not the member's next number.
    /// @custom:category conflict
    error AuthoritySequenceUnexpected(MemberId member, uint64 expected, uint64 actual);
    /// @notice Only an installed module may do this.
    /// @custom:category not_authorized
    error CallerNotModule(address caller);
    /// @notice No proposal has this id.
    /// @custom:category not_found
    error ProposalUnknown(bytes32 proposalId);
    /// @notice The same statement was proposed before.
    /// @custom:category conflict
    error ProposalExists(bytes32 proposalId);
    /// @notice The proposal's time is up.
    /// @custom:category conflict
    error ProposalExpired(bytes32 proposalId, uint64 expiresAt, uint64 atUnix);
    /// @notice A proposal must end in the future and within the longest time allowed.
    /// @custom:category malformed_input
    error ProposalExpiryOutOfRange(uint64 expiresAt, uint64 earliest, uint64 latest);
    /// @notice The proposal was carried out before.
    /// @custom:category conflict
    error ProposalExecuted(bytes32 proposalId);
    /// @notice Another proposal about the same matter was carried out since; propose anew.
    /// @custom:category conflict
    error ProposalLapsed(bytes32 proposalId);
    /// @notice The payload is not the one that was proposed.
    /// @custom:category malformed_input
    error ProposalPayloadMismatch(bytes32 proposalId, bytes32 expected, bytes32 actual);
    /// @notice A member votes once.
    /// @custom:category conflict
    error AlreadyVoted(bytes32 proposalId, MemberId member);
    /// @notice Who is to be removed has no vote in it.
    /// @custom:category not_authorized
    error RemovalTargetMayNotVote(bytes32 proposalId, MemberId member);
    /// @notice Three times the approvals must exceed twice the members that count.
    /// @custom:category conflict
    error QuorumMissing(bytes32 proposalId, uint256 approvals, uint256 counted);
    /// @notice The last member cannot be removed.
    /// @custom:category conflict
    error LastMember(MemberId member);
    /// @notice The code at the address is not the code that was voted for.
    /// @custom:category conflict
    error ModuleCodeMismatch(address module, bytes32 expected, bytes32 actual);
    /// @notice This address is a module under another name already.
    /// @custom:category conflict
    error ModuleUnderAnotherName(address module, bytes32 name);
    /// @notice Another module owns this kind of entry.
    /// @custom:category conflict
    error KindTaken(bytes32 kind, address owner);
    /// @notice No module has this name.
    /// @custom:category not_found
    error ModuleUnknown(bytes32 name);
    /// @notice A freeze ends within 72 hours.
    /// @custom:category malformed_input
    error FreezeTooLong(uint64 until, uint64 latest);
    /// @notice New batches, mandates and cases are stopped for this module or member.
    /// @custom:category conflict
    error Frozen(bytes32 module, MemberId member, uint64 until);

    function propose(ProposalStatement calldata statement, Signature calldata signature)
        external
        returns (bytes32 proposalId);

    function vote(VoteStatement calldata statement, Signature calldata signature) external;

    /// @notice Carries out a proposal that has its votes. Anyone may call it.
    function execute(bytes32 proposalId, bytes calldata payload) external;

    function changeMemberKeys(MemberKeysStatement calldata statement, Signature calldata signature) external;

    function changeOperator(OperatorStatement calldata statement, Signature calldata signature) external;

    /// @notice Writes the present record of a member to the log. Anyone may call it.
    function attestMember(MemberId member) external;

    /// @notice Checks a member's authority signature and uses up its next sequence number.
    /// Modules only: the module's own event records the act.
    function useAuthority(MemberId member, uint64 sequence, bytes32 digest, Signature calldata signature)
        external;

    /// @notice Reverts unless the member is active and neither it nor the module is frozen.
    function requireUnfrozen(bytes32 module, MemberId member) external view;

    function ledgerId() external view returns (bytes32);

    function entryLog() external view returns (IEntryLog);

    /// @notice Address of the module of that name; reverts if there is none.
    function module(bytes32 name) external view returns (address);

    function member(MemberId id) external view returns (MemberRecord memory);

    function isActiveMember(MemberId id) external view returns (bool);

    /// @notice Whether it was a member at that time.
    function wasMemberAt(MemberId id, uint64 atUnix) external view returns (bool);

    function activeMembers() external view returns (MemberId[] memory);

    /// @notice Validators of the active members, for engines that ask a contract (QBFT).
    function getValidators() external view returns (address[] memory);

    /// @notice When this account may carry transactions: [validFrom, validUntil).
    function operator(MemberId id, address account)
        external
        view
        returns (uint64 validFrom, uint64 validUntil);

    function proposal(bytes32 proposalId) external view returns (ProposalRecord memory);

    /// @notice Whether it has voted since it was last admitted.
    function hasVoted(bytes32 proposalId, MemberId id) external view returns (bool);

    /// @notice Until when new acts of this module are stopped, 0 if never.
    function moduleFrozenUntil(bytes32 name) external view returns (uint64);
}
