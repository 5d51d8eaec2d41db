"""Proposals and votes: who belongs to the consortium and which modules it consists of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ledger.actions.application import APPLICATION_NAME, parse_application
from ledger.actions.authority import submit_authority_act
from ledger.actions.proposals import Proposal, find_proposal
from ledger.chain.artifacts import MODULE_NAMES
from ledger.chain.deployment import deploy_module
from ledger.errors import (
    ChainUnavailableError,
    ConflictError,
    LedgerError,
    MalformedInputError,
    NotFoundError,
    StorageError,
)
from ledger.identifiers import MemberId
from ledger.records import (
    Admission,
    Freeze,
    Installation,
    ModuleAct,
    ProposalAction,
    ProposalStatement,
    QuorumMissingError,
    VoteStatement,
)
from ledger.workspace import Workspace

DEFAULT_PERIOD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class VoteResult:
    """Attributes: executed: whether this vote carried the proposal; missing: if not, why."""

    proposal: Proposal
    executed: bool
    missing: str


def propose_admission(workspace: Workspace, admission: Admission) -> Proposal:
    """Proposes that a member joins. Raises MemberExistsError and others of the contract."""
    return _propose(workspace, ProposalAction.ADMIT_MEMBER, admission.encode())


def propose_applicant(workspace: Workspace, application: bytes) -> Proposal:
    """Proposes that the author of an application joins.

    Raises:
        MalformedInputError: it is no application. MemberExistsError and others of the contract.
    """
    return propose_admission(workspace, parse_application(application))


def read_own_application(workspace: Workspace) -> bytes:
    """The application with which this home's member asked or would ask for its admission.

    Raises:
        NotFoundError: application_missing: the file was taken away.
    """
    path = workspace.home / APPLICATION_NAME
    if not path.is_file():
        raise NotFoundError(f"this home has no {APPLICATION_NAME}", code="application_missing")
    return path.read_bytes()


def propose_removal(workspace: Workspace, member: MemberId) -> Proposal:
    """Proposes that a member leaves; it has no vote in it, except when two are left."""
    return _propose(workspace, ProposalAction.REMOVE_MEMBER, member.to_chain().ljust(32, b"\0"))


def propose_freeze(
    workspace: Workspace, target: str, until_unix: int, *, ends: bool = False
) -> Proposal:
    """Proposes to stop new batches, mandates and cases of a member or module, or to end that.

    Args:
        target: a member's code or a module's name.
        until_unix: end of the freeze, at most 72 hours after it is carried out; 0 to end one.

    Raises:
        MalformedInputError: the target can be neither. MemberUnknownError: it is no member.
    """
    action = ProposalAction.UNFREEZE if ends else ProposalAction.FREEZE
    return _propose(workspace, action, _parse_freeze(target, until_unix).encode())


def propose_installation(workspace: Workspace, name: str) -> Proposal:
    """Deploys this version of a module and proposes that it replaces the one in force.

    Raises:
        MalformedInputError: this version has no module of that name.
    """
    if name not in MODULE_NAMES:
        raise MalformedInputError(
            f"name: expected a module ({', '.join(MODULE_NAMES)}), got {name!r}", field="name"
        )
    installation = deploy_module(workspace.gateway, workspace.submitter, name)
    return _propose(workspace, ProposalAction.INSTALL_MODULE, installation.encode())


def propose_act(workspace: Workspace, module: str, payload: bytes) -> Proposal:
    """Proposes an act of a module that takes a vote.

    Args:
        payload: the module's own, in its one encoding.

    Raises:
        LedgerError: the module's refusal.
    """
    act = ModuleAct(module.encode().ljust(32, b"\0"), payload)
    return _propose(workspace, ProposalAction.ACT_IN_MODULE, act.encode())


def carry_installation(workspace: Workspace, installation: Installation) -> None:
    """Proposes and votes an installation; for a founder that is the only member."""
    proposal = _propose(workspace, ProposalAction.INSTALL_MODULE, installation.encode())
    result = vote(workspace, proposal.proposal_id, approve=True)
    if not result.executed:
        raise ConflictError(f"the installation was not carried: {result.missing}")


def vote(workspace: Workspace, proposal_id: bytes, *, approve: bool) -> VoteResult:
    """Votes, and carries the proposal out if it now has its votes.

    Raises:
        NotFoundError: no such proposal.
        ConflictError: voted before, lapsed, expired or executed.
    """
    submit_authority_act(
        workspace,
        "Consortium",
        "vote",
        lambda sequence: VoteStatement(workspace.member, proposal_id, approve, sequence),
    )
    return execute(workspace, proposal_id)


def execute(workspace: Workspace, proposal_id: bytes) -> VoteResult:
    """Carries a proposal out, if it has its votes. Anyone may.

    Raises:
        NotFoundError: no such proposal.
    """
    workspace.sync_index()
    proposal = find_proposal(workspace.index, proposal_id)
    if proposal.state != "open":
        return VoteResult(proposal, executed=False, missing=f"the proposal is {proposal.state}")
    try:
        workspace.submitter.submit(
            "Consortium",
            "execute",
            proposal_id,
            proposal.payload,
            purpose="execute",
            reference=proposal_id.hex(),
        )
    except QuorumMissingError as error:
        missing = f"{error.approvals} of {error.counted} members approve; more than 2/3 must"
        return VoteResult(proposal, executed=False, missing=missing)
    except (ChainUnavailableError, StorageError):
        raise
    except LedgerError as refusal:  # the votes stand even so
        return VoteResult(proposal, executed=False, missing=refusal.message)
    workspace.sync_index()
    return VoteResult(find_proposal(workspace.index, proposal_id), executed=True, missing="")


def _parse_freeze(target: str, until_unix: int) -> Freeze:
    if target in MODULE_NAMES:
        return Freeze(target.encode().ljust(32, b"\0"), None, until_unix)
    try:
        return Freeze(bytes(32), MemberId.parse(target), until_unix)
    except MalformedInputError as error:
        raise MalformedInputError(
            f"target: expected a module ({', '.join(MODULE_NAMES)}) or a member's code, got "
            f"{target!r}",
            field="target",
        ) from error


def _propose(workspace: Workspace, action: ProposalAction, payload: bytes) -> Proposal:
    expires_at = workspace.latest_unix() + int(DEFAULT_PERIOD.total_seconds())
    receipt = submit_authority_act(
        workspace,
        "Consortium",
        "propose",
        lambda sequence: ProposalStatement(workspace.member, action, payload, expires_at, sequence),
    )
    workspace.sync_index()
    return find_proposal(workspace.index, receipt.entries[0].entry.subject)
