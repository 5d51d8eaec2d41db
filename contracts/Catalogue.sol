// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {Module} from "./Module.sol";
import {ICatalogue} from "./interfaces/ICatalogue.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IIssuerRegistry} from "./interfaces/IIssuerRegistry.sol";
import {IVotedModule} from "./interfaces/IVotedModule.sol";
import {CatalogueHashes} from "./libraries/CatalogueHashes.sol";
import {CertificateType, ItemCode, MemberId, Uscc} from "./types/Identifiers.sol";
import {MatterRecord, TypeRecord} from "./types/Records.sol";
import {
    MatterStatement,
    MatterStep,
    NationalType,
    Signature,
    StepRule,
    TypeStatement
} from "./types/Statements.sol";

/// @title Certificate types and service matters; see {ICatalogue}
contract Catalogue is ICatalogue, Module {
    using CatalogueHashes for TypeStatement;
    using CatalogueHashes for MatterStatement;
    using Checkpoints for Checkpoints.Trace208;

    /// @dev Two slots.
    struct TypeVersion {
        bytes32 schemaHash;
        MemberId member;
        uint40 recordedAt;
    }

    /// @dev Two slots and the steps.
    struct Matter {
        bytes32 definitionHash;
        uint16 statutoryDays;
        uint16 promisedDays;
        uint40 recordedAt;
        MatterStep[] steps;
    }

    bytes32 private constant ISSUER_REGISTRY = "IssuerRegistry";
    uint256 private constant MAX_NAME = 256;
    uint256 private constant MAX_LEGAL_BASIS = 256;
    uint256 private constant MAX_STEPS = 16;
    uint256 private constant MAX_STEP_NAME = 128;
    uint256 private constant MAX_DECIDERS = 16;
    uint256 private constant MAX_REQUIRED_TYPES = 32;
    uint256 private constant MAX_RESULT_TYPES = 8;
    uint208 private constant NOT_NATIONAL = 1; // 0: never decided here
    uint208 private constant NATIONAL = 2;
    CertificateType private constant NO_TYPE = CertificateType.wrap(0);

    ICatalogue private immutable _PREDECESSOR;

    mapping(CertificateType => mapping(uint32 version => TypeVersion)) private _types;
    /// @dev Key: when it was recorded. Value: the version.
    mapping(CertificateType => Checkpoints.Trace208) private _typeVersions;
    /// @dev Key: when it was carried. Value: NATIONAL or NOT_NATIONAL.
    mapping(CertificateType => Checkpoints.Trace208) private _nationality;
    mapping(ItemCode => mapping(uint32 version => Matter)) private _matters;
    mapping(ItemCode => uint32 version) private _matterVersions;

    /// @param predecessor the module this one replaces, or 0
    constructor(IConsortium consortium, ICatalogue predecessor) Module(consortium) {
        _PREDECESSOR = predecessor;
    }

    /// @inheritdoc ICatalogue
    function defineType(TypeStatement calldata statement, Signature calldata signature) external {
        if (!statement.certificateType.isType()) revert IConsortium.FieldMalformed("certificateType");
        if (statement.schemaHash == 0) revert IConsortium.FieldMalformed("schemaHash");
        _requireLength(bytes(statement.name).length, MAX_NAME, "name");
        _requireDefiner(statement.certificateType, statement.member);
        _requireNext(_currentType(statement.certificateType).version, statement.version);
        _CONSORTIUM.useAuthority(
            statement.member, statement.sequence, _digest(statement.hash()), signature
        );

        _types[statement.certificateType][statement.version] =
            TypeVersion(statement.schemaHash, statement.member, uint40(block.timestamp));
        _typeVersions[statement.certificateType].push(uint48(block.timestamp), statement.version);
        emit TypeDefined(statement, signature);
        _record(
            TypeDefined.selector,
            statement.member,
            MemberId.unwrap(statement.member),
            bytes32(CertificateType.unwrap(statement.certificateType)),
            abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IVotedModule
    function carryOut(bytes32 proposalId, MemberId proposer, bytes calldata payload) external {
        if (msg.sender != address(_CONSORTIUM)) revert CallerNotConsortium(msg.sender);
        bytes32 subject = checkAct(proposer, payload); // again: the definer may be another by now
        NationalType memory change = abi.decode(payload, (NationalType));

        _nationality[change.certificateType].push(
            uint48(block.timestamp), change.isNational ? NATIONAL : NOT_NATIONAL
        );
        emit NationalTypeChanged(proposalId, change);
        _record(
            NationalTypeChanged.selector,
            proposer,
            MemberId.unwrap(proposer),
            subject,
            abi.encode(proposalId, change)
        );
    }

    /// @inheritdoc ICatalogue
    function defineMatter(MatterStatement calldata statement, Signature calldata seal) external {
        _requireWellFormed(statement);
        _requireNext(currentMatterVersion(statement.itemCode), statement.version);
        MemberId member = _registry().requireSeal(
            statement.department,
            statement.keyId,
            NO_TYPE,
            uint64(block.timestamp),
            _digest(statement.hash()),
            seal
        );

        _storeMatter(statement);
        emit MatterDefined(statement, seal);
        _record(
            MatterDefined.selector,
            member,
            Uscc.unwrap(statement.department),
            bytes32(ItemCode.unwrap(statement.itemCode)),
            abi.encode(statement, seal)
        );
    }

    /// @inheritdoc ICatalogue
    function attestType(CertificateType certificateType) external {
        TypeRecord memory record = _currentType(certificateType);
        if (record.version == 0) revert TypeUnknown(certificateType);
        emit TypeAttested(certificateType, record);
        _record(
            TypeAttested.selector,
            record.member,
            bytes18(0),
            bytes32(CertificateType.unwrap(certificateType)),
            abi.encode(certificateType, record)
        );
    }

    /// @inheritdoc ICatalogue
    function attestMatter(ItemCode itemCode) external {
        MatterRecord memory record = matter(itemCode, currentMatterVersion(itemCode));
        if (record.version == 0) revert MatterUnknown(itemCode, 0);
        emit MatterAttested(itemCode, record);
        _record(
            MatterAttested.selector,
            _registry().department(itemCode.departmentOf()).member,
            bytes18(0),
            bytes32(ItemCode.unwrap(itemCode)),
            abi.encode(itemCode, record)
        );
    }

    /// @inheritdoc ICatalogue
    function typeAt(CertificateType certificateType, uint64 atUnix)
        external
        view
        returns (TypeRecord memory)
    {
        return _typeAt(certificateType, atUnix);
    }

    /// @inheritdoc ICatalogue
    function typeVersion(CertificateType certificateType, uint32 version)
        external
        view
        returns (TypeRecord memory)
    {
        return _typeVersion(certificateType, version, uint64(block.timestamp));
    }

    /// @inheritdoc IVotedModule
    function checkAct(MemberId proposer, bytes calldata payload) public view returns (bytes32 subject) {
        NationalType memory change = abi.decode(payload, (NationalType));
        if (keccak256(abi.encode(change)) != keccak256(payload)) {
            revert IConsortium.FieldMalformed("payload");
        }
        _requireLength(bytes(change.legalBasis).length, MAX_LEGAL_BASIS, "legalBasis");
        if (_currentType(change.certificateType).version == 0) revert TypeUnknown(change.certificateType);
        _requireDefiner(change.certificateType, proposer);
        return bytes32(CertificateType.unwrap(change.certificateType));
    }

    /// @inheritdoc ICatalogue
    function isNationalAt(CertificateType certificateType, uint64 atUnix) public view returns (bool) {
        uint208 found = _nationality[certificateType].upperLookupRecent(_toKey(atUnix));
        if (found == 0 && address(_PREDECESSOR) != address(0)) {
            return _PREDECESSOR.isNationalAt(certificateType, atUnix);
        }
        return found == NATIONAL;
    }

    /// @inheritdoc ICatalogue
    function currentMatterVersion(ItemCode itemCode) public view returns (uint32 version) {
        version = _matterVersions[itemCode];
        if (version == 0 && address(_PREDECESSOR) != address(0)) {
            return _PREDECESSOR.currentMatterVersion(itemCode);
        }
    }

    /// @inheritdoc ICatalogue
    function matter(ItemCode itemCode, uint32 version) public view returns (MatterRecord memory record) {
        Matter storage own = _matters[itemCode][version];
        if (own.recordedAt == 0) {
            return address(_PREDECESSOR) == address(0) ? record : _PREDECESSOR.matter(itemCode, version);
        }
        return MatterRecord(
            version,
            own.definitionHash,
            own.statutoryDays,
            own.promisedDays,
            uint8(own.steps.length),
            own.recordedAt
        );
    }

    /// @inheritdoc ICatalogue
    function matterStep(ItemCode itemCode, uint32 version, uint8 step)
        external
        view
        returns (MatterStep memory)
    {
        Matter storage own = _matters[itemCode][version];
        if (own.recordedAt == 0 && address(_PREDECESSOR) != address(0)) {
            return _PREDECESSOR.matterStep(itemCode, version, step);
        }
        if (step >= own.steps.length) revert MatterUnknown(itemCode, version);
        return own.steps[step];
    }

    function _storeMatter(MatterStatement calldata statement) private {
        Matter storage stored = _matters[statement.itemCode][statement.version];
        stored.definitionHash = statement.definitionHash;
        stored.statutoryDays = statement.statutoryDays;
        stored.promisedDays = statement.promisedDays;
        stored.recordedAt = uint40(block.timestamp);
        for (uint256 i = 0; i < statement.steps.length; ++i) {
            stored.steps.push(statement.steps[i]);
        }
        _matterVersions[statement.itemCode] = statement.version;
    }

    function _registry() private view returns (IIssuerRegistry) {
        return IIssuerRegistry(_CONSORTIUM.module(ISSUER_REGISTRY));
    }

    /// @dev The member that the code names; where it names none, the member of the department it names.
    function _requireDefiner(CertificateType certificateType, MemberId member) private view {
        Uscc definer = certificateType.definerOf();
        MemberId owner = MemberId.wrap(Uscc.unwrap(definer));
        if (!_CONSORTIUM.isActiveMember(owner)) owner = _registry().department(definer).member;
        if (owner != member) revert TypeOfAnotherAuthority(certificateType, member);
    }

    function _currentType(CertificateType certificateType) private view returns (TypeRecord memory) {
        return _typeAt(certificateType, uint64(block.timestamp));
    }

    /// @dev One's own version, else the predecessor's, else all zero.
    function _typeAt(CertificateType certificateType, uint64 atUnix)
        private
        view
        returns (TypeRecord memory record)
    {
        uint208 version = _typeVersions[certificateType].upperLookupRecent(_toKey(atUnix));
        if (version != 0) return _typeVersion(certificateType, uint32(version), atUnix);
        if (address(_PREDECESSOR) == address(0)) return record;
        record = _PREDECESSOR.typeAt(certificateType, atUnix);
        record.isNational = isNationalAt(certificateType, atUnix);
    }

    function _typeVersion(CertificateType certificateType, uint32 version, uint64 atUnix)
        private
        view
        returns (TypeRecord memory record)
    {
        TypeVersion memory own = _types[certificateType][version];
        if (own.recordedAt != 0) {
            record = TypeRecord(own.member, version, own.schemaHash, own.recordedAt, false);
        } else if (address(_PREDECESSOR) != address(0)) {
            record = _PREDECESSOR.typeVersion(certificateType, version);
        }
        record.isNational = record.version != 0 && isNationalAt(certificateType, atUnix);
    }

    function _requireWellFormed(MatterStatement calldata statement) private pure {
        if (!statement.itemCode.isItem()) revert IConsortium.FieldMalformed("itemCode");
        if (statement.itemCode.departmentOf() != statement.department) {
            revert MatterOfAnotherDepartment(statement.itemCode, statement.department);
        }
        if (statement.definitionHash == 0) revert IConsortium.FieldMalformed("definitionHash");
        if (statement.promisedDays == 0 || statement.promisedDays > statement.statutoryDays) {
            revert IConsortium.FieldMalformed("promisedDays");
        }
        _requireLength(bytes(statement.name).length, MAX_NAME, "name");
        if (statement.steps.length > MAX_STEPS) revert IConsortium.FieldMalformed("steps");
        for (uint256 i = 0; i < statement.steps.length; ++i) {
            _requireStep(i, statement.steps[i]);
        }
        _requireTypes(statement.requiredTypes, MAX_REQUIRED_TYPES, "requiredTypes");
        _requireTypes(statement.resultTypes, MAX_RESULT_TYPES, "resultTypes");
    }

    function _requireStep(uint256 index, MatterStep calldata step) private pure {
        uint256 nameLength = bytes(step.name).length;
        if (nameLength == 0 || nameLength > MAX_STEP_NAME) revert StepMalformed(index, "name");
        uint256 count = step.deciders.length + step.named;
        if (count == 0 || count > MAX_DECIDERS) revert StepMalformed(index, "deciders");
        for (uint256 i = 0; i < step.deciders.length; ++i) {
            if (!step.deciders[i].isUscc()) revert StepMalformed(index, "deciders");
            for (uint256 j = 0; j < i; ++j) {
                if (step.deciders[i] == step.deciders[j]) revert StepMalformed(index, "deciders");
            }
        }
        bool isThreshold = step.rule == StepRule.Threshold;
        bool isOutOfRange = step.threshold == 0 || step.threshold > count;
        if (isThreshold ? isOutOfRange : step.threshold != count) revert StepMalformed(index, "threshold");
        uint256 allowed = isThreshold ? (1 << count) - 1 : 0;
        if (step.vetoes & ~allowed != 0) revert StepMalformed(index, "vetoes");
        if (step.limitDays == 0) revert StepMalformed(index, "limitDays");
    }

    function _requireTypes(CertificateType[] calldata types, uint256 limit, bytes32 field) private pure {
        if (types.length > limit) revert IConsortium.FieldMalformed(field);
        for (uint256 i = 0; i < types.length; ++i) {
            if (!types[i].isType()) revert IConsortium.FieldMalformed(field);
        }
    }

    function _requireLength(uint256 length, uint256 limit, bytes32 field) private pure {
        if (length == 0 || length > limit) revert IConsortium.FieldMalformed(field);
    }

    function _requireNext(uint32 current, uint32 version) private pure {
        if (version != current + 1) revert VersionUnexpected(current + 1, version);
    }

    function _toKey(uint64 atUnix) private pure returns (uint48) {
        return uint48(Math.min(atUnix, type(uint48).max));
    }
}
