// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {Module} from "./Module.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IIssuerRegistry} from "./interfaces/IIssuerRegistry.sol";
import {StatementHashes} from "./libraries/StatementHashes.sol";
import {CertificateType, MemberId, RegionCode, Uscc} from "./types/Identifiers.sol";
import {DepartmentRecord, MandateRecord, SealKeyRecord} from "./types/Records.sol";
import {
    CompromiseStatement,
    DepartmentStatement,
    MandateStatement,
    SealKeyEndStatement,
    SealKeyStatement,
    Signature
} from "./types/Statements.sol";

/// @title Departments, seal keys, mandates; see {IIssuerRegistry}
contract IssuerRegistry is IIssuerRegistry, Module {
    using Checkpoints for Checkpoints.Trace208;
    using StatementHashes for DepartmentStatement;
    using StatementHashes for SealKeyStatement;
    using StatementHashes for SealKeyEndStatement;
    using StatementHashes for CompromiseStatement;
    using StatementHashes for MandateStatement;

    /// @dev One slot.
    struct Department {
        MemberId member;
        RegionCode region;
        uint40 validUntil;
    }

    /// @dev Three slots to check a seal, a fourth for the certificate.
    struct SealKey {
        bytes32 x;
        bytes32 y;
        uint16 suite;
        uint40 validFrom;
        uint40 validUntil;
        uint40 compromisedSince;
        bytes32 certificateFingerprint;
    }

    bytes32 private constant NAME = "IssuerRegistry";
    uint16 private constant SUITE_P256 = 1;
    uint256 private constant MAX_NAME = 256;
    uint64 private constant NO_END = (1 << 40) - 1;

    IIssuerRegistry private immutable _PREDECESSOR;

    mapping(Uscc issuer => Department) private _departments;
    mapping(Uscc issuer => mapping(bytes32 keyId => SealKey)) private _sealKeys;
    /// @dev Key: when it was recorded. Value: recordedAt << 80 | validFrom << 40 | validUntil.
    mapping(Uscc issuer => mapping(CertificateType => Checkpoints.Trace208)) private _mandates;

    /// @param predecessor the module this one replaces, or 0
    constructor(IConsortium consortium, IIssuerRegistry predecessor) Module(consortium) {
        _PREDECESSOR = predecessor;
    }

    /// @inheritdoc IIssuerRegistry
    function registerDepartment(DepartmentStatement calldata statement, Signature calldata signature)
        external
    {
        uint256 length = bytes(statement.name).length;
        if (length == 0 || length > MAX_NAME) revert FieldMalformed("name");
        if (!statement.issuer.isUscc()) revert FieldMalformed("issuer");
        if (statement.validUntil < block.timestamp || statement.validUntil > NO_END) {
            revert PeriodMalformed(uint64(block.timestamp), statement.validUntil);
        }
        _requireInside(statement.region, statement.member);
        MemberId owner = _findDepartment(statement.issuer).member;
        if (MemberId.unwrap(owner) != 0 && owner != statement.member) {
            revert IssuerOfAnotherMember(statement.issuer, owner, statement.member);
        }
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        _departments[statement.issuer] =
            Department(statement.member, statement.region, uint40(statement.validUntil));
        emit DepartmentRegistered(statement, signature);
        _recordAct(
            DepartmentRegistered.selector, statement.member, statement.issuer, abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IIssuerRegistry
    function registerSealKey(SealKeyStatement calldata statement, Signature calldata signature)
        external
        returns (bytes32 keyId)
    {
        if (statement.suite != SUITE_P256) revert SuiteUnknown(statement.suite);
        if (!P256.isValidPublicKey(statement.x, statement.y)) {
            revert PublicKeyMalformed(statement.x, statement.y);
        }
        if (statement.certificateFingerprint == 0) revert FieldMalformed("certificateFingerprint");
        bool isBackward =
            statement.validUntil <= statement.validFrom || statement.validUntil <= block.timestamp;
        if (isBackward || statement.validUntil > NO_END) {
            revert PeriodMalformed(statement.validFrom, statement.validUntil);
        }
        _requireOwn(statement.issuer, statement.member);
        keyId = sha256(abi.encodePacked(statement.suite, statement.x, statement.y));
        if (_findSealKey(statement.issuer, keyId).suite != 0) revert SealKeyExists(statement.issuer, keyId);
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        _sealKeys[statement.issuer][keyId] = SealKey(
            statement.x,
            statement.y,
            statement.suite,
            uint40(statement.validFrom),
            uint40(statement.validUntil),
            0,
            statement.certificateFingerprint
        );
        emit SealKeyRegistered(keyId, statement, signature);
        _recordAct(
            SealKeyRegistered.selector,
            statement.member,
            statement.issuer,
            abi.encode(keyId, statement, signature)
        );
    }

    /// @inheritdoc IIssuerRegistry
    function endSealKey(SealKeyEndStatement calldata statement, Signature calldata signature) external {
        SealKey memory key = _requireOwnKey(statement.issuer, statement.keyId, statement.member);
        if (statement.validUntil < block.timestamp || statement.validUntil >= key.validUntil) {
            revert PeriodMalformed(uint64(block.timestamp), statement.validUntil);
        }
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        key.validUntil = uint40(statement.validUntil);
        _sealKeys[statement.issuer][statement.keyId] = key;
        emit SealKeyEnded(statement, signature);
        _recordAct(
            SealKeyEnded.selector, statement.member, statement.issuer, abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IIssuerRegistry
    function declareCompromise(CompromiseStatement calldata statement, Signature calldata signature)
        external
    {
        SealKey memory key = _requireOwnKey(statement.issuer, statement.keyId, statement.member);
        if (statement.compromisedSince > block.timestamp) {
            revert CompromiseInFuture(statement.compromisedSince, uint64(block.timestamp));
        }
        if (statement.compromisedSince == 0) revert FieldMalformed("compromisedSince");
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        key.compromisedSince = uint40(statement.compromisedSince);
        _sealKeys[statement.issuer][statement.keyId] = key;
        emit SealKeyCompromised(statement, signature);
        _recordAct(
            SealKeyCompromised.selector, statement.member, statement.issuer, abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IIssuerRegistry
    function changeMandate(MandateStatement calldata statement, Signature calldata signature) external {
        if (statement.validUntil < statement.validFrom || statement.validUntil > NO_END) {
            revert PeriodMalformed(statement.validFrom, statement.validUntil);
        }
        if (CertificateType.unwrap(statement.certificateType) == 0) revert FieldMalformed("certificateType");
        _requireOwn(statement.issuer, statement.member);
        // A freeze stops new mandates, not their end.
        if (statement.validUntil > block.timestamp) _CONSORTIUM.requireUnfrozen(NAME, statement.member);
        _useAuthority(statement.member, statement.sequence, statement.hash(), signature);

        uint208 version =
            (uint208(block.timestamp) << 80) | (uint208(statement.validFrom) << 40) | statement.validUntil;
        _mandates[statement.issuer][statement.certificateType].push(uint48(block.timestamp), version);
        emit MandateChanged(statement, signature);
        _recordAct(
            MandateChanged.selector, statement.member, statement.issuer, abi.encode(statement, signature)
        );
    }

    /// @inheritdoc IIssuerRegistry
    function attestDepartment(Uscc issuer) external {
        DepartmentRecord memory record = _requireDepartment(issuer);
        emit DepartmentAttested(issuer, record);
        _recordAttestation(
            DepartmentAttested.selector, record.member, issuer, abi.encode(issuer, record)
        );
    }

    /// @inheritdoc IIssuerRegistry
    function attestSealKey(Uscc issuer, bytes32 keyId) external {
        SealKey memory key = _findSealKey(issuer, keyId);
        if (key.suite == 0) revert SealKeyUnknown(issuer, keyId);
        SealKeyRecord memory record = _toRecord(key);
        emit SealKeyAttested(issuer, keyId, record);
        _recordAttestation(
            SealKeyAttested.selector,
            _requireDepartment(issuer).member,
            issuer,
            abi.encode(issuer, keyId, record)
        );
    }

    /// @inheritdoc IIssuerRegistry
    function attestMandate(Uscc issuer, CertificateType certificateType) external {
        MandateRecord memory record = mandateAt(issuer, certificateType, uint64(block.timestamp));
        emit MandateAttested(issuer, certificateType, record);
        _recordAttestation(
            MandateAttested.selector,
            _requireDepartment(issuer).member,
            issuer,
            abi.encode(issuer, certificateType, record)
        );
    }

    /// @inheritdoc IIssuerRegistry
    function requireSeal(
        Uscc issuer,
        bytes32 keyId,
        CertificateType certificateType,
        uint64 atUnix,
        bytes32 digest,
        Signature calldata seal
    ) external view returns (MemberId member) {
        DepartmentRecord memory owner = _requireDepartment(issuer);
        if (atUnix >= owner.validUntil) revert IssuerEnded(issuer, owner.validUntil, atUnix);
        bool needsMandate = CertificateType.unwrap(certificateType) != 0;
        if (needsMandate && !isMandatedAt(issuer, certificateType, atUnix)) {
            revert IssuerNotMandated(issuer, certificateType, atUnix);
        }
        _requireValidSeal(issuer, keyId, atUnix, digest, seal);
        return owner.member;
    }

    /// @inheritdoc IIssuerRegistry
    function department(Uscc issuer) external view returns (DepartmentRecord memory) {
        return _findDepartment(issuer);
    }

    /// @inheritdoc IIssuerRegistry
    function sealKey(Uscc issuer, bytes32 keyId) external view returns (SealKeyRecord memory) {
        return _toRecord(_findSealKey(issuer, keyId));
    }

    /// @inheritdoc IIssuerRegistry
    function isMandatedAt(Uscc issuer, CertificateType certificateType, uint64 atUnix)
        public
        view
        returns (bool)
    {
        MandateRecord memory record = mandateAt(issuer, certificateType, atUnix);
        return record.validFrom <= atUnix && atUnix < record.validUntil;
    }

    /// @inheritdoc IIssuerRegistry
    function mandateAt(Uscc issuer, CertificateType certificateType, uint64 atUnix)
        public
        view
        returns (MandateRecord memory record)
    {
        uint48 latest = uint48(Math.min(atUnix, type(uint48).max));
        uint208 version = _mandates[issuer][certificateType].upperLookupRecent(latest);
        if (version == 0 && address(_PREDECESSOR) != address(0)) {
            return _PREDECESSOR.mandateAt(issuer, certificateType, atUnix);
        }
        return MandateRecord(
            uint64(version >> 40) & NO_END, uint64(version) & NO_END, uint64(version >> 80)
        );
    }

    function _requireValidSeal(
        Uscc issuer,
        bytes32 keyId,
        uint64 atUnix,
        bytes32 digest,
        Signature calldata seal
    ) private view {
        SealKey memory key = _findSealKeyOnly(issuer, keyId);
        if (key.suite == 0) revert SealKeyUnknown(issuer, keyId);
        if (atUnix < key.validFrom || atUnix >= key.validUntil) {
            revert SealKeyOutOfTime(issuer, keyId, key.validFrom, key.validUntil, atUnix);
        }
        if (key.compromisedSince != 0 && atUnix >= key.compromisedSince) {
            revert SealKeyIsCompromised(issuer, keyId, key.compromisedSince);
        }
        if (seal.suite != key.suite) revert SuiteUnknown(seal.suite);
        if (!P256.verify(digest, seal.r, seal.s, key.x, key.y)) revert SealInvalid(issuer, keyId, digest);
    }

    function _useAuthority(
        MemberId member,
        uint64 sequence,
        bytes32 structHash,
        Signature calldata signature
    ) private {
        _CONSORTIUM.useAuthority(member, sequence, _digest(structHash), signature);
    }

    function _recordAct(bytes32 kind, MemberId member, Uscc issuer, bytes memory payload) private {
        _record(kind, member, MemberId.unwrap(member), bytes32(Uscc.unwrap(issuer)), payload);
    }

    function _recordAttestation(bytes32 kind, MemberId member, Uscc issuer, bytes memory payload) private {
        _record(kind, member, bytes18(0), bytes32(Uscc.unwrap(issuer)), payload);
    }

    function _requireDepartment(Uscc issuer) private view returns (DepartmentRecord memory found) {
        found = _findDepartment(issuer);
        if (MemberId.unwrap(found.member) == 0) revert IssuerUnknown(issuer);
    }

    function _requireOwn(Uscc issuer, MemberId member) private view {
        MemberId owner = _requireDepartment(issuer).member;
        if (owner != member) revert IssuerOfAnotherMember(issuer, owner, member);
    }

    function _requireOwnKey(Uscc issuer, bytes32 keyId, MemberId member)
        private
        view
        returns (SealKey memory key)
    {
        _requireOwn(issuer, member);
        key = _findSealKey(issuer, keyId);
        if (key.suite == 0) revert SealKeyUnknown(issuer, keyId);
    }

    /// @dev One's own record, else the predecessor's, else all zero.
    function _findDepartment(Uscc issuer) private view returns (DepartmentRecord memory) {
        Department memory own = _departments[issuer];
        if (MemberId.unwrap(own.member) == 0 && address(_PREDECESSOR) != address(0)) {
            return _PREDECESSOR.department(issuer);
        }
        return DepartmentRecord(own.member, own.region, own.validUntil);
    }

    /// @dev One's own record, else the predecessor's, else all zero.
    function _findSealKey(Uscc issuer, bytes32 keyId) private view returns (SealKey memory key) {
        key = _findSealKeyOnly(issuer, keyId);
        if (key.certificateFingerprint == 0) {
            key.certificateFingerprint = _sealKeys[issuer][keyId].certificateFingerprint;
        }
    }

    /// @dev Without the certificate's fingerprint where it is one's own record: a slot less to read.
    function _findSealKeyOnly(Uscc issuer, bytes32 keyId) private view returns (SealKey memory key) {
        SealKey storage own = _sealKeys[issuer][keyId];
        key.suite = own.suite;
        if (key.suite != 0) {
            key.x = own.x;
            key.y = own.y;
            key.validFrom = own.validFrom;
            key.validUntil = own.validUntil;
            key.compromisedSince = own.compromisedSince;
            return key;
        }
        if (address(_PREDECESSOR) == address(0)) return key;
        SealKeyRecord memory older = _PREDECESSOR.sealKey(issuer, keyId);
        return SealKey(
            older.x,
            older.y,
            older.suite,
            uint40(older.validFrom),
            uint40(older.validUntil),
            uint40(older.compromisedSince),
            older.certificateFingerprint
        );
    }

    /// @dev A province governs codes that begin with its own two digits; a national department,
    /// whose identifier is a code of 18 characters, governs anywhere.
    function _requireInside(RegionCode region, MemberId member) private pure {
        bool isProvince = bytes12(MemberId.unwrap(member) << 48) == 0;
        if (!region.isRegion()) revert FieldMalformed("region");
        if (isProvince && bytes2(RegionCode.unwrap(region)) != bytes2(MemberId.unwrap(member))) {
            revert RegionOutsideMember(region, member);
        }
    }

    function _toRecord(SealKey memory key) private pure returns (SealKeyRecord memory) {
        return SealKeyRecord(
            key.suite,
            key.x,
            key.y,
            key.certificateFingerprint,
            key.validFrom,
            key.validUntil,
            key.compromisedSince
        );
    }
}
