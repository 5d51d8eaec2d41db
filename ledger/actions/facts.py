"""Gathers from the index what the log says about one certificate: the facts of its evidence."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.formats.certificate import Certificate
from ledger.formats.evidence import Fact, LogHead
from ledger.formats.seals import compute_key_id
from ledger.formats.signing_certificate import load_chain
from ledger.formats.status_list import word_index
from ledger.identifiers import CertificateType, MemberId
from ledger.index.projector import EntryRow
from ledger.index.store import IndexStore
from ledger.records import (
    EVENTS_BY_TOPIC,
    BatchAnchored,
    ConsortiumFounded,
    DepartmentAttested,
    DepartmentRegistered,
    LogEntry,
    MandateAttested,
    MandateChanged,
    MemberAdmitted,
    MemberAttested,
    MemberKeysChanged,
    MemberRemoved,
    SealKeyAttested,
    SealKeyCompromised,
    SealKeyEnded,
    SealKeyRegistered,
)
from ledger.vault.key_files import SUITE_P256

_MEMBER_KINDS = {
    kind.TOPIC
    for kind in (
        ConsortiumFounded,
        MemberAdmitted,
        MemberAttested,
        MemberKeysChanged,
        MemberRemoved,
    )
}


def to_fact(row: EntryRow, path: tuple[bytes, ...] | None = None) -> Fact | None:
    """The fact of an indexed entry; None where this version does not know its kind."""
    if row.payload is None or row.kind not in EVENTS_BY_TOPIC:
        return None
    return Fact.from_payload(row.entry_index, to_log_entry(row), row.payload, path)


def to_log_entry(row: EntryRow) -> LogEntry:
    """The entry exactly as the log hashes it."""
    return LogEntry(
        row.kind,
        MemberId.parse(row.region),
        row.actor.encode().ljust(18, b"\0"),
        row.subject,
        row.payload_hash,
        row.time_unix,
    )


def current_head(index: IndexStore) -> LogHead:
    """The log as this index has it, complete up to its time."""
    cursor = index.cursor()
    return LogHead(cursor.ledger_id, cursor.size, index.root(), cursor.synced_to_unix)


def gather_facts(
    index: IndexStore, certificate: Certificate, head: LogHead | None = None
) -> tuple[Fact, ...]:
    """Everything the log says about a certificate's batch, status, issuer, key and member.

    Args:
        head: give each fact its inclusion path to this head; without it facts have none.
    """
    rows: dict[int, EntryRow] = {}
    for row in _rows_about(index, certificate):
        rows[row.entry_index] = row
    facts = []
    for number in sorted(rows):
        path = index.inclusion_path(number, head.size) if head else None
        fact = to_fact(rows[number], path)
        if fact is not None:
            facts.append(fact)
    return tuple(facts)


def _rows_about(index: IndexStore, certificate: Certificate) -> Iterable[EntryRow]:
    batch_key = certificate.placement.batch_key
    for row in index.entries_of(batch_key):
        if row.kind == BatchAnchored.TOPIC:
            yield row
    yield from index.status_entries(batch_key, word_index(certificate.placement.position))
    chain = load_chain(certificate.x5c)
    key_id = compute_key_id(SUITE_P256, chain.x, chain.y)
    members: set[MemberId] = set()
    for row in index.entries_of(certificate.issuer.to_chain().ljust(32, b"\0")):
        if row.payload is not None and _concerns(row, key_id, certificate.type):
            members.add(MemberId.parse(row.region))
            yield row
    for member in members:
        for row in index.entries_of(member.to_chain().ljust(32, b"\0")):
            if row.kind in _MEMBER_KINDS:
                yield row


def _concerns(row: EntryRow, key_id: bytes, certificate_type: CertificateType) -> bool:
    """Whether an entry about a department matters for this key and type."""
    if row.kind not in EVENTS_BY_TOPIC:
        return False
    match EVENTS_BY_TOPIC[row.kind].decode_payload(row.payload or b""):
        case DepartmentRegistered() | DepartmentAttested():
            return True
        case SealKeyRegistered(key_id=found) | SealKeyAttested(key_id=found):
            return found == key_id
        case SealKeyEnded(statement=statement) | SealKeyCompromised(statement=statement):
            return statement.key_id == key_id
        case MandateChanged(statement=mandate):
            return mandate.certificate_type == certificate_type
        case MandateAttested(certificate_type=found_type):
            return found_type == certificate_type
    return False
