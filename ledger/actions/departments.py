"""What the log tells of departments: their names, seal keys and mandates."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ledger.errors import ConflictError, NotFoundError
from ledger.identifiers import CertificateType, RegionCode, Uscc
from ledger.index.store import IndexStore
from ledger.records import (
    DepartmentRegistered,
    DepartmentStatement,
    MandateChanged,
    SealKeyCompromised,
    SealKeyEnded,
    SealKeyRegistered,
)


@dataclass(frozen=True, slots=True)
class SealKeyView:
    key_id: bytes
    valid_from_unix: int
    valid_until_unix: int
    compromised_since_unix: int | None


@dataclass(frozen=True, slots=True)
class MandateView:
    certificate_type: CertificateType
    valid_from_unix: int
    valid_until_unix: int


@dataclass(frozen=True, slots=True)
class Department:
    """A department as the log tells it."""

    issuer: Uscc
    member: str
    name: str
    region: RegionCode
    seal_keys: tuple[SealKeyView, ...]
    mandates: tuple[MandateView, ...]


def list_departments(index: IndexStore) -> list[Department]:
    """Every department of every member, by the log."""
    rows = index.entries_of_kind(DepartmentRegistered.TOPIC)
    subjects = dict.fromkeys(row.subject for row in rows if row.payload is not None)
    return [_to_department(index, subject) for subject in subjects]


def read_department(index: IndexStore, issuer: Uscc) -> Department:
    """One department as the index has it. Raises NotFoundError when none has this code."""
    subject = issuer.to_chain().ljust(32, b"\0")
    if not index.entries_of(subject):
        raise NotFoundError(
            f"no department {issuer} is registered; register it with `zhenglian issuer register`",
            code="issuer_unknown",
            field="issuer",
        )
    return _to_department(index, subject)


def find_key_id(department: Department, prefix: str) -> bytes:
    """The one seal key of a department whose id begins so (hex).

    Raises:
        NotFoundError: none does; the message lists those there are. ConflictError: several do.
    """
    ids = [key.key_id for key in department.seal_keys]
    found = [key_id for key_id in ids if prefix and key_id.hex().startswith(prefix.lower())]
    if not found:
        listed = ", ".join(key_id.hex()[:16] for key_id in ids) or "none"
        raise NotFoundError(
            f"key: {department.issuer} has no seal key beginning with {prefix!r}; it has {listed}",
            code="seal_key_unknown",
            field="key",
        )
    if len(found) > 1:
        raise ConflictError(
            f"key: {len(found)} seal keys begin with {prefix!r}; give more of it",
            code="seal_key_ambiguous",
            field="key",
        )
    return found[0]


def _to_department(index: IndexStore, subject: bytes) -> Department:
    statement: DepartmentStatement | None = None
    keys: dict[bytes, SealKeyView] = {}
    mandates: dict[CertificateType, MandateView] = {}
    for row in index.entries_of(subject):
        if row.payload is None:
            continue
        if row.kind == DepartmentRegistered.TOPIC:
            statement = DepartmentRegistered.decode_payload(row.payload).statement
        elif row.kind == SealKeyRegistered.TOPIC:
            key = SealKeyRegistered.decode_payload(row.payload)
            begins, ends = key.statement.valid_from, key.statement.valid_until
            keys[key.key_id] = SealKeyView(key.key_id, begins, ends, None)
        elif row.kind == SealKeyEnded.TOPIC:
            end = SealKeyEnded.decode_payload(row.payload).statement
            if (old := keys.get(end.key_id)) is not None:
                keys[end.key_id] = replace(old, valid_until_unix=end.valid_until)
        elif row.kind == SealKeyCompromised.TOPIC:
            found = SealKeyCompromised.decode_payload(row.payload).statement
            if (old := keys.get(found.key_id)) is not None:
                keys[found.key_id] = replace(old, compromised_since_unix=found.compromised_since)
        elif row.kind == MandateChanged.TOPIC:
            given = MandateChanged.decode_payload(row.payload).statement
            mandates[given.certificate_type] = MandateView(
                given.certificate_type, given.valid_from, given.valid_until
            )
    if statement is None:
        raise NotFoundError("the log has no department of that code", code="issuer_unknown")
    return Department(
        statement.issuer,
        str(statement.member),
        statement.name,
        statement.region,
        tuple(keys.values()),
        tuple(mandates.values()),
    )
