"""The status codes of certificate types, as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ledger.errors import LedgerError
from ledger.identifiers import CertificateType
from ledger.schemas import list_types, load_schema
from zhenglian.language import Language


def list_reasons(act: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """For each type that comes along: its code and name, and the codes that an act may give."""
    for kind in list_types():
        schema = load_schema(kind)
        codes = [
            (each.code, f"{each.name_zh} {each.name_en}")
            for each in schema.status_codes
            if act in each.acts
        ]
        if codes:
            yield f"{kind} {schema.name}", codes


def describe_reason(
    certificate_type: CertificateType | None, number: int, language: Language, schemas: Path
) -> str:
    """A recorded reason by its code and name, or its number where the type is not known."""
    try:
        codes = (
            load_schema(certificate_type, directory=schemas).status_codes
            if certificate_type
            else ()
        )
    except LedgerError:
        codes = ()
    for each in codes:
        if each.number == number:
            return f"{each.code} {language.pick(each.name_zh, each.name_en)}"
    return f"{number:02}"
