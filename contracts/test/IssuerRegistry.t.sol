// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";
import {IIssuerRegistry} from "../interfaces/IIssuerRegistry.sol";
import {CertificateType, MemberId, RegionCode, Uscc} from "../types/Identifiers.sol";
import {MandateRecord, SealKeyRecord} from "../types/Records.sol";
import {
    CompromiseStatement,
    DepartmentStatement,
    MandateStatement,
    SealKeyEndStatement,
    SealKeyStatement,
    Signature
} from "../types/Statements.sol";
import {vm} from "./support/Cheatcodes.sol";
import {Ledger} from "./support/Ledger.sol";

/// @notice Departments, seal keys, mandates, and the check of a seal.
contract IssuerRegistryTest is Ledger {
    Uscc private constant NEW_ISSUER = Uscc.wrap("11430000006122244L");
    MemberId private constant MINISTRY = MemberId.wrap("11100000000013338W");
    CertificateType private constant NO_TYPE = CertificateType.wrap(0);
    bytes32 private constant DIGEST = keccak256("anything sealed");

    // -- departments -----------------------------------------------------------------------------

    function testDepartmentIsRecordedUnderItsMember() external {
        vm.recordLogs();
        _registerDepartment(CHONGQING, NEW_ISSUER);
        _assertOneEntry(
            IIssuerRegistry.DepartmentRegistered.selector,
            CHONGQING,
            MemberId.unwrap(CHONGQING),
            bytes32(Uscc.unwrap(NEW_ISSUER))
        );
        vm.assertEq(
            MemberId.unwrap(registry.department(NEW_ISSUER).member), MemberId.unwrap(CHONGQING)
        );
    }

    function testADepartmentOfAnotherMemberIsNotTaken() external {
        (DepartmentStatement memory statement, Signature memory signature) =
            _signedDepartment(SICHUAN, ISSUER, RegionCode.wrap("510100"));
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.IssuerOfAnotherMember.selector, ISSUER, CHONGQING, SICHUAN
            )
        );
        registry.registerDepartment(statement, signature);

        (SealKeyStatement memory key, Signature memory keySignature) =
            _signedSealKey(SICHUAN, ISSUER, 303);
        vm.expectPartialRevert(IIssuerRegistry.IssuerOfAnotherMember.selector);
        registry.registerSealKey(key, keySignature);

        (MandateStatement memory mandate, Signature memory mandateSignature) =
            _signedMandate(SICHUAN, ISSUER, W012, uint64(START), NO_END);
        vm.expectPartialRevert(IIssuerRegistry.IssuerOfAnotherMember.selector);
        registry.changeMandate(mandate, mandateSignature);
    }

    function testAuthoritySignatureOfAnotherMemberIsRefused() external {
        (DepartmentStatement memory statement,) =
            _signedDepartment(CHONGQING, NEW_ISSUER, RegionCode.wrap("500112"));
        bytes32 digest = hasher.digest(statement);
        Signature memory foreign = _sign(_authorityKeys[SICHUAN], digest);
        Signature memory high = _high(_sign(_authorityKeys[CHONGQING], digest));
        bytes memory refusal =
            abi.encodeWithSelector(IConsortium.AuthorityInvalid.selector, CHONGQING, digest);
        vm.expectRevert(refusal);
        registry.registerDepartment(statement, foreign);
        vm.expectRevert(refusal);
        registry.registerDepartment(statement, high);
    }

    function testAReplayedStatementIsRefused() external {
        (DepartmentStatement memory statement, Signature memory signature) =
            _signedDepartment(CHONGQING, NEW_ISSUER, RegionCode.wrap("500112"));
        registry.registerDepartment(statement, signature);
        vm.expectRevert(
            abi.encodeWithSelector(
                IConsortium.AuthoritySequenceUnexpected.selector,
                CHONGQING,
                statement.sequence + 1,
                statement.sequence
            )
        );
        registry.registerDepartment(statement, signature);
    }

    function testARegionOfAnotherProvinceIsRefused() external {
        (DepartmentStatement memory statement, Signature memory signature) =
            _signedDepartment(CHONGQING, NEW_ISSUER, RegionCode.wrap("510100"));
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.RegionOutsideMember.selector, RegionCode.wrap("510100"), CHONGQING
            )
        );
        registry.registerDepartment(statement, signature);
    }

    function testANationalDepartmentGovernsAnywhere() external {
        _authorityKeys[MINISTRY] = 9;
        _admit(MINISTRY);
        (DepartmentStatement memory statement, Signature memory signature) =
            _signedDepartment(MINISTRY, NEW_ISSUER, RegionCode.wrap("430100"));
        registry.registerDepartment(statement, signature);
    }

    function testMalformedDepartmentsAreRefused() external {
        _expectDepartmentRefused("", NEW_ISSUER, "500000", "name");
        _expectDepartmentRefused(string(new bytes(257)), NEW_ISSUER, "500000", "name");
        _expectDepartmentRefused("name", Uscc.wrap(0), "500000", "issuer");
        _expectDepartmentRefused("name", Uscc.wrap("11430000006122244"), "500000", "issuer");
        _expectDepartmentRefused("name", Uscc.wrap("1143000000612224?L"), "500000", "issuer");
        _expectDepartmentRefused("name", NEW_ISSUER, 0, "region");
        _expectDepartmentRefused("name", NEW_ISSUER, "50", "region");
        _expectDepartmentRefused("name", NEW_ISSUER, "50010A", "region");
    }

    function testAnEndedDepartmentSealsNothing() external {
        uint64 end = uint64(START + 10);
        DepartmentStatement memory statement = DepartmentStatement(
            CHONGQING, ISSUER, RegionCode.wrap("500000"), "name", end, _next(CHONGQING)
        );
        registry.registerDepartment(statement, _sign(1, hasher.digest(statement)));

        _requireSeal(NO_TYPE, end - 1, _sign(SEAL_KEY, DIGEST));
        _expectSealRefused(
            abi.encodeWithSelector(IIssuerRegistry.IssuerEnded.selector, ISSUER, end, end),
            NO_TYPE,
            end,
            _sign(SEAL_KEY, DIGEST)
        );
    }

    // -- seal keys -------------------------------------------------------------------------------

    function testSealKeyIsRecordedUnderItsId() external {
        vm.recordLogs();
        bytes32 keyId = _registerSealKey(CHONGQING, ISSUER, 303);
        _assertOneEntry(
            IIssuerRegistry.SealKeyRegistered.selector,
            CHONGQING,
            MemberId.unwrap(CHONGQING),
            bytes32(Uscc.unwrap(ISSUER))
        );
        vm.assertEq(keyId, _keyId(303));
        (bytes32 x, bytes32 y) = _point(303);
        SealKeyRecord memory expected = SealKeyRecord(
            1, x, y, sha256("signing certificate"), uint64(START), uint64(START + 3650 days), 0
        );
        vm.assertTrue(
            keccak256(abi.encode(registry.sealKey(ISSUER, keyId))) == keccak256(abi.encode(expected))
        );
    }

    function testASealKeyIsRegisteredOnceForADepartment() external {
        (SealKeyStatement memory statement, Signature memory signature) =
            _signedSealKey(CHONGQING, ISSUER, SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.SealKeyExists.selector, ISSUER, _keyId(SEAL_KEY)
            )
        );
        registry.registerSealKey(statement, signature);
    }

    function testMalformedSealKeysAreRefused() external {
        SealKeyStatement memory good;
        (good,) = _signedSealKey(CHONGQING, ISSUER, 303);
        _expectSealKeyRefused(good, 0, abi.encodeWithSelector(IIssuerRegistry.SuiteUnknown.selector, 2));
        _expectSealKeyRefused(
            good,
            1,
            abi.encodeWithSelector(IIssuerRegistry.PublicKeyMalformed.selector, good.x, good.x)
        );
        _expectSealKeyRefused(
            good,
            2,
            abi.encodeWithSelector(
                IIssuerRegistry.FieldMalformed.selector, bytes32("certificateFingerprint")
            )
        );
        _expectSealKeyRefused(
            good,
            3,
            abi.encodeWithSelector(
                IIssuerRegistry.PeriodMalformed.selector, good.validUntil, good.validUntil
            )
        );
        _expectSealKeyRefused(
            good,
            4,
            abi.encodeWithSelector(IIssuerRegistry.PeriodMalformed.selector, 0, uint64(START))
        );
        _expectSealKeyRefused(
            good,
            5,
            abi.encodeWithSelector(
                IIssuerRegistry.PeriodMalformed.selector, good.validFrom, uint64(1 << 40)
            )
        );
    }

    function testASealKeyEndsEarlierNotLaterAndNotInThePast() external {
        vm.warp(START + 100);
        uint64 end = uint64(START + 200);
        vm.recordLogs();
        _endSealKey(end);
        _assertOneEntry(
            IIssuerRegistry.SealKeyEnded.selector,
            CHONGQING,
            MemberId.unwrap(CHONGQING),
            bytes32(Uscc.unwrap(ISSUER))
        );
        vm.assertEq(registry.sealKey(ISSUER, _keyId(SEAL_KEY)).validUntil, end);

        uint64[2] memory refused = [end, uint64(START + 99)];
        for (uint256 i = 0; i < 2; ++i) {
            SealKeyEndStatement memory statement = SealKeyEndStatement(
                CHONGQING, ISSUER, _keyId(SEAL_KEY), refused[i], _next(CHONGQING)
            );
            Signature memory signature = _sign(1, hasher.digest(statement));
            vm.expectRevert(
                abi.encodeWithSelector(
                    IIssuerRegistry.PeriodMalformed.selector, uint64(START + 100), refused[i]
                )
            );
            registry.endSealKey(statement, signature);
        }
    }

    function testTheNewestCompromiseDateCounts() external {
        vm.warp(START + 100);
        vm.recordLogs();
        _declareCompromise(CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START + 50));
        _assertOneEntry(
            IIssuerRegistry.SealKeyCompromised.selector,
            CHONGQING,
            MemberId.unwrap(CHONGQING),
            bytes32(Uscc.unwrap(ISSUER))
        );
        _declareCompromise(CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START + 20));
        vm.assertEq(registry.sealKey(ISSUER, _keyId(SEAL_KEY)).compromisedSince, START + 20);
    }

    /// The others admit the member anew, with the authority key of whoever looks after its
    /// departments: by votes alone, and though the member itself has gone or is hostile.
    function testTheOthersHaveACompromiseDeclaredForAMemberThatLeft() external {
        _remove(CHONGQING);
        CompromiseStatement memory statement = CompromiseStatement(
            CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START), _next(CHONGQING)
        );
        Signature memory signature = _sign(1, hasher.digestOfCompromise(statement));
        vm.expectRevert(abi.encodeWithSelector(IConsortium.MemberUnknown.selector, CHONGQING));
        registry.declareCompromise(statement, signature);

        _authorityKeys[CHONGQING] = 99;
        _admit(CHONGQING);
        _declareCompromise(CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START));
        _remove(CHONGQING);
        vm.assertEq(registry.sealKey(ISSUER, _keyId(SEAL_KEY)).compromisedSince, START);
        _expectSealRefused(
            abi.encodeWithSelector(
                IIssuerRegistry.SealKeyIsCompromised.selector, ISSUER, _keyId(SEAL_KEY), START
            ),
            NO_TYPE,
            uint64(START),
            _sign(SEAL_KEY, DIGEST)
        );
    }

    function testACompromiseInTheFutureIsRefused() external {
        CompromiseStatement memory statement = CompromiseStatement(
            CHONGQING, ISSUER, _keyId(SEAL_KEY), uint64(START + 1), _next(CHONGQING)
        );
        Signature memory signature = _sign(1, hasher.digestOfCompromise(statement));
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.CompromiseInFuture.selector, uint64(START + 1), uint64(START)
            )
        );
        registry.declareCompromise(statement, signature);
    }

    // -- mandates --------------------------------------------------------------------------------

    function testMandatesOfEveryTimeStayAnswerable() external {
        uint64 t = uint64(START);
        vm.warp(t + 100);
        vm.recordLogs();
        _changeMandate(CHONGQING, ISSUER, W012, t + 150, t + 500);
        _assertOneEntry(
            IIssuerRegistry.MandateChanged.selector,
            CHONGQING,
            MemberId.unwrap(CHONGQING),
            bytes32(Uscc.unwrap(ISSUER))
        );
        vm.warp(t + 200);
        _changeMandate(CHONGQING, ISSUER, W012, t + 150, t + 200); // ended
        vm.warp(t + 300);
        _changeMandate(CHONGQING, ISSUER, W012, t, NO_END); // and given again, backwards
        vm.warp(t + 1 days);

        vm.assertFalse(registry.isMandatedAt(ISSUER, W012, t + 99));
        vm.assertFalse(registry.isMandatedAt(ISSUER, W012, t + 149));
        vm.assertTrue(registry.isMandatedAt(ISSUER, W012, t + 150));
        vm.assertTrue(registry.isMandatedAt(ISSUER, W012, t + 199));
        vm.assertFalse(registry.isMandatedAt(ISSUER, W012, t + 200));
        vm.assertFalse(registry.isMandatedAt(ISSUER, W012, t + 299));
        vm.assertTrue(registry.isMandatedAt(ISSUER, W012, t + 300));
        vm.assertEq(registry.mandateAt(ISSUER, W012, t + 250).validUntil, t + 200);
        vm.assertEq(registry.mandateAt(ISSUER, W012, t + 250).recordedAt, t + 200);
        vm.assertEq(registry.mandateAt(ISSUER, W012, t + 99).recordedAt, 0);
    }

    struct Change {
        uint16 gap; // seconds since the change before
        uint16 from;
        uint16 length;
    }

    function testFuzz_LaterMandatesNeverChangeEarlierAnswers(Change[6] calldata changes) external {
        uint64[6] memory times;
        MandateRecord[6] memory answers;
        for (uint256 i = 0; i < 6; ++i) {
            vm.warp(block.timestamp + 1 + changes[i].gap);
            uint64 from = uint64(START) + changes[i].from;
            _changeMandate(CHONGQING, ISSUER, W012, from, from + changes[i].length);
            times[i] = uint64(block.timestamp);
            answers[i] = registry.mandateAt(ISSUER, W012, times[i]);
            vm.assertEq(answers[i].validFrom, from);
            vm.assertEq(answers[i].validUntil, from + changes[i].length);
        }
        for (uint256 i = 0; i < 6; ++i) {
            uint64 last = i == 5 ? times[i] + 1000 : times[i + 1] - 1;
            _assertSame(registry.mandateAt(ISSUER, W012, times[i]), answers[i]);
            _assertSame(registry.mandateAt(ISSUER, W012, last), answers[i]);
        }
    }

    function testATimeBeyondAnyClockIsNotTakenForAnEarlierOne() external view {
        // 2^48 + START has the same low 48 bits as START.
        uint64 far = (1 << 48) + uint64(START) - 1;
        vm.assertEq(registry.mandateAt(ISSUER, W011, far).recordedAt, START);
        vm.assertFalse(registry.isMandatedAt(ISSUER, W011, far));
        vm.assertTrue(consortium.wasMemberAt(CHONGQING, far));
    }

    function testMandatesThatEndBeforeTheyBeginAreRefused() external {
        (MandateStatement memory statement, Signature memory signature) =
            _signedMandate(CHONGQING, ISSUER, W012, uint64(START + 2), uint64(START + 1));
        vm.expectPartialRevert(IIssuerRegistry.PeriodMalformed.selector);
        registry.changeMandate(statement, signature);
        (statement, signature) = _signedMandate(CHONGQING, ISSUER, NO_TYPE, uint64(START), NO_END);
        vm.expectRevert(
            abi.encodeWithSelector(
                IIssuerRegistry.FieldMalformed.selector, bytes32("certificateType")
            )
        );
        registry.changeMandate(statement, signature);
    }

    // -- the check of a seal ---------------------------------------------------------------------

    function testASealOfAMandatedDepartmentHolds() external view {
        MemberId member = _requireSeal(W011, uint64(START), _sign(SEAL_KEY, DIGEST));
        vm.assertEq(MemberId.unwrap(member), MemberId.unwrap(CHONGQING));
    }

    function testSealsThatDoNotHoldAreRefused() external {
        uint64 t = uint64(START);
        Signature memory good = _sign(SEAL_KEY, DIGEST);
        bytes memory invalid = abi.encodeWithSelector(
            IIssuerRegistry.SealInvalid.selector, ISSUER, _keyId(SEAL_KEY), DIGEST
        );
        _expectSealRefused(invalid, W011, t, _sign(OTHER_SEAL_KEY, DIGEST));
        _expectSealRefused(invalid, W011, t, _sign(SEAL_KEY, "another digest"));
        _expectSealRefused(invalid, W011, t, _high(good));
        _expectSealRefused(invalid, W011, t, Signature(1, good.s, good.r));
        _expectSealRefused(invalid, W011, t, Signature(1, 0, 0));
        _expectSealRefused(
            abi.encodeWithSelector(IIssuerRegistry.SuiteUnknown.selector, 2),
            W011,
            t,
            Signature(2, good.r, good.s)
        );
        _expectSealRefused(
            abi.encodeWithSelector(IIssuerRegistry.IssuerNotMandated.selector, ISSUER, W012, t),
            W012,
            t,
            good
        );
    }

    function testASealOutsideTheTimesOfItsKeyIsRefused() external {
        uint64[2] memory times = [uint64(START - 1), uint64(START + 3650 days)];
        for (uint256 i = 0; i < 2; ++i) {
            _expectSealRefused(
                abi.encodeWithSelector(
                    IIssuerRegistry.SealKeyOutOfTime.selector,
                    ISSUER,
                    _keyId(SEAL_KEY),
                    uint64(START),
                    uint64(START + 3650 days),
                    times[i]
                ),
                NO_TYPE,
                times[i],
                _sign(SEAL_KEY, DIGEST)
            );
        }
    }

    function testASealFromTheCompromiseOnIsRefused() external {
        vm.warp(START + 100);
        uint64 since = uint64(START + 50);
        _declareCompromise(CHONGQING, ISSUER, _keyId(SEAL_KEY), since);
        _requireSeal(W011, since - 1, _sign(SEAL_KEY, DIGEST));
        _expectSealRefused(
            abi.encodeWithSelector(
                IIssuerRegistry.SealKeyIsCompromised.selector, ISSUER, _keyId(SEAL_KEY), since
            ),
            W011,
            since,
            _sign(SEAL_KEY, DIGEST)
        );
    }

    function testAKeyOfAnotherDepartmentSealsNothing() external {
        Signature memory seal = _sign(OTHER_SEAL_KEY, DIGEST);
        bytes32 keyId = _keyId(OTHER_SEAL_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(IIssuerRegistry.SealKeyUnknown.selector, ISSUER, keyId)
        );
        registry.requireSeal(ISSUER, keyId, W011, uint64(START), DIGEST, seal);
        vm.expectRevert(abi.encodeWithSelector(IIssuerRegistry.IssuerUnknown.selector, NEW_ISSUER));
        registry.requireSeal(NEW_ISSUER, keyId, W011, uint64(START), DIGEST, seal);
    }

    // -- attestations ----------------------------------------------------------------------------

    function testAnyoneMayAttestWhatIsRecordedAndNothingElse() external {
        bytes32 subject = bytes32(Uscc.unwrap(ISSUER));
        vm.recordLogs();
        vm.prank(address(0x5747));
        registry.attestDepartment(ISSUER);
        _assertOneEntry(IIssuerRegistry.DepartmentAttested.selector, CHONGQING, 0, subject);
        vm.recordLogs();
        registry.attestSealKey(ISSUER, _keyId(SEAL_KEY));
        _assertOneEntry(IIssuerRegistry.SealKeyAttested.selector, CHONGQING, 0, subject);
        vm.recordLogs();
        registry.attestMandate(ISSUER, W011);
        _assertOneEntry(IIssuerRegistry.MandateAttested.selector, CHONGQING, 0, subject);

        vm.expectPartialRevert(IIssuerRegistry.IssuerUnknown.selector);
        registry.attestDepartment(NEW_ISSUER);
        vm.expectPartialRevert(IIssuerRegistry.SealKeyUnknown.selector);
        registry.attestSealKey(ISSUER, "no key");
        vm.expectPartialRevert(IIssuerRegistry.IssuerUnknown.selector);
        registry.attestMandate(NEW_ISSUER, W011);
    }

    // -- shorthand -------------------------------------------------------------------------------

    function _requireSeal(CertificateType certificateType, uint64 atUnix, Signature memory seal)
        private
        view
        returns (MemberId)
    {
        return registry.requireSeal(ISSUER, _keyId(SEAL_KEY), certificateType, atUnix, DIGEST, seal);
    }

    function _expectSealRefused(
        bytes memory refusal,
        CertificateType certificateType,
        uint64 atUnix,
        Signature memory seal
    ) private {
        bytes32 keyId = _keyId(SEAL_KEY);
        vm.expectRevert(refusal);
        registry.requireSeal(ISSUER, keyId, certificateType, atUnix, DIGEST, seal);
    }

    function _expectDepartmentRefused(string memory name, Uscc issuer, bytes6 region, bytes32 field)
        private
    {
        DepartmentStatement memory statement = DepartmentStatement(
            CHONGQING, issuer, RegionCode.wrap(region), name, NO_END, _next(CHONGQING)
        );
        Signature memory signature = _sign(1, hasher.digest(statement));
        vm.expectRevert(abi.encodeWithSelector(IIssuerRegistry.FieldMalformed.selector, field));
        registry.registerDepartment(statement, signature);
    }

    function _expectSealKeyRefused(SealKeyStatement memory good, uint256 what, bytes memory refusal)
        private
    {
        SealKeyStatement memory bad = abi.decode(abi.encode(good), (SealKeyStatement));
        if (what == 0) bad.suite = 2;
        if (what == 1) bad.y = bad.x;
        if (what == 2) bad.certificateFingerprint = 0;
        if (what == 3) bad.validFrom = bad.validUntil;
        if (what == 4) (bad.validFrom, bad.validUntil) = (0, uint64(START));
        if (what == 5) bad.validUntil = 1 << 40;
        Signature memory signature = _sign(1, hasher.digest(bad));
        vm.expectRevert(refusal);
        registry.registerSealKey(bad, signature);
    }

    function _endSealKey(uint64 until) private {
        SealKeyEndStatement memory statement =
            SealKeyEndStatement(CHONGQING, ISSUER, _keyId(SEAL_KEY), until, _next(CHONGQING));
        registry.endSealKey(statement, _sign(1, hasher.digest(statement)));
    }

    function _assertSame(MandateRecord memory left, MandateRecord memory right) private pure {
        vm.assertEq(left.validFrom, right.validFrom);
        vm.assertEq(left.validUntil, right.validUntil);
        vm.assertEq(left.recordedAt, right.recordedAt);
    }
}
