"""What proven facts say about a certificate's issuer, batch and status.

What was so when a batch was anchored
is read from the facts before its entry in the log's order; whether that is enough, and what its
absence means, is for the checks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from typing import Final

from ledger.abi import Event
from ledger.formats.certificate import Placement
from ledger.formats.evidence import Fact
from ledger.formats.status_list import Status, get_status, word_index
from ledger.identifiers import CertificateType, MemberId, RegionCode, Uscc
from ledger.records import (
    BatchAnchored,
    ConsortiumFounded,
    DepartmentAttested,
    DepartmentRegistered,
    MandateAttested,
    MandateChanged,
    MemberAdmitted,
    MemberAttested,
    MemberKeysChanged,
    MemberRemoved,
    SealKeyAttested,
    SealKeyCompromised,
    SealKeyEnded,
    SealKeyRecord,
    SealKeyRegistered,
    SealKeyStatement,
    StatusAttested,
    StatusChanged,
    TypeAttested,
    TypeDefined,
)

CACHED_VIEWS: Final = 128


@dataclass(frozen=True, slots=True)
class DepartmentState:
    """A department as a fact left it."""

    fact: Fact
    member: MemberId | None
    region: RegionCode | None
    valid_until_unix: int


@dataclass(frozen=True, slots=True)
class MemberState:
    """A member as a fact left it; no CA fingerprint after its removal."""

    fact: Fact
    ca_fingerprint: bytes | None


@dataclass(frozen=True, slots=True)
class MandateState:
    """A mandate as a fact left it: [from, until); both 0 for none."""

    fact: Fact
    valid_from_unix: int
    valid_until_unix: int


@dataclass(frozen=True, slots=True)
class TypeState:
    """A certificate type as a fact left it in the catalogue; version 0 for none."""

    fact: Fact
    version: int
    schema_hash: bytes


@dataclass(frozen=True, slots=True)
class SealKeyState:
    """A seal key with everything that is known of it.

    Args:
        fact: the first fact that has the key itself.
        key: the key as registered or attested.
        valid_until_unix: by the newest fact.
        compromised_since_unix: by the newest fact, 0 if it is not compromised.
        newest: the newest fact about it.
    """

    fact: Fact
    key: SealKeyStatement | SealKeyRecord
    valid_until_unix: int
    compromised_since_unix: int
    newest: Fact


@dataclass(frozen=True, slots=True)
class StatusState:
    """A certificate's status by the facts recorded until a time.

    Args:
        status: the status.
        fact: the fact that last spoke of its word.
        change: the fact that last changed the status, None if none is known.
        known_until_unix: until when nothing else can have been recorded.
    """

    status: Status
    fact: Fact
    change: Fact | None
    known_until_unix: int


class LedgerView:
    """Proven facts, by kind.

    Args:
        facts: entries that are known to be in the trusted log, index rising.
        is_complete: whether they were selected from the whole of it.
    """

    __slots__ = ("_by_kind", "facts", "is_complete")

    def __init__(self, facts: Iterable[Fact], *, is_complete: bool) -> None:
        self.facts = tuple(facts)
        self.is_complete = is_complete
        self._by_kind: dict[type[Event], list[Fact]] = defaultdict(list)
        for fact in self.facts:
            self._by_kind[type(fact.record)].append(fact)

    def _of(self, *kinds: type[Event]) -> list[Fact]:
        """Facts of these kinds in the order of the log."""
        found = [fact for kind in kinds for fact in self._by_kind.get(kind, ())]
        if len(kinds) > 1:
            found.sort(key=_index_of)
        return found

    def anchoring(self, batch_key: bytes) -> Fact | None:
        """The fact that anchored a batch."""
        for fact in self._of(BatchAnchored):
            if isinstance(fact.record, BatchAnchored) and fact.record.batch_key == batch_key:
                return fact
        return None

    def departments(self, issuer: Uscc) -> list[DepartmentState]:
        """What became of a department, in order."""
        states = []
        for fact in self._of(DepartmentRegistered, DepartmentAttested):
            match fact.record:
                case DepartmentRegistered(statement=told) if told.issuer == issuer:
                    states.append(DepartmentState(fact, told.member, told.region, told.valid_until))
                case DepartmentAttested(issuer=named, record=found) if named == issuer:
                    states.append(
                        DepartmentState(fact, found.member, found.region, found.valid_until)
                    )
        return states

    def members(self, member: MemberId) -> list[MemberState]:
        """What became of a member, in order."""
        states = []
        for fact in self._of(*MEMBER_KINDS):
            match fact.record:
                case ConsortiumFounded(statement=told) if told.founder.member == member:
                    states.append(MemberState(fact, told.founder.keys.ca_fingerprint))
                case MemberAdmitted(admission=admission) if admission.member == member:
                    states.append(MemberState(fact, admission.keys.ca_fingerprint))
                case MemberKeysChanged(statement=changed) if changed.member == member:
                    states.append(MemberState(fact, changed.keys.ca_fingerprint))
                case MemberAttested(member=named, record=found) if named == member:
                    is_member = found.removed_at == 0
                    states.append(
                        MemberState(fact, found.keys.ca_fingerprint if is_member else None)
                    )
                case MemberRemoved(member=named) if named == member:
                    states.append(MemberState(fact, None))
        return states

    def mandates(self, issuer: Uscc, certificate_type: CertificateType) -> list[MandateState]:
        """What became of a mandate, in order."""
        states = []
        wanted = (issuer, certificate_type)
        for fact in self._of(MandateChanged, MandateAttested):
            match fact.record:
                case MandateChanged(statement=told):
                    if (told.issuer, told.certificate_type) == wanted:
                        states.append(MandateState(fact, told.valid_from, told.valid_until))
                case MandateAttested(issuer=named, certificate_type=type_, record=found):
                    if (named, type_) == wanted:
                        states.append(MandateState(fact, found.valid_from, found.valid_until))
        return states

    def types(self, certificate_type: CertificateType) -> list[TypeState]:
        """What became of a type in the catalogue, in order."""
        states = []
        for fact in self._of(*TYPE_KINDS):
            match fact.record:
                case TypeDefined(statement=told) if told.certificate_type == certificate_type:
                    states.append(TypeState(fact, told.version, told.schema_hash))
                case TypeAttested(certificate_type=named, record=found):
                    if named == certificate_type:
                        states.append(TypeState(fact, found.version, found.schema_hash))
        return states

    def seal_key(self, issuer: Uscc, key_id: bytes) -> SealKeyState | None:
        """A department's seal key, by everything that is known of it."""
        state: SealKeyState | None = None
        for fact in self._of(*_SEAL_KEY_KINDS):
            match fact.record:
                case SealKeyRegistered(key_id=named, statement=key):
                    if (key.issuer, named) == (issuer, key_id):
                        state = SealKeyState(
                            state.fact if state else fact, key, key.valid_until, 0, fact
                        )
                case SealKeyAttested(issuer=owner, key_id=named, record=found):
                    if (owner, named) == (issuer, key_id):
                        state = SealKeyState(
                            state.fact if state else fact,
                            found,
                            found.valid_until,
                            found.compromised_since,
                            fact,
                        )
                case SealKeyEnded(statement=end):
                    if state and (end.issuer, end.key_id) == (issuer, key_id):
                        state = replace(state, valid_until_unix=end.valid_until, newest=fact)
                case SealKeyCompromised(statement=found):
                    if state and (found.issuer, found.key_id) == (issuer, key_id):
                        state = replace(
                            state, compromised_since_unix=found.compromised_since, newest=fact
                        )
        return state

    def other_owners(self, issuer: Uscc, key_id: bytes) -> tuple[Uscc, ...]:
        """Other departments for which the key was registered."""
        owners = set()
        for fact in self._of(SealKeyRegistered, SealKeyAttested):
            match fact.record:
                case SealKeyRegistered(key_id=named, statement=key) if named == key_id:
                    owners.add(key.issuer)
                case SealKeyAttested(issuer=owner, key_id=named) if named == key_id:
                    owners.add(owner)
        return tuple(sorted(owners - {issuer}))

    def status(self, anchoring: Fact, placement: Placement, as_of_unix: int) -> StatusState:
        """A certificate's status by the facts recorded until a time.

        Args:
            anchoring: the fact that anchored its batch: all are valid then.
            placement: batch and position of the certificate.
            as_of_unix: facts recorded later count only as far as they show that nothing happened
                in between: status changes of a batch are numbered.
        """
        index = word_index(placement.position)
        state = StatusState(Status.VALID, anchoring, None, anchoring.time_unix)
        sequence = 0
        for fact in self._of(StatusChanged, StatusAttested):
            if fact.record.batch_key != placement.batch_key:  # type: ignore[attr-defined] # both
                continue
            is_gapless, word, new_sequence = _read_status(fact, index, sequence)
            if fact.time_unix > as_of_unix:
                if is_gapless:
                    state = replace(state, known_until_unix=as_of_unix)
                break
            if word is not None:
                status = get_status(word, placement.position)
                is_change = status is not state.status and isinstance(fact.record, StatusChanged)
                change = fact if is_change else state.change
                state = StatusState(status, fact, change, fact.time_unix)
                sequence = new_sequence
            elif is_gapless:
                state = replace(state, known_until_unix=fact.time_unix)
                sequence = new_sequence
        return state


def _read_status(fact: Fact, index: int, sequence: int) -> tuple[bool, bytes | None, int]:
    """Whether nothing lies between the fact and the change numbered `sequence`, the word with that
    index after the fact if it says so, and the number it leaves the batch at."""
    match fact.record:
        case StatusChanged(statement=told):
            words = [change.word_after for change in told.changes if change.index == index]
            return told.sequence == sequence + 1, words[0] if words else None, told.sequence
        case StatusAttested(word_index=attested, word=word, status_sequence=number):
            return number == sequence, word if attested == index else None, number
    raise AssertionError(fact.record)


@lru_cache(maxsize=CACHED_VIEWS)
def open_view(facts: tuple[Fact, ...], *, is_complete: bool) -> LedgerView:
    """The view on proven facts; equal facts, such as those of one batch, share it."""
    return LedgerView(facts, is_complete=is_complete)


_index_of = attrgetter("index")
MEMBER_KINDS = (
    ConsortiumFounded,
    MemberAdmitted,
    MemberKeysChanged,
    MemberAttested,
    MemberRemoved,
)
TYPE_KINDS = (TypeDefined, TypeAttested)
_SEAL_KEY_KINDS = (SealKeyRegistered, SealKeyAttested, SealKeyEnded, SealKeyCompromised)
