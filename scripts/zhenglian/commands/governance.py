"""`zhenglian govern`: proposals, votes and members."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.session import Session
from zhenglian.times import format_time
from zhenglian.words import describe_proposal, describe_proposal_state

if TYPE_CHECKING:
    from ledger.actions.governance import VoteResult
    from ledger.actions.proposals import Proposal

ProposalArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The proposal's id, or the beginning of it.")
]
TargetArgument = Annotated[
    str, typer.Argument(metavar="TARGET", help="A member's code, or a module's name.")
]
_SHORT_ID = 12
_HOUR_S = 3_600


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    govern = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    propose = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(propose, "admit")(propose_admit)
    command(propose, "remove")(propose_remove)
    command(propose, "freeze")(propose_freeze)
    command(propose, "unfreeze")(propose_unfreeze)
    command(propose, "install")(propose_install)
    command(govern, "vote")(vote)
    command(govern, "execute")(execute)
    command(govern, "list", Needs.HOME)(list_proposals)
    command(govern, "members", Needs.HOME)(list_members)
    govern.add_typer(propose, name="propose", help="Propose something to the members.")
    app.add_typer(govern, name="govern", help="Who belongs to the ledger, decided by vote.")


def propose_admit(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The applicant's application.json.")],
) -> None:
    """Proposes that a member joins.

    \b
    Example:
      zhenglian govern propose admit sichuan/application.json
    """
    from ledger.actions.application import read_application
    from ledger.actions.governance import propose_applicant

    read_application(file)  # what is none asks for no passphrase
    with session.door() as door:
        tell_proposal(session, door.call(propose_applicant, file.read_bytes()))


def propose_remove(
    session: Session,
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="The member's code.")],
) -> None:
    """Proposes that a member leaves; it has no vote in that.

    \b
    Example:
      zhenglian govern propose remove 530000
    """
    from ledger.actions.governance import propose_removal
    from ledger.identifiers import MemberId

    target = MemberId.parse(member)
    with session.door() as door:
        tell_proposal(session, door.call(propose_removal, target))


def propose_freeze(
    session: Session,
    target: TargetArgument,
    hours: Annotated[
        float, typer.Option("--hours", min=0.1, max=72, help="How long from now, at most 72.")
    ],
) -> None:
    """Proposes to stop new batches, mandates and cases of a member or module for a while.

    \b
    Example:
      zhenglian govern propose freeze 530000 --hours 24
    """
    from ledger.actions import governance

    with session.door() as door:
        until = int(time.time() + hours * _HOUR_S)
        tell_proposal(session, door.call(governance.propose_freeze, target, until))


def propose_unfreeze(session: Session, target: TargetArgument) -> None:
    """Proposes to end a freeze before its time.

    \b
    Example:
      zhenglian govern propose unfreeze 530000
    """
    from ledger.actions import governance

    with session.door() as door:
        tell_proposal(session, door.call(governance.propose_freeze, target, 0, ends=True))


def propose_install(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as CertificateLedger.")],
) -> None:
    """Deploys this version's module and proposes that it replaces the one in force.

    \b
    Example:
      zhenglian govern propose install CertificateLedger
    """
    from ledger.actions.governance import propose_installation

    with session.door() as door:
        tell_proposal(session, door.call(propose_installation, name))


def vote(
    session: Session,
    proposal: ProposalArgument,
    approve: Annotated[bool, typer.Option("--approve/--reject", help="How to vote.")],
) -> None:
    """Votes on a proposal, and carries it out if it now has its votes.

    \b
    Example:
      zhenglian govern vote 3fa9c1 --approve
    """
    from ledger.actions import governance
    from ledger.actions.proposals import find_proposal_id

    with session.door() as door:
        proposal_id = door.call(find_proposal_id, proposal)
        _tell_result(session, door.call(governance.vote, proposal_id, approve=approve))


def execute(session: Session, proposal: ProposalArgument) -> None:
    """Carries a proposal out, if it has its votes.

    \b
    Example:
      zhenglian govern execute 3fa9c1
    """
    from ledger.actions import governance
    from ledger.actions.proposals import find_proposal_id

    with session.door() as door:
        proposal_id = door.call(find_proposal_id, proposal)
        _tell_result(session, door.call(governance.execute, proposal_id))


def list_proposals(session: Session) -> None:
    """Lists every proposal.

    \b
    Example:
      zhenglian govern list
    """
    from ledger.actions import proposals

    with session.door(needs_keys=False) as door:
        listed = door.call(proposals.list_proposals)
    output = session.output
    if output.is_json:
        output.document(listed)
        return
    pick = session.language.pick
    output.table(
        (
            pick("编号", "id"),
            pick("议案", "what"),
            pick("表决", "votes"),
            pick("状态", "state"),
        ),
        (
            (
                each.proposal_id.hex()[:_SHORT_ID],
                _describe(session, each),
                _describe_votes(session, each),
                _describe_state(session, each),
            )
            for each in listed
        ),
        fixed=(0,),
    )


def list_members(session: Session) -> None:
    """Lists who belongs to the ledger, and who did.

    \b
    Example:
      zhenglian govern members
    """
    from ledger.actions import proposals

    with session.door(needs_keys=False) as door:
        members = door.call(proposals.list_members)
    output = session.output
    if output.is_json:
        output.document(members)
        return
    pick = session.language.pick
    output.table(
        (
            pick("成员", "member"),
            pick("名称", "name"),
            pick("加入", "since"),
            pick("退出", "until"),
        ),
        (
            (
                str(each.member),
                each.name,
                format_time(each.admitted_at_unix),
                format_time(each.removed_at_unix),
            )
            for each in members
        ),
    )


def tell_proposal(session: Session, proposal: Proposal) -> None:
    """A proposal that was made, and how to vote on it."""
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(proposal)
        return
    short = proposal.proposal_id.hex()[:_SHORT_ID]
    output.line(f"{pick('已提议', 'Proposed')}: {_describe(session, proposal)}", "bold")
    output.pairs(
        [
            (pick("编号", "id"), proposal.proposal_id.hex()),
            (pick("表决截止", "votes until"), format_time(proposal.expires_at_unix)),
            (pick("日志序号", "log index"), str(proposal.log_index)),
        ]
    )
    command_line = f"zhenglian govern vote {short} --approve"
    output.line(pick(f"各成员表决：{command_line}", f"Each member votes: {command_line}"))


def _tell_result(session: Session, result: VoteResult) -> None:
    output, pick = session.output, session.language.pick
    if output.is_json:
        output.document(result)
        return
    proposal = result.proposal
    what = _describe(session, proposal)
    if result.executed:
        output.line(f"{pick('已执行', 'Carried out')}: {what}", "bold green")
    else:
        output.line(f"{pick('尚未执行', 'Not carried out yet')}: {what}", "bold")
        output.line(f"  {result.missing}")
    output.pairs(
        [
            (pick("赞成", "for"), " ".join(map(str, proposal.approvals))),
            (pick("反对", "against"), " ".join(map(str, proposal.rejections))),
        ]
    )


def _describe(session: Session, proposal: Proposal) -> str:
    return f"{describe_proposal(proposal.action, session.language)} {proposal.about}"


def _describe_votes(session: Session, proposal: Proposal) -> str:
    pick = session.language.pick
    approvals = " ".join(map(str, proposal.approvals)) or pick("无", "none")
    rejections = " ".join(map(str, proposal.rejections))
    against = pick(f"；反对：{rejections}", f"; against: {rejections}") if rejections else ""
    return pick(f"赞成：{approvals}", f"for: {approvals}") + against


def _describe_state(session: Session, proposal: Proposal) -> str:
    pick = session.language.pick
    if proposal.state == "open":
        until = format_time(proposal.expires_at_unix)
        return pick(f"表决中，至 {until}", f"open until {until}")
    return describe_proposal_state(proposal.state, session.language)
