"""Gathers from the index what the log says about one certificate: the facts of its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from ledger.actions.recognition_facts import iterate_recognition_rows
from ledger.errors import MalformedInputError
from ledger.formats.certificate import Certificate, Placement
from ledger.formats.evidence import Fact, FactList, LogHead
from ledger.formats.seals import compute_key_id
from ledger.formats.signing_certificate import load_chain
from ledger.formats.status_list import get_status, word_index
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.index.projector import EntryRow, to_leaf
from ledger.index.questions import EntryReader
from ledger.index.store import IndexStore
from ledger.records import (
    EVENTS_BY_TOPIC,
    BatchAnchored,
    DepartmentAttested,
    DepartmentRegistered,
    LogEntry,
    MandateAttested,
    MandateChanged,
    SealKeyAttested,
    SealKeyCompromised,
    SealKeyEnded,
    SealKeyRegistered,
    StatusAttested,
    StatusChanged,
)
from ledger.vault.certificates import StoredCertificate
from ledger.vault.key_files import SUITE_P256
from ledger.verification.ledger_view import MEMBER_KINDS, TYPE_KINDS

_CACHED_FACTS = 4096
_MAX_CACHED_PAYLOAD = 8 * 1024
_MEMBER_TOPICS = {kind.TOPIC for kind in MEMBER_KINDS}
_TYPE_TOPICS = {kind.TOPIC for kind in TYPE_KINDS}


def to_fact(row: EntryRow, path: tuple[bytes, ...] | None = None) -> Fact | None:
    """The fact of an indexed entry; None where this version does not know its kind."""
    if row.payload is None or not _is_readable(row):
        return None
    if path is None and len(row.payload) <= _MAX_CACHED_PAYLOAD:
        return _read_fact(row)
    return Fact.from_payload(row.entry_index, to_log_entry(row), row.payload, path)


@lru_cache(maxsize=_CACHED_FACTS)
def _read_fact(row: EntryRow) -> Fact:
    """A fact without path: certificates of one issuer share most of theirs."""
    return Fact.from_payload(row.entry_index, to_log_entry(row), row.payload or b"")


def to_log_entry(row: EntryRow) -> LogEntry:
    """The entry exactly as the log hashes it."""
    leaf = to_leaf(row)
    return LogEntry(
        leaf.kind,
        MemberId.from_chain(leaf.region),
        leaf.actor,
        leaf.subject,
        leaf.payload_hash,
        leaf.time_unix,
    )


def current_head(index: IndexStore) -> LogHead:
    """The log as this index has it, complete up to its time."""
    cursor = index.cursor()
    root = index.root(cursor.size)  # another process may have added entries meanwhile
    return LogHead(cursor.ledger_id, cursor.size, root, cursor.synced_to_unix)


@dataclass(frozen=True, slots=True)
class LogSubject:
    """What the log is asked about one certificate; its content is not needed for that.

    Attributes:
        key_id: of the key that sealed it, empty if its signing certificate cannot be read.
    """

    issuer: Uscc
    certificate_type: CertificateType
    placement: Placement
    key_id: bytes

    @classmethod
    def of_certificate(cls, certificate: Certificate) -> Self:
        """What a presented certificate says of itself."""
        try:
            chain = load_chain(certificate.x5c)
        except MalformedInputError:
            key_id = b""
        else:
            key_id = compute_key_id(SUITE_P256, chain.x, chain.y)
        return cls(certificate.issuer, certificate.type, certificate.placement, key_id)

    @classmethod
    def of_stored(cls, stored: StoredCertificate) -> Self:
        """What the vault knows of a certificate, erased or not."""
        batch = stored.batch
        placement = Placement(batch.batch_key, stored.position)
        return cls(batch.issuer, batch.certificate_type, placement, batch.key_id)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything the log says about a certificate's batch, status, issuer, key, member and type.

    Attributes:
        facts: in the order of the log.
        unreadable: entries that this version cannot read. Any of them may be what makes the
            certificate's status or its issuer's standing another.
    """

    facts: tuple[Fact, ...]
    unreadable: tuple[EntryRow, ...]

    def until(self, head: LogHead) -> Gathered:
        """Without what came after that head: another process may be adding entries meanwhile."""
        return Gathered(
            tuple([fact for fact in self.facts if fact.index < head.size]),
            tuple([row for row in self.unreadable if row.entry_index < head.size]),
        )


def gather_facts(
    index: EntryReader,
    certificate: Certificate | LogSubject,
    head: LogHead | None = None,
    *,
    relying_regions: Collection[RegionCode] = (),
) -> Gathered:
    """What the log says about a certificate.

    Args:
        head: give each fact its inclusion path to this head, and pass over what came later;
            without it facts have no paths.
        relying_regions: regions for which it is to be told who recognises the certificate.
    """
    subject = certificate
    if isinstance(subject, Certificate):
        subject = LogSubject.of_certificate(subject)
    rows = {row.entry_index: row for row in _rows_about(index, subject)}
    if relying_regions:
        about = index.entries_of(subject.issuer.to_chain().ljust(32, b"\0"))
        more = iterate_recognition_rows(index, about, subject.certificate_type, relying_regions)
        rows |= {row.entry_index: row for row in more}
    facts, unreadable = [], []
    for number in sorted(rows):
        if head is not None and number >= head.size:
            break
        path = index.inclusion_path(number, head.size) if head else None
        fact = to_fact(rows[number], path)
        if fact is None:
            unreadable.append(rows[number])
        else:
            facts.append(fact)
    return Gathered(FactList(facts), tuple(unreadable))


def select_for_presentation(facts: Iterable[Fact], placement: Placement) -> tuple[Fact, ...]:
    """The facts that prove one certificate's standing, without the doings of its neighbours.

    Of the entries about its status word remain those that changed its own status, and the newest.
    """
    listed = list(facts)
    of_status = [f for f in listed if isinstance(f.record, StatusChanged | StatusAttested)]
    passed_over = {fact.index for fact in of_status[:-1] if not changes_status(fact, placement)}
    return tuple(fact for fact in listed if fact.index not in passed_over)


def changes_status(fact: Fact, placement: Placement) -> bool:
    """Whether a fact changed the status of the certificate at that place."""
    if not isinstance(fact.record, StatusChanged):
        return False
    position, index = placement.position, word_index(placement.position)
    return any(
        get_status(change.word_before, position) is not get_status(change.word_after, position)
        for change in fact.record.statement.changes
        if change.index == index
    )


def _rows_about(index: EntryReader, subject: LogSubject) -> Iterable[EntryRow]:
    batch_key = subject.placement.batch_key
    for row in index.entries_of(batch_key):
        if row.kind == BatchAnchored.TOPIC or not _is_readable(row):
            yield row
    yield from index.status_entries(batch_key, word_index(subject.placement.position))
    for row in index.entries_of(subject.certificate_type.to_chain().ljust(32, b"\0")):
        if row.kind in _TYPE_TOPICS or not _is_readable(row):
            yield row
    members = set()
    for row in index.entries_of(subject.issuer.to_chain().ljust(32, b"\0")):
        if not _is_readable(row):
            yield row
        elif _concerns(row, subject):
            members.add(row.region)
            yield row
    for member in members:
        for row in index.entries_of(member.encode().ljust(32, b"\0")):
            if row.kind in _MEMBER_TOPICS or not _is_readable(row):
                yield row


def _is_readable(row: EntryRow) -> bool:
    return row.payload is not None and row.kind in EVENTS_BY_TOPIC


def _concerns(row: EntryRow, subject: LogSubject) -> bool:
    """Whether an entry about a department matters for this key and type."""
    match EVENTS_BY_TOPIC[row.kind].decode_payload(row.payload or b""):
        case DepartmentRegistered() | DepartmentAttested():
            return True
        case SealKeyRegistered(key_id=found) | SealKeyAttested(key_id=found):
            return found == subject.key_id
        case SealKeyEnded(statement=statement) | SealKeyCompromised(statement=statement):
            return statement.key_id == subject.key_id
        case MandateChanged(statement=mandate):
            return mandate.certificate_type == subject.certificate_type
        case MandateAttested(certificate_type=found_type):
            return found_type == subject.certificate_type
    return False
