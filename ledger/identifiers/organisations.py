"""Organisations by their unified social credit code (统一社会信用代码, GB 32100-2015).

18 characters of 0-9A-HJ-NP-RTUWXY: registering authority and kind (2), region of registration
(6 digits), organisation code (9), check (1). The region is not looked up: codes of abolished
regions stay in use. Nor is the organisation code's own check character inside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from stdnum.cn import uscc

from ledger.errors import MalformedInputError
from ledger.identifiers.check_characters import WrongCheckCharacterError
from ledger.identifiers.text import pad_ascii, shown, unpad_ascii

_FIELD = "uscc"
_SHAPE = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}", re.ASCII)
_WIDTH = 18


def _require_shape(text: str) -> None:
    if not _SHAPE.fullmatch(text):
        raise MalformedInputError(
            f"{_FIELD}: expected 18 characters of 0-9A-HJ-NP-RTUWXY, the third to eighth digits "
            f"(GB 32100), got {shown(text)}",
            field=_FIELD,
        )


@dataclass(frozen=True, slots=True, order=True)
class Uscc:
    """An organisation, such as 11100000000013338W (the housing ministry). Chain width: bytes18."""

    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 18 characters whose last agrees with the others.

        >>> str(Uscc.parse("11100000000013338W"))
        '11100000000013338W'

        Raises:
            MalformedInputError: another length or alphabet (there is no I, O, S, V or Z).
            WrongCheckCharacterError: the last character is not the one the others imply.
        """
        _require_shape(text)
        expected = uscc.calc_check_digit(text[:-1])
        if text[-1] != expected:
            raise WrongCheckCharacterError(
                f"{_FIELD}: expected check character {expected}, got {text[-1]} in {text}",
                expected=expected,
                field=_FIELD,
            )
        return cls(text)

    @classmethod
    def build(cls, first_17: str) -> Self:
        """Append the check character to the 17 characters before it.

        Raises:
            MalformedInputError: another length or alphabet.
        """
        _require_shape(first_17 + "0")
        return cls(first_17 + uscc.calc_check_digit(first_17))

    @classmethod
    def from_chain(cls, value: bytes) -> Self:
        """Read 18 ASCII bytes. Raises MalformedInputError as `parse` does."""
        return cls.parse(unpad_ascii(value, _WIDTH, _FIELD))

    def to_chain(self) -> bytes:
        """18 ASCII bytes."""
        return pad_ascii(self.code, _WIDTH)

    def __str__(self) -> str:
        return self.code
