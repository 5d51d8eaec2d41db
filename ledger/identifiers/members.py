"""Members of the consortium: a province, or a national department."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ledger.errors import MalformedInputError
from ledger.identifiers.organisations import Uscc
from ledger.identifiers.regions import RegionCode
from ledger.identifiers.text import pad_ascii, shown, unpad_ascii

_FIELD = "member_id"
_WIDTH = 18
_REGION_LENGTH = 6


@dataclass(frozen=True, slots=True)
class MemberId:
    """A province by region code, or a national department by USCC. Chain width: bytes18."""

    value: RegionCode | Uscc

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a province's six digits or a department's 18 characters.

        >>> MemberId.parse("500000").to_chain()
        b'500000\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'

        Raises:
            MalformedInputError: neither shape, or a region below the province.
        """
        if len(text) == _WIDTH:
            return cls(Uscc.parse(text))
        if len(text) != _REGION_LENGTH:
            raise MalformedInputError(
                f"{_FIELD}: expected a province's 6 digits or a national department's "
                f"18-character USCC, got {shown(text)}",
                field=_FIELD,
            )
        return cls._of_province(RegionCode.parse(text))

    @classmethod
    def from_chain(cls, value: bytes) -> Self:
        """Read 18 zero-padded ASCII bytes: as `parse`, but any province (see `regions`)."""
        text = unpad_ascii(value, _WIDTH, _FIELD)
        if len(text) != _REGION_LENGTH:
            return cls.parse(text)
        return cls._of_province(RegionCode.from_chain(value[:_REGION_LENGTH]))

    @classmethod
    def _of_province(cls, region: RegionCode) -> Self:
        if not region.is_province:
            raise MalformedInputError(
                f"{_FIELD}: expected a province (NN0000), got {shown(region.code)}", field=_FIELD
            )
        return cls(region)

    def to_chain(self) -> bytes:
        """18 bytes: ASCII, zero-padded."""
        return pad_ascii(str(self.value), _WIDTH)

    @property
    def is_province(self) -> bool:
        """Whether the member is a province rather than a national department."""
        return isinstance(self.value, RegionCode)

    def __str__(self) -> str:
        return str(self.value)
