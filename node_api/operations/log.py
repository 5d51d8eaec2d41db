"""日志: the entries themselves; roots and proofs are answered as plain ASGI, see `node_api.hot`."""

from __future__ import annotations

from typing import Final

from ledger.actions.log_entries import page_entries, read_entry
from node_api.auth.access import Access
from node_api.auth.principals import Role
from node_api.operations.operation import Operation

TAG: Final = "log"
READING = Access.of(
    Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, Role.OPERATOR, Role.KIOSK
)

OPERATIONS = (
    Operation(
        "GET", "/v1/log/entries", page_entries, READING, TAG, example={"first": 0, "limit": 100}
    ),
    Operation(
        "GET",
        "/v1/log/entries/{log_index}",
        read_entry,
        READING,
        TAG,
        example={"log_index": 17},
    ),
)
