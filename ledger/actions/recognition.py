"""Whose certificates this home's member recognises: policies, groups, pacts; and why."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ledger.abi import Statement
from ledger.actions.authority import NO_END_UNIX, submit_authority_act
from ledger.actions.departments import read_department
from ledger.actions.pact_file import PactDraft, compute_pact_id
from ledger.actions.policies import (
    Group,
    Pact,
    Policy,
    compute_next_version,
    find_group,
    find_pact,
    find_policy,
    read_book,
    to_policy,
)
from ledger.errors import ConflictError, MalformedInputError
from ledger.identifiers import CertificateType, MemberId, PartyId, RegionCode, Uscc
from ledger.records import (
    GroupExitStatement,
    GroupStatement,
    PactStatement,
    PactTerms,
    PolicyStatement,
)
from ledger.verification.recognition import RecognitionQuestion, Step, resolve
from ledger.verification.recognition_book import PolicyKey
from ledger.workspace import Workspace

REGISTRY: Final = "RecognitionRegistry"
NO_CONDITIONS: Final = bytes(32)
SIGNING_PERIOD: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Terms:
    """What recognition is granted on.

    Attributes:
        minimum_seal_level: docs/spec/recognition.md.
        valid_from_unix: None for the chain's present time.
        valid_until_unix: exclusive.
        conditions_hash: SHA-256 of the conditions in words, 32 zero bytes for none.
    """

    minimum_seal_level: int = 1
    valid_from_unix: int | None = None
    valid_until_unix: int = NO_END_UNIX
    conditions_hash: bytes = NO_CONDITIONS


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One way that was tried.

    Attributes:
        way, result: docs/spec/recognition.md.
        log_indexes: of the entries that it rests on.
    """

    way: str
    result: str
    legal_basis: str | None
    policy: Policy | None
    log_indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who recognises what of whom at a time, and why.

    Attributes:
        relying_parties, source_parties: under which names policies speak of each side.
        cited: what recognises it, None if nothing does.
        steps: everything that was found, in the order of citing.
    """

    relying_region: RegionCode
    issuing_member: MemberId
    issuing_region: RegionCode | None
    certificate_type: CertificateType
    seal_level: int
    at_unix: int
    is_recognised: bool
    cited: ExplainedStep | None
    relying_parties: tuple[PartyId, ...]
    source_parties: tuple[PartyId, ...]
    steps: tuple[ExplainedStep, ...]


def define_group(
    workspace: Workspace, group: PartyId, name: str, parties: Sequence[PartyId]
) -> Group:
    """Names a group, for good. It gives no right by itself.

    Raises:
        GroupExistsError, GroupPartiesMalformedError: the registry's refusals.
    """
    ordered = tuple(sorted(set(parties), key=PartyId.to_chain))
    _act(
        workspace,
        "defineGroup",
        lambda sequence: GroupStatement(workspace.member, group, name, ordered, sequence),
    )
    return find_group(workspace.index, group)


def leave_group(workspace: Workspace, group: PartyId) -> Group:
    """Takes all of this member's parties out of a group, for good.

    Raises:
        GroupUnknownError, NotOfGroupError: the registry's refusals.
    """
    _act(
        workspace,
        "leaveGroup",
        lambda sequence: GroupExitStatement(workspace.member, group, sequence),
    )
    return find_group(workspace.index, group)


def set_policy(workspace: Workspace, key: PolicyKey, terms: Terms) -> Policy:
    """Sets the next version of a policy; whatever version was in force is so no longer.

    Raises:
        PartyOfAnotherMemberError, PartiesMalformedError, GroupUnknownError: the registry's
            refusals. PolicyVersionUnexpectedError: another was set meanwhile.
    """
    begins = terms.valid_from_unix
    if begins is None:
        begins = workspace.gateway.head().time_unix
    return _write_policy(workspace, key, terms, begins, terms.valid_until_unix)


def end_policy(workspace: Workspace, key: PolicyKey) -> Policy:
    """Sets a version that recognises nothing any more; the past stays as it was.

    Raises:
        NotFoundError: there is no such policy. ConflictError: it has ended already.
    """
    workspace.sync_index()
    policy = find_policy(workspace.index, key, workspace.latest_unix())
    if policy.state == "ended":
        raise ConflictError("this policy has ended already", code="policy_ended")
    return _write_policy(workspace, key, Terms(), 0, 0)


def draft_pact(
    workspace: Workspace,
    party_a: PartyId,
    party_b: PartyId,
    types: Sequence[CertificateType],
    terms: Terms,
    *,
    sign_until_unix: int | None = None,
) -> PactDraft:
    """Terms for every side to sign; nothing is recorded.

    Args:
        party_a, party_b: two parties, or twice the same group.
        types: none for every type.
        sign_until_unix: when signing ends, by default in 30 days.
    """
    latest = workspace.latest_unix()
    begins = latest if terms.valid_from_unix is None else terms.valid_from_unix
    until = sign_until_unix or latest + int(SIGNING_PERIOD.total_seconds())
    ordered = tuple(sorted(set(types)))
    agreed = PactTerms(
        party_a,
        party_b,
        ordered,
        terms.minimum_seal_level,
        begins,
        terms.valid_until_unix,
        terms.conditions_hash,
        until,
        secrets.token_bytes(32),
    )
    return PactDraft(workspace.gateway.ledger_id, agreed)


def sign_pact(workspace: Workspace, draft: PactDraft) -> Pact:
    """Signs a pact for this home's member; the last signature writes its policies.

    Raises:
        MalformedInputError: it is of another ledger.
        PactSignedBeforeError, PactExpiredError, PartyOfAnotherMemberError, NotOfGroupError, and
            others of the registry.
    """
    if draft.ledger_id != workspace.gateway.ledger_id:
        raise MalformedInputError(
            "this pact is for another ledger: its ledger_id is "
            f"{draft.ledger_id.hex()[:16]}…, here it is {workspace.gateway.ledger_id.hex()[:16]}…",
            code="pact_of_another_ledger",
            field="ledger_id",
        )
    _act(
        workspace,
        "signPact",
        lambda sequence: PactStatement(workspace.member, draft.terms, sequence),
    )
    pact_id = compute_pact_id(draft.terms)
    return find_pact(workspace.index, pact_id.hex(), workspace.latest_unix())


def explain(
    workspace: Workspace,
    relying_region: RegionCode,
    issuer: Uscc | RegionCode,
    certificate_type: CertificateType,
    *,
    seal_level: int = 1,
    at_unix: int | None = None,
) -> Explanation:
    """Whether a region recognises a type of certificate of an issuer at a time, and why.

    Args:
        issuer: a registered department, or a region whose departments are meant.
        at_unix: by default now.

    Raises:
        NotFoundError: no such department.
    """
    workspace.sync_index()
    member, region = _locate(workspace, issuer)
    now_unix = workspace.latest_unix() if at_unix is None else at_unix
    question = RecognitionQuestion(
        relying_region, region, member, certificate_type, seal_level, now_unix
    )
    resolution = resolve(read_book(workspace.index), question)
    steps = tuple(_explain_step(step, now_unix) for step in resolution.steps)
    cited = next((_explain_step(step, now_unix) for step in resolution.bases), None)
    return Explanation(
        relying_region,
        member,
        region,
        certificate_type,
        seal_level,
        now_unix,
        cited is not None,
        cited,
        tuple(side.party for side in resolution.relying),
        tuple(side.party for side in resolution.source),
        steps,
    )


def _locate(workspace: Workspace, issuer: Uscc | RegionCode) -> tuple[MemberId, RegionCode]:
    if isinstance(issuer, RegionCode):
        return MemberId(issuer.province), issuer
    department = read_department(workspace.index, issuer)
    return MemberId.parse(department.member), department.region


def _explain_step(step: Step, at_unix: int) -> ExplainedStep:
    return ExplainedStep(
        step.way,
        step.result,
        step.legal_basis,
        None if step.policy is None else to_policy(step.policy, at_unix),
        tuple(fact.index for fact in step.facts),
    )


def _write_policy(
    workspace: Workspace, key: PolicyKey, terms: Terms, from_unix: int, until_unix: int
) -> Policy:
    workspace.sync_index()
    version = compute_next_version(workspace.index, key)
    _act(
        workspace,
        "setPolicy",
        lambda sequence: PolicyStatement(
            workspace.member,
            key.relying,
            key.source,
            key.certificate_type,
            version,
            terms.minimum_seal_level,
            from_unix,
            until_unix,
            terms.conditions_hash,
            sequence,
        ),
    )
    return find_policy(workspace.index, key, workspace.latest_unix())


def _act(workspace: Workspace, function: str, build: Callable[[int], Statement]) -> None:
    """One act of the member at the registry; the index has it afterwards."""
    submit_authority_act(workspace, REGISTRY, function, build)
    workspace.sync_index()
