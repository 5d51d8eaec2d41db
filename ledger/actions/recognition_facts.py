"""Of everything in the log, what bears on a region's recognising one issuer's certificates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from ledger.identifiers import CertificateType, MemberId, PartyId, RegionCode
from ledger.index.projector import EntryRow
from ledger.index.questions import EntryReader
from ledger.records import (
    EVENTS_BY_TOPIC,
    DepartmentAttested,
    DepartmentRegistered,
    GroupDefined,
    PactSigned,
)
from ledger.verification.recognition import compute_relying_parties, compute_source_parties
from ledger.verification.recognition_book import NATIONAL_KINDS, PolicyKey, compute_pact_keys

_NATIONAL_TOPICS = {kind.TOPIC for kind in NATIONAL_KINDS}
_CACHED_PACTS = 4096


def iterate_recognition_rows(
    index: EntryReader,
    departments: Iterable[EntryRow],
    certificate_type: CertificateType,
    relying_regions: Iterable[RegionCode],
) -> Iterator[EntryRow]:
    """Entries about policies, pacts, groups and the type's being national; some more than once.

    Args:
        departments: the entries about the issuing department, which name its regions and members.
        relying_regions: regions that may want to rely on its certificates.

    Returns:
        Also entries about the same that this version cannot read.
    """
    for row in index.entries_of(_pad(certificate_type.to_chain())):
        if row.kind in _NATIONAL_TOPICS or not _is_readable(row):
            yield row
    relying = {p for region in relying_regions for p in compute_relying_parties(region)}
    source = {party for row in departments for party in _read_source_parties(row)}
    for group, parties in _list_groups(index):
        sides = [side for side in (relying, source) if not side.isdisjoint(parties)]
        for side in sides:
            side.add(group)
        if sides:
            yield from index.entries_of(_pad(group.to_chain()))
    keys = {
        PolicyKey(relier, origin, each)
        for relier in relying
        for origin in source
        for each in (certificate_type, None)
    }
    for key in keys:
        yield from index.entries_of(key.subject)
    for row in index.entries_of_kind(PactSigned.TOPIC):
        if row.payload is not None and not keys.isdisjoint(_read_pact_keys(row.payload)):
            yield row


def _list_groups(index: EntryReader) -> Iterator[tuple[PartyId, frozenset[PartyId]]]:
    for row in index.entries_of_kind(GroupDefined.TOPIC):
        if row.payload is not None:
            yield _read_group(row.payload)


@lru_cache(maxsize=_CACHED_PACTS)
def _read_group(payload: bytes) -> tuple[PartyId, frozenset[PartyId]]:
    statement = GroupDefined.decode_payload(payload).statement
    return statement.group, frozenset(statement.parties)


@lru_cache(maxsize=_CACHED_PACTS)
def _read_pact_keys(payload: bytes) -> frozenset[PolicyKey]:
    """The policies that this signature wrote: none while others were missing."""
    signed = PactSigned.decode_payload(payload)
    return frozenset(() if signed.missing else compute_pact_keys(signed.statement.terms))


def _read_source_parties(row: EntryRow) -> tuple[PartyId, ...]:
    if row.payload is None:
        return ()
    found: tuple[MemberId | None, RegionCode | None] = (None, None)
    if row.kind == DepartmentRegistered.TOPIC:
        told = DepartmentRegistered.decode_payload(row.payload).statement
        found = told.member, told.region
    elif row.kind == DepartmentAttested.TOPIC:
        record = DepartmentAttested.decode_payload(row.payload).record
        found = record.member, record.region
    member, region = found
    return compute_source_parties(member, region) if member and region else ()


def _is_readable(row: EntryRow) -> bool:
    return row.payload is not None and row.kind in EVENTS_BY_TOPIC


def _pad(code: bytes) -> bytes:
    return code.ljust(32, b"\0")
