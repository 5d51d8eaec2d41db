"""Why a certificate's status changes, in the codes of its type.

Codes differ by type, so they stand in the type's schema file (`x-zhenglian.statusCodes`). The chain
keeps a code's number as the reason of a status change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.errors import MalformedInputError

ACTS = frozenset({"suspend", "restore", "revoke", "supersede"})
_MAX_NUMBER = 0xFFFF


@dataclass(frozen=True, slots=True)
class StatusCode:
    """One code, such as 02 暂扣, with the acts that may give it as their reason."""

    code: str
    name_zh: str
    name_en: str
    acts: frozenset[str]

    @property
    def number(self) -> int:
        """The code as the chain keeps it."""
        return int(self.code)


def read_status_codes(entries: Iterable[Mapping[str, object]]) -> tuple[StatusCode, ...]:
    """The codes of a schema file's `statusCodes`.

    Raises:
        KeyError, TypeError, ValueError: an entry is not of that form, or a code stands twice.
    """
    codes = tuple(_read_one(entry) for entry in entries)
    if len({code.number for code in codes}) != len(codes):
        raise ValueError("a status code stands twice")
    return codes


def find_status_code(codes: Iterable[StatusCode], act: str, text: str) -> StatusCode:
    """The code that a person names for an act, by code, number or Chinese name.

    >>> codes = [StatusCode("02", "暂扣", "withheld", frozenset({"suspend"}))]
    >>> find_status_code(codes, "suspend", "2").code
    '02'

    Raises:
        MalformedInputError: no code that this act may give; the message lists those.
    """
    allowed = [code for code in codes if act in code.acts]
    for code in allowed:
        if text in (code.code, str(code.number), code.name_zh):
            return code
    listed = ", ".join(f"{code.code} {code.name_zh}" for code in allowed)
    raise MalformedInputError(
        f"reason: expected one of {listed} to {act}, got {text!r}", field="reason"
    )


def _read_one(entry: Mapping[str, object]) -> StatusCode:
    code, acts = entry["code"], entry["acts"]
    if not isinstance(code, str) or not isinstance(acts, list):
        raise TypeError("a status code is a text with a list of acts")
    if not (code.isascii() and code.isdecimal() and 0 < int(code) <= _MAX_NUMBER):
        raise ValueError(f"status code {code!r} is no number from 1 to {_MAX_NUMBER}")
    if not acts or not ACTS.issuperset(acts):
        raise ValueError(f"status code {code} has acts {acts}, not some of {sorted(ACTS)}")
    return StatusCode(code, str(entry["zh"]), str(entry["en"]), frozenset(acts))
