"""The names of things: regions, organisations, members, certificates, service matters, people.

Each is a frozen value, made from text by `parse` and only there checked; past the boundary nothing
is unparsed. `str()` gives back the exact text. Those that also live on the chain have
`to_chain`/`from_chain`: ASCII, left-aligned, zero-padded to the width of their Solidity type.

`parse` is strict: full-width digits, lower case or blanks around are refused. Tidying up what a
person typed is the business of whoever reads it (see `ledger.actions.issuance`).
"""

from __future__ import annotations

from ledger.identifiers.certificates import (
    CERTIFICATE_ROOT,
    CertificateId,
    CertificateType,
    parse_issuer_field,
)
from ledger.identifiers.check_characters import WrongCheckCharacterError
from ledger.identifiers.members import MemberId
from ledger.identifiers.organisations import Uscc
from ledger.identifiers.parties import PartyId
from ledger.identifiers.people import IdentityNumber
from ledger.identifiers.regions import RegionCode, register_province, register_provinces
from ledger.identifiers.service_items import ItemCode

__all__ = [
    "CERTIFICATE_ROOT",
    "CertificateId",
    "CertificateType",
    "IdentityNumber",
    "ItemCode",
    "MemberId",
    "PartyId",
    "RegionCode",
    "Uscc",
    "WrongCheckCharacterError",
    "parse_issuer_field",
    "register_province",
    "register_provinces",
]
