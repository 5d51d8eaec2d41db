"""Hypothesis strategies for every generated struct and event, made from their annotations."""

from __future__ import annotations

import types
import typing
from enum import IntEnum
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from ledger.abi import Array, Event, Struct, to_checksum_address
from ledger.abi.codec import AbiType
from ledger.identifiers import CertificateType, ItemCode, MemberId, PartyId, RegionCode, Uscc

R = TypeVar("R")

usccs = st.sampled_from(
    [Uscc.build(f"11{region}MB2855{n:03}") for region in ("110000", "500112") for n in range(9)]
)
provinces = st.sampled_from(["110000", "320000", "500000", "510000"])
identifiers: dict[type, st.SearchStrategy[Any]] = {
    Uscc: usccs,
    RegionCode: st.sampled_from(["110105", "500000", "510104"]).map(RegionCode.parse),
    MemberId: st.one_of(provinces.map(MemberId.parse), usccs.map(MemberId)),
    ItemCode: st.builds(
        lambda department, number: ItemCode.parse(f"{department}{number:013}"),
        usccs,
        st.integers(0, 10**13 - 1),
    ),
    PartyId: st.one_of(
        st.sampled_from(["110105", "500000", "@CHUANYU", "@9-CITIES"]).map(PartyId.parse),
        usccs.map(PartyId),
    ),
    CertificateType: st.builds(
        lambda authority, number: CertificateType.parse(f"{authority}{number:03}"),
        usccs,
        st.integers(0, 999),
    ),
}


@cache
def records(cls: type[R]) -> st.SearchStrategy[R]:
    """Any value of a generated class."""
    hints = typing.get_type_hints(cls)
    assert issubclass(cls, Struct | Event)
    members = {field.name: _values(hints[field.name], field.type) for field in cls.ABI_FIELDS}
    return st.builds(cls, **members)


def _values(annotation: Any, kind: AbiType[Any]) -> st.SearchStrategy[Any]:
    if isinstance(annotation, types.UnionType):
        present = next(part for part in typing.get_args(annotation) if part is not type(None))
        return st.none() | _values(present, kind)
    if isinstance(kind, Array):
        element = _values(typing.get_args(annotation)[0], kind.element)
        return st.lists(element, max_size=4).map(tuple)
    if annotation in identifiers:
        return identifiers[annotation]
    if annotation is bool:
        return st.booleans()
    if issubclass(annotation, IntEnum):
        return st.sampled_from(annotation)
    if issubclass(annotation, Struct):
        return records(annotation)
    if annotation is int:
        return st.integers(0, 2 ** int(kind.name.removeprefix("uint")) - 1)
    if kind.name == "address":
        return st.binary(min_size=20, max_size=20).map(to_checksum_address)
    if annotation is str:
        return st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
    size = kind.name.removeprefix("bytes")
    return st.binary(min_size=int(size), max_size=int(size)) if size else st.binary(max_size=80)
