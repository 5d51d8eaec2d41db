// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICertificateLedger} from "../../interfaces/ICertificateLedger.sol";
import {CertificateType, MemberId} from "../../types/Identifiers.sol";
import {BatchRecord, LogEntry, MandateRecord} from "../../types/Records.sol";
import {
    BatchStatement,
    Freeze,
    MemberKeysStatement,
    ProposalAction,
    Signature,
    StatusStatement,
    VoteStatement,
    WordChange
} from "../../types/Statements.sol";
import {vm} from "./Cheatcodes.sol";
import {Ledger} from "./Ledger.sol";
import {Recording} from "./Recording.sol";
import {Rfc9162} from "./Rfc9162.sol";

/// @title Everything that members, departments and strangers may do, in any order
/// @notice Keeps its own account of what must hold. An act that must succeed and reverts, or must
/// revert and succeeds, fails the run at once.
contract LedgerHandler is Ledger {
    struct Asked {
        uint64 atUnix;
        MandateRecord mandate;
        bool wasMember;
    }

    uint32 private constant COUNT = 256;
    uint256 private constant MAX_REPLACEMENTS = 4;

    /// What was recorded, from founding on.
    bytes32[] public leaves;
    bytes32[] public batchKeys;
    mapping(bytes32 batchKey => BatchRecord) private _anchored;
    mapping(bytes32 batchKey => bytes32[2]) private _words;
    bytes32[] public proposals;
    mapping(bytes32 proposalId => uint256) public votes;
    mapping(bytes32 proposalId => uint256) private _carriedBefore;
    mapping(bool ofTheModule => uint256) private _carried; // freezes
    Asked[] private _asked;
    bytes private _lastChange; // statement and seal
    uint256 private _replacements;

    /// Records the leaves of an act and asserts that it was `expected` events with an entry each.
    modifier recorded(uint256 expected) {
        vm.recordLogs();
        _;
        LogEntry[] memory entries = Recording.pairUp(vm.getRecordedLogs(), log);
        vm.assertEq(entries.length, expected, "entries of an act");
        for (uint256 i = 0; i < entries.length; ++i) {
            leaves.push(Rfc9162.leafHash(abi.encode(entries[i])));
        }
    }

    function setUp() public override {
        vm.recordLogs();
        super.setUp();
        LogEntry[] memory entries = Recording.pairUp(vm.getRecordedLogs(), log);
        for (uint256 i = 0; i < entries.length; ++i) {
            leaves.push(Rfc9162.leafHash(abi.encode(entries[i])));
        }
    }

    // -- acts that must succeed ------------------------------------------------------------------

    function pass(uint16 time) external {
        vm.warp(block.timestamp + 1 + (time % 2 hours));
    }

    function anchor(bytes32 batchId) external {
        if (!_mayAnchor()) return _expectAnchoringRefused(batchId);
        _anchorNew(batchId);
    }

    /// Few positions, so that final statuses are met again.
    function changeStatus(uint256 which, uint16 index, uint8[3] calldata positions, uint8 status)
        external
    {
        if (batchKeys.length == 0) return;
        bytes32 key = batchKeys[which % batchKeys.length];
        bytes32 present = _words[key][index % 2];
        bytes32 wordAfter = present;
        for (uint256 i = 0; i < 3; ++i) {
            wordAfter = _withStatus(wordAfter, positions[i] % 16, (status >> (2 * i)) & 3);
        }
        if (wordAfter == present) return;
        StatusStatement memory statement = _oneChange(key, index % 2, wordAfter);
        if (_changesAFinalStatus(present, wordAfter)) {
            return _expectStatusRefused(statement, ICertificateLedger.StatusFinal.selector);
        }
        _changeRecorded(statement);
    }

    function attest(uint256 which, bool ofTheStatus) external recorded(1) {
        if (ofTheStatus && batchKeys.length != 0) {
            certificates.attestStatus(batchKeys[which % batchKeys.length], uint16(which % 2));
        } else {
            registry.attestMandate(ISSUER, W011);
        }
    }

    function mandate(uint32 from, uint32 length) external recorded(1) {
        if (consortium.member(CHONGQING).frozenUntil > block.timestamp) length = 0;
        uint64 start = length == 0 ? uint64(block.timestamp) : uint64(START) + (from % 1 days);
        _changeMandate(CHONGQING, ISSUER, W011, start, start + (length % 30 days));
    }

    function rotateAuthority(uint8 which, uint64 seed) external recorded(1) {
        MemberId member = _member(which);
        uint256 newKey = 1000 + uint256(seed) * 4 + (which % 4); // no other member's
        MemberKeysStatement memory statement =
            MemberKeysStatement(member, _memberKeys(newKey), _next(member));
        Signature memory signature = _sign(_authorityKeys[member], hasher.digest(statement));
        consortium.changeMemberKeys(statement, signature);
        _authorityKeys[member] = newKey;
    }

    /// Some members vote at once, so that some freezes are carried.
    function proposeFreeze(uint8 which, bool ofTheModule, uint32 time, uint8 ready) external {
        uint64 until = uint64(block.timestamp) + (time % 80 hours);
        Freeze memory freeze = ofTheModule
            ? Freeze(LEDGER_NAME, MemberId.wrap(0), until)
            : Freeze(0, CHONGQING, until);
        bytes32 id = _proposeRecorded(_member(which), abi.encode(freeze));
        _carriedBefore[id] = _carried[ofTheModule];
        for (uint8 i = 0; i < ready % 5; ++i) {
            (VoteStatement memory statement, Signature memory signature) =
                _signedVote(_member(i), id, true);
            _voteRecorded(statement, signature);
        }
    }

    function vote(uint8 which, uint8 whichProposal, uint8 mood) external {
        if (proposals.length == 0) return;
        bytes32 id = _newest(whichProposal);
        bool approve = mood % 8 != 0;
        MemberId member = _member(which);
        (VoteStatement memory statement, Signature memory signature) = _signedVote(member, id, approve);
        bool isOpen = block.timestamp < consortium.proposal(id).expiresAt
            && !consortium.proposal(id).isExecuted && !_hasLapsed(id);
        if (isOpen && !consortium.hasVoted(id, member)) return _voteRecorded(statement, signature);
        try consortium.vote(statement, signature) {
            revert("a second, late, lapsed or idle vote was counted");
        } catch {}
    }

    function execute(uint8 which) external {
        if (proposals.length == 0) return;
        bytes32 id = _newest(which);
        uint256 before = log.size();
        vm.recordLogs();
        try consortium.execute(id, _payloads[id]) {
            LogEntry[] memory entries = Recording.pairUp(vm.getRecordedLogs(), log);
            vm.assertEq(entries.length, 1, "entries of an execution");
            leaves.push(Rfc9162.leafHash(abi.encode(entries[0])));
            vm.assertTrue(consortium.proposal(id).approvals >= 3, "executed without its votes");
            vm.assertTrue(block.timestamp < consortium.proposal(id).expiresAt, "executed too late");
            vm.assertFalse(_hasLapsed(id));
            ++_carried[_freezesTheModule(id)];
        } catch {
            vm.assertEq(log.size(), before, "a refused execution was recorded");
        }
    }

    function replaceCertificateLedger() external {
        if (_replacements == MAX_REPLACEMENTS) return;
        ++_replacements;
        vm.recordLogs();
        ICertificateLedger successor = ICertificateLedger(
            _deploy("CertificateLedger", abi.encode(address(consortium), address(certificates)))
        );
        _install(LEDGER_NAME, address(successor), _certificateKinds());
        certificates = successor;
        LogEntry[] memory entries = Recording.pairUp(vm.getRecordedLogs(), log);
        for (uint256 i = 0; i < entries.length; ++i) {
            leaves.push(Rfc9162.leafHash(abi.encode(entries[i])));
        }
    }

    /// Asks about a moment that has passed; the answer must be the same for ever.
    function ask() external {
        uint64 atUnix = uint64(block.timestamp) - 1;
        _asked.push(
            Asked(
                atUnix,
                registry.mandateAt(ISSUER, W011, atUnix),
                consortium.wasMemberAt(CHONGQING, atUnix)
            )
        );
    }

    // -- attacks, which must be refused ----------------------------------------------------------

    function anchorWithAForeignKey(bytes32 batchId, uint32 seed) external {
        if (!_mayAnchor()) return;
        BatchStatement memory statement = _batchStatement(batchId, COUNT);
        _expectAnchorRefused(statement, _seal(statement, 5000 + uint256(seed)));
    }

    function anchorWithAnotherType(bytes32 batchId, bytes21 certificateType) external {
        if (certificateType == CertificateType.unwrap(W011)) return;
        BatchStatement memory statement = _batchStatement(batchId, COUNT);
        statement.certificateType = CertificateType.wrap(certificateType);
        _expectAnchorRefused(statement, _seal(statement, SEAL_KEY));
    }

    function replayStatus() external {
        if (_lastChange.length == 0) return;
        (StatusStatement memory statement, Signature memory seal) =
            abi.decode(_lastChange, (StatusStatement, Signature));
        try certificates.changeStatus(statement, seal) {
            revert("a replayed status statement was carried out");
        } catch {}
    }

    function changeStatusWithAForeignKey(uint256 which, bytes32 noise, uint32 seed) external {
        if (batchKeys.length == 0 || noise == 0) return;
        bytes32 key = batchKeys[which % batchKeys.length];
        StatusStatement memory statement = _oneChange(key, 0, _words[key][0] ^ noise);
        try certificates.changeStatus(statement, _seal(statement, 5000 + uint256(seed))) {
            revert("a status was changed without the issuer's seal");
        } catch {}
    }

    // -- what must hold --------------------------------------------------------------------------

    function checkLog() external view {
        vm.assertEq(log.size(), leaves.length, "size of the log");
        vm.assertEq(log.root(), Rfc9162.root(leaves), "root of the log");
    }

    function checkStatuses() external view {
        for (uint256 i = 0; i < batchKeys.length; ++i) {
            bytes32 key = batchKeys[i];
            vm.assertEq(certificates.statusWord(key, 0), _words[key][0], "first word");
            vm.assertEq(certificates.statusWord(key, 1), _words[key][1], "second word");
            BatchRecord memory found = certificates.batch(key);
            vm.assertEq(found.root, _anchored[key].root, "root of a batch");
            vm.assertEq(found.count, _anchored[key].count, "count of a batch");
            vm.assertEq(found.anchoredAt, _anchored[key].anchoredAt, "time of a batch");
            vm.assertTrue(found.issuer == _anchored[key].issuer, "issuer of a batch");
        }
    }

    function checkVotes() external view {
        for (uint256 i = 0; i < proposals.length; ++i) {
            uint256 counted = uint256(consortium.proposal(proposals[i]).approvals)
                + consortium.proposal(proposals[i]).rejections;
            vm.assertEq(counted, votes[proposals[i]], "votes");
        }
    }

    function checkFreezes() external view {
        vm.assertLe(
            consortium.member(CHONGQING).frozenUntil, block.timestamp + 72 hours, "freeze of a member"
        );
        vm.assertLe(
            consortium.moduleFrozenUntil(LEDGER_NAME), block.timestamp + 72 hours, "freeze of a module"
        );
    }

    function checkThePast() external view {
        for (uint256 i = 0; i < _asked.length; ++i) {
            Asked storage before = _asked[i];
            MandateRecord memory found = registry.mandateAt(ISSUER, W011, before.atUnix);
            vm.assertEq(found.recordedAt, before.mandate.recordedAt, "mandate of the past");
            vm.assertEq(found.validFrom, before.mandate.validFrom, "begin of a past mandate");
            vm.assertEq(found.validUntil, before.mandate.validUntil, "end of a past mandate");
            vm.assertTrue(
                consortium.wasMemberAt(CHONGQING, before.atUnix) == before.wasMember, "past membership"
            );
        }
    }

    // -- parts -----------------------------------------------------------------------------------

    mapping(bytes32 proposalId => bytes) private _payloads;

    function _member(uint8 which) private pure returns (MemberId) {
        MemberId[4] memory members = [CHONGQING, SICHUAN, BEIJING, GUANGDONG];
        return members[which % 4];
    }

    /// One of the last two proposals, so that some are carried.
    function _newest(uint8 which) private view returns (bytes32) {
        uint256 last = proposals.length - 1;
        return proposals[which % 2 == 0 || last == 0 ? last : last - 1];
    }

    function _freezesTheModule(bytes32 id) private view returns (bool) {
        return abi.decode(_payloads[id], (Freeze)).module != 0;
    }

    function _hasLapsed(bytes32 id) private view returns (bool) {
        return _carriedBefore[id] != _carried[_freezesTheModule(id)];
    }

    function _mayAnchor() private view returns (bool) {
        return registry.isMandatedAt(ISSUER, W011, uint64(block.timestamp))
            && consortium.member(CHONGQING).frozenUntil <= block.timestamp
            && consortium.moduleFrozenUntil(LEDGER_NAME) <= block.timestamp;
    }

    function _anchorNew(bytes32 batchId) private recorded(1) {
        BatchStatement memory statement =
            _batchStatement(keccak256(abi.encode(batchId, batchKeys.length)), COUNT);
        bytes32 key = certificates.anchorBatch(statement, _seal(statement, SEAL_KEY));
        batchKeys.push(key);
        _anchored[key] = BatchRecord(statement.root, ISSUER, COUNT, uint64(block.timestamp), 0);
    }

    function _expectAnchoringRefused(bytes32 batchId) private {
        BatchStatement memory statement = _batchStatement(batchId, COUNT);
        _expectAnchorRefused(statement, _seal(statement, SEAL_KEY));
    }

    function _expectAnchorRefused(BatchStatement memory statement, Signature memory seal) private {
        try certificates.anchorBatch(statement, seal) {
            revert("a batch was anchored without seal, mandate or while frozen");
        } catch {}
    }

    function _changeRecorded(StatusStatement memory statement) private recorded(1) {
        Signature memory seal = _seal(statement, SEAL_KEY);
        certificates.changeStatus(statement, seal);
        WordChange memory change = statement.changes[0];
        _words[statement.batchKey][change.index] = change.wordAfter;
        _lastChange = abi.encode(statement, seal);
    }

    function _expectStatusRefused(StatusStatement memory statement, bytes4 reason) private {
        try certificates.changeStatus(statement, _seal(statement, SEAL_KEY)) {
            revert("a final status was changed");
        } catch (bytes memory refusal) {
            vm.assertEq(bytes32(bytes4(refusal)), bytes32(reason), "reason");
        }
    }

    function _proposeRecorded(MemberId member, bytes memory payload)
        private
        recorded(1)
        returns (bytes32 id)
    {
        id = _propose(member, ProposalAction.Freeze, payload);
        proposals.push(id);
        _payloads[id] = payload;
    }

    function _voteRecorded(VoteStatement memory statement, Signature memory signature)
        private
        recorded(1)
    {
        consortium.vote(statement, signature);
        ++votes[statement.proposalId];
    }

    function _withStatus(bytes32 word, uint256 position, uint256 status) private pure returns (bytes32) {
        uint256 shift = 8 * (31 - position / 4) + 2 * (position % 4);
        return (word & ~bytes32(uint256(3) << shift)) | bytes32(status << shift);
    }

    function _changesAFinalStatus(bytes32 first, bytes32 second) private pure returns (bool) {
        for (uint256 i = 0; i < 128; ++i) {
            uint256 before = (uint256(first) >> (2 * i)) & 3;
            if (before % 2 == 1 && before != (uint256(second) >> (2 * i)) & 3) return true;
        }
        return false;
    }
}
