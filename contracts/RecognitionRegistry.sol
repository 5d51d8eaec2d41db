// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {Module} from "./Module.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IIssuerRegistry} from "./interfaces/IIssuerRegistry.sol";
import {IRecognitionRegistry} from "./interfaces/IRecognitionRegistry.sol";
import {RecognitionHashes} from "./libraries/RecognitionHashes.sol";
import {CertificateType, MemberId, PartyId} from "./types/Identifiers.sol";
import {PactRecord, PolicyRecord} from "./types/Records.sol";
import {
    GroupExitStatement,
    GroupStatement,
    PactStatement,
    PactTerms,
    PolicyStatement,
    Signature
} from "./types/Statements.sol";

/// @title Policies, groups, pacts; see {IRecognitionRegistry}
contract RecognitionRegistry is IRecognitionRegistry, Module {
    using Checkpoints for Checkpoints.Trace208;
    using RecognitionHashes for GroupStatement;
    using RecognitionHashes for GroupExitStatement;
    using RecognitionHashes for PolicyStatement;
    using RecognitionHashes for PactStatement;

    /// @dev What a version of a policy cites, where it cites anything.
    struct Cited {
        bytes32 conditionsHash;
        bytes32 pactId;
    }

    /// @dev One slot.
    struct Pact {
        uint16 signatures;
        uint16 missing;
        uint64 signUntil;
        uint40 concludedAt;
    }

    uint256 private constant MAX_NAME = 128;
    uint256 private constant MIN_PARTIES = 2;
    uint256 private constant MAX_PARTIES = 64;
    uint256 private constant MAX_TYPES = 32;
    uint64 private constant NO_END = (1 << 40) - 1;
    CertificateType private constant EVERY_TYPE = CertificateType.wrap(0);

    IRecognitionRegistry private immutable _PREDECESSOR;

    mapping(PartyId group => PartyId[]) private _groups;
    mapping(PartyId group => mapping(MemberId => uint64)) private _leftAt;
    /// @dev Key: when it was recorded. Value, from the top: recordedAt, version, minimumSealLevel,
    /// validFrom, validUntil in 48, 32, 8, 40 and 40 bits.
    mapping(bytes32 policyKey => Checkpoints.Trace208) private _policies;
    mapping(bytes32 policyKey => mapping(uint32 version => Cited)) private _cited;
    mapping(bytes32 pactId => Pact) private _pacts;
    mapping(bytes32 pactId => mapping(MemberId => bool)) private _hasSigned;

    /// @param predecessor the module this one replaces, or 0
    constructor(IConsortium consortium, IRecognitionRegistry predecessor) Module(consortium) {
        _PREDECESSOR = predecessor;
    }

    /// @inheritdoc IRecognitionRegistry
    function defineGroup(GroupStatement calldata statement, Signature calldata signature) external {
        if (!statement.group.isGroup()) revert IConsortium.FieldMalformed("group");
        uint256 length = bytes(statement.name).length;
        if (length == 0 || length > MAX_NAME) revert IConsortium.FieldMalformed("name");
        _requireParties(statement.parties);
        if (groupParties(statement.group).length != 0) revert GroupExists(statement.group);
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        _groups[statement.group] = statement.parties;
        emit GroupDefined(statement, signature);
        _recordAct(
            GroupDefined.selector,
            statement.member,
            bytes32(PartyId.unwrap(statement.group)),
            abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IRecognitionRegistry
    function leaveGroup(GroupExitStatement calldata statement, Signature calldata signature) external {
        MemberId[] memory members = _membersIn(statement.group);
        if (!_isAmong(statement.member, members)) revert NotOfGroup(statement.group, statement.member);
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        _leftAt[statement.group][statement.member] = uint64(block.timestamp);
        emit GroupLeft(statement, signature);
        _recordAct(
            GroupLeft.selector,
            statement.member,
            bytes32(PartyId.unwrap(statement.group)),
            abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IRecognitionRegistry
    function setPolicy(PolicyStatement calldata statement, Signature calldata signature) external {
        _requireWellFormed(statement);
        uint32 current =
            _currentVersion(statement.relying, statement.source, statement.certificateType);
        if (statement.version != current + 1) {
            revert PolicyVersionUnexpected(current + 1, statement.version);
        }
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        _writePolicy(
            statement.relying,
            statement.source,
            statement.certificateType,
            PolicyRecord(
                statement.version,
                statement.minimumSealLevel,
                statement.validFrom,
                statement.validUntil,
                statement.conditionsHash,
                0,
                uint64(block.timestamp)
            )
        );
        emit PolicySet(statement, signature);
        _recordAct(
            PolicySet.selector,
            statement.member,
            _policyKey(statement.relying, statement.source, statement.certificateType),
            abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IRecognitionRegistry
    function signPact(PactStatement calldata statement, Signature calldata signature)
        external
        returns (bytes32 pactId)
    {
        pactId = sha256(abi.encode(statement.terms));
        _requireWellFormed(statement.terms);
        if (block.timestamp >= statement.terms.signUntil) {
            revert PactExpired(pactId, statement.terms.signUntil, uint64(block.timestamp));
        }
        MemberId[] memory signers = _requireSigner(statement);
        if (hasSignedPact(pactId, statement.member)) revert PactSignedBefore(pactId, statement.member);
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        _hasSigned[pactId][statement.member] = true;
        uint16 missing = _countMissing(pactId, signers);
        bool isConcluded = missing == 0;
        _pacts[pactId] = Pact(
            _findPact(pactId).signatures + 1,
            missing,
            statement.terms.signUntil,
            isConcluded ? uint40(block.timestamp) : 0
        );
        if (isConcluded) _writePolicies(pactId, statement.terms);
        emit PactSigned(pactId, statement, missing, signature);
        _recordAct(
            PactSigned.selector,
            statement.member,
            pactId,
            abi.encode(pactId, statement, missing, signature)
        );
    }

    /// @inheritdoc IRecognitionRegistry
    function attestPolicy(PartyId relying, PartyId source, CertificateType certificateType) external {
        PolicyRecord memory record =
            policyAt(relying, source, certificateType, uint64(block.timestamp));
        if (record.version == 0) revert PolicyUnknown(relying, source, certificateType);
        PartyId speaker = relying.isGroup() ? groupParties(relying)[0] : relying;
        emit PolicyAttested(relying, source, certificateType, record);
        _record(
            PolicyAttested.selector,
            speaker.memberOf(),
            bytes18(0),
            _policyKey(relying, source, certificateType),
            abi.encode(relying, source, certificateType, record)
        );
    }

    /// @inheritdoc IRecognitionRegistry
    function attestGroup(PartyId group) external {
        PartyId[] memory parties = groupParties(group);
        if (parties.length == 0) revert GroupUnknown(group);
        MemberId first = parties[0].memberOf();
        _dropLeft(group, parties);
        emit GroupAttested(group, parties);
        _record(
            GroupAttested.selector,
            first,
            bytes18(0),
            bytes32(PartyId.unwrap(group)),
            abi.encode(group, parties)
        );
    }

    /// @inheritdoc IRecognitionRegistry
    function pact(bytes32 pactId) external view returns (PactRecord memory record) {
        record = _findPact(pactId);
        if (record.signatures == 0) revert PactUnknown(pactId);
    }

    /// @inheritdoc IRecognitionRegistry
    function groupParties(PartyId group) public view returns (PartyId[] memory parties) {
        parties = _groups[group];
        if (parties.length == 0 && address(_PREDECESSOR) != address(0)) {
            return _PREDECESSOR.groupParties(group);
        }
    }

    /// @inheritdoc IRecognitionRegistry
    function leftAt(PartyId group, MemberId member) public view returns (uint64 atUnix) {
        atUnix = _leftAt[group][member];
        if (atUnix == 0 && address(_PREDECESSOR) != address(0)) return _PREDECESSOR.leftAt(group, member);
    }

    /// @inheritdoc IRecognitionRegistry
    function policyAt(PartyId relying, PartyId source, CertificateType certificateType, uint64 atUnix)
        public
        view
        returns (PolicyRecord memory record)
    {
        bytes32 key = _policyKey(relying, source, certificateType);
        uint256 packed =
            _policies[key].upperLookupRecent(uint48(Math.min(atUnix, type(uint48).max)));
        if (packed == 0) {
            if (address(_PREDECESSOR) == address(0)) return record;
            return _PREDECESSOR.policyAt(relying, source, certificateType, atUnix);
        }
        Cited memory cited = _cited[key][uint32(packed >> 88)];
        return PolicyRecord(
            uint32(packed >> 88),
            uint8(packed >> 80),
            uint64(packed >> 40) & NO_END,
            uint64(packed) & NO_END,
            cited.conditionsHash,
            cited.pactId,
            uint64(packed >> 120)
        );
    }

    /// @inheritdoc IRecognitionRegistry
    function hasSignedPact(bytes32 pactId, MemberId member) public view returns (bool) {
        if (_hasSigned[pactId][member]) return true;
        return address(_PREDECESSOR) != address(0) && _PREDECESSOR.hasSignedPact(pactId, member);
    }

    /// @dev For each type both ways; of a group, which is on both sides, once.
    function _writePolicies(bytes32 pactId, PactTerms calldata terms) private {
        uint256 count = terms.certificateTypes.length;
        for (uint256 i = 0; i < Math.max(count, 1); ++i) {
            CertificateType certificateType = count == 0 ? EVERY_TYPE : terms.certificateTypes[i];
            _writeNext(pactId, terms, terms.partyA, terms.partyB, certificateType);
            if (terms.partyA == terms.partyB) continue;
            _writeNext(pactId, terms, terms.partyB, terms.partyA, certificateType);
        }
    }

    function _writeNext(
        bytes32 pactId,
        PactTerms calldata terms,
        PartyId relying,
        PartyId source,
        CertificateType certificateType
    ) private {
        _writePolicy(
            relying,
            source,
            certificateType,
            PolicyRecord(
                _currentVersion(relying, source, certificateType) + 1,
                terms.minimumSealLevel,
                terms.validFrom,
                terms.validUntil,
                terms.conditionsHash,
                pactId,
                uint64(block.timestamp)
            )
        );
    }

    function _writePolicy(
        PartyId relying,
        PartyId source,
        CertificateType certificateType,
        PolicyRecord memory record
    ) private {
        bytes32 key = _policyKey(relying, source, certificateType);
        uint208 packed = (uint208(record.recordedAt) << 120) | (uint208(record.version) << 88)
            | (uint208(record.minimumSealLevel) << 80) | (uint208(record.validFrom) << 40) | record.validUntil;
        _policies[key].push(uint48(record.recordedAt), packed);
        _cited[key][record.version] = Cited(record.conditionsHash, record.pactId);
    }

    function _useAuthority(
        MemberId member,
        uint64 sequence,
        bytes32 structHash,
        Signature calldata signature
    ) private {
        _CONSORTIUM.useAuthority(member, sequence, _digest(structHash), signature);
    }

    function _recordAct(bytes32 kind, MemberId member, bytes32 subject, bytes memory payload) private {
        _record(kind, member, MemberId.unwrap(member), subject, payload);
    }

    function _currentVersion(PartyId relying, PartyId source, CertificateType certificateType)
        private
        view
        returns (uint32)
    {
        return policyAt(relying, source, certificateType, uint64(block.timestamp)).version;
    }

    /// @dev One's own record, else the predecessor's, else all zero.
    function _findPact(bytes32 pactId) private view returns (PactRecord memory record) {
        Pact memory own = _pacts[pactId];
        if (own.signatures != 0) {
            return PactRecord(own.signatures, own.missing, own.signUntil, own.concludedAt);
        }
        if (address(_PREDECESSOR) == address(0)) return record;
        try _PREDECESSOR.pact(pactId) returns (PactRecord memory older) {
            return older;
        } catch {
            return record;
        }
    }

    function _countMissing(bytes32 pactId, MemberId[] memory signers) private view returns (uint16 missing) {
        for (uint256 i = 0; i < signers.length; ++i) {
            if (!hasSignedPact(pactId, signers[i])) ++missing;
        }
    }

    /// @dev The members whose signatures the pact takes; reverts unless the signing member is one.
    function _requireSigner(PactStatement calldata statement)
        private
        view
        returns (MemberId[] memory signers)
    {
        PartyId partyA = statement.terms.partyA;
        PartyId partyB = statement.terms.partyB;
        if (partyA == partyB) {
            signers = _membersIn(partyA);
            if (!_isAmong(statement.member, signers)) revert NotOfGroup(partyA, statement.member);
        } else {
            signers = new MemberId[](2);
            (signers[0], signers[1]) = (partyA.memberOf(), partyB.memberOf());
            if (!_isAmong(statement.member, signers)) {
                revert PartyOfAnotherMember(partyA, statement.member);
            }
        }
    }

    /// @dev The members that speak for the group's parties and have not left, each once.
    function _membersIn(PartyId group) private view returns (MemberId[] memory members) {
        PartyId[] memory parties = groupParties(group);
        if (parties.length == 0) revert GroupUnknown(group);
        members = new MemberId[](parties.length);
        uint256 count = 0;
        for (uint256 i = 0; i < parties.length; ++i) {
            MemberId member = parties[i].memberOf();
            if (_isAmong(member, members) || leftAt(group, member) != 0) continue;
            members[count] = member;
            ++count;
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(members, count) // shorter than it was made
        }
    }

    /// @dev Leaves the parties, in their order, whose members have not left the group.
    function _dropLeft(PartyId group, PartyId[] memory parties) private view {
        uint256 count = 0;
        for (uint256 i = 0; i < parties.length; ++i) {
            if (leftAt(group, parties[i].memberOf()) != 0) continue;
            parties[count] = parties[i];
            ++count;
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(parties, count) // shorter than it was read
        }
    }

    function _requireWellFormed(PolicyStatement calldata statement) private view {
        if (statement.relying.isGroup() || statement.relying.memberOf() != statement.member) {
            revert PartyOfAnotherMember(statement.relying, statement.member);
        }
        bool ofGroup = statement.source.isGroup();
        if (ofGroup && groupParties(statement.source).length == 0) revert GroupUnknown(statement.source);
        if (statement.relying == statement.source || !(ofGroup || _isParty(statement.source))) {
            revert PartiesMalformed(statement.relying, statement.source);
        }
        bool ofEveryType = CertificateType.unwrap(statement.certificateType) == 0;
        if (!ofEveryType && !statement.certificateType.isType()) {
            revert IConsortium.FieldMalformed("certificateType");
        }
        bool isEnd = statement.validFrom == 0 && statement.validUntil == 0;
        if (!isEnd) _requirePeriod(statement.validFrom, statement.validUntil);
    }

    function _requireWellFormed(PactTerms calldata terms) private pure {
        bool ofGroup = terms.partyA == terms.partyB && terms.partyA.isGroup();
        bool ofTwo = !(terms.partyA == terms.partyB) && _isParty(terms.partyA) && _isParty(terms.partyB);
        if (!(ofGroup || ofTwo)) revert PartiesMalformed(terms.partyA, terms.partyB);
        if (terms.certificateTypes.length > MAX_TYPES) revert PactTypesMalformed(MAX_TYPES);
        bytes21 before = 0;
        for (uint256 i = 0; i < terms.certificateTypes.length; ++i) {
            bytes21 code = CertificateType.unwrap(terms.certificateTypes[i]);
            if (code <= before || !terms.certificateTypes[i].isType()) revert PactTypesMalformed(i);
            before = code;
        }
        _requirePeriod(terms.validFrom, terms.validUntil);
    }

    function _requireParties(PartyId[] calldata parties) private pure {
        if (parties.length < MIN_PARTIES || parties.length > MAX_PARTIES) {
            revert GroupPartiesMalformed(parties.length);
        }
        bytes18 before = 0;
        for (uint256 i = 0; i < parties.length; ++i) {
            bytes18 code = PartyId.unwrap(parties[i]);
            if (code <= before || !_isParty(parties[i])) revert GroupPartiesMalformed(i);
            before = code;
        }
    }

    function _requirePeriod(uint64 validFrom, uint64 validUntil) private pure {
        if (validFrom >= validUntil || validUntil > NO_END) {
            revert IIssuerRegistry.PeriodMalformed(validFrom, validUntil);
        }
    }

    /// @dev Whether it has the form of a region or a national department.
    function _isParty(PartyId id) private pure returns (bool) {
        return MemberId.unwrap(id.memberOf()) != 0;
    }

    function _isAmong(MemberId member, MemberId[] memory members) private pure returns (bool) {
        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i] == member) return true;
        }
        return false;
    }

    function _policyKey(PartyId relying, PartyId source, CertificateType certificateType)
        private
        pure
        returns (bytes32)
    {
        return sha256(abi.encodePacked(relying, source, certificateType));
    }
}
