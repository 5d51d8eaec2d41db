// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRecognitionRegistry} from "../../interfaces/IRecognitionRegistry.sol";
import {CertificateType, MemberId, PartyId} from "../../types/Identifiers.sol";
import {
    GroupExitStatement,
    GroupStatement,
    PactStatement,
    PactTerms,
    PolicyStatement,
    Signature
} from "../../types/Statements.sol";
import {vm} from "./Cheatcodes.sol";
import {Ledger} from "./Ledger.sol";

/// @title A ledger with a recognition registry, and the acts on it
abstract contract RecognitionLedger is Ledger {
    PartyId internal constant CHONGQING_PARTY = PartyId.wrap("500000");
    PartyId internal constant SICHUAN_PARTY = PartyId.wrap("510000");
    PartyId internal constant BEIJING_PARTY = PartyId.wrap("110000");
    PartyId internal constant CHENGDU = PartyId.wrap("510100"); // of Sichuan
    PartyId internal constant CHUANYU = PartyId.wrap("@CHUANYU");
    CertificateType internal constant EVERY_TYPE = CertificateType.wrap(0);
    bytes32 internal constant RECOGNITION_NAME = "RecognitionRegistry";

    IRecognitionRegistry internal recognition;

    function setUp() public virtual override {
        super.setUp();
        recognition = _newRecognition();
        _install(RECOGNITION_NAME, address(recognition), _recognitionKinds());
    }

    function _newRecognition() internal returns (IRecognitionRegistry) {
        return IRecognitionRegistry(
            _deploy("RecognitionRegistry", abi.encode(address(consortium), address(recognition)))
        );
    }

    function _replaceRecognition() internal {
        IRecognitionRegistry successor = _newRecognition();
        _install(RECOGNITION_NAME, address(successor), _recognitionKinds());
        recognition = successor;
    }

    function _recognitionKinds() internal pure returns (bytes32[] memory kinds) {
        kinds = new bytes32[](6);
        kinds[0] = IRecognitionRegistry.GroupDefined.selector;
        kinds[1] = IRecognitionRegistry.GroupLeft.selector;
        kinds[2] = IRecognitionRegistry.PolicySet.selector;
        kinds[3] = IRecognitionRegistry.PactSigned.selector;
        kinds[4] = IRecognitionRegistry.PolicyAttested.selector;
        kinds[5] = IRecognitionRegistry.GroupAttested.selector;
    }

    // -- groups ----------------------------------------------------------------------------------

    /// Chengdu and the whole of Sichuan, Chongqing, and Beijing, by member: Beijing, Chongqing, Sichuan.
    function _groupStatement(PartyId group) internal view returns (GroupStatement memory) {
        PartyId[] memory parties = new PartyId[](4);
        (parties[0], parties[1]) = (BEIJING_PARTY, CHONGQING_PARTY);
        (parties[2], parties[3]) = (SICHUAN_PARTY, CHENGDU);
        return GroupStatement(CHONGQING, group, unicode"川渝", parties, _next(CHONGQING));
    }

    function _signed(GroupStatement memory statement) internal view returns (Signature memory) {
        return _sign(_authorityKeys[statement.member], hasher.digest(statement));
    }

    function _defineGroup(PartyId group) internal {
        GroupStatement memory statement = _groupStatement(group);
        recognition.defineGroup(statement, _signed(statement));
    }

    function _signedExit(MemberId member, PartyId group)
        internal
        view
        returns (GroupExitStatement memory statement, Signature memory signature)
    {
        statement = GroupExitStatement(member, group, _next(member));
        signature = _sign(_authorityKeys[member], hasher.digest(statement));
    }

    function _leaveGroup(MemberId member, PartyId group) internal {
        (GroupExitStatement memory statement, Signature memory signature) = _signedExit(member, group);
        recognition.leaveGroup(statement, signature);
    }

    // -- policies --------------------------------------------------------------------------------

    /// Of Chongqing about Sichuan's safety-staff certificates.
    function _policyStatement(uint32 version) internal view returns (PolicyStatement memory) {
        return PolicyStatement(
            CHONGQING,
            CHONGQING_PARTY,
            SICHUAN_PARTY,
            W011,
            version,
            2,
            uint64(START),
            uint64(START + 365 days),
            sha256("conditions"),
            _next(CHONGQING)
        );
    }

    function _signed(PolicyStatement memory statement) internal view returns (Signature memory) {
        return _sign(_authorityKeys[statement.member], hasher.digest(statement));
    }

    function _setPolicy(PolicyStatement memory statement) internal {
        recognition.setPolicy(statement, _signed(statement));
    }

    function _policyKey(PartyId relying, PartyId source, CertificateType certificateType)
        internal
        pure
        returns (bytes32)
    {
        return sha256(
            bytes.concat(
                PartyId.unwrap(relying), PartyId.unwrap(source), CertificateType.unwrap(certificateType)
            )
        );
    }

    // -- pacts -----------------------------------------------------------------------------------

    function _terms(PartyId partyA, PartyId partyB) internal view returns (PactTerms memory terms) {
        terms.partyA = partyA;
        terms.partyB = partyB;
        terms.certificateTypes = new CertificateType[](2);
        (terms.certificateTypes[0], terms.certificateTypes[1]) = (W011, W012);
        terms.minimumSealLevel = 3;
        terms.validFrom = uint64(START);
        terms.validUntil = uint64(START + 1000 days);
        terms.conditionsHash = sha256("conditions of the pact");
        terms.signUntil = uint64(block.timestamp + 30 days);
        terms.nonce = keccak256("nonce");
    }

    function _signedPact(MemberId member, PactTerms memory terms)
        internal
        view
        returns (PactStatement memory statement, Signature memory signature)
    {
        statement = PactStatement(member, terms, _next(member));
        signature = _sign(_authorityKeys[member], hasher.digest(statement));
    }

    function _signPact(MemberId member, PactTerms memory terms) internal returns (bytes32) {
        (PactStatement memory statement, Signature memory signature) = _signedPact(member, terms);
        return recognition.signPact(statement, signature);
    }

    function _expectPactRefused(MemberId member, PactTerms memory terms, bytes memory refusal) internal {
        (PactStatement memory statement, Signature memory signature) = _signedPact(member, terms);
        vm.expectRevert(refusal);
        recognition.signPact(statement, signature);
    }
}
