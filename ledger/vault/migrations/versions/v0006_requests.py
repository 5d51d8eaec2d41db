"""Single requests to issue, and uploads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JOB_STATES = "'queued', 'running', 'completed', 'failed', 'cancelled'"


def upgrade() -> None:
    """Make the tables of requests."""
    op.create_table(
        "requests",
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("identifier", sa.Text, nullable=False),
        sa.Column("batch", _ID, sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("accepted_at_unix", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "reference"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("options", sa.LargeBinary, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at_unix", sa.BigInteger, nullable=False),
        sa.Column("ended_at_unix", sa.BigInteger),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.CheckConstraint("length(digest) = 32", name="digest_length"),
        sa.CheckConstraint("length(wrapped_key) = 60", name="wrapped_key_length"),
        sa.CheckConstraint(f"state IN ({_JOB_STATES})", name="state"),
    )
    op.create_index("ix_jobs_state", "jobs", ["state"])
