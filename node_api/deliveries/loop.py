"""What a node does by itself for deliveries: sends what is due, receipts what came, settles."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from ledger.actions.deliveries.acknowledging import record_receipts, settle_receipts
from ledger.actions.deliveries.cases import file_receipts
from ledger.actions.deliveries.receiving import finish_deliveries
from ledger.identifiers import MemberId
from ledger.vault.delivery_rows import StoredDelivery
from ledger.workspace import Workspace
from node_api.deliveries.sending import Sender
from node_api.deliveries.settings import DeliverySettings
from node_api.deliveries.transport import PeerClient
from node_api.loops import Loop

logger = logging.getLogger(__name__)


class DeliveryLoop:
    """Two loops: one sends, one has to do with the chain, so that neither waits for the other.

    Args:
        workspace: an open home; the caller closes it after `stop`.
        settings: where the other nodes are.
        jitter: a number from 0 to 1, another each time.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: DeliverySettings,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._sender = Sender(workspace, settings, jitter)
        self._pool = ThreadPoolExecutor(settings.threads, "delivery")
        self._is_stopping = False
        interval_s, clock = settings.interval_s, workspace.clock
        self.sending = Loop("deliveries", self.send_due, interval_s=interval_s, clock=clock)
        self.receipting = Loop("receipts", self.settle, interval_s=interval_s, clock=clock)

    @property
    def loops(self) -> tuple[Loop, ...]:
        """For whoever tells how they fare."""
        return self.sending, self.receipting

    def start(self) -> None:
        """Begins."""
        for loop in self.loops:
            loop.start()

    def stop(self) -> None:
        """Ends after the requests under way; what is not sent goes on at the next start."""
        self._is_stopping = True
        for loop in self.loops:
            loop.stop()
        self._pool.shutdown(cancel_futures=True)

    def wake(self) -> None:
        """Has it look at once, as when something was queued."""
        for loop in self.loops:
            loop.wake()

    def send_due(self) -> None:
        """One round: all that is due, of different receivers at once, of one in turn.

        Raises:
            StorageError: our own disk.
        """
        due = self._workspace.vault.deliveries.list_due(self._workspace.now_unix())
        due.sort(key=lambda each: str(each.member))
        grouped = groupby(due, key=lambda each: each.member)
        rounds = [
            self._pool.submit(self._send_to, member, tuple(group)) for member, group in grouped
        ]
        failures = [error for each in rounds if (error := each.exception()) is not None]
        if failures:
            raise failures[0]

    def settle(self) -> None:
        """One round: check what is whole, put receipts on the chain, see which are there.

        Raises:
            LedgerError: the chain, or our own disk; it is done at the next round.
        """
        workspace = self._workspace
        for each in finish_deliveries(workspace):
            told = {"delivery_id": each.delivery_id.hex(), "state": each.state.value}
            logger.info("delivery_checked", extra=told)
        for each in workspace.vault.deliveries.expire_unfinished(workspace.now_unix()):
            logger.info("delivery_unfinished", extra={"delivery_id": each.delivery_id.hex()})
        for delivery_id in record_receipts(workspace):
            logger.info("receipt_recorded", extra={"delivery_id": delivery_id.hex()})
        workspace.sync_index()
        for delivery_id in settle_receipts(workspace):
            logger.info("delivery_acknowledged", extra={"delivery_id": delivery_id.hex()})
        for delivery_id in file_receipts(workspace):
            logger.info("case_receipt_filed", extra={"delivery_id": delivery_id.hex()})

    def _send_to(self, member: MemberId, due: Iterable[StoredDelivery]) -> None:
        peer = self._settings.find_peer(member)
        if peer is None:
            for each in due:
                self._sender.send(each, None)
            return
        try:
            client = PeerClient(peer, self._settings.timeout_s)
        except OSError as error:  # the file of its certificate authority
            logger.warning("peer_unusable", extra={"member": str(member), "error": str(error)})
            return
        with client:
            for each in due:
                if self._is_stopping or not self._sender.send(each, client):
                    return  # it is away: the others of it wait for the next round
