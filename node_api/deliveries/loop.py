"""What a node does by itself for deliveries: sends what is due, receipts what came, settles."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import groupby

from ledger.actions.deliveries.acknowledging import record_receipts, settle_receipts
from ledger.actions.deliveries.cases import file_receipts
from ledger.actions.deliveries.receiving import finish_deliveries
from ledger.identifiers import MemberId
from ledger.vault.delivery_rows import StoredDelivery
from ledger.vault.delivery_tables import DeliveryState, Direction
from ledger.workspace import Workspace
from node_api.deliveries.sending import Sender
from node_api.deliveries.settings import DeliverySettings
from node_api.deliveries.transport import PeerClient, PeerError
from node_api.loops import Loop

logger = logging.getLogger(__name__)

LOOKS_AT_ALL_EVERY = 60
"""Rounds between two looks at the whole inbox for receipts that could not be filed at once."""


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
        self._sender = Sender(workspace, settings, jitter, lambda: self._is_stopping)
        self._pool = ThreadPoolExecutor(settings.threads, "delivery")
        self._is_stopping = False
        self._rounds = 0
        self._under_way: dict[MemberId, Future[None]] = {}
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
        """One round: begins what is due, of different receivers at once, of one in turn.

        A receiver with which it is still at work is left alone, so that none waits for another.

        Raises:
            StorageError: our own disk, met since the last round.
        """
        failures = self._take_failures()
        due = self._workspace.vault.deliveries.list_due(self._workspace.now_unix())
        due.sort(key=lambda each: str(each.member))
        for member, group in groupby(due, key=lambda each: each.member):
            if member not in self._under_way:
                task = self._pool.submit(self._send_to, member, tuple(group))
                self._under_way[member] = task
        if failures:
            raise failures[0]

    def finish(self) -> None:
        """Waits for what was begun. Raises as `send_due`."""
        wait(tuple(self._under_way.values()))
        if failures := self._take_failures():
            raise failures[0]

    def _take_failures(self) -> list[BaseException]:
        """What came of the tasks that have ended, which are forgotten."""
        ended = {member: task for member, task in self._under_way.items() if task.done()}
        for member in ended:
            del self._under_way[member]
        tried = [task.exception() for task in ended.values() if not task.cancelled()]
        return [error for error in tried if error is not None]

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
        recorded = record_receipts(workspace)
        for delivery_id in recorded:
            logger.info("receipt_recorded", extra={"delivery_id": delivery_id.hex()})
        if workspace.vault.deliveries.search(Direction.OUT, (DeliveryState.DELIVERED,)):
            workspace.sync_index()
            for delivery_id in settle_receipts(workspace):
                logger.info("delivery_acknowledged", extra={"delivery_id": delivery_id.hex()})
        if recorded or self._rounds % LOOKS_AT_ALL_EVERY == 0:
            for delivery_id in file_receipts(workspace):
                logger.info("case_receipt_filed", extra={"delivery_id": delivery_id.hex()})
        self._rounds += 1

    def _send_to(self, member: MemberId, due: Iterable[StoredDelivery]) -> None:
        peer = self._settings.find_peer(member)
        if peer is None:
            for each in due:
                self._sender.send(each, None)
            return
        try:
            client = PeerClient(peer, self._settings.timeout_s)
        except PeerError as error:  # the file of its certificate authority
            for each in due:
                self._sender.put_off(each, error)
            return
        with client:
            for each in due:
                if self._is_stopping or not self._sender.send(each, client):
                    return  # it is away: the others of it wait for the next round
