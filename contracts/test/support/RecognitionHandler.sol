// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CertificateType, MemberId, PartyId} from "../../types/Identifiers.sol";
import {PolicyRecord} from "../../types/Records.sol";
import {
    GroupExitStatement,
    PactStatement,
    PactTerms,
    PolicyStatement,
    Signature
} from "../../types/Statements.sol";
import {vm} from "./Cheatcodes.sol";
import {RecognitionLedger} from "./RecognitionLedger.sol";

/// @notice Random acts and attacks on policies, beside a plain account of what must have come of them.
contract RecognitionHandler is RecognitionLedger {
    struct Policy {
        PartyId relying;
        PartyId source;
        CertificateType certificateType;
        PolicyRecord[] versions;
    }

    struct Pact {
        PactTerms terms;
        MemberId[] signed;
        bool isConcluded;
    }

    /// A question about a time that has passed, and its answer then.
    struct Asked {
        uint256 policy;
        uint64 atUnix;
        bytes32 answer;
    }

    PartyId[3] private _parties = [BEIJING_PARTY, CHONGQING_PARTY, CHENGDU];
    Policy[] private _policies;
    Pact[] private _pacts;
    Asked[] private _asked;
    mapping(MemberId => bool) private _hasLeft;
    bytes private _lastPolicy;

    function setUp() public override {
        super.setUp();
        _defineGroup(CHUANYU);
        for (uint256 i = 0; i < 9; ++i) {
            if (i / 3 == i % 3) continue;
            _addPolicy(_parties[i / 3], _parties[i % 3], W011);
        }
        _addPolicy(CHUANYU, CHUANYU, W011);
    }

    // -- acts ------------------------------------------------------------------------------------

    function pass(uint16 duration) external {
        uint256 i = duration % _policies.length;
        _asked.push(Asked(i, uint64(block.timestamp), _answer(i, uint64(block.timestamp))));
        vm.warp(block.timestamp + 1 + duration);
    }

    function set(uint8 which, uint8 level, uint32 from, uint32 length, bool ends) external {
        Policy storage policy = _policies[which % 6];
        (uint64 begin, uint64 end) = ends ? (0, 0) : (uint64(from), uint64(from) + 1 + length);
        PolicyRecord memory record = _record(policy, level, begin, end, bytes32(uint256(from)), 0);
        PolicyStatement memory statement = _statement(policy, policy.relying.memberOf(), record);
        Signature memory signature = _signed(statement);
        recognition.setPolicy(statement, signature);
        policy.versions.push(record);
        _lastPolicy = abi.encode(statement, signature);
    }

    /// Seldom while the one before is open, so that many are concluded.
    function offer(uint8 a, uint8 b, uint8 level, bytes32 nonce) external {
        if (_pacts.length > 0 && !_pacts[_pacts.length - 1].isConcluded && level % 4 > 0) return;
        PartyId partyA = _parties[a % 3];
        PartyId partyB = _parties[b % 3];
        if (partyA == partyB) (partyA, partyB) = (CHUANYU, CHUANYU);
        PactTerms memory terms = _terms(partyA, partyB);
        terms.certificateTypes = new CertificateType[](1);
        terms.certificateTypes[0] = W011;
        (terms.minimumSealLevel, terms.nonce) = (level, keccak256(abi.encode(nonce, _pacts.length)));
        Pact storage offered = _pacts.push();
        offered.terms = terms;
    }

    function sign(uint8 which, uint8 who) external {
        if (_pacts.length == 0) return;
        uint256 newest = _pacts.length - 1;
        Pact storage pact = _pacts[which % 4 > 0 ? newest : which % _pacts.length];
        MemberId member = _parties[who % 3].memberOf();
        (PactStatement memory statement, Signature memory signature) = _signedPact(member, pact.terms);
        if (!_maySign(pact, member)) {
            try recognition.signPact(statement, signature) {
                revert("a pact was signed twice, late, or by somebody else");
            } catch {}
            return;
        }
        bytes32 pactId = recognition.signPact(statement, signature);
        pact.signed.push(member);
        if (!_isComplete(pact)) return;
        pact.isConcluded = true;
        for (uint256 i = 0; i < _policies.length; ++i) {
            if (_isOf(_policies[i], pact.terms)) _policies[i].versions.push(_written(i, pact, pactId));
        }
    }

    function leaveTheGroup(uint8 who) external {
        if (who > 16) return; // rarely
        MemberId member = _parties[who % 3].memberOf();
        (GroupExitStatement memory statement, Signature memory signature) = _signedExit(member, CHUANYU);
        if (!_hasLeft[member]) {
            recognition.leaveGroup(statement, signature);
            _hasLeft[member] = true;
            return;
        }
        try recognition.leaveGroup(statement, signature) {
            revert("a member left twice");
        } catch {}
    }

    function replaceRegistry(uint8 chance) external {
        if (chance < 16) _replaceRecognition();
    }

    // -- attacks ---------------------------------------------------------------------------------

    function setForAnother(uint8 which, uint8 who) external {
        Policy storage policy = _policies[which % 7];
        MemberId member = _parties[who % 3].memberOf();
        if (!policy.relying.isGroup() && policy.relying.memberOf() == member) return;
        PolicyRecord memory record = _record(policy, 0, 0, 0, 0, 0);
        _expectSettingRefused(_statement(policy, member, record), _authorityKeys[member]);
        if (policy.relying.isGroup()) return;
        _expectSettingRefused(
            _statement(policy, policy.relying.memberOf(), record), _authorityKeys[member]
        );
    }

    function setAnotherVersion(uint8 which, uint32 version) external {
        Policy storage policy = _policies[which % 6];
        PolicyRecord memory record = _record(policy, 0, 0, 0, 0, 0);
        if (record.version == version) return;
        record.version = version;
        MemberId member = policy.relying.memberOf();
        _expectSettingRefused(_statement(policy, member, record), _authorityKeys[member]);
    }

    function replayPolicy() external {
        if (_lastPolicy.length == 0) return;
        (PolicyStatement memory statement, Signature memory signature) =
            abi.decode(_lastPolicy, (PolicyStatement, Signature));
        try recognition.setPolicy(statement, signature) {
            revert("a replayed policy was set");
        } catch {}
    }

    // -- what must hold --------------------------------------------------------------------------

    function checkPolicies() external view {
        PolicyRecord memory none;
        for (uint256 i = 0; i < _policies.length; ++i) {
            PolicyRecord[] storage versions = _policies[i].versions;
            PolicyRecord memory newest = versions.length == 0 ? none : versions[versions.length - 1];
            vm.assertEq(
                _answer(i, uint64(block.timestamp)), keccak256(abi.encode(newest)), "policy in force"
            );
        }
    }

    function checkThePast() external view {
        for (uint256 i = 0; i < _asked.length; ++i) {
            vm.assertEq(
                _answer(_asked[i].policy, _asked[i].atUnix), _asked[i].answer, "policy of the past"
            );
        }
    }

    // -- parts -----------------------------------------------------------------------------------

    function _addPolicy(PartyId relying, PartyId source, CertificateType certificateType) private {
        Policy storage policy = _policies.push();
        (policy.relying, policy.source) = (relying, source);
        policy.certificateType = certificateType;
    }

    function _record(
        Policy storage policy,
        uint8 level,
        uint64 from,
        uint64 end,
        bytes32 conditions,
        bytes32 pactId
    ) private view returns (PolicyRecord memory) {
        uint32 version = uint32(policy.versions.length + 1);
        return PolicyRecord(version, level, from, end, conditions, pactId, uint64(block.timestamp));
    }

    function _written(uint256 i, Pact storage pact, bytes32 pactId)
        private
        view
        returns (PolicyRecord memory)
    {
        PactTerms storage t = pact.terms;
        return _record(
            _policies[i], t.minimumSealLevel, t.validFrom, t.validUntil, t.conditionsHash, pactId
        );
    }

    function _statement(Policy storage policy, MemberId member, PolicyRecord memory record)
        private
        view
        returns (PolicyStatement memory)
    {
        return PolicyStatement(
            member,
            policy.relying,
            policy.source,
            policy.certificateType,
            record.version,
            record.minimumSealLevel,
            record.validFrom,
            record.validUntil,
            record.conditionsHash,
            _next(member)
        );
    }

    function _maySign(Pact storage pact, MemberId member) private view returns (bool) {
        if (block.timestamp >= pact.terms.signUntil) return false;
        for (uint256 i = 0; i < pact.signed.length; ++i) {
            if (pact.signed[i] == member) return false;
        }
        return _isNeeded(pact, member);
    }

    function _isNeeded(Pact storage pact, MemberId member) private view returns (bool) {
        if (pact.terms.partyA.isGroup()) return !_hasLeft[member];
        return pact.terms.partyA.memberOf() == member || pact.terms.partyB.memberOf() == member;
    }

    function _isComplete(Pact storage pact) private view returns (bool) {
        for (uint256 i = 0; i < 3; ++i) {
            MemberId member = _parties[i].memberOf();
            bool hasSigned = false;
            for (uint256 j = 0; j < pact.signed.length; ++j) {
                hasSigned = hasSigned || pact.signed[j] == member;
            }
            if (_isNeeded(pact, member) && !hasSigned) return false;
        }
        return true;
    }

    function _isOf(Policy storage policy, PactTerms storage terms) private view returns (bool) {
        bool isForth = policy.relying == terms.partyA && policy.source == terms.partyB;
        return isForth || (policy.relying == terms.partyB && policy.source == terms.partyA);
    }

    function _expectSettingRefused(PolicyStatement memory statement, uint256 key) private {
        Signature memory signature = _sign(key, hasher.digest(statement));
        try recognition.setPolicy(statement, signature) {
            revert("a policy was set by somebody else, or out of order");
        } catch {}
    }

    function _answer(uint256 i, uint64 atUnix) private view returns (bytes32) {
        Policy storage policy = _policies[i];
        return keccak256(
            abi.encode(
                recognition.policyAt(policy.relying, policy.source, policy.certificateType, atUnix)
            )
        );
    }
}
