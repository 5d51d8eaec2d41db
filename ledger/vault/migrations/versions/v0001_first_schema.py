"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ColumnType = sa.Text | sa.LargeBinary | sa.Integer | sa.BigInteger | sa.JSON
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_RUN_STATES = "'running', 'staged', 'completed', 'failed', 'cancelled'"
_BATCH_STATES = "'open', 'closed', 'anchored', 'abandoned'"
_OUTBOX_STATES = "'prepared', 'sent', 'mined', 'reverted', 'superseded'"
_ACT_STATES = "'prepared', 'sent', 'recorded', 'refused'"
_IS_UNRESOLVED = sa.text("state IN ('prepared', 'sent')")


def upgrade() -> None:
    """Make all tables."""
    _create_settings_and_runs()
    _create_batches()
    _create_certificates()
    _create_outbox()
    _create_acts()


def _required(name: str, kind: type[_ColumnType]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _length(column: str, length: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")


def _one_of(states: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"state IN ({states})", name="state")


def _create_settings_and_runs() -> None:
    op.create_table(
        "settings",
        sa.Column("name", sa.Text, primary_key=True),
        _required("value", sa.LargeBinary),
    )
    op.create_table(
        "runs",
        sa.Column("id", _ID, primary_key=True),
        _required("source_name", sa.Text),
        _required("source_digest", sa.LargeBinary),
        _required("state", sa.Text),
        _required("started_at_unix", sa.BigInteger),
        sa.Column("ended_at_unix", sa.BigInteger),
        _required("counts", sa.JSON),
        _one_of(_RUN_STATES),
    )


def _create_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", _ID, primary_key=True),
        _required("batch_id", sa.LargeBinary),
        _required("batch_key", sa.LargeBinary),
        _required("issuer", sa.Text),
        _required("key_id", sa.LargeBinary),
        _required("certificate_type", sa.Text),
        _required("header", sa.LargeBinary),
        sa.Column("run_id", _ID, sa.ForeignKey("runs.id")),
        _required("state", sa.Text),
        _required("count", sa.Integer),
        sa.Column("root", sa.LargeBinary),
        sa.Column("valid_until_unix", sa.BigInteger),
        sa.Column("signature", sa.LargeBinary),
        _required("opened_at_unix", sa.BigInteger),
        sa.Column("closed_at_unix", sa.BigInteger),
        sa.Column("anchored_at_unix", sa.BigInteger),
        sa.Column("log_index", sa.BigInteger),
        sa.Column("transaction_hash", sa.LargeBinary),
        sa.UniqueConstraint("batch_key"),
        _length("batch_id", 32),
        _length("batch_key", 32),
        _length("root", 32),
        _length("signature", 64),
        _length("transaction_hash", 32),
        _one_of(_BATCH_STATES),
    )
    op.create_index("ix_batches_state", "batches", ["state"])
    op.create_index("ix_batches_run_id", "batches", ["run_id"])


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        _required("identifier", sa.Text),
        sa.Column("batch", _ID, sa.ForeignKey("batches.id"), nullable=False),
        _required("position", sa.Integer),
        _required("leaf_hash", sa.LargeBinary),
        _required("ciphertext", sa.LargeBinary),
        sa.UniqueConstraint("identifier"),
        sa.UniqueConstraint("batch", "position"),
        _length("leaf_hash", 32),
    )
    certificate = sa.ForeignKey("certificates.id", ondelete="CASCADE")
    op.create_table(
        "data_keys",
        sa.Column("certificate", _ID, certificate, primary_key=True, autoincrement=False),
        _required("wrapped_key", sa.LargeBinary),
        _required("content_mac", sa.LargeBinary),
        _length("wrapped_key", 60),
        _length("content_mac", 16),
    )
    op.create_table(
        "erasures",
        sa.Column("id", _ID, primary_key=True),
        _required("identifier", sa.Text),
        _required("erased_at_unix", sa.BigInteger),
        _required("reason", sa.Text),
    )
    op.create_index("ix_erasures_identifier", "erasures", ["identifier"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _ID, primary_key=True),
        _required("purpose", sa.Text),
        _required("reference", sa.Text),
        _required("account", sa.LargeBinary),
        _required("nonce", sa.BigInteger),
        _required("raw_transaction", sa.LargeBinary),
        _required("transaction_hash", sa.LargeBinary),
        _required("state", sa.Text),
        _required("created_at_unix", sa.BigInteger),
        _required("detail", sa.Text),
        sa.UniqueConstraint("transaction_hash"),
        _length("account", 20),
        _length("transaction_hash", 32),
        _one_of(_OUTBOX_STATES),
    )
    op.create_index(
        "uq_outbox_unresolved_nonce",
        "outbox",
        ["account", "nonce"],
        unique=True,
        sqlite_where=_IS_UNRESOLVED,
        postgresql_where=_IS_UNRESOLVED,
    )
    op.create_index("ix_outbox_account_state", "outbox", ["account", "state"])
    op.create_index("ix_outbox_purpose_reference", "outbox", ["purpose", "reference"])


def _create_acts() -> None:
    op.create_table(
        "officers",
        sa.Column("commitment", sa.LargeBinary, primary_key=True),
        _required("ciphertext", sa.LargeBinary),
        _required("wrapped_key", sa.LargeBinary),
        _length("commitment", 32),
    )
    op.create_table(
        "acts",
        sa.Column("id", _ID, primary_key=True),
        _required("kind", sa.Text),
        sa.Column("batch_key", sa.LargeBinary),
        _required("sequence", sa.BigInteger),
        _required("statement", sa.LargeBinary),
        _required("signature", sa.LargeBinary),
        _required("state", sa.Text),
        sa.Column("officer", sa.LargeBinary, sa.ForeignKey("officers.commitment")),
        _required("details", sa.JSON),
        _required("created_at_unix", sa.BigInteger),
        _length("batch_key", 32),
        _length("signature", 64),
        _one_of(_ACT_STATES),
    )
    op.create_index("ix_acts_batch_key", "acts", ["batch_key"])
    op.create_index("ix_acts_state", "acts", ["state"])
