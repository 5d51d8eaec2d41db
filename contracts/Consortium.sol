// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IEntryLog} from "./interfaces/IEntryLog.sol";
import {StatementHashes} from "./libraries/StatementHashes.sol";
import {MemberId} from "./types/Identifiers.sol";
import {MemberRecord, ProposalRecord} from "./types/Records.sol";
import {
    Admission,
    FoundingStatement,
    Freeze,
    Installation,
    MemberKeys,
    MemberKeysStatement,
    OperatorStatement,
    ProposalAction,
    ProposalStatement,
    Signature,
    VoteStatement
} from "./types/Statements.sol";

/// @title Members, votes, modules; see {IConsortium}
contract Consortium is IConsortium {
    using Checkpoints for Checkpoints.Trace208;
    using StatementHashes for FoundingStatement;
    using StatementHashes for ProposalStatement;
    using StatementHashes for VoteStatement;
    using StatementHashes for MemberKeysStatement;
    using StatementHashes for OperatorStatement;

    struct Member {
        MemberKeys keys;
        uint40 admittedAt;
        uint40 removedAt;
        uint40 frozenUntil;
        uint64 sequence;
        uint32 terms; // admissions so far
        Checkpoints.Trace208 membership; // 1 from its admission, 0 from its removal
        mapping(address account => Span) operators;
    }

    struct Span {
        uint64 from;
        uint64 until;
    }

    struct Proposal {
        MemberId proposer;
        ProposalAction action;
        uint40 expiresAt;
        bool isExecuted;
        uint16 rejections;
        uint32 decisions; // about its subject, when it was proposed
        bytes32 payloadHash;
        bytes32 subject;
        MemberId target; // of a removal, else 0
        Approval[] approvals;
        mapping(MemberId => uint32 term) votedIn;
    }

    struct Approval {
        MemberId member;
        uint32 term;
    }

    uint16 private constant SUITE_P256 = 1;
    MemberId private constant NOBODY = MemberId.wrap(0);
    uint256 private constant MAX_MEMBERS = 128;
    uint256 private constant MAX_KINDS = 32;
    uint256 private constant MAX_NAME = 128;
    uint64 private constant MIN_PROPOSAL_TIME = 1 minutes;
    uint64 private constant MAX_PROPOSAL_TIME = 90 days;
    uint64 private constant MAX_FREEZE_TIME = 72 hours;

    bytes32 private immutable _LEDGER_ID;
    bytes32 private immutable _DOMAIN_SEPARATOR;
    IEntryLog private immutable _LOG;

    mapping(MemberId => Member) private _members;
    MemberId[] private _active;
    mapping(bytes32 field => mapping(bytes32 key => MemberId)) private _keyOwners; // active members
    mapping(bytes32 proposalId => Proposal) private _proposals;
    mapping(bytes32 subject => uint32) private _decisions; // carried out about it
    mapping(bytes32 name => address) private _modules;
    mapping(bytes32 name => bytes32[]) private _moduleKinds;
    mapping(address module => bytes32 name) private _moduleNames;
    mapping(bytes32 name => uint64) private _moduleFrozenUntil;

    /// @param newLedgerId 32 random bytes, fixed for ever
    /// @param log the entry log that was constructed for this address
    constructor(
        bytes32 newLedgerId,
        IEntryLog log,
        FoundingStatement memory statement,
        Signature memory signature
    ) {
        _LEDGER_ID = newLedgerId;
        _LOG = log;
        _DOMAIN_SEPARATOR = StatementHashes.domainSeparator(newLedgerId);
        bytes32[11] memory kinds = [
            ConsortiumFounded.selector,
            ProposalSubmitted.selector,
            VoteCast.selector,
            MemberAdmitted.selector,
            MemberRemoved.selector,
            ModuleInstalled.selector,
            FreezeBegun.selector,
            FreezeEnded.selector,
            MemberKeysChanged.selector,
            OperatorChanged.selector,
            MemberAttested.selector
        ];
        for (uint256 i = 0; i < kinds.length; ++i) {
            log.assignKind(kinds[i], address(this));
        }
        MemberId founder = statement.founder.member;
        _admit(statement.founder);
        _requireSignature(founder, _digest(statement.hash()), signature);
        emit ConsortiumFounded(newLedgerId, statement, signature);
        _record(
            ConsortiumFounded.selector,
            founder,
            MemberId.unwrap(founder),
            abi.encode(newLedgerId, statement, signature)
        );
    }

    /// @inheritdoc IConsortium
    function propose(ProposalStatement calldata statement, Signature calldata signature)
        external
        returns (bytes32 proposalId)
    {
        proposalId = _digest(statement.hash());
        if (_proposals[proposalId].expiresAt != 0) revert ProposalExists(proposalId);
        uint64 earliest = uint64(block.timestamp) + MIN_PROPOSAL_TIME;
        uint64 latest = uint64(block.timestamp) + MAX_PROPOSAL_TIME;
        if (statement.expiresAt < earliest || statement.expiresAt > latest) {
            revert ProposalExpiryOutOfRange(statement.expiresAt, earliest, latest);
        }
        _requireActive(statement.member);
        _useAuthority(statement.member, statement.sequence, proposalId, signature);
        (MemberId target, bytes32 subject) = _checkPayload(statement.action, statement.payload);

        Proposal storage created = _proposals[proposalId];
        created.proposer = statement.member;
        created.action = statement.action;
        created.expiresAt = uint40(statement.expiresAt);
        created.decisions = _decisions[subject];
        created.payloadHash = keccak256(statement.payload);
        created.subject = subject;
        created.target = target;
        emit ProposalSubmitted(proposalId, statement, signature);
        _recordAs(
            ProposalSubmitted.selector,
            statement.member,
            proposalId,
            abi.encode(proposalId, statement, signature)
        );
    }

    /// @inheritdoc IConsortium
    function vote(VoteStatement calldata statement, Signature calldata signature) external {
        Proposal storage open = _requireOpen(statement.proposalId);
        _requireActive(statement.member);
        uint32 term = _members[statement.member].terms;
        if (open.votedIn[statement.member] == term) {
            revert AlreadyVoted(statement.proposalId, statement.member);
        }
        if (open.target == statement.member && _active.length > 2) {
            revert RemovalTargetMayNotVote(statement.proposalId, statement.member);
        }
        _useAuthority(statement.member, statement.sequence, _digest(statement.hash()), signature);

        open.votedIn[statement.member] = term;
        if (statement.approve) open.approvals.push(Approval(statement.member, term));
        else ++open.rejections;
        emit VoteCast(statement, signature);
        _recordAs(
            VoteCast.selector, statement.member, statement.proposalId, abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IConsortium
    function execute(bytes32 proposalId, bytes calldata payload) external {
        Proposal storage open = _requireOpen(proposalId);
        bytes32 payloadHash = keccak256(payload);
        if (payloadHash != open.payloadHash) {
            revert ProposalPayloadMismatch(proposalId, open.payloadHash, payloadHash);
        }
        _requireQuorum(proposalId, open);
        open.isExecuted = true;
        ++_decisions[open.subject];

        if (open.action == ProposalAction.AdmitMember) {
            _executeAdmission(proposalId, open.proposer, abi.decode(payload, (Admission)));
        } else if (open.action == ProposalAction.RemoveMember) {
            _executeRemoval(proposalId, open.proposer, open.target);
        } else if (open.action == ProposalAction.InstallModule) {
            _executeInstallation(proposalId, open.proposer, abi.decode(payload, (Installation)));
        } else {
            bool isFreeze = open.action == ProposalAction.Freeze;
            _executeFreeze(proposalId, open.proposer, abi.decode(payload, (Freeze)), isFreeze);
        }
    }

    /// @inheritdoc IConsortium
    function changeMemberKeys(MemberKeysStatement calldata statement, Signature calldata signature)
        external
    {
        _requireActive(statement.member);
        _checkKeys(statement.member, statement.keys);
        _useAuthority(statement.member, statement.sequence, _digest(statement.hash()), signature);
        _setKeys(statement.member, statement.keys);
        emit MemberKeysChanged(statement, signature);
        _record(
            MemberKeysChanged.selector,
            statement.member,
            MemberId.unwrap(statement.member),
            abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IConsortium
    function changeOperator(OperatorStatement calldata statement, Signature calldata signature) external {
        if (statement.account == address(0)) revert FieldMalformed("account");
        if (statement.validUntil < statement.validFrom) revert FieldMalformed("validUntil");
        _requireActive(statement.member);
        _useAuthority(statement.member, statement.sequence, _digest(statement.hash()), signature);
        _members[statement.member].operators[statement.account] =
            Span(statement.validFrom, statement.validUntil);
        emit OperatorChanged(statement, signature);
        _record(
            OperatorChanged.selector,
            statement.member,
            MemberId.unwrap(statement.member),
            abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IConsortium
    function attestMember(MemberId id) external {
        MemberRecord memory record = _recordOf(id);
        if (record.admittedAt == 0) revert MemberUnknown(id);
        emit MemberAttested(id, record);
        _record(MemberAttested.selector, id, bytes18(0), abi.encode(id, record));
    }

    /// @inheritdoc IConsortium
    function useAuthority(MemberId id, uint64 sequence, bytes32 digest, Signature calldata signature)
        external
    {
        if (_moduleNames[msg.sender] == 0) revert CallerNotModule(msg.sender);
        _requireActive(id);
        _useAuthority(id, sequence, digest, signature);
    }

    /// @inheritdoc IConsortium
    function requireUnfrozen(bytes32 name, MemberId id) external view {
        Member storage found = _members[id];
        if (found.admittedAt == 0 || found.removedAt != 0) revert MemberUnknown(id);
        if (block.timestamp < found.frozenUntil) revert Frozen(0, id, found.frozenUntil);
        uint64 until = _moduleFrozenUntil[name];
        if (block.timestamp < until) revert Frozen(name, id, until);
    }

    /// @inheritdoc IConsortium
    function ledgerId() external view returns (bytes32) {
        return _LEDGER_ID;
    }

    /// @inheritdoc IConsortium
    function entryLog() external view returns (IEntryLog) {
        return _LOG;
    }

    /// @inheritdoc IConsortium
    function module(bytes32 name) external view returns (address found) {
        found = _modules[name];
        if (found == address(0)) revert ModuleUnknown(name);
    }

    /// @inheritdoc IConsortium
    function member(MemberId id) external view returns (MemberRecord memory) {
        return _recordOf(id);
    }

    /// @inheritdoc IConsortium
    function isActiveMember(MemberId id) external view returns (bool) {
        return _isActive(id);
    }

    /// @inheritdoc IConsortium
    function wasMemberAt(MemberId id, uint64 atUnix) external view returns (bool) {
        uint48 latest = uint48(Math.min(atUnix, type(uint48).max));
        return _members[id].membership.upperLookupRecent(latest) == 1;
    }

    /// @inheritdoc IConsortium
    function activeMembers() external view returns (MemberId[] memory) {
        return _active;
    }

    /// @inheritdoc IConsortium
    function getValidators() external view returns (address[] memory validators) {
        validators = new address[](_active.length);
        for (uint256 i = 0; i < validators.length; ++i) {
            validators[i] = _members[_active[i]].keys.validator;
        }
    }

    /// @inheritdoc IConsortium
    function operator(MemberId id, address account)
        external
        view
        returns (uint64 validFrom, uint64 validUntil)
    {
        Span memory span = _members[id].operators[account];
        return (span.from, span.until);
    }

    /// @inheritdoc IConsortium
    function proposal(bytes32 proposalId) external view returns (ProposalRecord memory) {
        Proposal storage found = _proposals[proposalId];
        if (found.expiresAt == 0) revert ProposalUnknown(proposalId);
        return ProposalRecord(
            found.proposer,
            found.action,
            found.payloadHash,
            found.expiresAt,
            found.isExecuted,
            uint16(found.approvals.length),
            found.rejections
        );
    }

    /// @inheritdoc IConsortium
    function hasVoted(bytes32 proposalId, MemberId id) external view returns (bool) {
        uint32 term = _members[id].terms;
        return term != 0 && _proposals[proposalId].votedIn[id] == term;
    }

    /// @inheritdoc IConsortium
    function moduleFrozenUntil(bytes32 name) external view returns (uint64) {
        return _moduleFrozenUntil[name];
    }

    function _executeAdmission(bytes32 proposalId, MemberId proposer, Admission memory admission) private {
        _admit(admission);
        emit MemberAdmitted(proposalId, admission);
        _record(
            MemberAdmitted.selector,
            admission.member,
            MemberId.unwrap(proposer),
            abi.encode(proposalId, admission)
        );
    }

    function _executeRemoval(bytes32 proposalId, MemberId proposer, MemberId target) private {
        if (_active.length == 1) revert LastMember(target);
        _requireActive(target);
        Member storage leaving = _members[target];
        leaving.removedAt = uint40(block.timestamp);
        leaving.membership.push(uint48(block.timestamp), 0);
        _releaseKeys(target);
        uint256 last = _active.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (_active[i] == target) _active[i] = _active[last];
        }
        _active.pop();
        emit MemberRemoved(proposalId, target);
        _record(MemberRemoved.selector, target, MemberId.unwrap(proposer), abi.encode(proposalId, target));
    }

    function _executeInstallation(bytes32 proposalId, MemberId proposer, Installation memory installation)
        private
    {
        bytes32 codeHash = installation.module.codehash;
        if (codeHash != installation.codeHash) {
            revert ModuleCodeMismatch(installation.module, installation.codeHash, codeHash);
        }
        _requireOneName(installation);
        // All kinds leave the predecessor, those that the replacement does not take as well: what
        // could still record would still change the state that is read through.
        address predecessor = _modules[installation.name];
        bytes32[] memory released = _moduleKinds[installation.name];
        for (uint256 i = 0; i < released.length; ++i) {
            _LOG.assignKind(released[i], address(0));
        }
        for (uint256 i = 0; i < installation.kinds.length; ++i) {
            bytes32 kind = installation.kinds[i];
            address owner = _LOG.kindOwner(kind);
            if (owner != address(0)) revert KindTaken(kind, owner);
            _LOG.assignKind(kind, installation.module);
        }
        _moduleKinds[installation.name] = installation.kinds;
        _moduleNames[predecessor] = 0;
        _modules[installation.name] = installation.module;
        _moduleNames[installation.module] = installation.name;
        emit ModuleInstalled(proposalId, predecessor, installation);
        _recordAs(
            ModuleInstalled.selector,
            proposer,
            installation.name,
            abi.encode(proposalId, predecessor, installation)
        );
    }

    function _executeFreeze(bytes32 proposalId, MemberId proposer, Freeze memory freeze, bool isFreeze)
        private
    {
        uint64 latest = uint64(block.timestamp) + MAX_FREEZE_TIME;
        if (isFreeze && freeze.until > latest) revert FreezeTooLong(freeze.until, latest);
        bytes32 subject = freeze.module;
        if (subject == 0) {
            subject = bytes32(MemberId.unwrap(freeze.member));
            _members[freeze.member].frozenUntil = uint40(freeze.until);
        } else {
            _moduleFrozenUntil[subject] = freeze.until;
        }
        bytes memory payload = abi.encode(proposalId, freeze);
        if (isFreeze) {
            emit FreezeBegun(proposalId, freeze);
            _recordAs(FreezeBegun.selector, proposer, subject, payload);
        } else {
            emit FreezeEnded(proposalId, freeze);
            _recordAs(FreezeEnded.selector, proposer, subject, payload);
        }
    }

    function _admit(Admission memory admission) private {
        _checkAdmission(admission);
        MemberId id = admission.member;
        if (_active.length == MAX_MEMBERS) revert MembersExhausted(MAX_MEMBERS);
        Member storage joining = _members[id];
        joining.admittedAt = uint40(block.timestamp);
        joining.removedAt = 0;
        joining.frozenUntil = 0;
        ++joining.terms;
        joining.membership.push(uint48(block.timestamp), 1);
        _setKeys(id, admission.keys);
        _active.push(id);
    }

    function _setKeys(MemberId id, MemberKeys memory keys) private {
        _releaseKeys(id);
        bytes32[3] memory unshared = _unsharedKeys(keys);
        for (uint256 i = 0; i < unshared.length; ++i) {
            _keyOwners[_unsharedField(i)][unshared[i]] = id;
        }
        _members[id].keys = keys;
    }

    /// @dev Another's stay: who returns may find its former keys taken.
    function _releaseKeys(MemberId id) private {
        bytes32[3] memory unshared = _unsharedKeys(_members[id].keys);
        for (uint256 i = 0; i < unshared.length; ++i) {
            bytes32 field = _unsharedField(i);
            if (_keyOwners[field][unshared[i]] == id) _keyOwners[field][unshared[i]] = NOBODY;
        }
    }

    function _useAuthority(MemberId id, uint64 sequence, bytes32 digest, Signature calldata signature)
        private
    {
        uint64 expected = _members[id].sequence + 1;
        if (sequence != expected) revert AuthoritySequenceUnexpected(id, expected, sequence);
        _requireSignature(id, digest, signature);
        _members[id].sequence = sequence;
    }

    function _record(bytes32 kind, MemberId region, bytes18 actor, bytes memory payload) private {
        _LOG.append(kind, region, actor, bytes32(MemberId.unwrap(region)), sha256(payload));
    }

    function _recordAs(bytes32 kind, MemberId region, bytes32 subject, bytes memory payload) private {
        _LOG.append(kind, region, MemberId.unwrap(region), subject, sha256(payload));
    }

    function _requireSignature(MemberId id, bytes32 digest, Signature memory signature) private view {
        MemberKeys storage keys = _members[id].keys;
        bool isGood = signature.suite == keys.suite
            && P256.verify(digest, signature.r, signature.s, keys.authorityX, keys.authorityY);
        if (!isGood) revert AuthorityInvalid(id, digest);
    }

    /// @dev Approvals count while their giver is the member it was when it gave them: who returns,
    /// perhaps since its key was stolen, votes anew. Who is to be removed does not count at all,
    /// except when only two are left.
    function _requireQuorum(bytes32 proposalId, Proposal storage open) private view {
        MemberId target = open.target;
        bool excludesTarget = MemberId.unwrap(target) != 0 && _active.length > 2;
        uint256 counted = _active.length;
        if (excludesTarget && _isActive(target)) --counted;
        uint256 approvals = 0;
        for (uint256 i = 0; i < open.approvals.length; ++i) {
            Approval memory given = open.approvals[i];
            bool isStanding = _isActive(given.member) && _members[given.member].terms == given.term;
            if (isStanding && !(excludesTarget && given.member == target)) ++approvals;
        }
        if (approvals * 3 <= counted * 2) revert QuorumMissing(proposalId, approvals, counted);
    }

    function _requireOpen(bytes32 proposalId) private view returns (Proposal storage open) {
        open = _proposals[proposalId];
        if (open.expiresAt == 0) revert ProposalUnknown(proposalId);
        if (open.isExecuted) revert ProposalExecuted(proposalId);
        if (block.timestamp >= open.expiresAt) {
            revert ProposalExpired(proposalId, open.expiresAt, uint64(block.timestamp));
        }
        if (_decisions[open.subject] != open.decisions) revert ProposalLapsed(proposalId);
    }

    /// @dev Under two names it would lose its kinds and its use of authority with either.
    function _requireOneName(Installation memory installation) private view {
        bytes32 other = _moduleNames[installation.module];
        if (other != 0 && other != installation.name) {
            revert ModuleUnderAnotherName(installation.module, other);
        }
    }

    function _requireActive(MemberId id) private view {
        if (!_isActive(id)) revert MemberUnknown(id);
    }

    /// @dev What can be told at once is told when it is proposed, not after the votes.
    /// @return target who is to be removed, else 0
    /// @return subject what it decides: a membership, a module's name or a freeze
    function _checkPayload(ProposalAction action, bytes calldata payload)
        private
        view
        returns (MemberId target, bytes32 subject)
    {
        if (action == ProposalAction.AdmitMember) {
            Admission memory admission = abi.decode(payload, (Admission));
            _checkAdmission(admission);
            subject = _subject("member", MemberId.unwrap(admission.member));
        } else if (action == ProposalAction.RemoveMember) {
            target = abi.decode(payload, (MemberId));
            _requireActive(target);
            subject = _subject("member", MemberId.unwrap(target));
        } else if (action == ProposalAction.InstallModule) {
            Installation memory installation = abi.decode(payload, (Installation));
            if (installation.name == 0) revert FieldMalformed("name");
            if (installation.kinds.length > MAX_KINDS) revert FieldMalformed("kinds");
            if (installation.module.code.length == 0) revert FieldMalformed("module");
            _requireOneName(installation);
            subject = _subject("module", installation.name);
        } else {
            Freeze memory freeze = abi.decode(payload, (Freeze));
            bool namesModule = freeze.module != 0;
            bool namesMember = MemberId.unwrap(freeze.member) != 0;
            if (namesModule == namesMember) revert FieldMalformed("target");
            if (namesMember) _requireActive(freeze.member);
            if (action == ProposalAction.Unfreeze && freeze.until != 0) revert FieldMalformed("until");
            subject = _subject("freeze", namesModule ? freeze.module : bytes32(MemberId.unwrap(freeze.member)));
        }
    }

    function _checkAdmission(Admission memory admission) private view {
        if (!admission.member.isMember()) revert FieldMalformed("member");
        if (_isActive(admission.member)) revert MemberExists(admission.member);
        uint256 length = bytes(admission.name).length;
        if (length == 0 || length > MAX_NAME) revert FieldMalformed("name");
        _checkKeys(admission.member, admission.keys);
    }

    function _checkKeys(MemberId id, MemberKeys memory keys) private view {
        if (keys.suite != SUITE_P256) revert FieldMalformed("suite");
        if (!P256.isValidPublicKey(keys.authorityX, keys.authorityY)) revert FieldMalformed("authority");
        if (keys.caFingerprint == 0) revert FieldMalformed("caFingerprint");
        if (keys.checkpointKey == 0) revert FieldMalformed("checkpointKey");
        if (keys.validator == address(0)) revert FieldMalformed("validator");
        bytes32[3] memory unshared = _unsharedKeys(keys);
        for (uint256 i = 0; i < unshared.length; ++i) {
            bytes32 field = _unsharedField(i);
            MemberId owner = _keyOwners[field][unshared[i]];
            if (owner != NOBODY && owner != id) revert KeyOfAnotherMember(field, owner, id);
        }
    }

    function _isActive(MemberId id) private view returns (bool) {
        Member storage found = _members[id];
        return found.admittedAt != 0 && found.removedAt == 0;
    }

    function _recordOf(MemberId id) private view returns (MemberRecord memory) {
        Member storage found = _members[id];
        return MemberRecord(
            found.keys, found.admittedAt, found.removedAt, found.frozenUntil, found.sequence
        );
    }

    function _subject(bytes32 what, bytes32 which) private pure returns (bytes32) {
        return keccak256(abi.encode(what, which));
    }

    /// @dev Of the authority key x alone: who has one of the two keys of that x has the other.
    function _unsharedKeys(MemberKeys memory keys) private pure returns (bytes32[3] memory) {
        return [keys.authorityX, keys.checkpointKey, bytes32(uint256(uint160(keys.validator)))];
    }

    function _unsharedField(uint256 i) private pure returns (bytes32) {
        return i == 0 ? bytes32("authority") : i == 1 ? bytes32("checkpointKey") : bytes32("validator");
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return StatementHashes.digest(_DOMAIN_SEPARATOR, structHash);
    }
}
