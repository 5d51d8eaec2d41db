"""Deliveries that come in: each part stored before it is told to be here."""

from __future__ import annotations

from sqlalchemy import func, insert, select, update

from ledger.errors import ConflictError
from ledger.formats.delivery import Announcement
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import Manifest
from ledger.identifiers import Uscc
from ledger.vault.delivery_rows import NewDelivery, OffsetUnexpectedError, StoredDelivery
from ledger.vault.delivery_store import DeliveryStore, drop_parts, insert_part
from ledger.vault.delivery_tables import (
    DeliveryState,
    Direction,
    deliveries,
    delivery_secrets,
)


class IncomingDeliveries(DeliveryStore):
    """What is coming in, or has."""

    def announce(self, new: NewDelivery, announced: Announcement) -> StoredDelivery:
        """Begin to take one in; one that is known stays as it is."""
        with self._database.write() as connection:
            if (known := self.find(new.delivery_id)) is not None:
                return known
            row = self._to_row(new, Direction.IN) | {"digest": announced.digest}
            connection.execute(insert(deliveries).values(row))
            self._keep_secrets(connection, announced, None)
            return self.get(new.delivery_id)

    def reopen(self, delivery_id: bytes, expires_at_unix: int) -> None:
        """Take in from its beginning what had expired."""
        self._change(
            delivery_id,
            (DeliveryState.EXPIRED,),
            state=DeliveryState.RECEIVING,
            arrived=0,
            reason=None,
            expires_at_unix=expires_at_unix,
        )

    def append(self, delivery_id: bytes, offset: int, part: bytes) -> StoredDelivery:
        """Store the next part of a body.

        Raises:
            NotFoundError: delivery_unknown.
            OffsetUnexpectedError: another part is the next one.
            ConflictError: delivery_closed; delivery_too_long.
        """
        with self._database.write() as connection:
            found = self.get(delivery_id)
            if found.state is not DeliveryState.RECEIVING:
                raise ConflictError(
                    f"delivery {delivery_id.hex()} is {found.state}: it takes no more",
                    code="delivery_closed",
                )
            if offset != found.arrived:
                raise OffsetUnexpectedError(found.arrived, offset)
            if offset + len(part) > found.size:
                raise ConflictError(
                    f"delivery {delivery_id.hex()} was announced with {found.size} bytes; this "
                    f"part would make it {offset + len(part)}",
                    code="delivery_too_long",
                )
            if part:
                insert_part(connection, delivery_id, offset, part)
            self._change(delivery_id, (DeliveryState.RECEIVING,), arrived=found.arrived + len(part))
            return self.get(delivery_id)

    def file(
        self, delivery_id: bytes, receipt: DeliveryReceipt, manifest: Manifest
    ) -> StoredDelivery:
        """File what came whole, with its receipt; of two, the first receipt counts."""
        with self._database.write() as connection:
            changed = self._change(
                delivery_id,
                (DeliveryState.RECEIVING,),
                state=DeliveryState.RECEIVED,
                receipt=receipt.to_json(),
            )
            if changed:
                connection.execute(
                    update(delivery_secrets)
                    .where(delivery_secrets.c.delivery == delivery_id)
                    .values(self._encrypt_manifest(delivery_id, manifest))
                )
            return self.get(delivery_id)

    def refuse(self, delivery_id: bytes, reason: str) -> None:
        """Give up one that is no envelope for this home; nothing of it is kept but that it was."""
        with self._database.write() as connection:
            states = (DeliveryState.RECEIVING,)
            if self._change(delivery_id, states, state=DeliveryState.REFUSED, reason=reason):
                drop_parts(connection, delivery_id)

    def expire_unfinished(self, now_unix: int) -> list[StoredDelivery]:
        """Give up what was announced and did not become whole in time."""
        late = (
            deliveries.c.direction == Direction.IN,
            deliveries.c.state == DeliveryState.RECEIVING,
            deliveries.c.expires_at_unix <= now_unix,
        )
        with self._database.write() as connection:
            found = self._select(*late)
            for each in found:
                drop_parts(connection, each.delivery_id)
                states = (DeliveryState.RECEIVING,)
                self._change(each.delivery_id, states, state=DeliveryState.EXPIRED, arrived=0)
        return found

    def sum_unfinished(self, sender: Uscc) -> tuple[int, int]:
        """How many deliveries of a department are coming in, and how many bytes they will have."""
        query = select(func.count(), func.coalesce(func.sum(deliveries.c.size), 0)).where(
            deliveries.c.direction == Direction.IN,
            deliveries.c.state == DeliveryState.RECEIVING,
            deliveries.c.sender == str(sender),
        )
        with self._database.read() as connection:
            count, size = connection.execute(query).one()
        return int(count), int(size)

    def mark_taken(self, delivery_id: bytes) -> None:
        """Say that somebody took it out of the inbox."""
        with self._database.write() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.delivery_id == delivery_id)
                .where(deliveries.c.taken_at_unix.is_(None))
                .values(taken_at_unix=self._clock())
            )
