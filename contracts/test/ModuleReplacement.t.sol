// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICertificateLedger} from "../interfaces/ICertificateLedger.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {IEntryLog} from "../interfaces/IEntryLog.sol";
import {IIssuerRegistry} from "../interfaces/IIssuerRegistry.sol";
import {MemberId} from "../types/Identifiers.sol";
import {BatchRecord} from "../types/Records.sol";
import {
    BatchStatement,
    DepartmentStatement,
    Installation,
    ProposalAction,
    ProposalStatement,
    Signature,
    StatusStatement
} from "../types/Statements.sol";
import {RegionCode} from "../types/Identifiers.sol";
import {vm} from "./support/Cheatcodes.sol";
import {Ledger} from "./support/Ledger.sol";

/// @notice Replacement of a module by vote: what goes on, and what the one before can no longer do.
contract ModuleReplacementTest is Ledger {
    bytes32 private constant REVOKED_FIRST = bytes32(bytes1(0x01));
    bytes32 private constant REVOKED_TWO = bytes32(bytes1(0x05));

    function testInstallationIsRecorded() external {
        ICertificateLedger successor = _newCertificates();
        bytes memory payload = _installation(LEDGER_NAME, address(successor), _certificateKinds());
        bytes32 id = _proposeWithVotes(payload);
        vm.recordLogs();
        consortium.execute(id, payload);
        _assertOneEntry(
            IConsortium.ModuleInstalled.selector, CHONGQING, MemberId.unwrap(CHONGQING), LEDGER_NAME
        );
        vm.assertEq(consortium.module(LEDGER_NAME), address(successor));
    }

    function testBatchesAndStatusesGoOnThroughThePredecessor() external {
        bytes32 batchKey = _anchor("old batch", 200);
        _changeStatus(batchKey, 0, REVOKED_FIRST);
        BatchRecord memory before = certificates.batch(batchKey);
        certificates = _replaceCertificates();

        vm.assertTrue(
            keccak256(abi.encode(certificates.batch(batchKey))) == keccak256(abi.encode(before))
        );
        vm.assertEq(certificates.statusOf(batchKey, 0), 1);
        _expectBatchExists("old batch");
        _expectFinal(batchKey, REVOKED_FIRST, 0);

        _changeStatus(batchKey, 0, REVOKED_TWO);
        vm.assertEq(certificates.statusWord(batchKey, 0), REVOKED_TWO);
        vm.assertEq(certificates.batch(batchKey).statusSequence, 2);
        certificates = _replaceCertificates();
        vm.assertEq(certificates.statusWord(batchKey, 0), REVOKED_TWO);
        vm.assertEq(certificates.batch(batchKey).root, before.root);
        _expectFinal(batchKey, REVOKED_TWO, REVOKED_FIRST);
        _changeStatus(batchKey, 1, REVOKED_FIRST);
        vm.assertEq(certificates.statusWord(batchKey, 0), REVOKED_TWO);
    }

    function testThePredecessorRecordsNothingAnyMore() external {
        bytes32 batchKey = _anchor("old batch", 200);
        ICertificateLedger predecessor = certificates;
        StatusStatement memory change = _oneChange(batchKey, 0, REVOKED_FIRST);
        Signature memory seal = _seal(change, SEAL_KEY);
        BatchStatement memory batch = _batchStatement("new batch", 1);
        Signature memory batchSeal = _seal(batch, SEAL_KEY);
        _replaceCertificates();

        vm.expectPartialRevert(IEntryLog.KindNotOwned.selector);
        predecessor.changeStatus(change, seal);
        vm.expectPartialRevert(IEntryLog.KindNotOwned.selector);
        predecessor.anchorBatch(batch, batchSeal);
        vm.expectPartialRevert(IEntryLog.KindNotOwned.selector);
        predecessor.attestStatus(batchKey, 0);
    }

    /// Were a kind left behind, the predecessor could revoke what the replacement has revoked, and
    /// the two changes would cancel out.
    function testAKindThatTheReplacementDoesNotTakeLeavesThePredecessorAnyway() external {
        bytes32 batchKey = _anchor("old batch", 200);
        ICertificateLedger predecessor = certificates;
        StatusStatement memory change = _oneChange(batchKey, 0, REVOKED_FIRST);
        Signature memory seal = _seal(change, SEAL_KEY);
        bytes32[] memory kinds = new bytes32[](1);
        kinds[0] = ICertificateLedger.BatchAnchored.selector;
        _install(LEDGER_NAME, address(_newCertificates()), kinds);

        bytes32 kind = ICertificateLedger.StatusChanged.selector;
        vm.expectRevert(
            abi.encodeWithSelector(IEntryLog.KindNotOwned.selector, kind, address(predecessor))
        );
        predecessor.changeStatus(change, seal);
        vm.assertEq(log.kindOwner(kind), address(0));
    }

    function testDepartmentsKeysAndMandatesGoOnThroughThePredecessor() external {
        IIssuerRegistry predecessor = registry;
        vm.warp(START + 100);
        registry = _replaceRegistry();
        vm.warp(START + 200);

        _anchor("after the replacement", 1); // seal, key and mandate of the predecessor
        vm.assertEq(registry.sealKey(ISSUER, _keyId(SEAL_KEY)).suite, 1);
        _changeMandate(CHONGQING, ISSUER, W011, uint64(START), uint64(START + 150));
        vm.assertTrue(registry.isMandatedAt(ISSUER, W011, uint64(START + 199)));
        vm.assertFalse(registry.isMandatedAt(ISSUER, W011, uint64(START + 200)));
        vm.assertTrue(predecessor.isMandatedAt(ISSUER, W011, uint64(START + 200)));

        _declareCompromise(CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START + 120));
        vm.assertEq(registry.sealKey(ISSUER, _keyId(SEAL_KEY)).compromisedSince, START + 120);
        (DepartmentStatement memory statement, Signature memory signature) =
            _signedDepartment(SICHUAN, ISSUER, RegionCode.wrap("510000"));
        vm.expectPartialRevert(IIssuerRegistry.IssuerOfAnotherMember.selector);
        registry.registerDepartment(statement, signature);
    }

    function testThePredecessorUsesAuthorityNoMore() external {
        IIssuerRegistry predecessor = registry;
        _replaceRegistry();
        (DepartmentStatement memory statement, Signature memory signature) =
            _signedDepartment(CHONGQING, ISSUER, RegionCode.wrap("500112"));
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.CallerNotModule.selector, address(predecessor))
        );
        predecessor.registerDepartment(statement, signature);
    }

    function testAModuleCannotTakeAnotherModulesKinds() external {
        bytes32[3] memory stolen = [
            ICertificateLedger.StatusChanged.selector, // of another module
            IConsortium.VoteCast.selector, // of the consortium itself
            IIssuerRegistry.MandateChanged.selector
        ];
        for (uint256 i = 0; i < stolen.length; ++i) {
            bytes32[] memory kinds = new bytes32[](1);
            kinds[0] = stolen[i];
            bytes memory payload = _installation("Newcomer", address(_newCertificates()), kinds);
            bytes32 id = _proposeWithVotes(payload);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IConsortium.KindTaken.selector, stolen[i], log.kindOwner(stolen[i])
                )
            );
            consortium.execute(id, payload);
        }
    }

    /// A name that stands for the consortium must not make its kinds those of a replacement.
    function testKindsOfTheConsortiumAreNotInheritedThroughAName() external {
        _install("Alias", address(consortium), new bytes32[](0));
        bytes32[] memory kinds = new bytes32[](1);
        kinds[0] = IConsortium.MemberAdmitted.selector;
        bytes memory payload = _installation("Alias", address(_newCertificates()), kinds);
        bytes32 id = _proposeWithVotes(payload);
        vm.expectPartialRevert(IConsortium.KindTaken.selector);
        consortium.execute(id, payload);
    }

    function testCodeThatWasNotVotedForIsNotInstalled() external {
        ICertificateLedger successor = _newCertificates();
        bytes memory payload = abi.encode(
            Installation(LEDGER_NAME, address(successor), keccak256("other code"), _certificateKinds())
        );
        bytes32 id = _proposeWithVotes(payload);
        vm.expectRevert(
            abi.encodeWithSelector(
                IConsortium.ModuleCodeMismatch.selector,
                address(successor),
                keccak256("other code"),
                address(successor).codehash
            )
        );
        consortium.execute(id, payload);
    }

    /// Anyone may execute: a module with a flaw must not come back after its replacement.
    function testALeftoverInstallationDoesNotBringBackAReplacedModule() external {
        ICertificateLedger flawed = _newCertificates();
        bytes memory payload = _installation(LEDGER_NAME, address(flawed), _certificateKinds());
        bytes32 first = _proposeWithVotes(payload);
        vm.warp(START + 1);
        bytes32 second = _proposeWithVotes(payload);
        consortium.execute(first, payload);
        certificates = flawed;
        ICertificateLedger mended = _replaceCertificates();
        vm.expectRevert(abi.encodeWithSelector(IConsortium.ProposalLapsed.selector, second));
        consortium.execute(second, payload);
        vm.assertEq(consortium.module(LEDGER_NAME), address(mended));
    }

    function testAModuleHasOneName() external {
        bytes memory refusal = abi.encodeWithSelector(
            IConsortium.ModuleUnderAnotherName.selector, address(certificates), LEDGER_NAME
        );
        bytes memory payload =
            _installation("Second", address(certificates), new bytes32[](0));
        (ProposalStatement memory statement, Signature memory signature) =
            _signedProposal(CHONGQING, ProposalAction.InstallModule, payload);
        vm.expectRevert(refusal);
        consortium.propose(statement, signature);

        ICertificateLedger newcomer = _newCertificates(); // has no name yet when it is proposed
        payload = _installation("Second", address(newcomer), new bytes32[](0));
        bytes32 id = _proposeWithVotes(payload);
        _install(LEDGER_NAME, address(newcomer), _certificateKinds());
        refusal = abi.encodeWithSelector(
            IConsortium.ModuleUnderAnotherName.selector, address(newcomer), LEDGER_NAME
        );
        vm.expectRevert(refusal);
        consortium.execute(id, payload);
    }

    /// To give it other kinds. It goes on using authority.
    function testAModuleMayBeInstalledAnewUnderItsName() external {
        _install(REGISTRY_NAME, address(registry), _registryKinds());
        _registerDepartment(CHONGQING, ISSUER);
        vm.assertEq(consortium.module(REGISTRY_NAME), address(registry));
    }

    function testAKindIsNotListedTwice() external {
        address newcomer = address(_newCertificates());
        bytes32[] memory kinds = new bytes32[](2);
        (kinds[0], kinds[1]) = (bytes32("kind"), bytes32("kind"));
        bytes memory payload = _installation("Newcomer", newcomer, kinds);
        bytes32 id = _proposeWithVotes(payload);
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.KindTaken.selector, bytes32("kind"), newcomer)
        );
        consortium.execute(id, payload);
    }

    function testMalformedInstallationsAreNotProposed() external {
        bytes32[] memory none = new bytes32[](0);
        _expectProposalRefused(Installation(0, address(log), 0, none), "name");
        _expectProposalRefused(Installation("M", address(0xDEAD), 0, none), "module");
        _expectProposalRefused(Installation("M", address(log), 0, new bytes32[](33)), "kinds");
    }

    function testAnUnknownNameHasNoModule() external {
        vm.expectRevert(
            abi.encodeWithSelector(IConsortium.ModuleUnknown.selector, bytes32("Nothing"))
        );
        consortium.module("Nothing");
    }

    function _expectProposalRefused(Installation memory installation, bytes32 field) private {
        (ProposalStatement memory statement, Signature memory signature) =
            _signedProposal(CHONGQING, ProposalAction.InstallModule, abi.encode(installation));
        vm.expectRevert(abi.encodeWithSelector(IConsortium.FieldMalformed.selector, field));
        consortium.propose(statement, signature);
    }

    function _expectBatchExists(bytes32 batchId) private {
        BatchStatement memory statement = _batchStatement(batchId, 1);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectPartialRevert(ICertificateLedger.BatchExists.selector);
        certificates.anchorBatch(statement, seal);
    }

    function _expectFinal(bytes32 batchKey, bytes32 wordBefore, bytes32 wordAfter) private {
        StatusStatement memory statement = _oneChange(batchKey, 0, wordAfter);
        Signature memory seal = _seal(statement, SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICertificateLedger.StatusFinal.selector, batchKey, 0, wordBefore, wordAfter
            )
        );
        certificates.changeStatus(statement, seal);
    }

    function _newCertificates() private returns (ICertificateLedger) {
        return ICertificateLedger(
            _deploy("CertificateLedger", abi.encode(address(consortium), address(certificates)))
        );
    }

    function _replaceCertificates() private returns (ICertificateLedger successor) {
        successor = _newCertificates();
        _install(LEDGER_NAME, address(successor), _certificateKinds());
    }

    function _replaceRegistry() private returns (IIssuerRegistry successor) {
        successor = IIssuerRegistry(
            _deploy("IssuerRegistry", abi.encode(address(consortium), address(registry)))
        );
        _install(REGISTRY_NAME, address(successor), _registryKinds());
    }

    function _installation(bytes32 name, address module, bytes32[] memory kinds)
        private
        view
        returns (bytes memory)
    {
        return abi.encode(Installation(name, module, module.codehash, kinds));
    }

    function _proposeWithVotes(bytes memory payload) private returns (bytes32 id) {
        id = _propose(CHONGQING, ProposalAction.InstallModule, payload);
        _vote(CHONGQING, id, true);
        _vote(SICHUAN, id, true);
        _vote(BEIJING, id, true);
    }
}
