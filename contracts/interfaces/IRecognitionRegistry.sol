// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CertificateType, MemberId, PartyId} from "../types/Identifiers.sol";
import {PactRecord, PolicyRecord} from "../types/Records.sol";
import {
    GroupExitStatement,
    GroupStatement,
    PactStatement,
    PolicyStatement,
    Signature
} from "../types/Statements.sol";

/// @title Whose certificates a region recognises
/// @notice Directed policies, each a row of versions; only the relying party's member sets them, alone
/// or by signing a pact. A version is never overwritten, so that every past time stays answerable.
/// How policies of regions inside each other and of groups add up: docs/spec/recognition.md.
interface IRecognitionRegistry {
    /// @notice A group was named.
    event GroupDefined(GroupStatement statement, Signature signature);
    /// @notice A member took its parties out of a group.
    event GroupLeft(GroupExitStatement statement, Signature signature);
    /// @notice A version of a policy was set.
    event PolicySet(PolicyStatement statement, Signature signature);
    /// @notice A member signed a pact. When none is missing, its policies are written: for each type
    /// partyA relies on partyB and partyB on partyA, each with its next version.
    event PactSigned(
        bytes32 indexed pactId, PactStatement statement, uint16 missing, Signature signature
    );
    /// @notice The policy in force, written to the log on request.
    event PolicyAttested(
        PartyId indexed relying,
        PartyId indexed source,
        CertificateType indexed certificateType, // or 0 for every type
        PolicyRecord record
    );

    /// @notice The parties of a group whose members have not left it, written to the log on request.
    event GroupAttested(PartyId indexed group, PartyId[] parties);

    /// @notice No group has this name.
    /// @custom:category not_found
    error GroupUnknown(PartyId group);
    /// @notice A group of this name exists already.
    /// @custom:category conflict
    error GroupExists(PartyId group);
    /// @notice A group has 2 to 64 parties, rising, none of them a group.
    /// @custom:category malformed_input
    error GroupPartiesMalformed(uint256 position);
    /// @notice The member has no party in this group, or took it out.
    /// @custom:category not_authorized
    error NotOfGroup(PartyId group, MemberId member);
    /// @notice Another member speaks for this party, or none does.
    /// @custom:category not_authorized
    error PartyOfAnotherMember(PartyId party, MemberId member);
    /// @notice The two sides of a policy are the same, or a pact's are no pair and no group.
    /// @custom:category malformed_input
    error PartiesMalformed(PartyId partyA, PartyId partyB);
    /// @notice Policies of one pair and type are numbered; this is not the next number.
    /// @custom:category conflict
    error PolicyVersionUnexpected(uint32 expected, uint32 actual);
    /// @notice There is no such policy.
    /// @custom:category not_found
    error PolicyUnknown(PartyId relying, PartyId source, CertificateType certificateType);
    /// @notice A pact lists at most 32 types, rising.
    /// @custom:category malformed_input
    error PactTypesMalformed(uint256 position);
    /// @notice The member has signed this pact already.
    /// @custom:category conflict
    error PactSignedBefore(bytes32 pactId, MemberId member);
    /// @notice The time to sign the pact is up.
    /// @custom:category conflict
    error PactExpired(bytes32 pactId, uint64 signUntil, uint64 atUnix);
    /// @notice No pact has this id.
    /// @custom:category not_found
    error PactUnknown(bytes32 pactId);

    function defineGroup(GroupStatement calldata statement, Signature calldata signature) external;

    function leaveGroup(GroupExitStatement calldata statement, Signature calldata signature) external;

    function setPolicy(PolicyStatement calldata statement, Signature calldata signature) external;

    function signPact(PactStatement calldata statement, Signature calldata signature)
        external
        returns (bytes32 pactId);

    /// @notice Writes the policy in force to the log. Anyone may call it.
    function attestPolicy(PartyId relying, PartyId source, CertificateType certificateType) external;

    /// @notice Writes to the log who is in a group now. Anyone may call it.
    function attestGroup(PartyId group) external;

    /// @notice The parties of a group; none if it does not exist.
    function groupParties(PartyId group) external view returns (PartyId[] memory);

    /// @notice When a member took its parties out of a group, 0 if it did not.
    function leftAt(PartyId group, MemberId member) external view returns (uint64);

    /// @notice The version of exactly this policy that was in force at that time; all zero if none.
    function policyAt(PartyId relying, PartyId source, CertificateType certificateType, uint64 atUnix)
        external
        view
        returns (PolicyRecord memory);

    /// @notice How far a pact is; reverts if nobody signed it.
    function pact(bytes32 pactId) external view returns (PactRecord memory);

    function hasSignedPact(bytes32 pactId, MemberId member) external view returns (bool);
}
