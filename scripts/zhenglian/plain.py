"""The frozen dataclasses that actions return, as values that JSON has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from pathlib import Path


def to_object(value: object, **more: object) -> dict[str, object]:
    """A dataclass as `to_plain` gives it, with further members."""
    plain = to_plain(value)
    if not isinstance(plain, dict):
        raise TypeError(f"{type(value).__name__} is no dataclass")
    return plain | {name: to_plain(member) for name, member in more.items()}


def to_plain(value: object) -> object:
    """Bytes as hex, identifiers and paths as text, enum members by name, dataclasses as objects.

    >>> to_plain({"path": Path("a/b"), "root": bytes(2)})
    {'path': 'a/b', 'root': '0000'}
    """
    if isinstance(value, _text_types()):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value if isinstance(value, str) else value.name.lower()
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): to_plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(member) for member in value]
    return value


@cache
def _text_types() -> tuple[type, ...]:
    """Types whose values are written as text. Imported on first use: help needs none of them."""
    from ledger.identifiers import (
        CertificateId,
        CertificateType,
        ItemCode,
        MemberId,
        PartyId,
        RegionCode,
        Uscc,
    )

    codes = (CertificateId, CertificateType, ItemCode, MemberId, PartyId, RegionCode, Uscc)
    return (*codes, Path)
