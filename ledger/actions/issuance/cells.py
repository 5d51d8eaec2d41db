"""From the text of one cell to a value, or to the reason why not.

Codes and dates are tidied where that cannot change their meaning: full-width characters, blanks
around, a spreadsheet's leading apostrophe, lower-case letters of a code. Free text is no more than
stripped: width and compatibility forms belong to a name as its owner writes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from ledger.actions.issuance.row_errors import RowErrorCode
from ledger.errors import MalformedInputError
from ledger.formats.draft import LONG_TERM
from ledger.formats.key_binding import parse_holder_key
from ledger.identifiers import CertificateId, IdentityNumber, Uscc, WrongCheckCharacterError
from ledger.schemas import FieldKind, SchemaField

MAX_CELL_CHARACTERS = 65_536

ERROR_VALUES = frozenset(
    {
        "#BLOCKED!",
        "#BUSY!",
        "#CALC!",
        "#CONNECT!",
        "#DIV/0!",
        "#FIELD!",
        "#GETTING_DATA",
        "#N/A",
        "#NAME?",
        "#NULL!",
        "#NUM!",
        "#REF!",
        "#SPILL!",
        "#UNKNOWN!",
        "#VALUE!",
    }
)
"""What a spreadsheet shows, and saves, in the place of a value that it could not compute."""

_T = TypeVar("_T")
_FORMULA_STARTS = frozenset("=+-@＝＋－＠")
_DOUBTFUL_STARTS = _FORMULA_STARTS | set("#' ")
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]+", re.ASCII)
_DATE = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{2})([0-9]{2})"
    r"|年([0-9]{1,2})月([0-9]{1,2})日)",
    re.ASCII,
)
_YEARS = range(1900, 2200)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class CellProblem(Exception):  # noqa: N818 -- a row's problem, not a failure of the program
    """Why a cell has no value; becomes a `RowError` once line and column are known."""

    def __init__(self, code: RowErrorCode, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def normalise_cell(text: str) -> str:
    """Tidy a code: NFKC, no blanks around, no leading apostrophe.

    >>> normalise_cell(" '５００１０３ ")
    '500103'
    """
    return strip_cell(unicodedata.normalize("NFKC", text))


def strip_cell(text: str) -> str:
    """Remove blanks around and the apostrophe by which a spreadsheet marks text."""
    return text.strip().removeprefix("'").strip()


def parse_certificate_id(cell: str) -> CertificateId:
    """Read an identifier by GB/T 36904."""
    try:
        return CertificateId.parse(cell)
    except MalformedInputError:
        return _parse_untidy(cell, CertificateId.parse, RowErrorCode.WRONG_CERTIFICATE_ID)


def parse_identity_number(cell: str) -> str:
    """Read an identity number by GB 11643."""
    try:
        return IdentityNumber.parse(cell).number
    except MalformedInputError:
        wrong = RowErrorCode.WRONG_IDENTITY_NUMBER
        return _parse_untidy(cell, IdentityNumber.parse, wrong).number


def parse_uscc(cell: str) -> str:
    """Read a unified social credit code by GB 32100."""
    try:
        return Uscc.parse(cell).code
    except MalformedInputError:
        return _parse_untidy(cell, Uscc.parse, RowErrorCode.WRONG_USCC).code


def parse_public_key(cell: str) -> str | None:
    """Read a holder's public key as `zhenglian holder-key` prints it; a blank cell is None."""
    text = strip_cell(cell)
    if not text:
        return None
    try:
        parse_holder_key(text)
    except MalformedInputError:
        raise CellProblem(RowErrorCode.WRONG_PUBLIC_KEY) from None
    return text


def parse_date(cell: str) -> date:
    """Read 2024-01-05, 2024/1/5, 2024.1.5, 20240105 or 2024年1月5日, of 1900 to 2199."""
    return _parse_date(cell, normalise_cell(cell), "", "")


def parse_period_end(cell: str) -> date | None:
    """Read a date, or 长期, which is None."""
    tidy = normalise_cell(cell)
    if tidy == LONG_TERM:
        return None
    return _parse_date(cell, tidy, "，或“长期”", ", or 长期")


def make_text_parser(field: SchemaField) -> Callable[[str], str]:
    """A reader of free text under the constraints of `field`."""
    allowed = frozenset(field.allowed_values)
    pattern = re.compile(field.pattern) if field.pattern else None
    shortest, longest = field.min_length, field.max_length or MAX_CELL_CHARACTERS

    def parse_text(cell: str) -> str:
        text = cell
        if not _is_plain(text):
            text = strip_cell(cell).replace("\r\n", "\n")
            _require_readable(cell, text)
        if allowed and text not in allowed:
            text = normalise_cell(text)
            if text not in allowed:
                raise CellProblem(
                    RowErrorCode.NOT_ALLOWED_VALUE, allowed="、".join(field.allowed_values)
                )
        if len(text) > longest:
            raise CellProblem(RowErrorCode.TEXT_TOO_LONG, limit=longest)
        if len(text) < shortest:
            raise CellProblem(RowErrorCode.TEXT_TOO_SHORT, limit=shortest)
        if pattern and not pattern.search(text):
            raise CellProblem(RowErrorCode.WRONG_PATTERN, pattern=field.pattern)
        return text

    return parse_text


def make_own_field_parser(field: SchemaField) -> Callable[[str], str]:
    """A reader of one of the type's own fields; a blank optional cell reads as ""."""
    parsers: dict[FieldKind, Callable[[str], str]] = {
        FieldKind.DATE: lambda cell: parse_date(cell).isoformat(),
        FieldKind.IDENTITY_NUMBER: parse_identity_number,
        FieldKind.USCC: parse_uscc,
    }
    parse = parsers.get(field.kind) or make_text_parser(field)
    if field.is_required:
        return parse
    return lambda cell: parse(cell) if strip_cell(cell) else ""


def _parse_untidy(cell: str, parse: Callable[[str], _T], wrong: RowErrorCode) -> _T:
    """Read a code that is not right as it stands: tidy it, and then say what is wrong with it."""
    tidy = normalise_cell(cell).upper()
    _require_readable(cell, tidy)
    try:
        return parse(tidy)
    except WrongCheckCharacterError as error:
        raise CellProblem(RowErrorCode.WRONG_CHECK_CHARACTER, expected=error.expected) from None
    except MalformedInputError as error:
        code = RowErrorCode.WRONG_BIRTH_DATE if error.code == "wrong_birth_date" else wrong
        raise CellProblem(code) from None


def _parse_date(cell: str, tidy: str, long_term_zh: str, long_term_en: str) -> date:
    _require_readable(cell, tidy)
    if match := _DATE.fullmatch(tidy):
        year, _, *parts = match.groups()
        month, day = (int(part) for part in parts if part is not None)
        try:
            found = date(int(year), month, day)
        except ValueError:
            pass  # no such day: the answer below says so
        else:
            if found.year in _YEARS:
                return found
    raise CellProblem(RowErrorCode.WRONG_DATE, long_term_zh=long_term_zh, long_term_en=long_term_en)


def _is_plain(text: str) -> bool:
    """Whether `text` is neither empty nor worth a closer look."""
    return (
        text.isprintable()
        and text != ""
        and text[0] not in _DOUBTFUL_STARTS
        and text[-1] != " "
        and _REPLACEMENT not in text
        and "+" not in text
    )


def _require_readable(cell: str, tidy: str) -> None:
    """Refuse what no kind of column accepts; `tidy` is the cell without its trimmings."""
    if len(cell) > MAX_CELL_CHARACTERS:
        raise CellProblem(RowErrorCode.CELL_TOO_LONG, limit=MAX_CELL_CHARACTERS)
    if "\0" in cell:
        raise CellProblem(RowErrorCode.NUL_CHARACTER)
    if _REPLACEMENT in cell:
        raise CellProblem(RowErrorCode.DAMAGED_TEXT)
    if not tidy:
        raise CellProblem(RowErrorCode.MISSING_VALUE)
    if tidy[0] in _FORMULA_STARTS:
        raise CellProblem(RowErrorCode.FORMULA_CELL)
    if tidy in ERROR_VALUES:
        raise CellProblem(RowErrorCode.ERROR_VALUE)
    if _SCIENTIFIC.fullmatch(tidy):
        raise CellProblem(RowErrorCode.SCIENTIFIC_NOTATION)
    for character in tidy:
        if character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            raise CellProblem(RowErrorCode.CONTROL_CHARACTER, character=ord(character))
