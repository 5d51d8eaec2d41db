// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Identifiers of the field, as ASCII text left-aligned in fixed bytes, zero bytes after it.

/// A member of the consortium: a province by its GB/T 2260 code ("500000") or a national
/// department by its unified social credit code.
type MemberId is bytes18;

/// Unified social credit code (GB 32100), 18 characters: names an issuing department.
type Uscc is bytes18;

/// Administrative division (GB/T 2260), 6 digits.
type RegionCode is bytes6;

/// Certificate type (GB/T 36904): code of the defining authority and three digits, 21 characters.
type CertificateType is bytes21;

using {isSameMember as ==, isOtherMember as !=} for MemberId global;
using {isSameUscc as ==, isOtherUscc as !=} for Uscc global;

function isSameMember(MemberId a, MemberId b) pure returns (bool) {
    return MemberId.unwrap(a) == MemberId.unwrap(b);
}

function isOtherMember(MemberId a, MemberId b) pure returns (bool) {
    return MemberId.unwrap(a) != MemberId.unwrap(b);
}

function isSameUscc(Uscc a, Uscc b) pure returns (bool) {
    return Uscc.unwrap(a) == Uscc.unwrap(b);
}

function isOtherUscc(Uscc a, Uscc b) pure returns (bool) {
    return Uscc.unwrap(a) != Uscc.unwrap(b);
}
