"""Certificate types and certificates by GB/T 36904-2018.

`1.2.156.3005.2.<type 21>.<issuer 18 or 6>.<serial>.<version 3>.<check 1>`. The check character is
ISO/IEC 7064 MOD 37,36 over the four middle fields, written without their dots.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from ledger.errors import MalformedInputError
from ledger.identifiers import check_characters
from ledger.identifiers.check_characters import WrongCheckCharacterError
from ledger.identifiers.organisations import Uscc
from ledger.identifiers.regions import RegionCode
from ledger.identifiers.text import pad_ascii, shown, unpad_ascii

CERTIFICATE_ROOT = "1.2.156.3005.2"

_TYPE_FIELD = "certificate_type"
_TYPE_SHAPE = re.compile(r"[0-9A-Z]{18}[0-9]{3}", re.ASCII)
_TYPE_WIDTH = 21
_REGION_LENGTH = 6

_ID_FIELD = "certificate_id"
_ID_HEAD = re.compile(
    re.escape(CERTIFICATE_ROOT) + r"\.([0-9A-Z]{21})\.([0-9A-Z]{18}|[0-9]{6})", re.ASCII
)
_SERIAL_LENGTHS = range(1, 65)
_VERSION_LENGTH = 3


@dataclass(frozen=True, slots=True, order=True)
class CertificateType:
    """A type: USCC of the authority that defined it and three digits. Chain width: bytes21."""

    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 21 characters; the USCC in front is checked.

        >>> str(CertificateType.parse("11100000000013338W011").authority)
        '11100000000013338W'

        Raises:
            MalformedInputError: another shape, or the authority's USCC is malformed.
        """
        if not _TYPE_SHAPE.fullmatch(text):
            raise MalformedInputError(
                f"{_TYPE_FIELD}: expected an 18-character USCC and 3 digits (GB/T 36904), "
                f"got {shown(text)}",
                field=_TYPE_FIELD,
            )
        Uscc.parse(text[:18])
        return cls(text)

    @classmethod
    def from_chain(cls, value: bytes) -> Self:
        """Read 21 ASCII bytes. Raises MalformedInputError as `parse` does."""
        return cls.parse(unpad_ascii(value, _TYPE_WIDTH, _TYPE_FIELD))

    def to_chain(self) -> bytes:
        """21 ASCII bytes."""
        return pad_ascii(self.code, _TYPE_WIDTH)

    @property
    def authority(self) -> Uscc:
        """The authority that defined the type."""
        return Uscc(self.code[:18])

    def __str__(self) -> str:
        return self.code


def parse_issuer_field(text: str) -> Uscc | RegionCode:
    """Read the issuer field of an identifier: a USCC, or in the field sometimes an area code."""
    return RegionCode.parse(text) if len(text) == _REGION_LENGTH else Uscc.parse(text)


@dataclass(frozen=True, slots=True)
class _Head:
    """Type and issuer, read once for all certificates that share them, with both walks' states."""

    type: CertificateType
    issuer: Uscc | RegionCode
    iso_state: int
    deviant_state: int


@lru_cache(maxsize=4096)
def _parse_head(text: str) -> _Head | None:
    """Read everything before the serial; None if it has another shape."""
    match = _ID_HEAD.fullmatch(text)
    if match is None:
        return None
    start, walked = check_characters.START_STATE, "".join(match.groups())
    return _Head(
        CertificateType.parse(match[1]),
        parse_issuer_field(match[2]),
        check_characters.advance_iso(start, walked),
        check_characters.advance_deviant(start, walked),
    )


def _is_tail(serial: str, version: str) -> bool:
    return (
        len(serial) in _SERIAL_LENGTHS
        and len(version) == _VERSION_LENGTH
        and version.isdigit()
        and serial.isascii()
        and version.isascii()
    )


@dataclass(frozen=True, slots=True)
class CertificateId:
    """The identifier of one version of one certificate.

    Kept as its text, beside what all identifiers with the same beginning share: files have a
    million of them. `has_deviant_check` says that the check character is the one a faulty
    implementation in the field writes.
    """

    text: str
    _head: _Head = field(repr=False, compare=False)
    has_deviant_check: bool = field(default=False, compare=False)

    def __reduce__(self) -> tuple[Callable[..., CertificateId], tuple[object, ...]]:
        """Pickled as a call of the parser's last step, with the text alone."""
        return _restore, (self.text, self.has_deviant_check)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a full identifier.

        >>> sample = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
        >>> CertificateId.parse(sample).serial
        '20230000403'

        Raises:
            MalformedInputError: another shape, or its type or issuer is malformed.
            WrongCheckCharacterError: the check character fits neither the standard nor the
                known deviant rule.
        """
        try:
            head_text, serial, version, check = text.rsplit(".", 3)
        except ValueError:
            raise _wrong_shape(text) from None
        head = _parse_head(head_text)
        if head is None or not _is_tail(serial, version):
            raise _wrong_shape(text)
        rest = serial + version
        state = check_characters.advance_iso(head.iso_state, rest)
        if not state or len(check) != 1 or check not in check_characters.ALPHABET:
            raise _wrong_shape(text)
        expected = check_characters.iso_character(state)
        if check == expected:
            return cls(text, head)
        deviant = check_characters.deviant_character(
            check_characters.advance_deviant(head.deviant_state, rest)
        )
        if check == deviant:
            return cls(text, head, has_deviant_check=True)
        raise WrongCheckCharacterError(
            f"{_ID_FIELD}: expected check character {expected} (ISO/IEC 7064 MOD 37,36), "
            f"got {check} in {shown(text)}",
            expected=expected,
            field=_ID_FIELD,
        )

    @classmethod
    def build(
        cls, type_: CertificateType, issuer: Uscc | RegionCode, serial: str, version: str
    ) -> Self:
        """Make an identifier, computing its check character by the standard.

        Args:
            serial: 1 to 64 characters of 0-9 and A-Z.
            version: three digits, "001" for the first.

        Raises:
            MalformedInputError: serial or version has another shape.
        """
        head_text = f"{CERTIFICATE_ROOT}.{type_}.{issuer}"
        head = _parse_head(head_text)
        state = 0
        if head is not None and _is_tail(serial, version):
            state = check_characters.advance_iso(head.iso_state, serial + version)
        if head is None or not state:
            raise MalformedInputError(
                f"{_ID_FIELD}: expected a serial of 1 to 64 characters 0-9A-Z and a version of "
                f"3 digits, got {shown(serial)} and {shown(version)}",
                field=_ID_FIELD,
            )
        return cls(f"{head_text}.{serial}.{version}.{check_characters.iso_character(state)}", head)

    @property
    def root(self) -> str:
        """The arc under which all certificate identifiers stand."""
        return CERTIFICATE_ROOT

    @property
    def type(self) -> CertificateType:
        """The type of certificate."""
        return self._head.type

    @property
    def issuer(self) -> Uscc | RegionCode:
        """The issuer field: a department, or in the field sometimes an area."""
        return self._head.issuer

    @property
    def serial(self) -> str:
        """1 to 64 characters of 0-9 and A-Z."""
        return self.text.rsplit(".", 3)[1]

    @property
    def version(self) -> str:
        """Three digits."""
        return self.text.rsplit(".", 3)[2]

    @property
    def check(self) -> str:
        """The check character."""
        return self.text[-1]

    def __str__(self) -> str:
        return self.text


def _restore(text: str, has_deviant_check: bool) -> CertificateId:
    """An identifier that another process has parsed."""
    head = _parse_head(text.rsplit(".", 3)[0])
    if head is None:
        raise _wrong_shape(text)
    return CertificateId(text, head, has_deviant_check)


def _wrong_shape(text: str) -> MalformedInputError:
    return MalformedInputError(
        f"{_ID_FIELD}: expected {CERTIFICATE_ROOT}.<type 21>.<issuer 18 or 6>.<serial>."
        f"<version 3>.<check 1> (GB/T 36904), got {shown(text)}",
        field=_ID_FIELD,
    )
