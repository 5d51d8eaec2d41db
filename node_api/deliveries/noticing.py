"""What a node does by itself when certificates' status changed: it queues notices to others."""

from __future__ import annotations

import logging

from ledger.actions.deliveries.status_notices import queue_status_notices
from ledger.workspace import Workspace
from node_api.deliveries.settings import DeliverySettings
from node_api.loops import Loop

logger = logging.getLogger(__name__)


class StatusNoticing:
    """A loop over the own copy of the log, which others sync.

    Args:
        settings: whom it tells by type.
    """

    def __init__(self, workspace: Workspace, settings: DeliverySettings) -> None:
        self._workspace = workspace
        self._regulators = settings.regulators_by_type
        self._next: int | None = None
        interval_s, clock = settings.interval_s, workspace.clock
        self.loop = Loop("status_notices", self.queue_new, interval_s=interval_s, clock=clock)

    def queue_new(self) -> None:
        """One round: what was recorded since the last one.

        Raises:
            LedgerError: the chain, or our own disk; it is done at the next round.
        """
        if self._next is not None and self._workspace.index.cursor().size == self._next:
            return
        done = queue_status_notices(self._workspace, self._regulators, self._next)
        self._next = done.looked_to
        for delivery_id in done.queued:
            logger.info("status_notice_queued", extra={"delivery_id": delivery_id.hex()})
        for department, code in done.refused:
            told = {"department": str(department), "code": code}
            logger.warning("status_notice_refused", extra=told)
