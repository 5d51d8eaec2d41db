"""Whether the fields that a certificate shows are what its type's schema says.

A presentation shows some of the fields, a whole certificate all of them. What is compared are the
values as they were sealed: nothing is tidied here, as it is when a clerk's file is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from ledger.errors import MalformedInputError
from ledger.identifiers import IdentityNumber, Uscc
from ledger.schemas.certificate_schema import (
    CertificateSchema,
    FieldKind,
    SchemaField,
)

_CODE_TYPE = "holder_code_type"


class Problem(StrEnum):
    """What is wrong with a field."""

    UNKNOWN = "unknown"
    MISSING = "missing"
    MALFORMED = "malformed"
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True)
class Misfit:
    """A field that does not fit. It never holds the value, which may be personal."""

    field: str
    problem: Problem


def find_misfit(
    schema: CertificateSchema, fields: Mapping[str, object], *, is_whole: bool
) -> Misfit | None:
    """The first field that does not fit the schema, None if all do.

    Args:
        fields: values by the names that a certificate gives them.
        is_whole: whether these are all the fields of the certificate, so that a required one that
            is not among them is missing.
    """
    known = schema.shown_fields
    for name, value in fields.items():
        if name == _CODE_TYPE:
            problem = None if value == schema.holder_code_type else Problem.NOT_ALLOWED
        elif name in known:
            problem = _examine(known[name], value)
        else:
            problem = Problem.UNKNOWN
        if problem is not None:
            return Misfit(name, problem)
    if is_whole:
        for name, each in known.items():
            if each.is_required and name not in fields:
                return Misfit(name, Problem.MISSING)
    return None


def _examine(each: SchemaField, value: object) -> Problem | None:
    if not isinstance(value, str):
        return Problem.MALFORMED
    if (parse := _PARSERS.get(each.kind)) is not None:
        try:
            parse(value)
        except (MalformedInputError, ValueError):
            return Problem.MALFORMED
        return None
    if each.allowed_values and value not in each.allowed_values:
        return Problem.NOT_ALLOWED
    is_short = len(value) < each.min_length
    is_long = each.max_length is not None and len(value) > each.max_length
    if is_short or is_long or (each.pattern and not re.search(each.pattern, value)):
        return Problem.MALFORMED
    return None


@lru_cache(maxsize=4096)
def _parse_uscc(text: str) -> Uscc:
    """Firms recur, and their codes are public; identity numbers are neither."""
    return Uscc.parse(text)


def _parse_iso_date(text: str) -> None:
    if date.fromisoformat(text).isoformat() != text:
        raise ValueError(text)


_PARSERS: Mapping[FieldKind, Callable[[str], object]] = {
    FieldKind.DATE: _parse_iso_date,
    FieldKind.IDENTITY_NUMBER: IdentityNumber.parse,
    FieldKind.USCC: _parse_uscc,
}
