"""What a home tells of recognition: all of it at a time, and why somebody is recognised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.actions.policies import Group, Pact, Policy, list_groups, list_pacts, list_policies
from ledger.actions.recognition import Explanation, explain
from ledger.identifiers import CertificateType, RegionCode, Uscc
from ledger.workspace import Workspace

_REGION_LENGTH: Final = 6


@dataclass(frozen=True, slots=True)
class Recognition:
    """The newest version of each policy, every group, every pact that somebody has signed."""

    policies: tuple[Policy, ...]
    groups: tuple[Group, ...]
    pacts: tuple[Pact, ...]


def list_recognition(workspace: Workspace, at_unix: int | None = None) -> Recognition:
    """Policies, groups and pacts.

    Args:
        at_unix: time for which policies are told, by default now.
    """
    workspace.sync_index()
    index, now_unix = workspace.index, workspace.latest_unix()
    return Recognition(
        tuple(list_policies(index, now_unix if at_unix is None else at_unix)),
        tuple(list_groups(index)),
        tuple(list_pacts(index, now_unix)),
    )


def explain_issuer(
    workspace: Workspace,
    relying_region: RegionCode,
    issuer: str,
    certificate_type: CertificateType,
    *,
    seal_level: int = 1,
    at_unix: int | None = None,
) -> Explanation:
    """Whether a region recognises a type of certificate of an issuer at a time, and why.

    Args:
        issuer: a department (18 characters), or a region (6) whose departments are meant.
        at_unix: by default now.

    Raises:
        MalformedInputError: the issuer is neither. NotFoundError: no such department.
    """
    is_region = len(issuer) == _REGION_LENGTH
    source = RegionCode.parse(issuer) if is_region else Uscc.parse(issuer)
    return explain(
        workspace,
        relying_region,
        source,
        certificate_type,
        seal_level=seal_level,
        at_unix=at_unix,
    )
