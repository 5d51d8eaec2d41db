// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICertificateLedger} from "../../interfaces/ICertificateLedger.sol";
import {IConsortium} from "../../interfaces/IConsortium.sol";
import {IEntryLog} from "../../interfaces/IEntryLog.sol";
import {IIssuerRegistry} from "../../interfaces/IIssuerRegistry.sol";
import {CertificateType, MemberId, RegionCode, Uscc} from "../../types/Identifiers.sol";
import {LogEntry} from "../../types/Records.sol";
import {
    Admission,
    BatchStatement,
    CompromiseStatement,
    DepartmentStatement,
    FoundingStatement,
    Installation,
    MandateStatement,
    MemberKeys,
    ProposalAction,
    ProposalStatement,
    SealKeyStatement,
    Signature,
    StatusStatement,
    VoteStatement,
    WordChange
} from "../../types/Statements.sol";
import {vm} from "./Cheatcodes.sol";
import {Recording} from "./Recording.sol";
import {StatementHasher} from "./StatementHasher.sol";

/// @title A ledger of four provinces, deployed from the committed artifacts, and the acts on it
/// @notice Keys are small numbers: authority key of a member by `_authorityKeys`, seal keys as given.
abstract contract Ledger {
    bytes32 internal constant LEDGER_ID = keccak256("a ledger for tests");
    uint256 internal constant START = 1_790_000_000;
    uint64 internal constant NO_END = (1 << 40) - 1;
    uint256 internal constant P256_ORDER =
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;

    MemberId internal constant CHONGQING = MemberId.wrap("500000");
    MemberId internal constant SICHUAN = MemberId.wrap("510000");
    MemberId internal constant BEIJING = MemberId.wrap("110000");
    MemberId internal constant GUANGDONG = MemberId.wrap("440000");
    MemberId internal constant HUNAN = MemberId.wrap("430000"); // not admitted by setUp

    Uscc internal constant ISSUER = Uscc.wrap("11500000009275791H"); // of Chongqing
    Uscc internal constant OTHER_ISSUER = Uscc.wrap("11510000008282901G"); // of Sichuan
    CertificateType internal constant W011 = CertificateType.wrap("11100000000013338W011");
    CertificateType internal constant W012 = CertificateType.wrap("11100000000013338W012");
    uint256 internal constant SEAL_KEY = 101;
    uint256 internal constant OTHER_SEAL_KEY = 202;

    bytes32 internal constant REGISTRY_NAME = "IssuerRegistry";
    bytes32 internal constant LEDGER_NAME = "CertificateLedger";

    IConsortium internal consortium;
    IEntryLog internal log;
    IIssuerRegistry internal registry;
    ICertificateLedger internal certificates;
    StatementHasher internal hasher;
    mapping(MemberId => uint256 key) internal _authorityKeys;

    function setUp() public virtual {
        vm.warp(START);
        hasher = new StatementHasher(LEDGER_ID);
        (_authorityKeys[CHONGQING], _authorityKeys[SICHUAN]) = (1, 2);
        (_authorityKeys[BEIJING], _authorityKeys[GUANGDONG]) = (3, 4);
        _authorityKeys[HUNAN] = 5;
        _found(CHONGQING);
        _admit(SICHUAN);
        _admit(BEIJING);
        _admit(GUANGDONG);
        registry = IIssuerRegistry(
            _deploy("IssuerRegistry", abi.encode(address(consortium), address(0)))
        );
        _install(REGISTRY_NAME, address(registry), _registryKinds());
        certificates = ICertificateLedger(
            _deploy("CertificateLedger", abi.encode(address(consortium), address(0)))
        );
        _install(LEDGER_NAME, address(certificates), _certificateKinds());
        _registerIssuer(CHONGQING, ISSUER, SEAL_KEY);
        _registerIssuer(SICHUAN, OTHER_ISSUER, OTHER_SEAL_KEY);
        _changeMandate(CHONGQING, ISSUER, W011, uint64(START), NO_END);
        _changeMandate(SICHUAN, OTHER_ISSUER, W011, uint64(START), NO_END);
    }

    // -- deployment ------------------------------------------------------------------------------

    function _deploy(string memory name, bytes memory arguments) internal returns (address deployed) {
        bytes memory code =
            bytes.concat(vm.getCode(string.concat("artifacts/", name, ".json")), arguments);
        assembly {
            deployed := create(0, add(code, 32), mload(code))
            if iszero(deployed) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    function _found(MemberId founder) internal {
        address future = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        log = IEntryLog(_deploy("EntryLog", abi.encode(future, 0, new bytes32[](0))));
        FoundingStatement memory statement = FoundingStatement(_admission(founder));
        Signature memory signature = _sign(_authorityKeys[founder], hasher.digest(statement));
        consortium = IConsortium(
            _deploy("Consortium", abi.encode(LEDGER_ID, address(log), statement, signature))
        );
        vm.assertEq(address(consortium), future);
    }

    function _registryKinds() internal pure returns (bytes32[] memory kinds) {
        kinds = new bytes32[](8);
        kinds[0] = IIssuerRegistry.DepartmentRegistered.selector;
        kinds[1] = IIssuerRegistry.SealKeyRegistered.selector;
        kinds[2] = IIssuerRegistry.SealKeyEnded.selector;
        kinds[3] = IIssuerRegistry.SealKeyCompromised.selector;
        kinds[4] = IIssuerRegistry.MandateChanged.selector;
        kinds[5] = IIssuerRegistry.DepartmentAttested.selector;
        kinds[6] = IIssuerRegistry.SealKeyAttested.selector;
        kinds[7] = IIssuerRegistry.MandateAttested.selector;
    }

    function _certificateKinds() internal pure returns (bytes32[] memory kinds) {
        kinds = new bytes32[](3);
        kinds[0] = ICertificateLedger.BatchAnchored.selector;
        kinds[1] = ICertificateLedger.StatusChanged.selector;
        kinds[2] = ICertificateLedger.StatusAttested.selector;
    }

    // -- signatures ------------------------------------------------------------------------------

    function _sign(uint256 key, bytes32 digest) internal pure returns (Signature memory) {
        (bytes32 r, bytes32 s) = vm.signP256(key, digest);
        if (uint256(s) > P256_ORDER / 2) s = bytes32(P256_ORDER - uint256(s));
        return Signature(1, r, s);
    }

    function _high(Signature memory low) internal pure returns (Signature memory) {
        return Signature(low.suite, low.r, bytes32(P256_ORDER - uint256(low.s)));
    }

    function _point(uint256 key) internal pure returns (bytes32, bytes32) {
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        return (bytes32(x), bytes32(y));
    }

    function _keyId(uint256 key) internal pure returns (bytes32) {
        (bytes32 x, bytes32 y) = _point(key);
        return sha256(abi.encodePacked(uint16(1), x, y));
    }

    function _next(MemberId member) internal view returns (uint64) {
        return consortium.member(member).sequence + 1;
    }

    // -- acts of members -------------------------------------------------------------------------

    function _memberKeys(uint256 authorityKey) internal pure returns (MemberKeys memory) {
        (bytes32 x, bytes32 y) = _point(authorityKey);
        return MemberKeys(
            1,
            x,
            y,
            sha256("root certificate"),
            sha256(abi.encode("checkpoint key", authorityKey)),
            x,
            y,
            address(uint160(authorityKey))
        );
    }

    function _admission(MemberId member) internal view returns (Admission memory) {
        return Admission(member, unicode"省", _memberKeys(_authorityKeys[member]));
    }

    function _signedProposal(MemberId member, ProposalAction action, bytes memory payload)
        internal
        view
        returns (ProposalStatement memory statement, Signature memory signature)
    {
        statement =
            ProposalStatement(member, action, payload, uint64(block.timestamp + 1 days), _next(member));
        signature = _sign(_authorityKeys[member], hasher.digest(statement));
    }

    function _propose(MemberId member, ProposalAction action, bytes memory payload)
        internal
        returns (bytes32)
    {
        (ProposalStatement memory statement, Signature memory signature) =
            _signedProposal(member, action, payload);
        return consortium.propose(statement, signature);
    }

    function _signedVote(MemberId member, bytes32 proposalId, bool approve)
        internal
        view
        returns (VoteStatement memory statement, Signature memory signature)
    {
        statement = VoteStatement(member, proposalId, approve, _next(member));
        signature = _sign(_authorityKeys[member], hasher.digest(statement));
    }

    function _vote(MemberId member, bytes32 proposalId, bool approve) internal {
        (VoteStatement memory statement, Signature memory signature) =
            _signedVote(member, proposalId, approve);
        consortium.vote(statement, signature);
    }

    /// Proposes, has every member but one vote for it (all, where three or fewer), and executes.
    function _carry(ProposalAction action, bytes memory payload) internal returns (bytes32 proposalId) {
        MemberId[] memory members = consortium.activeMembers();
        proposalId = _propose(members[0], action, payload);
        uint256 needed = (members.length * 2) / 3 + 1;
        for (uint256 i = 0; i < members.length && needed > 0; ++i) {
            bool isTarget =
                action == ProposalAction.RemoveMember && abi.decode(payload, (MemberId)) == members[i];
            if (isTarget && members.length > 2) continue;
            _vote(members[i], proposalId, true);
            --needed;
        }
        consortium.execute(proposalId, payload);
    }

    function _admit(MemberId member) internal returns (bytes32) {
        return _carry(ProposalAction.AdmitMember, abi.encode(_admission(member)));
    }

    function _remove(MemberId member) internal returns (bytes32) {
        return _carry(ProposalAction.RemoveMember, abi.encode(member));
    }

    function _install(bytes32 name, address module, bytes32[] memory kinds) internal returns (bytes32) {
        return _carry(
            ProposalAction.InstallModule, abi.encode(Installation(name, module, module.codehash, kinds))
        );
    }

    function _signedDepartment(MemberId member, Uscc issuer, RegionCode region)
        internal
        view
        returns (DepartmentStatement memory statement, Signature memory signature)
    {
        statement = DepartmentStatement(member, issuer, region, unicode"厅", NO_END, _next(member));
        signature = _sign(_authorityKeys[member], hasher.digest(statement));
    }

    function _registerDepartment(MemberId member, Uscc issuer) internal {
        (DepartmentStatement memory statement, Signature memory signature) =
            _signedDepartment(member, issuer, RegionCode.wrap(bytes6(MemberId.unwrap(member))));
        registry.registerDepartment(statement, signature);
    }

    function _signedSealKey(MemberId member, Uscc issuer, uint256 key)
        internal
        view
        returns (SealKeyStatement memory statement, Signature memory signature)
    {
        (bytes32 x, bytes32 y) = _point(key);
        bytes32 fingerprint = sha256("signing certificate");
        uint64 from = uint64(block.timestamp);
        statement =
            SealKeyStatement(member, issuer, 1, x, y, fingerprint, from, from + 3650 days, _next(member));
        signature = _sign(_authorityKeys[member], hasher.digest(statement));
    }

    function _registerSealKey(MemberId member, Uscc issuer, uint256 key) internal returns (bytes32) {
        (SealKeyStatement memory statement, Signature memory signature) =
            _signedSealKey(member, issuer, key);
        return registry.registerSealKey(statement, signature);
    }

    function _registerIssuer(MemberId member, Uscc issuer, uint256 key) internal {
        _registerDepartment(member, issuer);
        _registerSealKey(member, issuer, key);
    }

    function _signedMandate(
        MemberId member,
        Uscc issuer,
        CertificateType certificateType,
        uint64 from,
        uint64 until
    ) internal view returns (MandateStatement memory statement, Signature memory signature) {
        statement = MandateStatement(member, issuer, certificateType, from, until, _next(member));
        signature = _sign(_authorityKeys[member], hasher.digest(statement));
    }

    function _changeMandate(
        MemberId member,
        Uscc issuer,
        CertificateType certificateType,
        uint64 from,
        uint64 until
    ) internal {
        (MandateStatement memory statement, Signature memory signature) =
            _signedMandate(member, issuer, certificateType, from, until);
        registry.changeMandate(statement, signature);
    }

    function _declareCompromise(MemberId member, Uscc issuer, bytes32 keyId, uint64 since) internal {
        CompromiseStatement memory statement =
            CompromiseStatement(member, issuer, keyId, since, _next(member));
        bytes32 digest = hasher.digestOfCompromise(statement);
        registry.declareCompromise(statement, _sign(_authorityKeys[member], digest));
    }

    // -- acts of departments ---------------------------------------------------------------------

    function _batchStatement(bytes32 batchId, uint32 count) internal view returns (BatchStatement memory) {
        return BatchStatement(
            ISSUER,
            _keyId(SEAL_KEY),
            W011,
            batchId,
            sha256(abi.encode(batchId, "root")),
            count,
            uint64(block.timestamp + 1 hours)
        );
    }

    function _seal(BatchStatement memory statement, uint256 key) internal view returns (Signature memory) {
        return _sign(key, hasher.digest(statement));
    }

    function _seal(StatusStatement memory statement, uint256 key) internal view returns (Signature memory) {
        return _sign(key, hasher.digest(statement));
    }

    function _anchor(bytes32 batchId, uint32 count) internal returns (bytes32 batchKey) {
        BatchStatement memory statement = _batchStatement(batchId, count);
        return certificates.anchorBatch(statement, _seal(statement, SEAL_KEY));
    }

    function _statusStatement(bytes32 batchKey, WordChange[] memory changes)
        internal
        view
        returns (StatusStatement memory)
    {
        return StatusStatement(
            ISSUER,
            _keyId(SEAL_KEY),
            batchKey,
            certificates.batch(batchKey).statusSequence + 1,
            7,
            20260901,
            sha256("officer"),
            unicode"《行政许可法》第六十九条",
            changes
        );
    }

    /// One word of the batch, from what it is now.
    function _oneChange(bytes32 batchKey, uint16 index, bytes32 wordAfter)
        internal
        view
        returns (StatusStatement memory)
    {
        WordChange[] memory changes = new WordChange[](1);
        changes[0] = WordChange(index, certificates.statusWord(batchKey, index), wordAfter);
        return _statusStatement(batchKey, changes);
    }

    function _changeStatus(bytes32 batchKey, uint16 index, bytes32 wordAfter) internal {
        StatusStatement memory statement = _oneChange(batchKey, index, wordAfter);
        certificates.changeStatus(statement, _seal(statement, SEAL_KEY));
    }

    // -- what was recorded -----------------------------------------------------------------------

    /// Asserts that exactly one event and its entry were recorded since `vm.recordLogs()`.
    function _assertOneEntry(bytes32 kind, MemberId region, bytes18 actor, bytes32 subject) internal {
        LogEntry[] memory entries = Recording.pairUp(vm.getRecordedLogs(), log);
        vm.assertEq(entries.length, 1, "entries");
        vm.assertEq(entries[0].kind, kind, "kind");
        vm.assertEq(MemberId.unwrap(entries[0].region), MemberId.unwrap(region), "region");
        vm.assertEq(entries[0].actor, actor, "actor");
        vm.assertEq(entries[0].subject, subject, "subject");
    }
}
