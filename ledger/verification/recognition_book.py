"""What facts say about recognition: policies with their versions, groups, national types.

Which of it bears on a certificate is for `recognition`; docs/spec/recognition.md gives the rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Final

from ledger.formats.evidence import Fact
from ledger.identifiers import CertificateType, PartyId
from ledger.records import (
    GroupAttested,
    GroupDefined,
    GroupLeft,
    NationalTypeChanged,
    PactSigned,
    PactTerms,
    PolicyAttested,
    PolicySet,
    TypeAttested,
)

POLICY_KINDS: Final = (PolicySet, PactSigned, PolicyAttested)
GROUP_KINDS: Final = (GroupDefined, GroupLeft, GroupAttested)
NATIONAL_KINDS: Final = (NationalTypeChanged, TypeAttested)
CACHED_BOOKS: Final = 128

_NO_PACT = bytes(32)


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """What a row of policy versions is about: who relies on whose certificates of which type, None
    for every type."""

    relying: PartyId
    source: PartyId
    certificate_type: CertificateType | None

    @property
    def subject(self) -> bytes:
        """Subject of its entries: SHA-256(relying, 18 bytes || source, 18 || type, 21 or zeros)."""
        code = self.certificate_type.to_chain() if self.certificate_type else bytes(21)
        return sha256(self.relying.to_chain() + self.source.to_chain() + code).digest()


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a policy.

    Args:
        key: what it is about.
        version: its number, None where the facts that would number it are not all there.
        minimum_seal_level: lowest level it recognises (docs/spec/recognition.md).
        valid_from_unix, valid_until_unix: [from, until); both 0 if it ends the recognition.
        conditions_hash: SHA-256 of the conditions, 32 zero bytes if there are none.
        pact_id: of the pact that wrote it, 32 zero bytes if none did.
        recorded_at_unix: when.
        log_index: of the entry that set it, or of the attestation that tells of it.
    """

    key: PolicyKey
    version: int | None
    minimum_seal_level: int
    valid_from_unix: int
    valid_until_unix: int
    conditions_hash: bytes
    pact_id: bytes
    recorded_at_unix: int
    log_index: int


@dataclass(frozen=True, slots=True)
class PolicyState:
    """The newest version of a policy at a time, by the facts, and until when it is known to be."""

    policy: PolicyVersion
    known_until_unix: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """A group that a party was of at a time, by the facts, and until when that is known."""

    group: PartyId
    party: PartyId
    known_until_unix: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class NationalState:
    """Whether a type was national at a time. The legal basis is None if only attested."""

    is_national: bool
    legal_basis: str | None
    known_until_unix: int
    facts: tuple[Fact, ...]


class RecognitionBook:
    """Facts about recognition, by what they are about.

    Args:
        facts: proven entries of the log, index rising; of other kinds too.
        is_complete: whether nothing about the policies among them is left out, so that versions
            which pacts wrote can be numbered.
    """

    __slots__ = ("_groups", "_is_complete", "_national", "_policies")

    def __init__(self, facts: Iterable[Fact], *, is_complete: bool) -> None:
        self._is_complete = is_complete
        self._policies: dict[PolicyKey, list[tuple[Fact, PolicyVersion]]] = defaultdict(list)
        self._groups: dict[PartyId, list[Fact]] = defaultdict(list)
        self._national: dict[CertificateType, list[Fact]] = defaultdict(list)
        for fact in facts:
            self._enter(fact)

    def _enter(self, fact: Fact) -> None:
        match fact.record:
            case PolicySet() | PactSigned() | PolicyAttested():
                for version in self._read_versions(fact):
                    self._policies[version.key].append((fact, version))
            case GroupDefined(statement=defined):
                self._groups[defined.group].append(fact)
            case GroupLeft(statement=left):
                self._groups[left.group].append(fact)
            case GroupAttested(group=group):
                self._groups[group].append(fact)
            case NationalTypeChanged(change=change):
                self._national[change.certificate_type].append(fact)
            case TypeAttested(certificate_type=certificate_type):
                self._national[certificate_type].append(fact)

    def _read_versions(self, fact: Fact) -> Iterable[PolicyVersion]:
        """The versions that one fact sets or attests."""
        match fact.record:
            case PolicySet(statement=told):
                yield PolicyVersion(
                    PolicyKey(told.relying, told.source, told.certificate_type),
                    told.version,
                    told.minimum_seal_level,
                    told.valid_from,
                    told.valid_until,
                    told.conditions_hash,
                    _NO_PACT,
                    fact.time_unix,
                    fact.index,
                )
            case PactSigned(pact_id=pact_id, statement=signed, missing=0):
                terms = signed.terms
                for key in compute_pact_keys(terms):
                    yield PolicyVersion(
                        key,
                        self._next_version(key),
                        terms.minimum_seal_level,
                        terms.valid_from,
                        terms.valid_until,
                        terms.conditions_hash,
                        pact_id,
                        fact.time_unix,
                        fact.index,
                    )
            case PolicyAttested(relying=relying, source=source, record=found) as attested:
                yield PolicyVersion(
                    PolicyKey(relying, source, attested.certificate_type),
                    found.version,
                    found.minimum_seal_level,
                    found.valid_from,
                    found.valid_until,
                    found.conditions_hash,
                    found.pact_id,
                    found.recorded_at,
                    fact.index,
                )

    def _next_version(self, key: PolicyKey) -> int | None:
        if not self._is_complete:
            return None
        versions = self._policies.get(key)
        return (versions[-1][1].version or 0) + 1 if versions else 1

    def keys(self) -> list[PolicyKey]:
        """Every policy, in the order in which the facts first speak of them."""
        return list(self._policies)

    def groups(self) -> list[PartyId]:
        """Every group of which the facts speak, by name."""
        return sorted(self._groups, key=str)

    def policy_at(self, key: PolicyKey, at_unix: int) -> PolicyState | None:
        """The newest version recorded until a time, None if the facts have none.

        A later fact shows as much as the numbers of versions leave no gap: that version was still
        the newest at that time.
        """
        state: PolicyState | None = None
        for fact, policy in self._policies.get(key, ()):
            if fact.time_unix > at_unix:
                return _look_back(state, fact, policy, at_unix)
            if state is not None and _is_same(state.policy, policy):
                known = replace(state.policy, version=policy.version)
                state = PolicyState(known, fact.time_unix, (*state.facts, fact))
            else:
                state = PolicyState(policy, fact.time_unix, (fact,))
        return state

    def memberships(self, party: PartyId, at_unix: int) -> list[Membership]:
        """The groups that a party was of at a time, by name."""
        found = [self._membership(group, party, at_unix) for group in self.groups()]
        return [membership for membership in found if membership is not None]

    def _membership(self, group: PartyId, party: PartyId, at_unix: int) -> Membership | None:
        """Who leaves a group never returns, so that a party attested later was of it before."""
        state: Membership | None = None
        for fact in self._groups[group]:
            is_later = fact.time_unix > at_unix
            match fact.record:
                case GroupDefined(statement=defined) if party in defined.parties and not is_later:
                    state = Membership(group, party, fact.time_unix, (fact,))
                case GroupLeft(statement=left) if left.member == party.member:
                    if state is None or not is_later:
                        return None
                    return replace(state, known_until_unix=at_unix)
                case GroupAttested(parties=parties) if party not in parties:
                    state = None
                case GroupAttested() if state is not None or not is_later:
                    facts = (*state.facts, fact) if state else (fact,)
                    state = Membership(group, party, min(fact.time_unix, at_unix), facts)
        return state

    def national_at(self, certificate_type: CertificateType, at_unix: int) -> NationalState | None:
        """Whether a type was national, by the newest fact until then; None if there is none."""
        state: NationalState | None = None
        for fact in self._national.get(certificate_type, ()):
            if fact.time_unix > at_unix:
                break
            match fact.record:
                case NationalTypeChanged(change=change):
                    state = NationalState(
                        change.is_national, change.legal_basis, fact.time_unix, (fact,)
                    )
                case TypeAttested(record=record):
                    state = _confirm(state, record.is_national, fact)
        return state


@lru_cache(maxsize=CACHED_BOOKS)
def open_book(facts: tuple[Fact, ...], *, is_complete: bool) -> RecognitionBook:
    """The book of these facts; equal facts, such as those of one batch, share it."""
    return RecognitionBook(facts, is_complete=is_complete)


def compute_pact_keys(terms: PactTerms) -> tuple[PolicyKey, ...]:
    """The policies that a pact writes when it is concluded: each type, in both directions; of a
    group's pact these are one."""
    pairs = dict.fromkeys(((terms.party_a, terms.party_b), (terms.party_b, terms.party_a)))
    types = terms.certificate_types or (None,)
    return tuple(PolicyKey(*pair, each) for each in types for pair in pairs)


def _is_same(known: PolicyVersion, told: PolicyVersion) -> bool:
    """Whether an attestation tells of the version that is known already."""
    if known.recorded_at_unix != told.recorded_at_unix:
        return False
    return known.pact_id == told.pact_id if known.version is None else known.version == told.version


def _look_back(
    state: PolicyState | None, fact: Fact, policy: PolicyVersion, at_unix: int
) -> PolicyState | None:
    """What the first fact after a time says about the version in force at that time."""
    if policy.recorded_at_unix <= at_unix:  # an attestation: newest from then until after `at_unix`
        if state is not None and _is_same(state.policy, policy):
            known = replace(state.policy, version=policy.version)
            return PolicyState(known, at_unix, (*state.facts, fact))
        return PolicyState(policy, at_unix, (fact,))
    if state is None or state.policy.version is None or policy.version is None:
        return state
    is_next = policy.version == state.policy.version + 1
    return replace(state, known_until_unix=at_unix) if is_next else state


def _confirm(state: NationalState | None, is_national: bool, fact: Fact) -> NationalState:
    if state is not None and state.is_national == is_national:
        return replace(state, known_until_unix=fact.time_unix, facts=(*state.facts, fact))
    return NationalState(is_national, None, fact.time_unix, (fact,))
