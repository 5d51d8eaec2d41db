// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CertificateType, ItemCode, MemberId, Uscc} from "../types/Identifiers.sol";
import {MatterRecord, TypeRecord} from "../types/Records.sol";
import {
    MatterStatement,
    MatterStep,
    NationalType,
    Signature,
    TypeStatement
} from "../types/Statements.sol";
import {IVotedModule} from "./IVotedModule.sol";

/// @title Certificate types and service matters
/// @notice Versions are immutable. Who defines a type is in its code: a member, which alone may then
/// define it, or a department, whose member does. National types are made by vote.
interface ICatalogue is IVotedModule {
    /// @notice A version of a certificate type was defined.
    event TypeDefined(TypeStatement statement, Signature signature);
    /// @notice A proposal was carried: a type became national, or ceased to be.
    event NationalTypeChanged(bytes32 indexed proposalId, NationalType change);
    /// @notice A version of a service matter was defined.
    event MatterDefined(MatterStatement statement, Signature seal);
    /// @notice The present record of a type, written to the log on request.
    event TypeAttested(CertificateType indexed certificateType, TypeRecord record);
    /// @notice The present record of a matter, written to the log on request.
    event MatterAttested(ItemCode indexed itemCode, MatterRecord record);

    /// @notice The catalogue has no such type.
    /// @custom:category not_found
    error TypeUnknown(CertificateType certificateType);
    /// @notice The type is defined by another authority.
    /// @custom:category not_authorized
    error TypeOfAnotherAuthority(CertificateType certificateType, MemberId member);
    /// @notice The catalogue has no such version of the matter.
    /// @custom:category not_found
    error MatterUnknown(ItemCode itemCode, uint32 version);
    /// @notice The matter is another department's.
    /// @custom:category not_authorized
    error MatterOfAnotherDepartment(ItemCode itemCode, Uscc department);
    /// @notice Versions are numbered; this is not the next number.
    /// @custom:category conflict
    error VersionUnexpected(uint32 expected, uint32 actual);
    /// @notice A step's rule, approvals, vetoes or deciders do not fit together.
    /// @custom:category malformed_input
    error StepMalformed(uint256 step, bytes32 field);

    function defineType(TypeStatement calldata statement, Signature calldata signature) external;

    function defineMatter(MatterStatement calldata statement, Signature calldata seal) external;

    /// @notice Writes the present record of a type to the log. Anyone may call it.
    function attestType(CertificateType certificateType) external;

    /// @notice Writes the present record of a matter to the log. Anyone may call it.
    function attestMatter(ItemCode itemCode) external;

    /// @notice The version in force at that time; all zero if there was none.
    function typeAt(CertificateType certificateType, uint64 atUnix)
        external
        view
        returns (TypeRecord memory);

    /// @notice A version of a type, national as it is now; all zero if there is none.
    function typeVersion(CertificateType certificateType, uint32 version)
        external
        view
        returns (TypeRecord memory);

    function isNationalAt(CertificateType certificateType, uint64 atUnix) external view returns (bool);

    /// @notice The number of the version in force, 0 if there is none.
    function currentMatterVersion(ItemCode itemCode) external view returns (uint32);

    /// @notice A version of a matter; all zero if there is none.
    function matter(ItemCode itemCode, uint32 version) external view returns (MatterRecord memory);

    /// @notice A step of a version of a matter; reverts if there is none.
    function matterStep(ItemCode itemCode, uint32 version, uint8 step)
        external
        view
        returns (MatterStep memory);
}
