"""Deliveries that go out: stored whole before the first byte leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy import insert, update

from ledger.errors import ConflictError
from ledger.formats.delivery import Announcement
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.vault.delivery_rows import NewDelivery, StoredDelivery
from ledger.vault.delivery_store import TO_SEND, DeliveryStore, cut, drop_parts, insert_part
from ledger.vault.delivery_tables import DeliveryState, Direction, deliveries

PART_SIZE: Final = 512 * 1024


class OutgoingDeliveries(DeliveryStore):
    """What is to be sent, or was."""

    def find_request(self, request: bytes) -> StoredDelivery | None:
        """The newest delivery by which just this was sent, unless nothing became of it."""
        given_up = (DeliveryState.FAILED, DeliveryState.EXPIRED)
        found = self._select(
            deliveries.c.request_mac == self._cipher.content_mac(request),
            deliveries.c.state.not_in(given_up),
        )
        return found[-1] if found else None

    def queue(
        self, new: NewDelivery, body: Iterable[bytes], digest: Callable[[], Announcement]
    ) -> StoredDelivery:
        """Store a delivery whole, all or nothing; only then may it be sent.

        Args:
            body: in pieces of any size; read to its end.
            digest: gives the announcement once the body was read.
        """
        with self._database.write() as connection:
            connection.execute(insert(deliveries).values(self._to_row(new, Direction.OUT)))
            position = 0
            for part in cut(body, PART_SIZE):
                insert_part(connection, new.delivery_id, position, part)
                position += len(part)
            announced = digest()
            connection.execute(
                update(deliveries)
                .where(deliveries.c.delivery_id == new.delivery_id)
                .values(digest=announced.digest)
            )
            self._keep_secrets(connection, announced, new.manifest)
            return self.get(new.delivery_id)

    def list_due(self, now_unix: int, limit: int = 100) -> list[StoredDelivery]:
        """What is to be sent now, the longest due first."""
        return self._select(
            deliveries.c.direction == Direction.OUT,
            deliveries.c.state.in_(TO_SEND),
            deliveries.c.due_at_unix <= now_unix,
            order=(deliveries.c.due_at_unix, deliveries.c.created_at_unix),
            limit=limit,
        )

    def note_progress(self, delivery_id: bytes, arrived: int) -> None:
        """Say how much of it the receiver has."""
        self._change(delivery_id, TO_SEND, state=DeliveryState.SENDING, arrived=arrived)

    def put_off(self, delivery_id: bytes, due_at_unix: int, reason: str) -> None:
        """Say why an attempt came to nothing, and when to make the next."""
        self._change(
            delivery_id,
            TO_SEND,
            state=DeliveryState.QUEUED,
            reason=reason,
            due_at_unix=due_at_unix,
            attempts=deliveries.c.attempts + 1,
        )

    def give_up(self, delivery_id: bytes, state: DeliveryState, reason: str) -> None:
        """Say that it will not be sent any more: failed or expired."""
        self._change(delivery_id, TO_SEND, state=state, reason=reason)

    def retry(self, delivery_id: bytes, expires_at_unix: int) -> StoredDelivery:
        """Have one that failed or expired, or waits for its next attempt, sent at once.

        Raises:
            NotFoundError: delivery_unknown.
            ConflictError: delivery_not_to_send.
        """
        with self._database.write():
            found = self.get(delivery_id)
            may_go = (*TO_SEND, DeliveryState.FAILED, DeliveryState.EXPIRED)
            if found.direction is not Direction.OUT or found.state not in may_go:
                raise ConflictError(
                    f"delivery {delivery_id.hex()} is {found.state}: there is nothing to send",
                    code="delivery_not_to_send",
                )
            self._change(
                delivery_id,
                may_go,
                state=DeliveryState.QUEUED,
                due_at_unix=self._clock(),
                expires_at_unix=expires_at_unix,
            )
            return self.get(delivery_id)

    def keep_receipt(self, delivery_id: bytes, receipt: DeliveryReceipt) -> None:
        """Keep the receipt of the receiver; the body is not needed any more."""
        with self._database.write() as connection:
            changed = self._change(
                delivery_id,
                TO_SEND,
                state=DeliveryState.DELIVERED,
                receipt=receipt.to_json(),
                arrived=deliveries.c.size,
                reason=None,
            )
            if changed:
                drop_parts(connection, delivery_id)
