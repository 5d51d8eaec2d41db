"""Who may upload, follow and end jobs: whoever may issue for the department."""

from __future__ import annotations

from node_api.auth.access import Access, ObjectRule
from node_api.auth.principals import Role

CHANGE_ACCESS = Access.of(Role.CLERK, Role.OFFICER, rule=ObjectRule.DEPARTMENT, changes=True)
READ_ACCESS = Access.of(
    Role.CLERK, Role.OFFICER, Role.AUDITOR, Role.SUPERVISOR, rule=ObjectRule.DEPARTMENT
)
REPORT_ACCESS = Access.of(Role.CLERK, Role.OFFICER, rule=ObjectRule.DEPARTMENT, personal=True)
