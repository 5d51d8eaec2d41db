"""What all deliveries of a vault have in common: finding, reading, discarding them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from ledger.errors import ConflictError, NotFoundError
from ledger.formats.delivery import Announcement
from ledger.formats.envelope import Manifest
from ledger.vault.cipher import RowCipher
from ledger.vault.database import Database
from ledger.vault.delivery_erasing import delivery_identifier, destroy_delivery
from ledger.vault.delivery_rows import NewDelivery, StoredDelivery, delivery_binding, to_stored
from ledger.vault.delivery_tables import (
    DeliveryState,
    Direction,
    deliveries,
    delivery_parts,
    delivery_secrets,
)
from ledger.vault.erasures import Erasure, find_erasure, record_erasure

DISCARDED: Final = "discarded"
TO_SEND: Final = (DeliveryState.QUEUED, DeliveryState.SENDING)


class DeliveryStore:
    """The deliveries of a vault, in and out."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    def find(self, delivery_id: bytes) -> StoredDelivery | None:
        """One delivery."""
        found = self._select(deliveries.c.delivery_id == delivery_id)
        return found[0] if found else None

    def get(self, delivery_id: bytes) -> StoredDelivery:
        """One delivery. Raises NotFoundError, code delivery_unknown."""
        if (found := self.find(delivery_id)) is None:
            raise NotFoundError(
                f"this node has no delivery {delivery_id.hex()}", code="delivery_unknown"
            )
        return found

    def search(
        self,
        direction: Direction | None = None,
        states: Sequence[DeliveryState] = (),
    ) -> list[StoredDelivery]:
        """Deliveries, oldest first."""
        conditions: list[ColumnElement[bool]] = []
        if direction is not None:
            conditions.append(deliveries.c.direction == direction)
        if states:
            conditions.append(deliveries.c.state.in_(states))
        return self._select(*conditions)

    def read_announcement(self, delivery_id: bytes) -> Announcement:
        """What was announced. Raises NotFoundError, code content_erased."""
        query = select(delivery_secrets.c.announcement).where(
            delivery_secrets.c.delivery == delivery_id
        )
        with self._database.read() as connection:
            found = connection.scalar(query)
        if found is None:
            raise NotFoundError(
                f"what delivery {delivery_id.hex()} held was discarded", code="content_erased"
            )
        return Announcement.parse(found)

    def read_manifest(self, delivery_id: bytes) -> Manifest | None:
        """What it is about; None before that is known, and once it was discarded."""
        query = select(delivery_secrets.c.manifest, delivery_secrets.c.wrapped_key).where(
            delivery_secrets.c.delivery == delivery_id
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.manifest is None:
            return None
        binding = delivery_binding(delivery_id)
        return Manifest.parse(self._cipher.decrypt(row.manifest, row.wrapped_key, binding))

    def mark_acknowledged(self, delivery_id: bytes) -> None:
        """Say that the receipt is on the chain."""
        states = (DeliveryState.DELIVERED, DeliveryState.RECEIVED)
        self._change(delivery_id, states, state=DeliveryState.ACKNOWLEDGED, reason=None)

    def announce_again(self, announced: Announcement) -> None:
        """Keep the announcement of the same delivery under another seal."""
        with self._database.write() as connection:
            connection.execute(
                update(delivery_secrets)
                .where(delivery_secrets.c.delivery == announced.head.delivery_id)
                .where(delivery_secrets.c.announcement != announced.to_json())
                .values(announcement=announced.to_json())
            )

    def note_reason(self, delivery_id: bytes, reason: str) -> None:
        """Say why it does not get on; what it is stays."""
        self._change(delivery_id, tuple(DeliveryState), reason=reason)

    def discard(self, delivery_id: bytes) -> StoredDelivery:
        """Destroy what a delivery held; that there was one stays.

        Raises:
            NotFoundError: delivery_unknown.
            ConflictError: delivery_unfinished, it may be needed yet.
        """
        with self._database.write() as connection:
            found = self.get(delivery_id)
            if found.state in (*TO_SEND, DeliveryState.RECEIVING):
                raise ConflictError(
                    f"delivery {delivery_id.hex()} is {found.state}: it is needed yet",
                    code="delivery_unfinished",
                )
            identifier = delivery_identifier(delivery_id)
            destroy_delivery(connection, identifier)
            if find_erasure(connection, identifier) is None:
                record_erasure(connection, Erasure(identifier, self._clock(), DISCARDED))
            connection.execute(
                update(deliveries)
                .where(deliveries.c.delivery_id == delivery_id)
                .where(deliveries.c.discarded_at_unix.is_(None))
                .values(discarded_at_unix=self._clock())
            )
            result = self.get(delivery_id)
        self._database.truncate_log()
        return result

    def read_body(self, delivery_id: bytes, offset: int, size: int) -> bytes:
        """Up to `size` bytes of a body from an offset on; fewer where a stored part ends."""
        query = (
            select(delivery_parts.c.position, delivery_parts.c.content)
            .where(delivery_parts.c.delivery == delivery_id, delivery_parts.c.position <= offset)
            .order_by(delivery_parts.c.position.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return b""
        start = offset - row.position
        return bytes(row.content[start : start + size])

    def iterate_body(self, delivery_id: bytes) -> Iterator[bytes]:
        """The stored parts of a body in their order, one in memory at a time."""
        position = 0
        while part := self.read_body(delivery_id, position, 1 << 62):
            yield part
            position += len(part)

    def _to_row(self, new: NewDelivery, direction: Direction) -> dict[str, Any]:
        now_unix = self._clock()
        is_out = direction is Direction.OUT
        return {
            "delivery_id": new.delivery_id,
            "direction": direction,
            "kind": new.kind,
            "sender": str(new.sender),
            "receiver": str(new.receiver),
            "member": str(new.member),
            "digest": bytes(32),
            "size": new.size,
            "arrived": 0,
            "state": DeliveryState.QUEUED if is_out else DeliveryState.RECEIVING,
            "request_mac": self._cipher.content_mac(new.request) if new.request else None,
            "attempts": 0,
            "due_at_unix": now_unix,
            "expires_at_unix": new.expires_at_unix,
            "created_at_unix": now_unix,
            "changed_at_unix": now_unix,
        }

    def _keep_secrets(
        self, connection: Connection, announced: Announcement, manifest: Manifest | None
    ) -> None:
        delivery_id = announced.head.delivery_id
        values: dict[str, Any] = {"delivery": delivery_id, "announcement": announced.to_json()}
        if manifest is not None:
            values |= self._encrypt_manifest(delivery_id, manifest)
        connection.execute(insert(delivery_secrets).values(values))

    def _encrypt_manifest(self, delivery_id: bytes, manifest: Manifest) -> dict[str, bytes]:
        row = self._cipher.encrypt(manifest.to_json(), delivery_binding(delivery_id))
        return {"manifest": row.ciphertext, "wrapped_key": row.wrapped_key}

    def _change(self, delivery_id: bytes, states: Sequence[DeliveryState], **values: Any) -> bool:
        """Change a delivery that is in one of the states; whether there was one."""
        with self._database.write() as connection:
            result = connection.execute(
                update(deliveries)
                .where(deliveries.c.delivery_id == delivery_id, deliveries.c.state.in_(states))
                .values(changed_at_unix=self._clock(), **values)
            )
            return bool(result.rowcount)

    def _select(
        self,
        *conditions: ColumnElement[bool],
        order: tuple[Any, ...] = (deliveries.c.created_at_unix, deliveries.c.delivery_id),
        limit: int | None = None,
    ) -> list[StoredDelivery]:
        query = select(deliveries).where(*conditions).order_by(*order).limit(limit)
        with self._database.read() as connection:
            return [to_stored(row) for row in connection.execute(query).mappings()]


def drop_parts(connection: Connection, delivery_id: bytes) -> None:
    """Delete a body."""
    connection.execute(delete(delivery_parts).where(delivery_parts.c.delivery == delivery_id))


def insert_part(connection: Connection, delivery_id: bytes, position: int, part: bytes) -> None:
    """Store a part of a body."""
    values = {"delivery": delivery_id, "position": position, "content": part}
    connection.execute(insert(delivery_parts).values(values))


def cut(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of one size, but for the last."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
    if buffer:
        yield bytes(buffer)
