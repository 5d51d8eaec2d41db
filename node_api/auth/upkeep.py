"""What a node does by itself for access: carries out what was approved, and lets logs expire."""

from __future__ import annotations

from typing import Final

from ledger.actions.access_log import expire_access_log
from ledger.actions.approvals import Run, resume_approved
from ledger.workspace import Workspace

UPKEEP_EVERY_S: Final = 60.0
_DAY_S: Final = 86_400


class AccessUpkeep:
    """One round of it, to be called again and again.

    Args:
        run: carries out an approved request.
        retention_days: of the access log.
    """

    def __init__(self, workspace: Workspace, run: Run, retention_days: int) -> None:
        self._workspace = workspace
        self._run = run
        self._retention_days = retention_days
        self._expire_at_unix = 0

    def __call__(self) -> None:
        """Carries out what was approved and left; once a day removes what has expired."""
        resume_approved(self._workspace, self._run)
        now_unix = self._workspace.now_unix()
        if now_unix >= self._expire_at_unix:
            expire_access_log(self._workspace, self._retention_days)
            self._expire_at_unix = now_unix + _DAY_S
