"""Holds, and the officer behind an erasure."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of holds; earlier erasures name no officer."""
    op.add_column("erasures", sa.Column("officer", sa.LargeBinary))
    op.create_table(
        "holds",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("identifier", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("officer", sa.LargeBinary),
        sa.Column("placed_at_unix", sa.BigInteger, nullable=False),
        sa.Column("released_at_unix", sa.BigInteger),
        sa.Column("release_reason", sa.Text),
        sa.Column("release_officer", sa.LargeBinary),
    )
    op.create_index("ix_holds_identifier", "holds", ["identifier"])
