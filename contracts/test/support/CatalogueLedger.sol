// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICatalogue} from "../../interfaces/ICatalogue.sol";
import {CertificateType, ItemCode, MemberId, Uscc} from "../../types/Identifiers.sol";
import {
    MatterStatement,
    MatterStep,
    ModuleAct,
    NationalType,
    ProposalAction,
    Signature,
    StepRule,
    TypeStatement
} from "../../types/Statements.sol";
import {vm} from "./Cheatcodes.sol";
import {Ledger} from "./Ledger.sol";

/// @title A ledger with a ministry as its fifth member, a catalogue, and the acts on it
abstract contract CatalogueLedger is Ledger {
    MemberId internal constant MINISTRY = MemberId.wrap("11100000000013338W"); // its code begins W011
    CertificateType internal constant LOCAL_TYPE = CertificateType.wrap("11500000009275791H001");
    ItemCode internal constant MATTER = ItemCode.wrap("11500000009275791H0000117001000");
    bytes32 internal constant CATALOGUE_NAME = "Catalogue";

    ICatalogue internal catalogue;

    function setUp() public virtual override {
        super.setUp();
        _authorityKeys[MINISTRY] = 9;
        _admit(MINISTRY);
        catalogue = _newCatalogue();
        _install(CATALOGUE_NAME, address(catalogue), _catalogueKinds());
    }

    function _newCatalogue() internal returns (ICatalogue) {
        return ICatalogue(_deploy("Catalogue", abi.encode(address(consortium), address(catalogue))));
    }

    function _replaceCatalogue() internal {
        ICatalogue successor = _newCatalogue();
        _install(CATALOGUE_NAME, address(successor), _catalogueKinds());
        catalogue = successor;
    }

    function _catalogueKinds() internal pure returns (bytes32[] memory kinds) {
        kinds = new bytes32[](5);
        kinds[0] = ICatalogue.TypeDefined.selector;
        kinds[1] = ICatalogue.NationalTypeChanged.selector;
        kinds[2] = ICatalogue.MatterDefined.selector;
        kinds[3] = ICatalogue.TypeAttested.selector;
        kinds[4] = ICatalogue.MatterAttested.selector;
    }

    // -- types -----------------------------------------------------------------------------------

    function _typeStatement(MemberId member, CertificateType certificateType, uint32 version)
        internal
        view
        returns (TypeStatement memory)
    {
        bytes32 schemaHash = sha256(abi.encode("schema", version));
        return TypeStatement(
            member, certificateType, version, schemaHash, unicode"安全生产许可证", _next(member)
        );
    }

    function _signed(TypeStatement memory statement) internal view returns (Signature memory) {
        return _sign(_authorityKeys[statement.member], hasher.digest(statement));
    }

    function _defineType(MemberId member, CertificateType certificateType, uint32 version) internal {
        TypeStatement memory statement = _typeStatement(member, certificateType, version);
        catalogue.defineType(statement, _signed(statement));
    }

    function _nationalAct(CertificateType certificateType, bool isNational)
        internal
        pure
        returns (bytes memory)
    {
        NationalType memory change =
            NationalType(certificateType, isNational, unicode"《安全生产许可证条例》第二条");
        return abi.encode(ModuleAct(CATALOGUE_NAME, abi.encode(change)));
    }

    /// Proposed by the ministry and voted for by it and the first of the four provinces.
    function _proposeNational(CertificateType certificateType, bool isNational, uint256 provinces)
        internal
        returns (bytes32 proposalId, bytes memory payload)
    {
        payload = _nationalAct(certificateType, isNational);
        proposalId = _propose(MINISTRY, ProposalAction.ActInModule, payload);
        _vote(MINISTRY, proposalId, true);
        MemberId[4] memory voters = [CHONGQING, SICHUAN, BEIJING, GUANGDONG];
        for (uint256 i = 0; i < provinces; ++i) {
            _vote(voters[i], proposalId, true);
        }
    }

    function _makeNational(CertificateType certificateType, bool isNational) internal {
        (bytes32 proposalId, bytes memory payload) = _proposeNational(certificateType, isNational, 3);
        consortium.execute(proposalId, payload);
    }

    // -- matters ---------------------------------------------------------------------------------

    function _step(StepRule rule, uint8 threshold, uint8 named, uint16 vetoes, Uscc[] memory deciders)
        internal
        pure
        returns (MatterStep memory)
    {
        return MatterStep(unicode"审查", rule, threshold, named, vetoes, 5, deciders);
    }

    /// One step that the department decides alone.
    function _ownStep() internal pure returns (MatterStep memory) {
        Uscc[] memory deciders = new Uscc[](1);
        deciders[0] = ISSUER;
        return _step(StepRule.All, 1, 0, 0, deciders);
    }

    /// Two departments and one to be named, of whom two approve and the second has a veto.
    function _jointStep() internal pure returns (MatterStep memory) {
        Uscc[] memory deciders = new Uscc[](2);
        (deciders[0], deciders[1]) = (ISSUER, OTHER_ISSUER);
        return _step(StepRule.Threshold, 2, 1, 2, deciders);
    }

    function _matterStatement(uint32 version, uint256 steps)
        internal
        pure
        returns (MatterStatement memory statement)
    {
        statement.department = ISSUER;
        statement.keyId = _keyId(SEAL_KEY);
        statement.itemCode = MATTER;
        statement.version = version;
        statement.definitionHash = sha256(abi.encode("definition", version));
        (statement.statutoryDays, statement.promisedDays) = (45, 20);
        statement.name = unicode"安全生产许可证核发";
        statement.steps = new MatterStep[](steps);
        for (uint256 i = 0; i < steps; ++i) {
            statement.steps[i] = i % 2 == 0 ? _ownStep() : _jointStep();
        }
        statement.requiredTypes = new CertificateType[](1);
        statement.requiredTypes[0] = W011;
        statement.resultTypes = new CertificateType[](1);
        statement.resultTypes[0] = W012;
    }

    function _seal(MatterStatement memory statement, uint256 key) internal view returns (Signature memory) {
        return _sign(key, hasher.digest(statement));
    }

    function _defineMatter(uint32 version, uint256 steps) internal {
        MatterStatement memory statement = _matterStatement(version, steps);
        catalogue.defineMatter(statement, _seal(statement, SEAL_KEY));
    }

    function _expectMatterRefused(MatterStatement memory statement, bytes memory refusal) internal {
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(refusal);
        catalogue.defineMatter(statement, seal);
    }
}
