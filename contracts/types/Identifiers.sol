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

/// Service matter (GB/T 39554.1), 31 characters: its department's code and 13 characters.
type ItemCode is bytes31;

// A side of a recognition: a region of any level ("510100"), a national department, or a group of
// such by its name ("@CHUANYU").
type PartyId is bytes18;

using {isSameMember as ==, isOtherMember as !=, isMember} for MemberId global;
using {departmentOf, isItem} for ItemCode global;
using {definerOf, isType} for CertificateType global;
using {isGroup, isSameParty as ==, memberOf} for PartyId global;
using {isRegion} for RegionCode global;
using {isSameUscc as ==, isOtherUscc as !=, isUscc} for Uscc global;

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

/// Whether it has the form of a province's code, or that of a unified social credit code.
function isMember(MemberId id) pure returns (bool) {
    bytes18 text = MemberId.unwrap(id);
    bool endsAsProvince = bytes4(text << 16) == "0000";
    return (endsAsProvince && isText(text, 6, false)) || isText(text, 18, true);
}

/// Whether it has the form of a region's code.
function isRegion(RegionCode code) pure returns (bool) {
    return isText(bytes18(RegionCode.unwrap(code)), 6, false);
}

/// Whether it has the form of a unified social credit code; its check character is not checked.
function isUscc(Uscc code) pure returns (bool) {
    return isText(Uscc.unwrap(code), 18, true);
}

function isSameParty(PartyId a, PartyId b) pure returns (bool) {
    return PartyId.unwrap(a) == PartyId.unwrap(b);
}

/// Whether it has the form of a group's name: the at sign, then 1 to 17 capital letters, digits or hyphens.
function isGroup(PartyId id) pure returns (bool) {
    bytes18 text = PartyId.unwrap(id);
    if (text[0] != "@" || text[1] == 0) return false;
    bool hasEnded = false;
    for (uint256 i = 1; i < 18; ++i) {
        bytes1 c = text[i];
        bool isPart = (c >= "0" && c <= "9") || (c >= "A" && c <= "Z") || c == "-";
        if (hasEnded ? c != 0 : !(isPart || c == 0)) return false;
        hasEnded = c == 0;
    }
    return true;
}

/// The member that speaks for a region or national department; 0 where the form is neither.
function memberOf(PartyId id) pure returns (MemberId) {
    bytes18 text = PartyId.unwrap(id);
    if (isText(text, 6, false)) return MemberId.wrap(bytes18(bytes2(text)) | (bytes18("0000") >> 16));
    return MemberId.wrap(isText(text, 18, true) ? text : bytes18(0));
}

/// The department whose matter it is: the first 18 characters.
function departmentOf(ItemCode code) pure returns (Uscc) {
    return Uscc.wrap(bytes18(ItemCode.unwrap(code)));
}

/// Whether it is a unified social credit code and 13 digits.
function isItem(ItemCode code) pure returns (bool) {
    return code.departmentOf().isUscc() && isText(bytes18(ItemCode.unwrap(code) << 144), 13, false);
}

/// The authority that defines the type: the first 18 characters.
function definerOf(CertificateType code) pure returns (Uscc) {
    return Uscc.wrap(bytes18(CertificateType.unwrap(code)));
}

/// Whether it is a unified social credit code and three digits.
function isType(CertificateType code) pure returns (bool) {
    return code.definerOf().isUscc() && isText(bytes18(CertificateType.unwrap(code) << 144), 3, false);
}

/// Whether it is `length` digits (or capital letters, where there may be any) and zero bytes.
function isText(bytes18 text, uint256 length, bool mayHaveLetters) pure returns (bool) {
    for (uint256 i = 0; i < 18; ++i) {
        bytes1 c = text[i];
        bool isDigit = c >= "0" && c <= "9";
        bool isLetter = mayHaveLetters && c >= "A" && c <= "Z";
        if (i < length ? !(isDigit || isLetter) : c != 0) return false;
    }
    return true;
}
