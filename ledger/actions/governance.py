"""Proposals and votes: who belongs to the consortium and which modules it consists of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from ledger.abi import Event
from ledger.actions.authority import submit_authority_act
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
from ledger.index.projector import EntryRow
from ledger.index.store import IndexStore
from ledger.records import (
    EVENTS_BY_TOPIC,
    Admission,
    ConsortiumFounded,
    Freeze,
    FreezeBegun,
    FreezeEnded,
    Installation,
    MemberAdmitted,
    MemberRemoved,
    ModuleInstalled,
    ProposalAction,
    ProposalStatement,
    ProposalSubmitted,
    QuorumMissingError,
    VoteCast,
    VoteStatement,
)
from ledger.workspace import Workspace

DEFAULT_PERIOD = timedelta(days=14)

_OUTCOMES = (MemberAdmitted, MemberRemoved, ModuleInstalled, FreezeBegun, FreezeEnded)
_PROPOSAL_KINDS = (ProposalSubmitted, VoteCast, *_OUTCOMES)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as the log tells it.

    Attributes:
        action: what it would do, in words ("admit member").
        about: the member or module it is about.
        state: "open", "executed", "lapsed" (another about the same was carried out since) or
            "expired".
        approvals, rejections: members that voted so; the newest vote of each.
    """

    proposal_id: bytes
    proposer: MemberId
    action: str
    about: str
    state: str
    approvals: tuple[MemberId, ...]
    rejections: tuple[MemberId, ...]
    expires_at_unix: int
    log_index: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class VoteResult:
    """Attributes: executed: whether this vote carried the proposal; missing: if not, why."""

    proposal: Proposal
    executed: bool
    missing: str


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the log tells it."""

    member: MemberId
    name: str
    admitted_at_unix: int
    removed_at_unix: int | None


def propose_admission(workspace: Workspace, admission: Admission) -> Proposal:
    """Proposes that a member joins. Raises MemberExistsError and others of the contract."""
    return _propose(workspace, ProposalAction.ADMIT_MEMBER, admission.encode())


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
    """

    Raises:
        MalformedInputError: the target can be neither. MemberUnknownError: it is no member.
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


def list_proposals(index: IndexStore, *, now_unix: int | None = None) -> list[Proposal]:
    """Every proposal, oldest first.

    Args:
        now_unix: chain time at which a proposal is open or expired, by default the index's.
    """
    now_unix = index.cursor().synced_to_unix if now_unix is None else now_unix
    told: dict[bytes, _Told] = {}
    for row in index.entries_of_kind(*(kind.TOPIC for kind in _PROPOSAL_KINDS)):
        event = _read_event(row)
        if isinstance(event, ProposalSubmitted):
            subject = _read_subject(event.statement)
            told[event.proposal_id] = _Told(event, row.entry_index, subject)
        elif isinstance(event, VoteCast):
            if (about := told.get(event.statement.proposal_id)) is not None:
                about.votes[event.statement.member] = event.statement.approve
        elif isinstance(event, _OUTCOMES) and (about := told.get(event.proposal_id)) is not None:
            for each in told.values():
                each.has_lapsed |= each.subject == about.subject
            about.is_executed = True
    return [_to_proposal(each, now_unix) for each in told.values()]


def find_proposal(index: IndexStore, proposal_id: bytes) -> Proposal:
    """Raises NotFoundError."""
    for proposal in list_proposals(index):
        if proposal.proposal_id == proposal_id:
            return proposal
    raise NotFoundError(f"no proposal {proposal_id.hex()}", code="proposal_unknown")


def find_proposal_id(index: IndexStore, prefix: str) -> bytes:
    """The one proposal whose id begins so (hex). Raises NotFoundError or ConflictError."""
    wanted = prefix.lower().removeprefix("0x")
    ids = [p.proposal_id for p in list_proposals(index) if p.proposal_id.hex().startswith(wanted)]
    if not wanted or not ids:
        raise NotFoundError(f"no proposal whose id begins with {prefix!r}", code="proposal_unknown")
    if len(ids) > 1:
        raise ConflictError(
            f"{len(ids)} proposals begin with {prefix!r}; give more of the id",
            code="proposal_ambiguous",
        )
    return ids[0]


def list_members(index: IndexStore) -> list[Member]:
    """Everyone who is or was a member, by the log."""
    members: dict[MemberId, Member] = {}
    kinds = (ConsortiumFounded, MemberAdmitted, MemberRemoved)
    for row in index.entries_of_kind(*(kind.TOPIC for kind in kinds)):
        event = _read_event(row)
        if isinstance(event, MemberRemoved):
            if (before := members.get(event.member)) is not None:
                members[event.member] = replace(before, removed_at_unix=row.time_unix)
        elif (admission := _admission_of(event)) is not None:
            members[admission.member] = Member(
                admission.member, admission.name, row.time_unix, None
            )
    return list(members.values())


def _admission_of(event: Event | None) -> Admission | None:
    if isinstance(event, ConsortiumFounded):
        return event.statement.founder
    return event.admission if isinstance(event, MemberAdmitted) else None


def _read_event(row: EntryRow) -> Event | None:
    """The event of an entry; None where this version cannot read it."""
    return None if row.payload is None else EVENTS_BY_TOPIC[row.kind].decode_payload(row.payload)


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



@dataclass(slots=True)
class _Told:
    """What the log has told of a proposal so far."""

    event: ProposalSubmitted
    log_index: int
    subject: tuple[str, bytes]
    votes: dict[MemberId, bool] = field(default_factory=dict)
    is_executed: bool = False
    has_lapsed: bool = False


def _to_proposal(told: _Told, now_unix: int) -> Proposal:
    statement = told.event.statement
    if told.is_executed:
        state = "executed"
    elif told.has_lapsed:
        state = "lapsed"
    else:
        state = "open" if now_unix < statement.expires_at else "expired"
    return Proposal(
        told.event.proposal_id,
        statement.member,
        statement.action.name.lower().replace("_", " "),
        _describe(statement.action, statement.payload),
        state,
        tuple(member for member, approves in told.votes.items() if approves),
        tuple(member for member, approves in told.votes.items() if not approves),
        statement.expires_at,
        told.log_index,
        statement.payload,
    )


def _read_subject(statement: ProposalStatement) -> tuple[str, bytes]:
    """What a proposal decides, as `Consortium` has it: a membership, a module's name, a freeze."""
    action, payload = statement.action, statement.payload
    try:
        if action is ProposalAction.ADMIT_MEMBER:
            return "member", Admission.decode(payload).member.to_chain()
        if action is ProposalAction.REMOVE_MEMBER:
            return "member", payload[:18]
        if action is ProposalAction.INSTALL_MODULE:
            return "module", Installation.decode(payload).name
        freeze = Freeze.decode(payload)
        return "freeze", freeze.member.to_chain() if freeze.member else freeze.module
    except LedgerError:
        return "unreadable", statement.member.to_chain() + statement.sequence.to_bytes(8)


def _describe(action: ProposalAction, payload: bytes) -> str:
    try:
        if action is ProposalAction.ADMIT_MEMBER:
            admission = Admission.decode(payload)
            return f"{admission.member} {admission.name}"
        if action is ProposalAction.REMOVE_MEMBER:
            return str(MemberId.from_chain(payload[:18]))
        if action is ProposalAction.INSTALL_MODULE:
            installation = Installation.decode(payload)
            return f"{installation.name.rstrip(bytes(1)).decode()} at {installation.module}"
        freeze = Freeze.decode(payload)
        return str(freeze.member or freeze.module.rstrip(b"\0").decode())
    except (LedgerError, UnicodeDecodeError):
        return "unreadable payload"
