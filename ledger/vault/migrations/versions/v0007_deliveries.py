"""What travels between nodes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATES = (
    "'queued', 'sending', 'delivered', 'receiving', 'received', 'acknowledged', 'failed', "
    "'refused', 'expired'"
)


def upgrade() -> None:
    """Make the tables of deliveries."""
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.LargeBinary, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("direction", "kind", "sender", "receiver", "member")
        ),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("arrived", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("request_mac", sa.LargeBinary),
        sa.Column("receipt", sa.LargeBinary),
        sa.Column("attempts", sa.Integer, nullable=False),
        *(
            sa.Column(f"{name}_at_unix", sa.BigInteger, nullable=False)
            for name in ("due", "expires", "created", "changed")
        ),
        sa.Column("taken_at_unix", sa.BigInteger),
        sa.Column("discarded_at_unix", sa.BigInteger),
        _length("delivery_id", 32),
        _length("digest", 32),
        _length("request_mac", 16),
        sa.CheckConstraint("direction IN ('out', 'in')", name="direction"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="state"),
    )
    op.create_index(
        "ix_deliveries_direction_state_due_at_unix",
        "deliveries",
        ["direction", "state", "due_at_unix"],
    )
    op.create_index("ix_deliveries_request_mac", "deliveries", ["request_mac"])
    op.create_table(
        "delivery_secrets",
        sa.Column(
            "delivery", sa.LargeBinary, sa.ForeignKey("deliveries.delivery_id"), primary_key=True
        ),
        sa.Column("announcement", sa.LargeBinary, nullable=False),
        sa.Column("manifest", sa.LargeBinary),
        sa.Column("wrapped_key", sa.LargeBinary),
        _length("delivery", 32),
        _length("wrapped_key", 60),
    )
    op.create_table(
        "delivery_parts",
        sa.Column(
            "delivery", sa.LargeBinary, sa.ForeignKey("deliveries.delivery_id"), nullable=False
        ),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("delivery", "position"),
        _length("delivery", 32),
    )


def _length(column: str, length: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")
