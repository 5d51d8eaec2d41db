"""Service matters (政务服务事项) by GB/T 39554.1-2020: 31 characters that begin with a USCC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ledger.errors import MalformedInputError
from ledger.identifiers.organisations import Uscc
from ledger.identifiers.text import pad_ascii, shown, unpad_ascii

_FIELD = "item_code"
_SHAPE = re.compile(r"[0-9A-Z]{18}[0-9]{13}", re.ASCII)
_WIDTH = 31


@dataclass(frozen=True, slots=True, order=True)
class ItemCode:
    """An item of a department, such as 11370800MB285591843370117002011. Chain width: bytes31."""

    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 18 characters of a USCC, which is checked, and 13 digits.

        >>> str(ItemCode.parse("11370800MB285591843370117002011").department)
        '11370800MB28559184'

        Raises:
            MalformedInputError: another shape, or the department's USCC is malformed.
        """
        if not _SHAPE.fullmatch(text):
            raise MalformedInputError(
                f"{_FIELD}: expected an 18-character USCC and 13 digits (GB/T 39554.1), "
                f"got {shown(text)}",
                field=_FIELD,
            )
        Uscc.parse(text[:18])
        return cls(text)

    @classmethod
    def from_chain(cls, value: bytes) -> Self:
        """Read 31 ASCII bytes. Raises MalformedInputError as `parse` does."""
        return cls.parse(unpad_ascii(value, _WIDTH, _FIELD))

    def to_chain(self) -> bytes:
        """31 ASCII bytes."""
        return pad_ascii(self.code, _WIDTH)

    @property
    def department(self) -> Uscc:
        """The department in charge."""
        return Uscc(self.code[:18])

    def __str__(self) -> str:
        return self.code
