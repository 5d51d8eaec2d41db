"""What stands in a row of a delivery, as types."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import RowMapping

from ledger.errors import ConflictError
from ledger.formats.envelope import DeliveryKind, EnvelopeHead, Manifest
from ledger.identifiers import MemberId, Uscc
from ledger.vault.delivery_tables import DeliveryState, Direction


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery about to be stored.

    Attributes:
        member: the other side's.
        request: what was asked for, so that asking again sends nothing twice; empty for what came.
        manifest: of what is sent.
    """

    delivery_id: bytes
    kind: DeliveryKind
    sender: Uscc
    receiver: Uscc
    member: MemberId
    size: int
    expires_at_unix: int
    request: bytes = b""
    manifest: Manifest | None = None

    @classmethod
    def of_head(
        cls,
        head: EnvelopeHead,
        member: MemberId,
        expires_at_unix: int,
        request: bytes = b"",
        manifest: Manifest | None = None,
    ) -> NewDelivery:
        """Of an envelope."""
        return cls(
            head.delivery_id,
            head.kind,
            head.sender,
            head.receiver,
            member,
            head.size,
            expires_at_unix,
            request,
            manifest,
        )


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A delivery as the vault has it.

    Attributes:
        member: the other side's.
        digest: of the envelope.
        size, arrived: bytes of the body; how many of them the receiver has.
        reason: code of what keeps it from getting on, if anything does.
        receipt: JSON of the receipt, once there is one.
        attempts: to send it that came to nothing.
        due_at_unix: of the next attempt.
        expires_at_unix: when it is given up.
    """

    delivery_id: bytes
    direction: Direction
    kind: DeliveryKind
    sender: Uscc
    receiver: Uscc
    member: MemberId
    digest: bytes
    size: int
    arrived: int
    state: DeliveryState
    reason: str | None
    receipt: bytes | None = field(repr=False)
    attempts: int
    due_at_unix: int
    expires_at_unix: int
    created_at_unix: int
    changed_at_unix: int
    taken_at_unix: int | None
    discarded_at_unix: int | None


class OffsetUnexpectedError(ConflictError):
    """A part does not follow what is there.

    Args:
        expected: where the next part begins.
        actual: where this one does.
    """

    default_code = "offset_unexpected"

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"the next part begins at {expected}, not at {actual}")
        self.expected = expected
        self.actual = actual


def delivery_binding(delivery_id: bytes) -> bytes:
    """What ties a manifest's ciphertext to its row."""
    return b"delivery\x00" + delivery_id


def to_stored(row: RowMapping) -> StoredDelivery:
    """A row as types."""
    values = {name: row[name] for name in StoredDelivery.__slots__}
    return StoredDelivery(
        **values
        | {
            "direction": Direction(row["direction"]),
            "kind": DeliveryKind(row["kind"]),
            "sender": Uscc.parse(row["sender"]),
            "receiver": Uscc.parse(row["receiver"]),
            "member": MemberId.parse(row["member"]),
            "state": DeliveryState(row["state"]),
        }
    )
