"""日志: the log asked about together with the chain, as the command of that name does.

What is asked most, roots, proofs and entries as far as this node has compared them, is plain ASGI
under /v1/log, see `node_api.hot`. Here the chain is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from ledger.actions.attesting import (
    Attested,
    attest_case,
    attest_certificate,
    attest_department,
    attest_group,
    attest_mandate,
    attest_matter,
    attest_member,
    attest_place,
    attest_policy,
    attest_seal_key,
    attest_type,
)
from ledger.actions.proofs import fetch_log_root, prove_consistency, prove_inclusion
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.certificates import ONE
from node_api.operations.operation import Operation
from node_api.operations.samples import (
    CERTIFICATE,
    CHONGQING,
    DIGEST,
    GROUP,
    HOUSING,
    ITEM,
    SICHUAN,
    TYPE,
)

TAG: Final = "log"
READING = Access.of(Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR)
ATTESTING = Access.of(Role.CLERK, Role.OFFICER, Role.OPERATOR, changes=True)  # of anybody's record
_ATTESTATIONS: Final = "/v1/attestations"


def _attest(path: str, action: Callable[..., Attested], example: Mapping[str, object]) -> Operation:
    return Operation(
        "POST",
        f"{_ATTESTATIONS}/{path}",
        action,
        ATTESTING,
        TAG,
        status=HTTPStatus.CREATED,
        example=example,
    )


_OF_THE_CHAIN = (
    Operation("GET", "/v1/compared-log", fetch_log_root, READING, TAG),
    Operation(
        "GET",
        "/v1/compared-log/entries/{index}/inclusion-proof",
        prove_inclusion,
        READING,
        TAG,
        example={"index": 17},
    ),
    Operation(
        "GET",
        "/v1/compared-log/consistency-proof",
        prove_consistency,
        READING,
        TAG,
        example={"first": 20, "second": 35},
    ),
)

_ATTESTING = (
    Operation(
        "POST",
        f"{ONE}/attestations",
        attest_certificate,
        Access.of(Role.CLERK, Role.OFFICER, rule=ObjectRule.CERTIFICATE, changes=True),
        TAG,
        status=HTTPStatus.CREATED,
        example={"certificate_id": CERTIFICATE},
    ),
    _attest("status", attest_place, {"batch_key": DIGEST, "position": 0}),
    _attest("departments", attest_department, {"issuer": HOUSING}),
    _attest("seal-keys", attest_seal_key, {"issuer": HOUSING, "key_id": DIGEST}),
    _attest("mandates", attest_mandate, {"issuer": HOUSING, "certificate_type": TYPE}),
    _attest("members", attest_member, {"member": CHONGQING}),
    _attest("types", attest_type, {"certificate_type": TYPE}),
    _attest("matters", attest_matter, {"item_code": ITEM}),
    _attest(
        "policies",
        attest_policy,
        {"key": {"relying": SICHUAN, "source": CHONGQING, "certificate_type": TYPE}},
    ),
    _attest("groups", attest_group, {"group": GROUP}),
    _attest("cases", attest_case, {"case_id": DIGEST}),
)

OPERATIONS = (*_OF_THE_CHAIN, *_ATTESTING)
