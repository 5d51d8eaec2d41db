"""Citizens by their identity number (公民身份号码, GB 11643-1999).

This is personal data: it never goes on a chain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Self

from stdnum.cn import ric

from ledger.errors import MalformedInputError
from ledger.identifiers.check_characters import WrongCheckCharacterError

_FIELD = "identity_number"
_SHAPE = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)


@lru_cache(maxsize=1 << 16)
def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, repr=False)
class IdentityNumber:
    """18 characters: region (6), birth date (8), sequence (3), check (1).

    The region is not looked up, since codes of every year since 1980 are in use, those of
    residence permits included. Neither `repr` nor an error message shows the number; `str` does.
    """

    number: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 17 digits and a check character 0-9 or X.

        Raises:
            MalformedInputError: another shape, or no such birth date.
            WrongCheckCharacterError: the last character is not the one the others imply.
        """
        if not _SHAPE.fullmatch(text):
            raise MalformedInputError(
                f"{_FIELD}: expected 17 digits and a check character 0-9 or X (GB 11643), "
                f"got {len(text)} characters",
                field=_FIELD,
            )
        if not _is_date(text[6:14]):
            raise MalformedInputError(
                f"{_FIELD}: expected a birth date in characters 7 to 14, got no date of the "
                "calendar",
                code="wrong_birth_date",
                field=_FIELD,
            )
        expected = ric.calc_check_digit(text)
        if text[-1] != expected:
            raise WrongCheckCharacterError(
                f"{_FIELD}: expected check character {expected}, got {text[-1]}",
                expected=expected,
                field=_FIELD,
            )
        return cls(text)

    @property
    def birth_date(self) -> date:
        """Date of birth."""
        return date(int(self.number[6:10]), int(self.number[10:12]), int(self.number[12:14]))

    @property
    def is_female(self) -> bool:
        """Whether the sequence number is even, which GB 11643 gives to women."""
        return int(self.number[16]) % 2 == 0

    def __str__(self) -> str:
        return self.number

    def __repr__(self) -> str:
        return f"IdentityNumber('{self.number[0]}{'*' * 16}{self.number[-1]}')"
