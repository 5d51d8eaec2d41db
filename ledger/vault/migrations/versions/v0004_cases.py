"""Cases: acts on them, their papers, and what they relied on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ACT_STATES = "'prepared', 'sent', 'recorded', 'refused'"


def upgrade() -> None:
    """Make the tables of cases."""
    op.create_table(
        "cases",
        sa.Column("case_id", sa.LargeBinary, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("item_code", sa.Text, nullable=False),
        sa.Column("matter_version", sa.Integer, nullable=False),
        sa.Column("created_at_unix", sa.BigInteger, nullable=False),
        _length("case_id", 32),
        sa.CheckConstraint("role IN ('receiver', 'handler', 'decider')", name="role"),
    )
    op.create_table(
        "case_acts",
        sa.Column("id", _ID, primary_key=True),
        _case(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("request_mac", sa.LargeBinary, nullable=False),
        sa.Column("statement", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("officer", sa.LargeBinary, sa.ForeignKey("officers.commitment")),
        sa.Column("created_at_unix", sa.BigInteger, nullable=False),
        _length("request_mac", 16),
        _length("signature", 64),
        sa.CheckConstraint(f"state IN ({_ACT_STATES})", name="state"),
    )
    op.create_index("ix_case_acts_case_id", "case_acts", ["case_id"])
    op.create_index("ix_case_acts_state", "case_acts", ["state"])
    op.create_table(
        "case_documents",
        sa.Column("id", _ID, primary_key=True),
        _case(),
        sa.Column("act", _ID, sa.ForeignKey("case_acts.id")),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("created_at_unix", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("case_id", "digest"),
        _length("digest", 32),
    )
    op.create_index("ix_case_documents_act", "case_documents", ["act"])
    op.create_table(
        "case_keys",
        sa.Column(
            "document",
            _ID,
            sa.ForeignKey("case_documents.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        _length("wrapped_key", 60),
    )
    op.create_table(
        "reliances",
        sa.Column("commitment", sa.LargeBinary, primary_key=True),
        _case(),
        sa.Column("act", _ID, sa.ForeignKey("case_acts.id"), nullable=False),
        sa.Column("batch_key", sa.LargeBinary, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        *(_length(name, 32) for name in ("commitment", "batch_key", "salt")),
    )
    for name in ("case_id", "act", "batch_key"):
        op.create_index(f"ix_reliances_{name}", "reliances", [name])


def _case() -> sa.Column[bytes]:
    return sa.Column("case_id", sa.LargeBinary, sa.ForeignKey("cases.case_id"), nullable=False)


def _length(column: str, length: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")
