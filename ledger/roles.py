"""What somebody may be to a node. What each role may do is decided in `node_api.auth.access`."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A role, as identity providers, API keys and the access log name it."""

    CLERK = "clerk"  # 经办人: issues, changes status
    OFFICER = "officer"  # 审批人: decides cases, and whatever a clerk may do
    AUDITOR = "auditor"  # 审计: reads everything of the region, access log included
    SUPERVISOR = "supervisor"  # 监管: reads everything of the region
    OPERATOR = "operator"  # 运维: keys, backups, index, votes; no certificate
    KIOSK = "kiosk"  # 自助终端: verifies, presents one certificate
    HOLDER = "holder"  # 持证人: own certificates
