"""Checks 3 and 4: who sealed, and whether they might. The same for all certificates of a batch.

Times are the ledger's: who might seal what is judged at the entry that anchored the batch, by the
facts before it in the log; compromise of a key by the newest fact there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from ledger.errors import MalformedInputError
from ledger.formats.evidence import Fact
from ledger.formats.seals import SUITE_P256, compute_key_id
from ledger.formats.signing_certificate import SigningChain, check_chain, load_chain
from ledger.identifiers import CertificateType, Uscc
from ledger.records import BatchAnchored, BatchStatement
from ledger.verification.finding import Finding, failed, indeterminate, passed, weigh
from ledger.verification.ledger_view import (
    DepartmentState,
    LedgerView,
    MandateState,
    MemberState,
    SealKeyState,
    TypeState,
)
from ledger.verification.reasons import Reason

CACHED_STANDINGS: Final = 256


@dataclass(frozen=True, slots=True)
class Anchoring:
    """The entry that anchored a batch: its fact, and what the issuer's seal stated."""

    fact: Fact
    statement: BatchStatement


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """An issuer with its signing certificate, as the ledger knew them when a batch was anchored.

    Args:
        view: the proven facts.
        issuer: the department that the certificates name.
        x5c: DER of the signing certificate and its root.
        chain: what they say, None if they cannot be read.
        chain_error: why not.
        anchoring: the entry that anchored the batch, None if no fact has it.
        departments: what became of the department, in order.
        members: what became of its member, in order.
        mandates: what became of its mandate for the type, in order.
        types: what became of the type in the catalogue, in order.
        seal_key: the key in the signing certificate, by what is known of it today.
    """

    view: LedgerView
    issuer: Uscc
    x5c: tuple[bytes, ...]
    chain: SigningChain | None
    chain_error: MalformedInputError | None
    anchoring: Anchoring | None
    departments: list[DepartmentState]
    members: list[MemberState]
    mandates: list[MandateState]
    types: list[TypeState]
    seal_key: SealKeyState | None

    @classmethod
    def find(
        cls,
        view: LedgerView,
        issuer: Uscc,
        certificate_type: CertificateType,
        x5c: tuple[bytes, ...],
        batch_key: bytes,
    ) -> Self:
        """Gather it from the proven facts."""
        chain, chain_error, seal_key, anchoring = None, None, None, None
        try:
            chain = load_chain(x5c)
            seal_key = view.seal_key(issuer, compute_key_id(SUITE_P256, chain.x, chain.y))
        except MalformedInputError as error:
            chain_error = error
        fact = view.anchoring(batch_key)
        if fact is not None and isinstance(fact.record, BatchAnchored):
            anchoring = Anchoring(fact, fact.record.statement)
        departments = view.departments(issuer)
        member = departments[-1].member if departments else None
        return cls(
            view=view,
            issuer=issuer,
            x5c=x5c,
            chain=chain,
            chain_error=chain_error,
            anchoring=anchoring,
            departments=departments,
            members=view.members(member) if member is not None else [],
            mandates=view.mandates(issuer, certificate_type),
            types=view.types(certificate_type),
            seal_key=seal_key,
        )

    @property
    def type_version(self) -> TypeState | None:
        """The version of the type that the catalogue had when the batch was anchored."""
        if self.anchoring is None:
            return None
        index = self.anchoring.fact.index
        before = [state for state in self.types if state.fact.index < index and state.version]
        return before[-1] if before else None

    def absent(self, missing: Reason, known_absent: Reason) -> Finding:
        """What follows where no fact speaks: knowledge in a complete view, else nothing."""
        return failed(known_absent) if self.view.is_complete else indeterminate(missing)

    @property
    def issuing_department(self) -> DepartmentState | None:
        """The department as the ledger had it when the batch was anchored."""
        if self.anchoring is None:
            return None
        before = [s for s in self.departments if s.fact.index < self.anchoring.fact.index]
        return before[-1] if before else None


find_standing = lru_cache(maxsize=CACHED_STANDINGS)(Standing.find)
"""As `Standing.find`, once for the certificates of a batch."""


@lru_cache(maxsize=CACHED_STANDINGS)
def check_signing_certificate(standing: Standing) -> Finding:
    """3: the chain held when anchored, leads to the member's root, and is the issuer's own."""
    chain, anchoring = standing.chain, standing.anchoring
    if chain is None:
        return indeterminate(Reason.CERTIFICATE_UNREADABLE)
    detail = {
        "fingerprint": chain.leaf_fingerprint.hex(),
        "root_fingerprint": chain.root_fingerprint.hex(),
        "organisation": chain.organisation,
    }
    if chain.defect is not None:
        return failed(Reason.CHAIN_INVALID, detail | {"defect": chain.defect})
    if chain.organisation != str(standing.issuer):
        return failed(Reason.SIGNING_CERTIFICATE_OF_ANOTHER_ISSUER, detail)
    if anchoring is None:
        return indeterminate(Reason.MISSING_ANCHORING)
    reason = check_chain(standing.x5c, anchoring.fact.time_unix).reason
    facts = [state.fact for state in standing.departments]
    facts += [state.fact for state in standing.members]
    if standing.seal_key is not None:
        facts.append(standing.seal_key.fact)
    return weigh(
        (
            failed(Reason(reason), detail, anchoring.fact) if reason else None,
            _check_seal_key(standing, chain, anchoring),
            _check_root(standing, chain, anchoring),
        ),
        passed(detail, *(fact for fact in facts if fact.index <= anchoring.fact.index)),
    )


def _check_seal_key(
    standing: Standing, chain: SigningChain, anchoring: Anchoring
) -> Finding | None:
    """The signing certificate is the one registered for this key of this issuer."""
    state = standing.seal_key
    if state is None:
        key_id = compute_key_id(SUITE_P256, chain.x, chain.y)
        owners = [str(owner) for owner in standing.view.other_owners(standing.issuer, key_id)]
        if owners:
            return failed(Reason.SEAL_KEY_OF_ANOTHER_ISSUER, {"owners": owners})
    if state is None or state.fact.index > anchoring.fact.index:
        return standing.absent(Reason.MISSING_SEAL_KEY, Reason.SEAL_KEY_NOT_REGISTERED)
    key = state.key
    registered = (key.suite, key.x, key.y, key.certificate_fingerprint)
    if registered != (SUITE_P256, chain.x, chain.y, chain.leaf_fingerprint):
        return failed(
            Reason.SIGNING_CERTIFICATE_NOT_REGISTERED,
            {
                "fingerprint": chain.leaf_fingerprint.hex(),
                "registered": key.certificate_fingerprint.hex(),
            },
            state.fact,
        )
    return None


def _check_root(standing: Standing, chain: SigningChain, anchoring: Anchoring) -> Finding | None:
    """The root is the one that the issuer's member had on record."""
    if standing.issuing_department is None:
        return standing.absent(Reason.MISSING_DEPARTMENT, Reason.ISSUER_NOT_REGISTERED)
    member = _member_at(standing, anchoring)
    if member is None:
        return standing.absent(Reason.MISSING_MEMBER, Reason.MEMBER_UNKNOWN)
    if member.ca_fingerprint != chain.root_fingerprint:
        return failed(
            Reason.ROOT_NOT_REGISTERED,
            {
                "root_fingerprint": chain.root_fingerprint.hex(),
                "registered": member.ca_fingerprint and member.ca_fingerprint.hex(),
            },
            member.fact,
        )
    return None


@lru_cache(maxsize=CACHED_STANDINGS)
def check_issuer(standing: Standing) -> Finding:
    """4: department, key and mandate were in force when anchored, the key by today's knowledge
    uncompromised then."""
    anchoring = standing.anchoring
    if anchoring is None:
        return indeterminate(Reason.MISSING_ANCHORING)
    detail: dict[str, object] = {
        "issuer": str(standing.issuer),
        "anchored_at_unix": anchoring.fact.time_unix,
    }
    facts = [state.fact for state in standing.departments]
    facts += [state.fact for state in standing.mandates]
    if standing.seal_key is not None:
        facts += [standing.seal_key.fact, standing.seal_key.newest]
    return weigh(
        (
            _check_department(standing, anchoring),
            _check_key_in_force(standing, anchoring),
            _check_mandate(standing, anchoring),
        ),
        passed(detail, *facts),
    )


def _check_department(standing: Standing, anchoring: Anchoring) -> Finding | None:
    department = standing.issuing_department
    if department is None:
        return standing.absent(Reason.MISSING_DEPARTMENT, Reason.ISSUER_NOT_REGISTERED)
    if anchoring.fact.time_unix >= department.valid_until_unix:
        return failed(
            Reason.ISSUER_ENDED,
            {"valid_until_unix": department.valid_until_unix},
            department.fact,
        )
    member = _member_at(standing, anchoring)
    if member is None:
        return standing.absent(Reason.MISSING_MEMBER, Reason.MEMBER_UNKNOWN)
    if member.ca_fingerprint is None:
        return failed(
            Reason.MEMBER_REMOVED, {"removed_at_unix": member.fact.time_unix}, member.fact
        )
    return None


def _check_key_in_force(standing: Standing, anchoring: Anchoring) -> Finding | None:
    state, time_unix = standing.seal_key, anchoring.fact.time_unix
    if state is None:
        return standing.absent(Reason.MISSING_SEAL_KEY, Reason.SEAL_KEY_NOT_REGISTERED)
    if state.compromised_since_unix and time_unix >= state.compromised_since_unix:
        return failed(
            Reason.KEY_COMPROMISED,
            {
                "compromised_since_unix": state.compromised_since_unix,
                "anchored_at_unix": time_unix,
            },
            state.newest,
        )
    if time_unix < state.key.valid_from:
        return failed(
            Reason.SEAL_KEY_NOT_YET_VALID, {"valid_from_unix": state.key.valid_from}, state.fact
        )
    if time_unix >= state.valid_until_unix:
        return failed(
            Reason.SEAL_KEY_ENDED, {"valid_until_unix": state.valid_until_unix}, state.newest
        )
    return None


def _check_mandate(standing: Standing, anchoring: Anchoring) -> Finding | None:
    before = [s for s in standing.mandates if s.fact.index < anchoring.fact.index]
    if not before:
        return standing.absent(Reason.MISSING_MANDATE, Reason.NOT_MANDATED)
    mandate = before[-1]
    if not mandate.valid_from_unix <= anchoring.fact.time_unix < mandate.valid_until_unix:
        return failed(
            Reason.MANDATE_NOT_IN_FORCE,
            {
                "valid_from_unix": mandate.valid_from_unix,
                "valid_until_unix": mandate.valid_until_unix,
            },
            mandate.fact,
        )
    return None


def _member_at(standing: Standing, anchoring: Anchoring) -> MemberState | None:
    before = [s for s in standing.members if s.fact.index < anchoring.fact.index]
    return before[-1] if before else None
