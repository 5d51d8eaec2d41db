"""Who recognises a certificate, and by what: the resolution of docs/spec/recognition.md. Pure.

Every way is tried; those that hold stand in the order in which they are cited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from ledger.formats.certificate import Certificate
from ledger.formats.evidence import Fact
from ledger.identifiers import CertificateType, MemberId, PartyId, RegionCode
from ledger.verification.recognition_book import (
    Membership,
    PolicyKey,
    PolicyState,
    PolicyVersion,
    RecognitionBook,
)

SEAL_LEVEL_KEY: Final = 1
SEAL_LEVEL_DOCUMENT: Final = 2
SEAL_LEVEL_SM2: Final = 3
MAX_SEAL_LEVEL: Final = SEAL_LEVEL_SM2
CACHED_RESOLUTIONS: Final = 1024
_SUITE_SM2: Final = 2
_LEGAL_FORMATS: Final = frozenset({"ofd", "pdf"})


class Way(StrEnum):
    """How a certificate can be recognised."""

    OWN_PROVINCE = "own_province"
    NATIONAL_TYPE = "national_type"
    POLICY = "policy"


class StepResult(StrEnum):
    """What became of one way."""

    RECOGNISED = "recognised"
    NOT_NATIONAL = "not_national"
    NOT_YET_IN_FORCE = "not_yet_in_force"
    ENDED = "ended"
    SEAL_LEVEL_TOO_LOW = "seal_level_too_low"


@dataclass(frozen=True, slots=True)
class RecognitionQuestion:
    """What is asked.

    Args:
        relying_region: who wants to rely on the certificate; of any level.
        issuing_region: of the issuing department when the batch was anchored.
        issuing_member: that department's member then.
        certificate_type: type of the certificate.
        seal_level: as `compute_seal_level`.
        at_unix: the time asked about.
    """

    relying_region: RegionCode
    issuing_region: RegionCode
    issuing_member: MemberId
    certificate_type: CertificateType
    seal_level: int
    at_unix: int


@dataclass(frozen=True, slots=True)
class Side:
    """A party that speaks for one side: a region, a national department, or a group of such.

    Args:
        party: by this name policies speak of it.
        membership: how the side belongs to the group; None if it is no group.
    """

    party: PartyId
    membership: Membership | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One way that was tried.

    Args:
        way: which.
        result: what became of it.
        legal_basis: of a national type.
        policy: the version that was in question.
        known_until_unix: until when what it rests on is known; None if it rests on no fact of
            recognition.
        facts: what it rests on.
    """

    way: Way
    result: StepResult
    legal_basis: str | None = None
    policy: PolicyVersion | None = None
    known_until_unix: int | None = None
    facts: tuple[Fact, ...] = ()

    @property
    def is_recognised(self) -> bool:
        """Whether this way suffices."""
        return self.result is StepResult.RECOGNISED


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """The answer, with the way it was found. Two are the same only as one object.

    Args:
        question: what was asked.
        relying, source: under which names each side is spoken of, narrowest first.
        steps: what was tried and found, in the order of citing.
    """

    question: RecognitionQuestion
    relying: tuple[Side, ...]
    source: tuple[Side, ...]
    steps: tuple[Step, ...]

    @property
    def bases(self) -> tuple[Step, ...]:
        """What recognises the certificate, the one to cite first."""
        return tuple(step for step in self.steps if step.is_recognised)


def compute_seal_level(certificate: Certificate, suite: int) -> int:
    """How strongly a certificate is sealed.

    Args:
        suite: of the department's seal key.

    Returns:
        3 with an SM2 key; else 2 if it binds the sealed OFD or PDF; else 1.
    """
    if suite == _SUITE_SM2:
        return SEAL_LEVEL_SM2
    document = certificate.document
    if document is not None and document.format.lower().rpartition("/")[2] in _LEGAL_FORMATS:
        return SEAL_LEVEL_DOCUMENT
    return SEAL_LEVEL_KEY


def resolve(book: RecognitionBook, question: RecognitionQuestion) -> Resolution:
    """Try every way in the order of citing: own province, national type, then policies: of the
    type before those of every type, the narrower relying party first, then the narrower source."""
    relying = find_sides(book, compute_relying_parties(question.relying_region), question.at_unix)
    source = find_sides(
        book,
        compute_source_parties(question.issuing_member, question.issuing_region),
        question.at_unix,
    )
    steps = (
        *_try_own_province(question),
        *_try_national_type(book, question),
        *_try_policies(book, question, relying, source),
    )
    return Resolution(question, relying, source, steps)


find_resolution = lru_cache(maxsize=CACHED_RESOLUTIONS)(resolve)
"""As `resolve`, once for the certificates of a batch at one time."""


def find_sides(
    book: RecognitionBook, parties: tuple[PartyId, ...], at_unix: int
) -> tuple[Side, ...]:
    """The parties themselves and every group that one of them was of; a group by the party whose
    membership is known best."""
    groups: dict[PartyId, Membership] = {}
    for party in parties:
        for found in book.memberships(party, at_unix):
            known = groups.get(found.group)
            if known is None or known.known_until_unix < found.known_until_unix:
                groups[found.group] = found
    by_name = sorted(groups, key=str)
    return (*map(Side, parties), *(Side(group, groups[group]) for group in by_name))


def compute_relying_parties(region: RegionCode) -> tuple[PartyId, ...]:
    """A region, its city and its province, each once: by these names policies speak of it."""
    city = RegionCode(f"{region.code[:4]}00")
    return tuple(PartyId(each) for each in dict.fromkeys((region, city, region.province)))


def compute_source_parties(member: MemberId, region: RegionCode) -> tuple[PartyId, ...]:
    """By which names policies speak of a department of this member and region."""
    return compute_relying_parties(region) if member.is_province else (PartyId(member.value),)


def _try_own_province(question: RecognitionQuestion) -> Iterator[Step]:
    if question.issuing_member.value == question.relying_region.province:
        yield Step(Way.OWN_PROVINCE, StepResult.RECOGNISED)


def _try_national_type(book: RecognitionBook, question: RecognitionQuestion) -> Iterator[Step]:
    state = book.national_at(question.certificate_type, question.at_unix)
    if state is not None:
        result = StepResult.RECOGNISED if state.is_national else StepResult.NOT_NATIONAL
        yield Step(
            Way.NATIONAL_TYPE,
            result,
            state.legal_basis,
            known_until_unix=state.known_until_unix,
            facts=state.facts,
        )


def _try_policies(
    book: RecognitionBook,
    question: RecognitionQuestion,
    relying: tuple[Side, ...],
    source: tuple[Side, ...],
) -> Iterator[Step]:
    for certificate_type in (question.certificate_type, None):
        for relier in relying:
            for origin in source:
                key = PolicyKey(relier.party, origin.party, certificate_type)
                state = book.policy_at(key, question.at_unix)
                if state is not None:
                    yield _judge(question, state, relier, origin)


def _judge(question: RecognitionQuestion, state: PolicyState, *sides: Side) -> Step:
    known, facts = [state.known_until_unix], set(state.facts)
    for side in sides:
        if side.membership is not None:
            known.append(side.membership.known_until_unix)
            facts.update(side.membership.facts)
    return Step(
        Way.POLICY,
        _judge_version(state.policy, question),
        policy=state.policy,
        known_until_unix=min(known),
        facts=tuple(sorted(facts, key=lambda fact: fact.index)),
    )


def _judge_version(policy: PolicyVersion, question: RecognitionQuestion) -> StepResult:
    if question.at_unix >= policy.valid_until_unix:
        return StepResult.ENDED
    if question.at_unix < policy.valid_from_unix:
        return StepResult.NOT_YET_IN_FORCE
    if question.seal_level < policy.minimum_seal_level:
        return StepResult.SEAL_LEVEL_TOO_LOW
    return StepResult.RECOGNISED
