"""运维: whether the home is as it should be, and how far it is."""

from __future__ import annotations

from typing import Final

from ledger.actions.fsck import fsck
from ledger.actions.maintenance import read_heads, rebuild_index, settle, sync_index
from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role
from node_api.operations.operation import Operation

TAG: Final = "maintenance"
OPERATING = Access.of(Role.OPERATOR, rule=ObjectRule.MEMBER, changes=True)

OPERATIONS = (
    Operation(
        "GET",
        "/v1/maintenance/heads",
        read_heads,
        Access.of(Role.OPERATOR, Role.AUDITOR, Role.SUPERVISOR),
        TAG,
    ),
    Operation(
        "GET",
        "/v1/maintenance/fsck",
        fsck,
        Access.of(Role.OPERATOR, Role.AUDITOR, rule=ObjectRule.MEMBER),
        TAG,
    ),
    Operation("POST", "/v1/maintenance/index/sync", sync_index, OPERATING, TAG),
    Operation("POST", "/v1/maintenance/index/rebuild", rebuild_index, OPERATING, TAG),
    Operation("POST", "/v1/maintenance/settlement", settle, OPERATING, TAG),
)
