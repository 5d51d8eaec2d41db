// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Members} from "./Members.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IEntryLog} from "./interfaces/IEntryLog.sol";
import {IVotedModule} from "./interfaces/IVotedModule.sol";
import {StatementHashes} from "./libraries/StatementHashes.sol";
import {MemberId} from "./types/Identifiers.sol";
import {ProposalRecord} from "./types/Records.sol";
import {
    Admission,
    FoundingStatement,
    Freeze,
    Installation,
    ModuleAct,
    ProposalAction,
    ProposalStatement,
    Signature,
    VoteStatement
} from "./types/Statements.sol";

/// @title Votes, modules, freezes; see {IConsortium}. The members are in {Members}
contract Consortium is Members {
    using StatementHashes for FoundingStatement;
    using StatementHashes for ProposalStatement;
    using StatementHashes for VoteStatement;

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

    uint256 private constant MAX_KINDS = 32;
    uint64 private constant MIN_PROPOSAL_TIME = 1 minutes;
    uint64 private constant MAX_PROPOSAL_TIME = 90 days;
    uint64 private constant MAX_FREEZE_TIME = 72 hours;

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
    ) Members(newLedgerId, log) {
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
        (MemberId target, bytes32 subject) = _checkPayload(statement.member, statement.action, statement.payload);

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
        uint32 term = _termOf(statement.member);
        if (open.votedIn[statement.member] == term) {
            revert AlreadyVoted(statement.proposalId, statement.member);
        }
        if (open.target == statement.member && _countActive() > 2) {
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
        } else if (open.action == ProposalAction.ActInModule) {
            ModuleAct memory act = abi.decode(payload, (ModuleAct));
            IVotedModule(module(act.module)).carryOut(proposalId, open.proposer, act.payload);
        } else {
            bool isFreeze = open.action == ProposalAction.Freeze;
            _executeFreeze(proposalId, open.proposer, abi.decode(payload, (Freeze)), isFreeze);
        }
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
        _requireUnfrozen(id);
        uint64 until = _moduleFrozenUntil[name];
        if (block.timestamp < until) revert Frozen(name, id, until);
    }

    /// @inheritdoc IConsortium
    function module(bytes32 name) public view returns (address found) {
        found = _modules[name];
        if (found == address(0)) revert ModuleUnknown(name);
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
        uint32 term = _termOf(id);
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
        _expel(target);
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
            _freezeMember(freeze.member, freeze.until);
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

    /// @dev Approvals count while their giver is the member it was when it gave them: who returns,
    /// perhaps since its key was stolen, votes anew. Who is to be removed does not count at all,
    /// except when only two are left.
    function _requireQuorum(bytes32 proposalId, Proposal storage open) private view {
        MemberId target = open.target;
        bool excludesTarget = MemberId.unwrap(target) != 0 && _countActive() > 2;
        uint256 counted = _countActive();
        if (excludesTarget && _isActive(target)) --counted;
        uint256 approvals = 0;
        for (uint256 i = 0; i < open.approvals.length; ++i) {
            Approval memory given = open.approvals[i];
            bool isStanding = _termOf(given.member) == given.term;
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

    /// @dev What can be told at once is told when it is proposed, not after the votes. A payload has
    /// one encoding, so that who reads it before voting reads what is carried out.
    /// @return target who is to be removed, else 0
    /// @return subject what it decides: a membership, a module's name or a freeze
    function _checkPayload(MemberId proposer, ProposalAction action, bytes calldata payload)
        private
        view
        returns (MemberId target, bytes32 subject)
    {
        bytes memory canonical;
        if (action == ProposalAction.AdmitMember) {
            Admission memory admission = abi.decode(payload, (Admission));
            canonical = abi.encode(admission);
            _checkAdmission(admission);
            subject = _subject("member", MemberId.unwrap(admission.member));
        } else if (action == ProposalAction.RemoveMember) {
            target = abi.decode(payload, (MemberId));
            canonical = abi.encode(target);
            _requireActive(target);
            subject = _subject("member", MemberId.unwrap(target));
        } else if (action == ProposalAction.InstallModule) {
            Installation memory installation = abi.decode(payload, (Installation));
            canonical = abi.encode(installation);
            if (installation.name == 0) revert FieldMalformed("name");
            if (installation.kinds.length > MAX_KINDS) revert FieldMalformed("kinds");
            if (installation.module.code.length == 0) revert FieldMalformed("module");
            _requireOneName(installation);
            subject = _subject("module", installation.name);
        } else if (action == ProposalAction.ActInModule) {
            ModuleAct memory act = abi.decode(payload, (ModuleAct));
            canonical = abi.encode(act);
            subject = _subject(act.module, IVotedModule(module(act.module)).checkAct(proposer, act.payload));
        } else {
            Freeze memory freeze = abi.decode(payload, (Freeze));
            canonical = abi.encode(freeze);
            bool namesModule = freeze.module != 0;
            bool namesMember = MemberId.unwrap(freeze.member) != 0;
            if (namesModule == namesMember) revert FieldMalformed("target");
            if (namesMember) _requireActive(freeze.member);
            if (action == ProposalAction.Unfreeze && freeze.until != 0) revert FieldMalformed("until");
            bytes32 named = namesModule ? freeze.module : bytes32(MemberId.unwrap(freeze.member));
            subject = _subject("freeze", named);
        }
        if (keccak256(canonical) != keccak256(payload)) revert FieldMalformed("payload");
    }

    function _subject(bytes32 what, bytes32 which) private pure returns (bytes32) {
        return keccak256(abi.encode(what, which));
    }
}
