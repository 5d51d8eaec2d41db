"""The tables of deliveries. What an erasure destroys stands in `delivery_secrets`.

A delivery's body is kept as it travels, encrypted to the receiving member; the key to it is in the
announcement, which goes when the delivery is discarded. That there was one stays for ever, so that
none is taken in twice.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from ledger.vault.tables import IN_KEY_FILE, Bytes, has_length, is_one_of, metadata

_ERASED_AS = "'delivery:' || lower(hex(delivery))"


class Direction(StrEnum):
    """Whether this home sent it or got it."""

    OUT = "out"
    IN = "in"


class DeliveryState(StrEnum):
    """How far a delivery has come.

    Going out: queued waits for its turn or its next attempt · sending was begun · delivered has the
    receiver's receipt · acknowledged: the receipt is on the chain · failed was refused for good ·
    expired was not taken in time.

    Coming in: receiving is not whole · received is whole, checked and has its receipt ·
    acknowledged has its receipt on the chain · refused was no envelope for us · expired never
    became whole.
    """

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    RECEIVING = "receiving"
    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"


deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Bytes, primary_key=True),
    Column("direction", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("digest", Bytes, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("arrived", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("request_mac", Bytes),
    Column("receipt", Bytes),
    Column("attempts", Integer, nullable=False),
    Column("due_at_unix", BigInteger, nullable=False),
    Column("expires_at_unix", BigInteger, nullable=False),
    Column("created_at_unix", BigInteger, nullable=False),
    Column("changed_at_unix", BigInteger, nullable=False),
    Column("taken_at_unix", BigInteger),
    Column("discarded_at_unix", BigInteger),
    has_length("delivery_id", 32),
    has_length("digest", 32),
    has_length("request_mac", 16),
    CheckConstraint("direction IN ('out', 'in')", name="direction"),
    is_one_of(DeliveryState),
    Index(None, "direction", "state", "due_at_unix"),
    Index(None, "request_mac"),
)

delivery_secrets = Table(
    "delivery_secrets",
    metadata,
    Column("delivery", Bytes, ForeignKey("deliveries.delivery_id"), primary_key=True),
    Column("announcement", Bytes, nullable=False),
    Column("manifest", Bytes),
    Column("wrapped_key", Bytes),
    has_length("delivery", 32),
    has_length("wrapped_key", 60),
    info=IN_KEY_FILE | {"erased_as": _ERASED_AS},
)

delivery_parts = Table(
    "delivery_parts",
    metadata,
    Column("delivery", Bytes, ForeignKey("deliveries.delivery_id"), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("content", Bytes, nullable=False),
    PrimaryKeyConstraint("delivery", "position"),
    has_length("delivery", 32),
)

DELIVERY_TABLES = (deliveries, delivery_secrets, delivery_parts)
