"""Check characters: ISO/IEC 7064 MOD 37,36 as GB/T 36904 uses it, and the variant met in the field.

MOD 37,36 is computed from a table of 36 states by 128 bytes, so that a long common prefix (type
and issuer of all certificates of a file) is walked once and its state kept. A state is the
recursion value of ISO/IEC 7064:2003 section 9 after doubling, 1 to 36, scaled by the row width. A
character outside the alphabet leads to state 0, which nothing leaves: the walk is also the check
that a text consists of 0-9 and A-Z.

The deviant variant is what some provincial platforms write (identifiers of theirs are public): a
letter counts one too high unless the sum wraps past 37, which undoes it, and the check value is
written one character too low. It is recognised when reading and never generated.
"""

from __future__ import annotations

from ledger.errors import MalformedInputError

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MODULUS = 36
_ROW = 128
START_STATE = _MODULUS * _ROW


class WrongCheckCharacterError(MalformedInputError):
    """Everything has the right shape, but the check character contradicts the rest.

    Args:
        message: what was expected and what came.
        expected: the check character that the other characters imply.
        field: the kind of identifier.
    """

    default_code = "wrong_check_character"

    def __init__(self, message: str, *, expected: str, field: str) -> None:
        super().__init__(message, field=field)
        self.expected = expected


def _compute_next(state: int, value: int, *, is_deviant: bool) -> int:
    total = state + value
    if is_deviant and value > 9 and total <= _MODULUS:
        total += 1
    return (total % _MODULUS or _MODULUS) * 2 % (_MODULUS + 1)


def _build_table(*, is_deviant: bool) -> tuple[int, ...]:
    table = [0] * (_ROW * (_MODULUS + 1))
    for state in range(1, _MODULUS + 1):
        for value, character in enumerate(ALPHABET):
            following = _compute_next(state, value, is_deviant=is_deviant)
            table[state * _ROW + ord(character)] = following * _ROW
    return tuple(table)


_ISO_TABLE = _build_table(is_deviant=False)
_DEVIANT_TABLE = _build_table(is_deviant=True)


def advance_iso(state: int, text: str) -> int:
    """Walk on from `state` over an ASCII `text`; 0 if it has other characters than 0-9 and A-Z."""
    table = _ISO_TABLE
    for byte in text.encode("ascii"):
        state = table[state + byte]
    return state


def advance_deviant(state: int, text: str) -> int:
    """As `advance_iso`, by the deviant rule."""
    table = _DEVIANT_TABLE
    for byte in text.encode("ascii"):
        state = table[state + byte]
    return state


def iso_character(state: int) -> str:
    """The check character that completes a text whose walk ended in `state`.

    >>> iso_character(advance_iso(START_STATE, "A12425GABC1234002"))
    'M'
    """
    return ALPHABET[(1 - state // _ROW) % _MODULUS]


def deviant_character(state: int) -> str:
    """The character the deviant rule writes after a walk that ended in `state`."""
    return ALPHABET[_MODULUS - state // _ROW]
