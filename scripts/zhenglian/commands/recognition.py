"""`zhenglian recognise`: policies and groups, what there is, and why something is recognised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zhenglian.command import Needs, command
from zhenglian.commands import pacts
from zhenglian.recognition_options import (
    ConditionsOption,
    EndOption,
    SealLevelOption,
    make_terms,
    pick_type,
)
from zhenglian.recognition_view import (
    print_explanation,
    print_groups,
    print_pacts,
    print_policies,
    print_policy,
)
from zhenglian.session import Session
from zhenglian.times import parse_time

if TYPE_CHECKING:
    from ledger.verification.recognition_book import PolicyKey

SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="Whose certificates: region, national department or @GROUP."
    ),
]
TypeOrAllArgument = Annotated[
    str, typer.Argument(metavar="TYPE", help="Certificate type, or their end; or: all.")
]
RelyingOption = Annotated[
    str,
    typer.Option(
        "--relying", metavar="PARTY", help="Who relies; by default this home's whole member."
    ),
]
GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="Such as @CHUANYU.")]


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    recognise = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    command(recognise, "policy")(set_policy)
    command(recognise, "end")(end_policy)
    command(recognise, "group")(define_group)
    command(recognise, "leave")(leave_group)
    pacts.add_commands(recognise)
    command(recognise, "list", Needs.HOME)(list_all)
    command(recognise, "explain", Needs.HOME)(explain)
    app.add_typer(recognise, name="recognise", help="Whose certificates a region accepts.")


def set_policy(
    session: Session,
    source: SourceArgument,
    certificate_type: TypeOrAllArgument,
    relying: RelyingOption = "",
    seal_level: SealLevelOption = 1,
    begins: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day; by default from now on.")
    ] = "",
    ends: EndOption = "",
    conditions: ConditionsOption = None,
) -> None:
    """Sets a policy of this member, or its next version, which replaces the one before.

    \b
    Example:
      zhenglian recognise policy 500000 W011 --until 2030-12-31
      zhenglian recognise policy @CHUANYU all --relying 510100 --seal-level 2
    """
    from ledger.actions import recognition

    terms = make_terms(seal_level, begins, ends, conditions)
    with session.door() as door:
        key = _make_key(session, source, certificate_type, relying)
        policy = door.call(recognition.set_policy, key, terms)
    told = session.language.pick("已设定互认规则。", "The policy is set.")
    print_policy(session, policy, told)


def end_policy(
    session: Session,
    source: SourceArgument,
    certificate_type: TypeOrAllArgument,
    relying: RelyingOption = "",
) -> None:
    """Ends a policy of this member from now on.

    \b
    Example:
      zhenglian recognise end 500000 W011
    """
    from ledger.actions import recognition

    with session.door() as door:
        key = _make_key(session, source, certificate_type, relying)
        policy = door.call(recognition.end_policy, key)
    told = session.language.pick(
        "互认规则自此终止；以往时点的结论不变。",
        "The policy has ended; verdicts on past times stay as they are.",
    )
    print_policy(session, policy, told)


def define_group(
    session: Session,
    group: GroupArgument,
    parties: Annotated[
        list[str],
        typer.Argument(metavar="PARTY…", help="Regions and national departments, 2 to 64."),
    ],
    name: Annotated[str, typer.Option("--name", help="What the group is called.")],
) -> None:
    """Names a group of regions, for good; policies and pacts then speak of it.

    \b
    Example:
      zhenglian recognise group @CHUANYU 500000 510000 --name 川渝地区双城经济圈
    """
    from ledger.actions import recognition
    from ledger.identifiers import PartyId

    code, listed = PartyId.parse(group), [PartyId.parse(each) for each in parties]
    with session.door() as door:
        found = door.call(recognition.define_group, code, name, listed)
    print_groups(session, [found])


def leave_group(session: Session, group: GroupArgument) -> None:
    """Takes every party of this member out of a group, for good.

    \b
    Example:
      zhenglian recognise leave @CHUANYU
    """
    from ledger.actions import recognition
    from ledger.identifiers import PartyId

    code = PartyId.parse(group)
    with session.door() as door:
        found = door.call(recognition.leave_group, code)
    print_groups(session, [found])


def list_all(
    session: Session,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="Policies as of then; by default now.")
    ] = "",
) -> None:
    """Lists policies, groups and pacts.

    \b
    Example:
      zhenglian recognise list --at 2026-01-05
    """
    from ledger.actions.recognition_listing import list_recognition

    at_unix = parse_time(at, "at") if at else None
    with session.door(needs_keys=False) as door:
        found = door.call(list_recognition, at_unix)
    if session.output.is_json:
        session.output.document(found)
        return
    print_policies(session, found.policies)
    print_groups(session, found.groups)
    print_pacts(session, found.pacts)


def explain(
    session: Session,
    relying_region: Annotated[
        str, typer.Argument(metavar="REGION", help="Who wants to rely, GB/T 2260.")
    ],
    issuer: Annotated[
        str,
        typer.Argument(metavar="ISSUER", help="A department (18 characters) or a region (6)."),
    ],
    certificate_type: Annotated[
        str, typer.Argument(metavar="TYPE", help="Certificate type, or their end.")
    ],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="As of then; by default now.")
    ] = "",
    seal_level: SealLevelOption = 1,
) -> int:
    """Tells whether a region recognises certificates of an issuer, and by which policy.

    Exit code: 0 recognised, 10 not.

    \b
    Example:
      zhenglian recognise explain 510104 11500000000000001G W011
      zhenglian recognise explain 510000 500103 W011 --at 2026-01-05
    """
    from ledger.actions.recognition_listing import explain_issuer
    from ledger.identifiers import RegionCode

    region = RegionCode.parse(relying_region)
    wanted = pick_type(session, certificate_type)
    at_unix = parse_time(at, "at") if at else None
    with session.door(needs_keys=False) as door:
        found = door.call(
            explain_issuer, region, issuer, wanted, seal_level=seal_level, at_unix=at_unix
        )
    if session.output.is_json:
        session.output.document(found)
    else:
        print_explanation(session, found)
    return 0 if found.is_recognised else _NOT_RECOGNISED


def _make_key(session: Session, source: str, certificate_type: str, relying: str) -> PolicyKey:
    from ledger.identifiers import PartyId
    from ledger.verification.recognition_book import PolicyKey

    kind = None if certificate_type == ALL else pick_type(session, certificate_type)
    own = PartyId.parse(relying) if relying else PartyId(session.member.value)
    return PolicyKey(own, PartyId.parse(source), kind)


ALL = "all"
_NOT_RECOGNISED = 10
