"""日志: the log asked about together with the chain, as the command of that name does.

What is asked most, roots, proofs and entries as far as this node has compared them, is plain ASGI
under /v1/log, see `node_api.hot`. Here the chain is asked first.
"""

from __future__ import annotations

from typing import Final

from ledger.actions.proofs import fetch_log_root, prove_consistency, prove_inclusion
from node_api.auth.access import Access
from node_api.auth.principals import Role
from node_api.operations.operation import Operation

TAG: Final = "log"
READING = Access.of(Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR)

OPERATIONS = (
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
