"""A small honest ledger in memory: members, departments, keys, mandates, batches and the log.

No chain and no index: acts become signed statements, events and log entries through the real
formats alone, and the log is a list. Whoever tests an attack alters what this world hands out.
Acts do not check what a contract would check, so that forbidden acts can be written too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.abi import Event, Statement
from ledger.formats.certificate import (
    Certificate,
    Placement,
    compute_batch_key,
    parse_certificate,
)
from ledger.formats.draft import CertificateDraft
from ledger.formats.evidence import BatchProof, Evidence, Fact, LogHead
from ledger.formats.merkle import MerkleTree
from ledger.formats.seals import SUITE_P256, compute_key_id, public_coordinates, sign_digest
from ledger.formats.signing_certificate import compute_fingerprint
from ledger.formats.statements import compute_digest
from ledger.formats.status_list import EMPTY_WORD, Status, get_status, word_index
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.records import (
    Admission,
    BatchAnchored,
    BatchStatement,
    CompromiseStatement,
    ConsortiumFounded,
    DepartmentAttested,
    DepartmentRecord,
    DepartmentRegistered,
    DepartmentStatement,
    FoundingStatement,
    LogEntry,
    MandateAttested,
    MandateChanged,
    MandateRecord,
    MandateStatement,
    MemberAdmitted,
    MemberAttested,
    MemberKeys,
    MemberKeysChanged,
    MemberKeysStatement,
    MemberRecord,
    MemberRemoved,
    SealKeyAttested,
    SealKeyCompromised,
    SealKeyEnded,
    SealKeyEndStatement,
    SealKeyRecord,
    SealKeyRegistered,
    SealKeyStatement,
    Signature,
    StatusAttested,
    StatusChanged,
    StatusStatement,
    TypeAttested,
    TypeDefined,
    TypeRecord,
    TypeStatement,
    WordChange,
)
from ledger.schemas import CertificateSchema, load_schema
from ledger.verification.policy import VerificationPolicy
from ledger.verification.report import Report
from ledger.verification.verifier import verify
from tests.support.departments import (
    BEGIN_UNIX,
    CHONGQING,
    CHONGQING_HOUSING,
    END_UNIX,
    MINISTRY,
    SAFETY_STAFF,
    SEALED_AT_UNIX,
    SICHUAN,
    SICHUAN_HOUSING,
    Department,
    Region,
    create_draft,
    create_key,
)

HOUR_S = 3600
DAY_S = 24 * HOUR_S
SCHEMA = load_schema(SAFETY_STAFF)


@dataclass(eq=False)
class Batch:
    """Certificates of one department in the order of their leaves."""

    department: Department
    batch_id: bytes
    certificates: tuple[Certificate, ...]
    word: bytes = EMPTY_WORD
    sequence: int = 0
    anchoring: int = -1  # index of its log entry

    @property
    def batch_key(self) -> bytes:
        return compute_batch_key(self.department.issuer, self.batch_id)

    @cached_property
    def tree(self) -> MerkleTree:
        return MerkleTree([certificate.leaf_hash for certificate in self.certificates])

    def proof(self, position: int = 0) -> BatchProof:
        return BatchProof(
            self.batch_id, position, len(self.tree), self.tree.inclusion_path(position)
        )


class LedgerWorld:
    """The ledger; `now_unix` is the time that the next entry will bear."""

    def __init__(self, founder: Region) -> None:
        self.ledger_id = bytes(range(32))
        self.now_unix = SEALED_AT_UNIX - 30 * DAY_S
        self.entries: list[tuple[LogEntry, Event]] = []
        self._authority: dict[MemberId, ec.EllipticCurvePrivateKey] = {}
        self._sequences: dict[MemberId, int] = {}
        statement = FoundingStatement(self._admission(founder))
        self._append(
            ConsortiumFounded(self.ledger_id, statement, self._sign(founder, statement)),
            founder,
            founder.member,
            self.ledger_id,
        )

    # Time and the log.

    def pass_time(self, seconds: int) -> None:
        self.now_unix += seconds

    @property
    def head(self) -> LogHead:
        return LogHead(self.ledger_id, len(self.entries), self._tree.root_hash, self.now_unix)

    @property
    def _tree(self) -> MerkleTree:
        return MerkleTree([entry.leaf_hash() for entry, _ in self.entries])

    def facts(self, indexes: Iterable[int] | None = None) -> tuple[Fact, ...]:
        """Facts with their proofs under the present head; all of them unless told."""
        tree = self._tree
        chosen = range(len(self.entries)) if indexes is None else sorted(set(indexes))
        return tuple(
            Fact(index, *self.entries[index], tree.inclusion_path(index)) for index in chosen
        )

    def evidence(
        self, batch: Batch, position: int = 0, *, without: Sequence[type[Event]] = ()
    ) -> Evidence:
        """Everything there is for one certificate, except events of the given kinds."""
        kept = [
            index
            for index, (_, record) in enumerate(self.entries)
            if not isinstance(record, tuple(without))
        ]
        return Evidence(
            batch.certificates[position], batch.proof(position), self.head, self.facts(kept)
        )

    def _append(
        self, record: Event, region: Region, actor: MemberId | Uscc | None, subject: bytes
    ) -> int:
        self.entries.append(
            (
                LogEntry(
                    record.TOPIC,
                    region.member,
                    actor.to_chain() if actor is not None else bytes(18),
                    subject.ljust(32, b"\0"),
                    record.payload_hash(),
                    self.now_unix,
                ),
                record,
            )
        )
        return len(self.entries) - 1

    def verify(self, evidence: Evidence, **rules: Any) -> Report:
        """The verdict now, under the default policy with this log trusted, the shipped schema at
        hand, and these changes."""
        rules.setdefault("trusted_log", self.head)
        rules.setdefault("schemas", {SCHEMA.schema_hash: SCHEMA})
        return verify(evidence, VerificationPolicy(**rules), self.now_unix)

    # Acts of members.

    def admit(self, region: Region) -> None:
        record = MemberAdmitted(os.urandom(32), self._admission(region))
        self._append(record, region, CHONGQING.member, region.member.to_chain())

    def remove(self, region: Region) -> None:
        record = MemberRemoved(os.urandom(32), region.member)
        self._append(record, region, CHONGQING.member, region.member.to_chain())

    def change_root(self, region: Region, root: bytes) -> None:
        keys = replace(self._member_keys(region), ca_fingerprint=compute_fingerprint(root))
        statement = MemberKeysStatement(region.member, keys, self._next(region))
        self._act(MemberKeysChanged, region, statement, region.member.to_chain())

    def register(self, department: Department, *, valid_until_unix: int = END_UNIX) -> None:
        statement = DepartmentStatement(
            department.region.member,
            department.issuer,
            RegionCode.parse(str(department.region.member)),
            department.name,
            valid_until_unix,
            self._next(department.region),
        )
        self._act(DepartmentRegistered, department.region, statement, department.issuer.to_chain())

    def register_seal_key(
        self,
        department: Department,
        *,
        owner: Department | None = None,
        valid_from_unix: int = BEGIN_UNIX,
        valid_until_unix: int = END_UNIX,
    ) -> None:
        """Register a department's key, for itself or (an attack) for another owner."""
        x, y = public_coordinates(department.seal_key.public_key())
        statement = SealKeyStatement(
            department.region.member,
            (owner or department).issuer,
            SUITE_P256,
            x,
            y,
            compute_fingerprint(department.signing_certificate),
            valid_from_unix,
            valid_until_unix,
            self._next(department.region),
        )
        record = SealKeyRegistered(
            self.key_id(department), statement, self._sign(department.region, statement)
        )
        self._append(
            record, department.region, department.region.member, statement.issuer.to_chain()
        )

    def end_seal_key(self, department: Department, valid_until_unix: int) -> None:
        statement = SealKeyEndStatement(
            department.region.member,
            department.issuer,
            self.key_id(department),
            valid_until_unix,
            self._next(department.region),
        )
        self._act(SealKeyEnded, department.region, statement, department.issuer.to_chain())

    def declare_compromise(self, department: Department, since_unix: int) -> None:
        statement = CompromiseStatement(
            department.region.member,
            department.issuer,
            self.key_id(department),
            since_unix,
            self._next(department.region),
        )
        self._act(SealKeyCompromised, department.region, statement, department.issuer.to_chain())

    def mandate(
        self,
        department: Department,
        certificate_type: CertificateType = SAFETY_STAFF,
        *,
        valid_from_unix: int = BEGIN_UNIX,
        valid_until_unix: int = END_UNIX,
    ) -> None:
        statement = MandateStatement(
            department.region.member,
            department.issuer,
            certificate_type,
            valid_from_unix,
            valid_until_unix,
            self._next(department.region),
        )
        self._act(MandateChanged, department.region, statement, department.issuer.to_chain())

    def define_type(
        self, schema: CertificateSchema = SCHEMA, *, version: int = 1, region: Region = MINISTRY
    ) -> None:
        statement = TypeStatement(
            region.member,
            schema.type,
            version,
            schema.schema_hash,
            schema.name,
            self._next(region),
        )
        self._act(TypeDefined, region, statement, schema.type.to_chain())

    def _act(
        self, event: type[Event], region: Region, statement: Statement, subject: bytes
    ) -> None:
        record = event(statement, self._sign(region, statement))  # type: ignore[call-arg]
        self._append(record, region, region.member, subject)

    # Acts of departments.

    def seal_batch(
        self,
        department: Department,
        drafts: Sequence[CertificateDraft],
        *,
        sealed_at_unix: int | None = None,
        holder_jwk: dict[str, str] | None = None,
    ) -> Batch:
        """Certificates with their places, not anchored."""
        batch_id = os.urandom(32)
        key = compute_batch_key(department.issuer, batch_id)
        sealer = department.sealer
        certificates = [
            parse_certificate(
                sealer.seal(
                    draft,
                    Placement(key, position),
                    self.now_unix if sealed_at_unix is None else sealed_at_unix,
                    holder_jwk=holder_jwk,
                ).to_compact(sealer.header)
            )
            for position, draft in enumerate(drafts)
        ]
        return Batch(department, batch_id, tuple(certificates))

    def anchor(
        self,
        batch: Batch,
        *,
        certificate_type: CertificateType = SAFETY_STAFF,
        anchored_by: Department | None = None,
    ) -> None:
        """Anchor a batch, with its own department's seal or (an attack) another's."""
        department = anchored_by or batch.department
        statement = BatchStatement(
            department.issuer,
            self.key_id(department),
            certificate_type,
            batch.batch_id,
            batch.tree.root_hash,
            len(batch.tree),
            self.now_unix + HOUR_S,
        )
        digest = compute_digest(statement, self.ledger_id)
        record = BatchAnchored(batch.batch_key, statement, sign_digest(department.seal_key, digest))
        batch.anchoring = self._append(
            record, department.region, department.issuer, batch.batch_key
        )

    def change_status(
        self, batch: Batch, position: int, status: Status, *, reason_code: int = 1
    ) -> None:
        """Change one certificate's status, whatever it was before."""
        before, batch.sequence = batch.word, batch.sequence + 1
        batch.word = with_status(before, position, status)
        statement = StatusStatement(
            batch.department.issuer,
            self.key_id(batch.department),
            batch.batch_key,
            batch.sequence,
            reason_code,
            20251109,
            bytes(32),
            "《安全生产许可证条例》第十四条",
            (WordChange(word_index(position), before, batch.word),),
        )
        digest = compute_digest(statement, self.ledger_id)
        seal = sign_digest(batch.department.seal_key, digest)
        record = StatusChanged(batch.batch_key, statement, seal)
        self._append(record, batch.department.region, batch.department.issuer, batch.batch_key)

    # Attestations: what is current, by the last acts on each.

    def attest_all(self, batch: Batch) -> None:
        """Attest everything that a verdict on the batch's certificates rests on."""
        self.attest_member(batch.department.region)
        self.attest_department(batch.department)
        self.attest_seal_key(batch.department)
        self.attest_mandate(batch.department)
        self.attest_status(batch)

    def attest_status(self, batch: Batch) -> None:
        record = StatusAttested(batch.batch_key, 0, batch.word, batch.sequence)
        self._append(record, batch.department.region, None, batch.batch_key)

    def attest_member(self, region: Region) -> None:
        keys = self._member_keys(region)
        for _, record in self.entries:
            if isinstance(record, MemberKeysChanged) and record.statement.member == region.member:
                keys = record.statement.keys
        attested = MemberRecord(keys, BEGIN_UNIX, 0, 0, self._sequences[region.member])
        self._append(
            MemberAttested(region.member, attested), region, None, region.member.to_chain()
        )

    def attest_department(self, department: Department) -> None:
        last = [
            record.statement
            for _, record in self.entries
            if isinstance(record, DepartmentRegistered)
            and record.statement.issuer == department.issuer
        ][-1]
        attested = DepartmentRecord(last.member, last.region, last.valid_until)
        self._attest(department, DepartmentAttested(department.issuer, attested))

    def attest_seal_key(self, department: Department) -> None:
        key_id = self.key_id(department)
        attested = SealKeyRecord(0, b"", b"", b"", 0, 0, 0)
        for _, record in self.entries:
            if isinstance(record, SealKeyRegistered) and record.key_id == key_id:
                key = record.statement
                attested = SealKeyRecord(
                    *(key.suite, key.x, key.y, key.certificate_fingerprint),
                    *(key.valid_from, key.valid_until, 0),
                )
            elif isinstance(record, SealKeyEnded) and record.statement.key_id == key_id:
                attested = replace(attested, valid_until=record.statement.valid_until)
            elif isinstance(record, SealKeyCompromised) and record.statement.key_id == key_id:
                attested = replace(attested, compromised_since=record.statement.compromised_since)
        self._attest(department, SealKeyAttested(department.issuer, key_id, attested))

    def attest_type(self, schema: CertificateSchema = SCHEMA, *, version: int = 1) -> None:
        attested = TypeRecord(
            MINISTRY.member, version, schema.schema_hash, self.now_unix, is_national=False
        )
        record = TypeAttested(schema.type, attested)
        self._append(record, MINISTRY, None, schema.type.to_chain())

    def attest_mandate(
        self, department: Department, certificate_type: CertificateType = SAFETY_STAFF
    ) -> None:
        attested = MandateRecord(0, 0, 0)
        for entry, record in self.entries:
            if isinstance(record, MandateChanged) and (
                (record.statement.issuer, record.statement.certificate_type)
                == (department.issuer, certificate_type)
            ):
                mandate = record.statement
                attested = MandateRecord(mandate.valid_from, mandate.valid_until, entry.time_unix)
        self._attest(department, MandateAttested(department.issuer, certificate_type, attested))

    def _attest(self, department: Department, record: Event) -> None:
        self._append(record, department.region, None, department.issuer.to_chain())

    # Keys.

    def key_id(self, department: Department) -> bytes:
        return compute_key_id(SUITE_P256, *public_coordinates(department.seal_key.public_key()))

    def _authority_key(self, region: Region) -> ec.EllipticCurvePrivateKey:
        return self._authority.setdefault(region.member, create_key())

    def _member_keys(self, region: Region) -> MemberKeys:
        return MemberKeys(
            SUITE_P256,
            *public_coordinates(self._authority_key(region).public_key()),
            compute_fingerprint(region.root),
            bytes(32),
            bytes(32),
            bytes(32),
            "0x" + "00" * 20,
        )

    def _admission(self, region: Region) -> Admission:
        self._sequences[region.member] = 0
        return Admission(region.member, region.name, self._member_keys(region))

    def _next(self, region: Region) -> int:
        self._sequences[region.member] += 1
        return self._sequences[region.member]

    def _sign(self, region: Region, statement: Statement) -> Signature:
        return sign_digest(self._authority_key(region), compute_digest(statement, self.ledger_id))


def with_status(word: bytes, position: int, status: Status) -> bytes:
    """A word with one position set even where a final status forbids it."""
    byte, shift = (position & 127) >> 2, 2 * (position & 3)
    changed = bytearray(word)
    changed[byte] = changed[byte] & ~(3 << shift) & 0xFF | status << shift
    assert get_status(bytes(changed), position) is status
    return bytes(changed)


def found_world(*, register: bool = True, define: bool = True) -> LedgerWorld:
    """Chongqing and Sichuan with a housing department each, and the ministry that defined what they
    issue, a month before the first batch."""
    return populate(LedgerWorld(CHONGQING), register=register, define=define)


W = TypeVar("W", bound=LedgerWorld)


def populate(world: W, *, register: bool = True, define: bool = True) -> W:
    """As `found_world`, in a world that Chongqing has just founded."""
    world.pass_time(HOUR_S)
    world.admit(SICHUAN)
    if define:
        world.pass_time(HOUR_S)
        world.admit(MINISTRY)
        world.define_type()
    if register:
        for department in (CHONGQING_HOUSING, SICHUAN_HOUSING):
            world.pass_time(HOUR_S)
            world.register(department)
            world.register_seal_key(department)
            world.mandate(department)
    world.now_unix = SEALED_AT_UNIX
    return world


def issue(
    world: LedgerWorld,
    department: Department = CHONGQING_HOUSING,
    *,
    count: int = 3,
    holder_jwk: dict[str, str] | None = None,
) -> Batch:
    """Seal and, a minute later, anchor a batch."""
    drafts = [create_draft(department.issuer, f"2025{number:07d}") for number in range(count)]
    batch = world.seal_batch(department, drafts, holder_jwk=holder_jwk)
    world.pass_time(60)
    world.anchor(batch)
    return batch


def prepare(
    department: Department = CHONGQING_HOUSING, **options: Any
) -> tuple[LedgerWorld, Batch]:
    """A ledger with one batch, anchored an hour ago and attested a minute ago."""
    world = found_world()
    batch = issue(world, department, **options)
    world.pass_time(HOUR_S)
    world.attest_all(batch)
    world.pass_time(60)
    return world, batch
