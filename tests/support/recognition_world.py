"""A world in which regions recognise each other's certificates: policies, groups, pacts, types."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256

from ledger.identifiers import CertificateType, MemberId, PartyId
from ledger.records import (
    GroupAttested,
    GroupDefined,
    GroupExitStatement,
    GroupLeft,
    GroupStatement,
    NationalType,
    NationalTypeChanged,
    PactSigned,
    PactStatement,
    PactTerms,
    PolicyAttested,
    PolicyRecord,
    PolicySet,
    PolicyStatement,
    TypeAttested,
    TypeRecord,
)
from ledger.verification.recognition_book import PolicyKey, RecognitionBook
from tests.support.departments import BEGIN_UNIX, CHONGQING, END_UNIX, SAFETY_STAFF, SICHUAN, Region
from tests.support.ledger_world import LedgerWorld, populate

NO_CONDITIONS = bytes(32)
CHUANYU = PartyId.parse("@CHUANYU")
SICHUAN_PARTY, CHONGQING_PARTY = PartyId.parse("510000"), PartyId.parse("500000")


def make_terms(
    party_a: PartyId = SICHUAN_PARTY,
    party_b: PartyId = CHONGQING_PARTY,
    types: Sequence[CertificateType] = (),
    *,
    minimum_seal_level: int = 1,
    valid_from_unix: int = BEGIN_UNIX,
    valid_until_unix: int = END_UNIX,
) -> PactTerms:
    """Terms of a pact, by default about every type."""
    return PactTerms(
        party_a,
        party_b,
        tuple(types),
        minimum_seal_level,
        valid_from_unix,
        valid_until_unix,
        NO_CONDITIONS,
        END_UNIX,
        os.urandom(32),
    )


class RecognitionWorld(LedgerWorld):
    """A world with the acts of `RecognitionRegistry` and those of `Catalogue` on national types."""

    def set_policy(
        self,
        relying: PartyId = SICHUAN_PARTY,
        source: PartyId = CHONGQING_PARTY,
        certificate_type: CertificateType | None = SAFETY_STAFF,
        *,
        version: int = 1,
        minimum_seal_level: int = 1,
        valid_from_unix: int = BEGIN_UNIX,
        valid_until_unix: int = END_UNIX,
        conditions_hash: bytes = NO_CONDITIONS,
        region: Region = SICHUAN,
    ) -> None:
        statement = PolicyStatement(
            region.member,
            relying,
            source,
            certificate_type,
            version,
            minimum_seal_level,
            valid_from_unix,
            valid_until_unix,
            conditions_hash,
            self._next(region),
        )
        self._act(PolicySet, region, statement, bytes(32))

    def end_policy(self, *, version: int) -> None:
        self.set_policy(version=version, valid_from_unix=0, valid_until_unix=0)

    def attest_policy(
        self,
        relying: PartyId = SICHUAN_PARTY,
        source: PartyId = CHONGQING_PARTY,
        certificate_type: CertificateType | None = SAFETY_STAFF,
    ) -> None:
        """Attest the newest version, as the contract has it."""
        book = RecognitionBook(self.facts(), is_complete=True)
        state = book.policy_at(PolicyKey(relying, source, certificate_type), self.now_unix)
        assert state is not None
        policy = state.policy
        assert policy.version is not None
        record = PolicyRecord(
            policy.version,
            policy.minimum_seal_level,
            policy.valid_from_unix,
            policy.valid_until_unix,
            policy.conditions_hash,
            policy.pact_id,
            policy.recorded_at_unix,
        )
        attested = PolicyAttested(relying, source, certificate_type, record)
        self._append(attested, SICHUAN, None, bytes(32))

    def sign_pact(self, region: Region, terms: PactTerms, *, missing: int) -> None:
        statement = PactStatement(region.member, terms, self._next(region))
        pact_id = sha256(terms.encode()).digest()
        record = PactSigned(pact_id, statement, missing, self._sign(region, statement))
        self._append(record, region, region.member, pact_id)

    def conclude(self, terms: PactTerms, *signers: Region) -> None:
        """A pact that all of these sign."""
        for number, region in enumerate(signers, 1):
            self.sign_pact(region, terms, missing=len(signers) - number)

    def define_group(
        self,
        group: PartyId = CHUANYU,
        parties: Sequence[PartyId] = (CHONGQING_PARTY, SICHUAN_PARTY),
        *,
        region: Region = CHONGQING,
    ) -> None:
        statement = GroupStatement(
            region.member, group, str(group), tuple(parties), self._next(region)
        )
        self._act(GroupDefined, region, statement, group.to_chain())

    def leave_group(self, region: Region, group: PartyId = CHUANYU) -> None:
        statement = GroupExitStatement(region.member, group, self._next(region))
        self._act(GroupLeft, region, statement, group.to_chain())

    def attest_group(self, group: PartyId = CHUANYU) -> None:
        parties: list[PartyId] = []
        for _, record in self.entries:
            if isinstance(record, GroupDefined) and record.statement.group == group:
                parties = list(record.statement.parties)
            elif isinstance(record, GroupLeft) and record.statement.group == group:
                gone: MemberId = record.statement.member
                parties = [party for party in parties if party.member != gone]
        self._append(GroupAttested(group, tuple(parties)), CHONGQING, None, group.to_chain())

    def make_national(
        self,
        certificate_type: CertificateType = SAFETY_STAFF,
        *,
        is_national: bool = True,
        legal_basis: str = "《中华人民共和国行政许可法》第四十一条",
    ) -> None:
        change = NationalType(certificate_type, is_national, legal_basis)
        record = NationalTypeChanged(os.urandom(32), change)
        self._append(record, CHONGQING, CHONGQING.member, certificate_type.to_chain())

    def attest_type(
        self, certificate_type: CertificateType = SAFETY_STAFF, *, is_national: bool = True
    ) -> None:
        record = TypeRecord(CHONGQING.member, 1, bytes(32), BEGIN_UNIX, is_national)
        attested = TypeAttested(certificate_type, record)
        self._append(attested, CHONGQING, None, certificate_type.to_chain())


def found_recognition_world() -> RecognitionWorld:
    """Chongqing and Sichuan with a housing department each; nobody recognises anybody yet."""
    return populate(RecognitionWorld(CHONGQING))
