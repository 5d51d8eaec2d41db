"""What the log tells of proposals, votes and members."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ledger.abi import Event
from ledger.errors import ConflictError, LedgerError, MalformedInputError, NotFoundError
from ledger.formats.seals import compute_key_id
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
    MemberKeys,
    MemberRemoved,
    ModuleAct,
    ModuleInstalled,
    NationalType,
    NationalTypeChanged,
    ProposalAction,
    ProposalStatement,
    ProposalSubmitted,
    VoteCast,
)

_KEY_DIGITS = 16
CATALOGUE = "Catalogue"

_OUTCOMES = (
    MemberAdmitted,
    MemberRemoved,
    ModuleInstalled,
    FreezeBegun,
    FreezeEnded,
    NationalTypeChanged,
)
_PROPOSAL_KINDS = (ProposalSubmitted, VoteCast, *_OUTCOMES)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as the log tells it.

    Attributes:
        action: what it would do, in words ("admit member").
        about: the member, module or certificate type it is about, with what voters need to know.
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
class Member:
    """One member as the log tells it."""

    member: MemberId
    name: str
    admitted_at_unix: int
    removed_at_unix: int | None


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
        _name_action(statement.action, statement.payload),
        _describe(statement.action, statement.payload),
        state,
        tuple(member for member, approves in told.votes.items() if approves),
        tuple(member for member, approves in told.votes.items() if not approves),
        statement.expires_at,
        told.log_index,
        statement.payload,
    )


def describe_key(keys: MemberKeys) -> str:
    """A member's authority key, short enough to read to each other: 16 hexadecimal digits."""
    return compute_key_id(keys.suite, keys.authority_x, keys.authority_y).hex()[:_KEY_DIGITS]


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
        if action is ProposalAction.ACT_IN_MODULE:
            module = _read_module(payload)
            return module, _read_act(payload).certificate_type.to_chain()
        freeze = Freeze.decode(payload)
        return "freeze", freeze.member.to_chain() if freeze.member else freeze.module
    except LedgerError:
        return "unreadable", statement.member.to_chain() + statement.sequence.to_bytes(8)


def _read_module(payload: bytes) -> str:
    return ModuleAct.decode(payload).module.rstrip(b"\0").decode("ascii", "replace")


def _read_act(payload: bytes) -> NationalType:
    """What a module is to do. Only the catalogue has acts that take a vote.

    Raises:
        MalformedInputError: the act is another module's, or cannot be read.
    """
    act = ModuleAct.decode(payload)
    if (module := _read_module(payload)) != CATALOGUE:
        raise MalformedInputError(f"expected an act of {CATALOGUE}, got one of {module}")
    return NationalType.decode(act.payload)


def _name_action(action: ProposalAction, payload: bytes) -> str:
    if action is ProposalAction.ACT_IN_MODULE:
        try:
            is_national = _read_act(payload).is_national
        except LedgerError:
            return "act in module"
        return "make type national" if is_national else "end national type"
    return action.name.lower().replace("_", " ")


def _describe(action: ProposalAction, payload: bytes) -> str:
    try:
        if action is ProposalAction.ADMIT_MEMBER:
            admission = Admission.decode(payload)
            return f"{admission.member} {admission.name}, key {describe_key(admission.keys)}"
        if action is ProposalAction.REMOVE_MEMBER:
            return str(MemberId.from_chain(payload[:18]))
        if action is ProposalAction.INSTALL_MODULE:
            installation = Installation.decode(payload)
            return f"{installation.name.rstrip(bytes(1)).decode()} at {installation.module}"
        if action is ProposalAction.ACT_IN_MODULE:
            change = _read_act(payload)
            return f"{change.certificate_type}: {change.legal_basis}"
        freeze = Freeze.decode(payload)
        return str(freeze.member or freeze.module.rstrip(b"\0").decode())
    except (LedgerError, UnicodeDecodeError):
        return "unreadable payload"
