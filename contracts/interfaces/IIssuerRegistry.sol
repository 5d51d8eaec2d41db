// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CertificateType, MemberId, RegionCode, Uscc} from "../types/Identifiers.sol";
import {DepartmentRecord, MandateRecord, SealKeyRecord} from "../types/Records.sol";
import {
    CompromiseStatement,
    DepartmentStatement,
    MandateStatement,
    SealKeyEndStatement,
    SealKeyStatement,
    Signature
} from "../types/Statements.sol";

/// @title Which department may issue what, with which seal, from when to when
interface IIssuerRegistry {
    /// @notice A department was registered or changed.
    event DepartmentRegistered(DepartmentStatement statement, Signature signature);
    /// @notice A seal key was registered. keyId = SHA-256(suite as 2 bytes || x || y).
    event SealKeyRegistered(bytes32 indexed keyId, SealKeyStatement statement, Signature signature);
    /// @notice The validity of a seal key was shortened.
    event SealKeyEnded(SealKeyEndStatement statement, Signature signature);
    /// @notice A seal key was declared compromised.
    event SealKeyCompromised(CompromiseStatement statement, Signature signature);
    /// @notice A mandate was given, changed or ended.
    event MandateChanged(MandateStatement statement, Signature signature);
    /// @notice The present record of a department, written to the log on request.
    event DepartmentAttested(Uscc indexed issuer, DepartmentRecord record);
    /// @notice The present record of a seal key, written to the log on request.
    event SealKeyAttested(Uscc indexed issuer, bytes32 indexed keyId, SealKeyRecord record);
    /// @notice The present mandate, written to the log on request.
    event MandateAttested(
        Uscc indexed issuer, CertificateType indexed certificateType, MandateRecord record
    );

    /// @notice No department has this code.
    /// @custom:category not_found
    error IssuerUnknown(Uscc issuer);
    /// @notice The department belongs to another member.
    /// @custom:category not_authorized
    error IssuerOfAnotherMember(Uscc issuer, MemberId owner, MemberId caller);
    /// @notice The region lies outside the member's province.
    /// @custom:category not_authorized
    error RegionOutsideMember(RegionCode region, MemberId member);
    /// @notice The department had ended by then.
    /// @custom:category not_authorized
    error IssuerEnded(Uscc issuer, uint64 validUntil, uint64 atUnix);
    /// @notice The department has no such seal key.
    /// @custom:category not_found
    error SealKeyUnknown(Uscc issuer, bytes32 keyId);
    /// @notice This seal key is registered already.
    /// @custom:category conflict
    error SealKeyExists(Uscc issuer, bytes32 keyId);
    /// @notice The seal key is not valid at this time.
    /// @custom:category not_authorized
    error SealKeyOutOfTime(Uscc issuer, bytes32 keyId, uint64 validFrom, uint64 validUntil, uint64 atUnix);
    /// @notice The seal key counts as compromised since then.
    /// @custom:category not_authorized
    error SealKeyIsCompromised(Uscc issuer, bytes32 keyId, uint64 compromisedSince);
    /// @notice The seal was not made by this key over this digest.
    /// @custom:category not_authorized
    error SealInvalid(Uscc issuer, bytes32 keyId, bytes32 digest);
    /// @notice The department may not issue this type at this time.
    /// @custom:category not_authorized
    error IssuerNotMandated(Uscc issuer, CertificateType certificateType, uint64 atUnix);
    /// @notice This number names no known suite, or not that of the key.
    /// @custom:category malformed_input
    error SuiteUnknown(uint16 suite);
    /// @notice A time span must end after it begins, and not begin or end where it would change the past.
    /// @custom:category malformed_input
    error PeriodMalformed(uint64 validFrom, uint64 validUntil);
    /// @notice A compromise cannot lie in the future.
    /// @custom:category malformed_input
    error CompromiseInFuture(uint64 compromisedSince, uint64 atUnix);
    /// @notice A field is empty, too long or not of its form.
    /// @custom:category malformed_input
    error FieldMalformed(bytes32 field);
    /// @notice The point is not on the curve.
    /// @custom:category malformed_input
    error PublicKeyMalformed(bytes32 x, bytes32 y);

    function registerDepartment(DepartmentStatement calldata statement, Signature calldata signature)
        external;

    function registerSealKey(SealKeyStatement calldata statement, Signature calldata signature)
        external
        returns (bytes32 keyId);

    function endSealKey(SealKeyEndStatement calldata statement, Signature calldata signature) external;

    function declareCompromise(CompromiseStatement calldata statement, Signature calldata signature)
        external;

    function changeMandate(MandateStatement calldata statement, Signature calldata signature) external;

    /// @notice Write the present record to the log. Anyone may call these.
    function attestDepartment(Uscc issuer) external;
    function attestSealKey(Uscc issuer, bytes32 keyId) external;
    function attestMandate(Uscc issuer, CertificateType certificateType) external;

    /// @notice The only place that verifies a seal: reverts unless the key was registered for the
    /// issuer, in time and uncompromised at that time, the department existed, and the seal is its
    /// signature over the digest.
    /// @param certificateType type the issuer must be mandated for; 0 for acts that need no mandate
    /// (a department whose mandate ended still revokes what it issued)
    /// @return member the member the department belongs to
    function requireSeal(
        Uscc issuer,
        bytes32 keyId,
        CertificateType certificateType,
        uint64 atUnix,
        bytes32 digest,
        Signature calldata seal
    ) external view returns (MemberId member);

    function department(Uscc issuer) external view returns (DepartmentRecord memory);

    function sealKey(Uscc issuer, bytes32 keyId) external view returns (SealKeyRecord memory);

    /// @notice The mandate that was on record at that time; all zero if none was.
    function mandateAt(Uscc issuer, CertificateType certificateType, uint64 atUnix)
        external
        view
        returns (MandateRecord memory);

    /// @notice Whether the department could issue the type at that time, by what was on record then.
    function isMandatedAt(Uscc issuer, CertificateType certificateType, uint64 atUnix)
        external
        view
        returns (bool);
}
