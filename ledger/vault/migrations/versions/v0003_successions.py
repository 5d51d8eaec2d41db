"""Which certificate is to replace which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of successions."""
    op.create_table(
        "successions",
        sa.Column("replaced", sa.Text, primary_key=True),
        sa.Column("successor", sa.Text, nullable=False),
        sa.Column("chosen_at_unix", sa.BigInteger, nullable=False),
    )
