"""Deliveries of a vault: what waits to be sent, and what came in.

Everything is stored before anything is said of it: a delivery before its first byte leaves, a part
before it is told to be here, a receipt before it is answered. So whoever is killed when, the next
run goes on where this one was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from ledger.errors import ConflictError, NotFoundError
from ledger.formats.delivery import Announcement
from ledger.formats.delivery_receipt import DeliveryReceipt
from ledger.formats.envelope import Manifest
from ledger.identifiers import Uscc
from ledger.vault.cipher import RowCipher
from ledger.vault.database import Database
from ledger.vault.delivery_erasing import delivery_identifier, destroy_delivery
from ledger.vault.delivery_rows import (
    NewDelivery,
    OffsetUnexpectedError,
    StoredDelivery,
    delivery_binding,
    to_stored,
)
from ledger.vault.delivery_tables import (
    DeliveryState,
    Direction,
    deliveries,
    delivery_parts,
    delivery_secrets,
)
from ledger.vault.erasures import Erasure, find_erasure, record_erasure

DISCARDED: Final = "discarded"
PART_SIZE: Final = 512 * 1024
TO_SEND: Final = (DeliveryState.QUEUED, DeliveryState.SENDING)


class Deliveries:
    """The deliveries of a vault."""

    def __init__(self, database: Database, cipher: RowCipher, clock: Callable[[], int]) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    # -- going out -----------------------------------------------------------------------------

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
            for part in _cut(body, PART_SIZE):
                _insert_part(connection, new.delivery_id, position, part)
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
                _drop_parts(connection, delivery_id)

    # -- coming in -----------------------------------------------------------------------------

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
                _insert_part(connection, delivery_id, offset, part)
            self._change(delivery_id, (DeliveryState.RECEIVING,), arrived=found.arrived + len(part))
            return self.get(delivery_id)

    def iterate_body(self, delivery_id: bytes) -> Iterator[bytes]:
        """The stored parts of a body in their order, one in memory at a time."""
        position = 0
        while part := self.read_body(delivery_id, position, 1 << 62):
            yield part
            position += len(part)

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
                _drop_parts(connection, delivery_id)

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
                _drop_parts(connection, each.delivery_id)
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

    # -- both ----------------------------------------------------------------------------------

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

    # -- parts ---------------------------------------------------------------------------------

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


def _drop_parts(connection: Connection, delivery_id: bytes) -> None:
    connection.execute(delete(delivery_parts).where(delivery_parts.c.delivery == delivery_id))


def _insert_part(connection: Connection, delivery_id: bytes, position: int, part: bytes) -> None:
    values = {"delivery": delivery_id, "position": position, "content": part}
    connection.execute(insert(delivery_parts).values(values))


def _cut(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
    if buffer:
        yield bytes(buffer)
