"""What the log tells of recognition: policies, groups and pacts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ledger.abi import Event
from ledger.actions.facts import to_fact
from ledger.errors import ConflictError, NotFoundError
from ledger.formats.evidence import Fact
from ledger.identifiers import CertificateType, MemberId, PartyId
from ledger.index.store import IndexStore
from ledger.records import GroupDefined, GroupLeft, PactSigned, PactTerms
from ledger.verification.recognition_book import (
    GROUP_KINDS,
    NATIONAL_KINDS,
    POLICY_KINDS,
    PolicyKey,
    PolicyVersion,
    RecognitionBook,
)

_EVER_UNIX: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a policy.

    Attributes:
        certificate_type: None for every type.
        state: at the time asked about: "in force", "not yet in force" or "ended".
        pact_id: of the pact that wrote it, None if none did.
    """

    relying: PartyId
    source: PartyId
    certificate_type: CertificateType | None
    version: int | None
    state: str
    minimum_seal_level: int
    valid_from_unix: int
    valid_until_unix: int
    conditions_hash: bytes
    pact_id: bytes | None
    recorded_at_unix: int
    log_index: int

    @property
    def key(self) -> PolicyKey:
        """What it is about."""
        return PolicyKey(self.relying, self.source, self.certificate_type)


@dataclass(slots=True)
class Group:
    """A group: its parties as it was named, and when members took theirs out of it."""

    group: PartyId
    name: str
    member: MemberId
    parties: tuple[PartyId, ...]
    log_index: int
    left_at_unix: dict[str, int] = field(default_factory=dict)

    def members(self) -> list[MemberId]:
        """Who speaks for parties that are still of it, each once."""
        speaking = dict.fromkeys(party.member for party in self.parties)
        return [each for each in speaking if each and str(each) not in self.left_at_unix]


@dataclass(frozen=True, slots=True)
class Pact:
    """A pact as the log tells it.

    Attributes:
        state: "concluded", "open" or "expired".
        missing: members whose signatures are missing, as far as the log tells who they are.
        log_index: of the newest signature.
    """

    pact_id: bytes
    terms: PactTerms
    state: str
    signed: tuple[MemberId, ...]
    missing: tuple[MemberId, ...]
    concluded_at_unix: int | None
    log_index: int


def read_book(index: IndexStore) -> RecognitionBook:
    """Everything that the log says about recognition."""
    facts = _read_facts(index, *POLICY_KINDS, *GROUP_KINDS, *NATIONAL_KINDS)
    return RecognitionBook(facts, is_complete=True)


def list_policies(index: IndexStore, at_unix: int) -> list[Policy]:
    """The newest version of each policy at a time."""
    book = read_book(index)
    states = (book.policy_at(key, at_unix) for key in book.keys())  # noqa: SIM118 # no mapping
    return [to_policy(state.policy, at_unix) for state in states if state is not None]


def find_policy(index: IndexStore, key: PolicyKey, at_unix: int) -> Policy:
    """The newest version of a policy recorded until a time. Raises NotFoundError."""
    state = read_book(index).policy_at(key, at_unix)
    if state is None:
        raise NotFoundError(
            f"{key.relying} has no policy about {key.source}, "
            f"{key.certificate_type or 'every type'}",
            code="policy_unknown",
        )
    return to_policy(state.policy, at_unix)


def compute_next_version(index: IndexStore, key: PolicyKey) -> int:
    """The number that the next version of a policy must have."""
    state = read_book(index).policy_at(key, _EVER_UNIX)
    return 1 if state is None else (state.policy.version or 0) + 1


def to_policy(version: PolicyVersion, at_unix: int) -> Policy:
    """A version with its state at a time."""
    state = "in force"
    if at_unix >= version.valid_until_unix:
        state = "ended"
    elif at_unix < version.valid_from_unix:
        state = "not yet in force"
    return Policy(
        version.key.relying,
        version.key.source,
        version.key.certificate_type,
        version.version,
        state,
        version.minimum_seal_level,
        version.valid_from_unix,
        version.valid_until_unix,
        version.conditions_hash,
        version.pact_id if any(version.pact_id) else None,
        version.recorded_at_unix,
        version.log_index,
    )


def list_groups(index: IndexStore) -> list[Group]:
    """Every group, in the order in which they were named."""
    groups: dict[PartyId, Group] = {}
    for fact in _read_facts(index, GroupDefined, GroupLeft):
        if isinstance(fact.record, GroupDefined):
            told = fact.record.statement
            groups[told.group] = Group(told.group, told.name, told.member, told.parties, fact.index)
        elif isinstance(fact.record, GroupLeft):
            left = fact.record.statement
            groups[left.group].left_at_unix[str(left.member)] = fact.time_unix
    return list(groups.values())


def find_group(index: IndexStore, group: PartyId) -> Group:
    """Raises NotFoundError."""
    for each in list_groups(index):
        if each.group == group:
            return each
    raise NotFoundError(f"the log has no group {group}", code="group_unknown", field="group")


def list_pacts(index: IndexStore, now_unix: int) -> list[Pact]:
    """Every pact that somebody has signed, in the order of their first signatures.

    Args:
        now_unix: time at which a pact is open or expired.
    """
    groups = {each.group: each for each in list_groups(index)}
    signatures: dict[bytes, list[tuple[Fact, PactSigned]]] = {}
    for fact in _read_facts(index, PactSigned):
        if isinstance(fact.record, PactSigned):
            signatures.setdefault(fact.record.pact_id, []).append((fact, fact.record))
    return [_to_pact(told, groups, now_unix) for told in signatures.values()]


def find_pact(index: IndexStore, prefix: str, now_unix: int) -> Pact:
    """The one pact whose id begins so (hex). Raises NotFoundError or ConflictError."""
    wanted = prefix.lower()
    pacts = list_pacts(index, now_unix)
    found = [pact for pact in pacts if wanted and pact.pact_id.hex().startswith(wanted)]
    if not found:
        raise NotFoundError(f"no pact whose id begins with {prefix!r}", code="pact_unknown")
    if len(found) > 1:
        raise ConflictError(f"{len(found)} pacts begin with {prefix!r}; give more of the id")
    return found[0]


def list_signers(terms: PactTerms, groups: dict[PartyId, Group]) -> list[MemberId]:
    """Whose signatures a pact takes now: a group's members, or those of the two parties."""
    if terms.party_a == terms.party_b:
        group = groups.get(terms.party_a)
        return group.members() if group is not None else []
    both = dict.fromkeys((terms.party_a.member, terms.party_b.member))
    return [member for member in both if member is not None]


def _to_pact(
    told: list[tuple[Fact, PactSigned]], groups: dict[PartyId, Group], now_unix: int
) -> Pact:
    fact, newest = told[-1]
    terms = newest.statement.terms
    signed = tuple(record.statement.member for _, record in told)
    is_concluded = newest.missing == 0
    missing = [each for each in list_signers(terms, groups) if each not in signed]
    state = "open" if now_unix < terms.sign_until else "expired"
    return Pact(
        newest.pact_id,
        terms,
        "concluded" if is_concluded else state,
        signed,
        () if is_concluded else tuple(missing),
        fact.time_unix if is_concluded else None,
        fact.index,
    )


def _read_facts(index: IndexStore, *kinds: type[Event]) -> Iterator[Fact]:
    for row in index.entries_of_kind(*(kind.TOPIC for kind in kinds)):
        if (fact := to_fact(row)) is not None:
            yield fact
