"""Sides of a recognition: regions, national departments, and groups of these."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ledger.errors import MalformedInputError
from ledger.identifiers.members import MemberId
from ledger.identifiers.organisations import Uscc
from ledger.identifiers.regions import RegionCode
from ledger.identifiers.text import pad_ascii, shown, unpad_ascii

_FIELD = "party_id"
_WIDTH = 18
_REGION_LENGTH = 6
_GROUP = re.compile(r"@[0-9A-Z-]{1,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PartyId:
    """A region of any level, a national department, or a group by its name. Chain width: bytes18.

    Attributes:
        value: a group is its name, "@" included.
    """

    value: RegionCode | Uscc | str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a region's six digits, a department's 18 characters or a group's "@NAME".

        >>> PartyId.parse("510100").member
        MemberId(value=RegionCode(code='510000'))
        >>> PartyId.parse("@CHUANYU").is_group
        True

        Raises:
            MalformedInputError: none of these shapes.
        """
        if text.startswith("@"):
            return cls(_parse_group(text))
        if len(text) == _REGION_LENGTH:
            return cls(RegionCode.parse(text))
        if len(text) == _WIDTH:
            return cls(Uscc.parse(text))
        raise MalformedInputError(
            f"{_FIELD}: expected a region's 6 digits, a national department's 18-character USCC or "
            f"a group (@ and 1 to 17 of A-Z, 0-9, -), got {shown(text)}",
            field=_FIELD,
        )

    @classmethod
    def from_chain(cls, value: bytes) -> Self:
        """Read 18 zero-padded ASCII bytes: as `parse`, but any province (see `regions`)."""
        text = unpad_ascii(value, _WIDTH, _FIELD)
        if len(text) == _REGION_LENGTH and not text.startswith("@"):
            return cls(RegionCode.from_chain(value[:_REGION_LENGTH]))
        return cls.parse(text)

    def to_chain(self) -> bytes:
        """18 bytes: ASCII, zero-padded."""
        return pad_ascii(str(self.value), _WIDTH)

    @property
    def is_group(self) -> bool:
        """Whether this is a group rather than a region or department."""
        return isinstance(self.value, str)

    @property
    def member(self) -> MemberId | None:
        """The member that speaks for it; None for a group, for which each of its parties' does."""
        if isinstance(self.value, RegionCode):
            return MemberId(self.value.province)
        return MemberId(self.value) if isinstance(self.value, Uscc) else None

    def __str__(self) -> str:
        return str(self.value)


def _parse_group(text: str) -> str:
    if not _GROUP.fullmatch(text):
        raise MalformedInputError(
            f"{_FIELD}: expected a group: @ and 1 to 17 of A-Z, 0-9, -; got {shown(text)}",
            field=_FIELD,
        )
    return text
