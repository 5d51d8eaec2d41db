"""Who may use a node: its keys, acts that await a second officer, and what was looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATES = "'pending', 'approved', 'done', 'failed', 'rejected', 'expired'"


def upgrade() -> None:
    """Make the tables of access."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        *_texts("name", "owner", "role"),
        sa.Column("limits", sa.JSON, nullable=False),
        *_texts("created_by"),
        sa.Column("created_at_unix", sa.BigInteger, nullable=False),
        sa.Column("expires_at_unix", sa.BigInteger, nullable=False),
        sa.Column("revoked_at_unix", sa.BigInteger),
        sa.Column("revoked_by", sa.Text),
        sa.Column("last_used_at_unix", sa.BigInteger),
        _length("secret_hash", 32),
    )
    _make_approvals()
    op.create_table(
        "access_log",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("at_unix", sa.BigInteger, nullable=False),
        *_texts("kind", "event", "subject", "roles", "object_kind", "object_id", "purpose"),
        *_texts("outcome", "request_id"),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        _length("hash", 32),
    )
    for name in ("at_unix", "object_id", "subject"):
        op.create_index(f"ix_access_log_{name}", "access_log", [name])
    op.create_table(
        "access_log_ends",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("first_id", sa.BigInteger, nullable=False),
        sa.Column("before_first", sa.LargeBinary, nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column("last_hash", sa.LargeBinary, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        _length("before_first", 32),
        _length("last_hash", 32),
        _length("mac", 16),
    )


def _make_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("operation"),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        *_texts("state", "made_by"),
        sa.Column("people", sa.JSON, nullable=False),
        sa.Column("created_at_unix", sa.BigInteger, nullable=False),
        sa.Column("expires_at_unix", sa.BigInteger, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at_unix", sa.BigInteger),
        *_texts("reason"),
        sa.Column("ended_at_unix", sa.BigInteger),
        *_texts("error_code"),
        _length("digest", 32),
        sa.CheckConstraint(f"state IN ({_STATES})", name="state"),
    )
    op.create_index("ix_approvals_state", "approvals", ["state"])
    op.create_index(
        "uq_approvals_pending",
        "approvals",
        ["made_by", "digest"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "approval_papers",
        sa.Column(
            "approval",
            sa.Text,
            sa.ForeignKey("approvals.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        _length("wrapped_key", 60),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _length(column: str, length: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")
