// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IEntryLog} from "./interfaces/IEntryLog.sol";
import {StatementHashes} from "./libraries/StatementHashes.sol";
import {MemberId} from "./types/Identifiers.sol";
import {MemberRecord} from "./types/Records.sol";
import {Admission, MemberKeys, MemberKeysStatement, OperatorStatement, Signature} from "./types/Statements.sol";

/// @title The part of {IConsortium} that knows the members, their keys and what they sign
/// @notice Who is admitted or removed is decided in {Consortium}.
abstract contract Members is IConsortium {
    using Checkpoints for Checkpoints.Trace208;
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

    uint16 private constant SUITE_P256 = 1;
    MemberId private constant NOBODY = MemberId.wrap(0);
    uint256 private constant MAX_MEMBERS = 128;
    uint256 private constant MAX_NAME = 128;

    IEntryLog internal immutable _LOG;
    bytes32 private immutable _LEDGER_ID;
    bytes32 private immutable _DOMAIN_SEPARATOR;

    mapping(MemberId => Member) private _members;
    MemberId[] private _active;
    mapping(bytes32 field => mapping(bytes32 key => MemberId)) private _keyOwners; // active members

    constructor(bytes32 newLedgerId, IEntryLog log) {
        _LEDGER_ID = newLedgerId;
        _LOG = log;
        _DOMAIN_SEPARATOR = StatementHashes.domainSeparator(newLedgerId);
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
    function ledgerId() external view returns (bytes32) {
        return _LEDGER_ID;
    }

    /// @inheritdoc IConsortium
    function entryLog() external view returns (IEntryLog) {
        return _LOG;
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

    function _admit(Admission memory admission) internal {
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

    function _expel(MemberId id) internal {
        if (_active.length == 1) revert LastMember(id);
        _requireActive(id);
        Member storage leaving = _members[id];
        leaving.removedAt = uint40(block.timestamp);
        leaving.membership.push(uint48(block.timestamp), 0);
        _releaseKeys(id);
        uint256 last = _active.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (_active[i] == id) _active[i] = _active[last];
        }
        _active.pop();
    }

    function _freezeMember(MemberId id, uint64 until) internal {
        _members[id].frozenUntil = uint40(until);
    }

    function _useAuthority(MemberId id, uint64 sequence, bytes32 digest, Signature calldata signature)
        internal
    {
        uint64 expected = _members[id].sequence + 1;
        if (sequence != expected) revert AuthoritySequenceUnexpected(id, expected, sequence);
        _requireSignature(id, digest, signature);
        _members[id].sequence = sequence;
    }

    function _record(bytes32 kind, MemberId region, bytes18 actor, bytes memory payload) internal {
        _LOG.append(kind, region, actor, bytes32(MemberId.unwrap(region)), sha256(payload));
    }

    function _recordAs(bytes32 kind, MemberId region, bytes32 subject, bytes memory payload) internal {
        _LOG.append(kind, region, MemberId.unwrap(region), subject, sha256(payload));
    }

    function _requireSignature(MemberId id, bytes32 digest, Signature memory signature) internal view {
        MemberKeys storage keys = _members[id].keys;
        bool isGood = signature.suite == keys.suite
            && P256.verify(digest, signature.r, signature.s, keys.authorityX, keys.authorityY);
        if (!isGood) revert AuthorityInvalid(id, digest);
    }

    function _requireActive(MemberId id) internal view {
        if (!_isActive(id)) revert MemberUnknown(id);
    }

    function _requireUnfrozen(MemberId id) internal view {
        Member storage found = _members[id];
        if (found.admittedAt == 0 || found.removedAt != 0) revert MemberUnknown(id);
        if (block.timestamp < found.frozenUntil) revert Frozen(0, id, found.frozenUntil);
    }

    function _checkAdmission(Admission memory admission) internal view {
        if (!admission.member.isMember()) revert FieldMalformed("member");
        if (_isActive(admission.member)) revert MemberExists(admission.member);
        uint256 length = bytes(admission.name).length;
        if (length == 0 || length > MAX_NAME) revert FieldMalformed("name");
        _checkKeys(admission.member, admission.keys);
    }

    function _isActive(MemberId id) internal view returns (bool) {
        Member storage found = _members[id];
        return found.admittedAt != 0 && found.removedAt == 0;
    }

    /// @dev Which of its admissions it is a member by, counted from 1; 0 if it is none.
    function _termOf(MemberId id) internal view returns (uint32) {
        Member storage found = _members[id];
        return found.removedAt == 0 ? found.terms : 0;
    }

    function _countActive() internal view returns (uint256) {
        return _active.length;
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return StatementHashes.digest(_DOMAIN_SEPARATOR, structHash);
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

    function _checkKeys(MemberId id, MemberKeys memory keys) private view {
        if (keys.suite != SUITE_P256) revert FieldMalformed("suite");
        if (!P256.isValidPublicKey(keys.authorityX, keys.authorityY)) revert FieldMalformed("authority");
        if (keys.caFingerprint == 0) revert FieldMalformed("caFingerprint");
        if (keys.checkpointKey == 0) revert FieldMalformed("checkpointKey");
        if (!P256.isValidPublicKey(keys.encryptionX, keys.encryptionY)) revert FieldMalformed("encryption");
        if (keys.validator == address(0)) revert FieldMalformed("validator");
        bytes32[3] memory unshared = _unsharedKeys(keys);
        for (uint256 i = 0; i < unshared.length; ++i) {
            bytes32 field = _unsharedField(i);
            MemberId owner = _keyOwners[field][unshared[i]];
            if (owner != NOBODY && owner != id) revert KeyOfAnotherMember(field, owner, id);
        }
    }

    function _recordOf(MemberId id) private view returns (MemberRecord memory) {
        Member storage found = _members[id];
        return MemberRecord(
            found.keys, found.admittedAt, found.removedAt, found.frozenUntil, found.sequence
        );
    }

    /// @dev Of the authority key x alone: who has one of the two keys of that x has the other.
    function _unsharedKeys(MemberKeys memory keys) private pure returns (bytes32[3] memory) {
        return [keys.authorityX, keys.checkpointKey, bytes32(uint256(uint160(keys.validator)))];
    }

    function _unsharedField(uint256 i) private pure returns (bytes32) {
        return i == 0 ? bytes32("authority") : i == 1 ? bytes32("checkpointKey") : bytes32("validator");
    }
}
