"""Sending one delivery: announce, go on at the receiver's offset, check the receipt."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Final

from ledger.actions.deliveries.acknowledging import check_receipt
from ledger.actions.deliveries.queueing import renew_announcement
from ledger.actions.deliveries.receiving import Arrival
from ledger.errors import ConflictError, LedgerError, StorageError
from ledger.formats.delivery import Announcement
from ledger.vault.delivery_rows import StoredDelivery
from ledger.vault.delivery_tables import DeliveryState
from ledger.vault.key_files import SealKey
from ledger.workspace import Workspace
from node_api.deliveries.settings import DeliverySettings
from node_api.deliveries.transport import PeerClient, PeerError

logger = logging.getLogger(__name__)

FOR_GOOD: Final = frozenset(
    {
        "announcement_malformed",
        "announcement_not_sealed",
        "delivery_differs",
        "delivery_exists",
        "delivery_of_another_ledger",
        "delivery_too_large",
        "delivery_too_long",
        "envelope_for_another_key",
        "receiver_not_here",
    }
)
"""Codes of refusals that no later attempt would change."""
RECEIPTED: Final = (DeliveryState.RECEIVED, DeliveryState.ACKNOWLEDGED)
_MAX_DOUBLINGS = 20


class Sender:
    """Sends deliveries to one node after the other. Safe for threads: it keeps nothing.

    Args:
        workspace: whose deliveries.
        settings: where to, how often.
        jitter: a number from 0 to 1, another each time.
        is_stopping: whether to leave what is under way for the next start.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: DeliverySettings,
        jitter: Callable[[], float] = random.random,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._jitter = jitter
        self._is_stopping = is_stopping

    def send(self, delivery: StoredDelivery, client: PeerClient | None) -> bool:
        """One attempt. Whether the other node may be asked for more at once.

        Args:
            client: of the receiving member's node; None if nobody said where it is.

        Raises:
            StorageError: our own disk; nothing is lost.
        """
        deliveries = self._workspace.vault.deliveries
        if delivery.expires_at_unix <= self._workspace.now_unix():
            reason = delivery.reason or "not_taken_in_time"
            deliveries.give_up(delivery.delivery_id, DeliveryState.EXPIRED, reason)
            self._tell("delivery_expired", delivery, reason)
            return True
        try:
            if client is None:
                raise PeerError(
                    f"no address of {delivery.member} is set", code="peer_address_missing"
                )
            self._transfer(delivery, client)
        except StorageError:
            raise
        except LedgerError as error:
            self.put_off(delivery, error)
            return not isinstance(error, PeerError) or bool(error.status)
        return True

    def _transfer(self, delivery: StoredDelivery, client: PeerClient) -> None:
        announced, key = renew_announcement(self._workspace, delivery.delivery_id)
        arrival = client.announce(announced.to_json())
        while arrival.state is DeliveryState.RECEIVING and arrival.arrived < delivery.size:
            if self._is_stopping():
                return
            arrival = self._send_part(delivery, client, key, self._require(delivery, arrival))
        if arrival.state is DeliveryState.REFUSED:
            reason = arrival.reason or "refused"
            self._workspace.vault.deliveries.give_up(
                delivery.delivery_id, DeliveryState.FAILED, reason[:64]
            )
            self._tell("delivery_refused", delivery, reason)
        elif arrival.receipt is None or arrival.state not in RECEIPTED:
            raise ConflictError(
                "the receiver has everything and no receipt for it yet", code="receipt_missing"
            )
        else:
            self._keep_receipt(delivery, announced, arrival.receipt)

    def _send_part(
        self, delivery: StoredDelivery, client: PeerClient, key: SealKey, offset: int
    ) -> Arrival:
        deliveries = self._workspace.vault.deliveries
        deliveries.note_progress(delivery.delivery_id, offset)
        part = deliveries.read_body(delivery.delivery_id, offset, self._settings.part_size)
        if not part:
            raise ConflictError(
                f"the receiver asks for byte {offset} of {delivery.size}, which is not here",
                code="receiver_offset_impossible",
            )
        arrival = client.append(delivery.delivery_id, offset, part, key.private_key)
        if arrival.state is DeliveryState.RECEIVING and arrival.arrived <= offset:
            raise ConflictError(
                "the receiver took a part and did not get on", code="receiver_offset_impossible"
            )
        return arrival

    def _require(self, delivery: StoredDelivery, arrival: Arrival) -> int:
        if arrival.delivery_id != delivery.delivery_id or arrival.arrived < 0:
            raise ConflictError("the receiver speaks of another delivery", code="delivery_differs")
        return arrival.arrived

    def _keep_receipt(self, delivery: StoredDelivery, announced: Announcement, data: bytes) -> None:
        receipt = check_receipt(self._workspace, announced, data)
        self._workspace.vault.deliveries.keep_receipt(delivery.delivery_id, receipt)
        self._tell("delivery_delivered", delivery, "")

    def put_off(self, delivery: StoredDelivery, error: LedgerError) -> None:
        """Notes that an attempt failed, and when the next one is due, or that none is."""
        deliveries = self._workspace.vault.deliveries
        if isinstance(error, PeerError) and error.status and error.code in FOR_GOOD:
            deliveries.give_up(delivery.delivery_id, DeliveryState.FAILED, error.code)
            self._tell("delivery_refused", delivery, error.code)
            return
        pause_s = self._choose_pause(delivery.attempts)
        if isinstance(error, PeerError):
            pause_s = max(pause_s, error.retry_after_s)
        due_at_unix = self._workspace.now_unix() + round(pause_s)
        deliveries.put_off(delivery.delivery_id, due_at_unix, error.code)
        if delivery.reason != error.code:
            self._tell("delivery_put_off", delivery, error.code, error.message)

    def _choose_pause(self, attempts: int) -> float:
        """Doubled with each attempt, half of it at random, so that nodes do not come at once."""
        settings = self._settings
        longest = settings.first_pause_s * 2.0 ** min(attempts, _MAX_DOUBLINGS)
        return min(longest, settings.longest_pause_s) * (0.5 + self._jitter() / 2)

    def _tell(self, what: str, delivery: StoredDelivery, reason: str, detail: str = "") -> None:
        told = {
            "delivery_id": delivery.delivery_id.hex(),
            "member": str(delivery.member),
            "code": reason,
        }
        if detail and reason.startswith("peer_"):  # of the connection; it names no person
            told["detail"] = detail
        logger.info(what, extra=told)
