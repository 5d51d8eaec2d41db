"""消息: one feed of what concerns this home; as a stream, see `node_api.feed`."""

from __future__ import annotations

from typing import Final

from ledger.actions.notices import page_notices
from node_api.auth.access import Access, ObjectRule
from node_api.auth.filling import Asked
from node_api.auth.principals import Role
from node_api.operations.operation import Operation

TAG: Final = "notices"
READING = Access.of(
    Role.CLERK,
    Role.OFFICER,
    Role.AUDITOR,
    Role.SUPERVISOR,
    Role.OPERATOR,
    rule=ObjectRule.VIEWER,
)

OPERATIONS = (
    Operation(
        "GET",
        "/v1/notices",
        page_notices,
        READING,
        TAG,
        fixed={"viewer": Asked.VIEWER},
        example={"after": 17, "limit": 50},
    ),
)
