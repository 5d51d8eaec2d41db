"""治理: who belongs to the ledger and which modules it consists of, decided by vote."""

from __future__ import annotations

from http import HTTPStatus

from ledger.actions.application import APPLICATION_MEDIA_TYPE
from ledger.actions.governance import (
    execute,
    propose_act,
    propose_applicant,
    propose_freeze,
    propose_installation,
    propose_removal,
    read_own_application,
    vote,
)
from ledger.actions.proposals import (
    find_proposal,
    find_proposal_id,
    list_members,
    list_proposals,
)
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.operation import Operation
from node_api.operations.samples import APPLICATION_DOCUMENT, DIGEST, UNIX

TAG = "governance"
READING = Access.of(Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR)
VOTING = Access.of(Role.OPERATOR, rule=ObjectRule.MEMBER, changes=True)
_PROPOSALS = "/v1/governance/proposals"

OPERATIONS = (
    Operation("GET", "/v1/governance/members", list_members, READING, TAG),
    Operation(
        "GET",
        "/v1/governance/application",
        read_own_application,
        Access.of(Role.OPERATOR),
        TAG,
        media_type=APPLICATION_MEDIA_TYPE,
    ),
    Operation("GET", _PROPOSALS, list_proposals, READING, TAG, fixed={"now_unix": None}),
    Operation(
        "GET",
        f"{_PROPOSALS}/{{proposal_id}}",
        find_proposal,
        READING,
        TAG,
        summary="One proposal with its votes.",
        example={"proposal_id": DIGEST},
    ),
    Operation(
        "GET",
        "/v1/governance/proposal-ids/{prefix}",
        find_proposal_id,
        READING,
        TAG,
        example={"prefix": DIGEST[:12]},
    ),
    Operation(
        "POST",
        f"{_PROPOSALS}/admission",
        propose_applicant,
        VOTING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"application": APPLICATION_DOCUMENT},
    ),
    Operation(
        "POST",
        f"{_PROPOSALS}/removal",
        propose_removal,
        VOTING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"member": "530000"},
    ),
    Operation(
        "POST",
        f"{_PROPOSALS}/freeze",
        propose_freeze,
        VOTING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"target": "530000", "until_unix": UNIX, "ends": False},
    ),
    Operation(
        "POST",
        f"{_PROPOSALS}/installation",
        propose_installation,
        VOTING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"name": "CertificateLedger"},
    ),
    Operation(
        "POST",
        f"{_PROPOSALS}/act",
        propose_act,
        VOTING,
        TAG,
        status=HTTPStatus.CREATED,
        example={"module": "Catalogue", "payload": "00"},
    ),
    Operation(
        "POST",
        f"{_PROPOSALS}/{{proposal_id}}/votes",
        vote,
        VOTING,
        TAG,
        example={"proposal_id": DIGEST, "approve": True},
    ),
    Operation(
        "POST",
        f"{_PROPOSALS}/{{proposal_id}}/execution",
        execute,
        VOTING,
        TAG,
        example={"proposal_id": DIGEST},
    ),
)
